(with met as materialized (
      select fid, (st_xmin(geom) + st_xmax(geom)) / 2 as x, (st_ymin(geom) + st_ymax(geom)) / 2 as y,
             greatest(st_xmax(geom) - st_xmin(geom), st_ymax(geom) - st_ymin(geom)) as side, st_area(geom) as area
        from (select "fid", "id", "comune", "version", "geom", "number", case when false then "owner" end as "owner", "updated_on" from "cadastre"."parcels") as seen
       where geom && st_makeenvelope(-15, -14, 19, 20.5, 7792)),
 small as (
      select (max(array[side, fid]))[2]::bigint as fid, count(*) as n, sum(area) as area,
             floor(x / 16) as cx, floor(y / 16) as cy
        from met
       where side < 16
       group by cx, cy),
 large as (
      select fid from met where side >= 16 order by side desc, fid limit 4000)
 select 0 as layer, st_asmvt(t, 'parcels', 4096, 'geom', 'fid') as mvt, (select count(*) from met) as candidates
   from (select r.fid, r.id::text as id, r."number"::text as "number", r."updated_on"::text as "updated_on", null::bigint as feature_count,
                st_asmvtgeom(st_transform(st_simplify(r.geom, 0.25, true), 3857), st_makeenvelope(10, 20, 30, 40, 3857)::box2d, 4096, 64, true) as geom
           from large join (select "fid", "id", "comune", "version", "geom", "number", case when false then "owner" end as "owner", "updated_on" from "cadastre"."parcels") as r using (fid)
          union all
         select r.fid, r.id::text as id, r."number"::text as "number", r."updated_on"::text as "updated_on", nullif(s.n, 1) as feature_count,
                st_asmvtgeom(st_transform(case when s.n = 1 then r.geom
                     else st_makeenvelope((s.cx + 0.5) * 16 - least(16, sqrt(s.area)) / 2, (s.cy + 0.5) * 16 - least(16, sqrt(s.area)) / 2,
                                          (s.cx + 0.5) * 16 + least(16, sqrt(s.area)) / 2, (s.cy + 0.5) * 16 + least(16, sqrt(s.area)) / 2, 7792) end, 3857), st_makeenvelope(10, 20, 30, 40, 3857)::box2d, 4096, 64, true) as geom
           from small s join (select "fid", "id", "comune", "version", "geom", "number", case when false then "owner" end as "owner", "updated_on" from "cadastre"."parcels") as r using (fid)
          order by fid) t)
