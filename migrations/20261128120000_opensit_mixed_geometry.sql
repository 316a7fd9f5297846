-- A layer's column may hold points, lines and areas, each of one part or several (type "Geometry"): collections are none of them.
create or replace procedure opensit.add_layer_columns(relation regclass, geometry_type text, with_validity boolean default false)
    language plpgsql
    as $$
begin
    execute format(
        $ddl$ alter table %s
            add column fid     bigint not null default nextval('opensit.fid'),
            add column id      text   not null,
            add column comune  text   not null check (comune ~ '^[0-9]{6}$'),
            add column version bigint not null default 1,
            add column geom    public.geometry(%s, %s) not null
                constraint geometry_is_sound check (opensit.sound(geom)) $ddl$,
        relation, geometry_type, (select storage_srid from opensit.installation));
    if lower(geometry_type) = 'geometry' then
        execute format(
            $ddl$ alter table %s add constraint geometry_is_no_collection
                check (public.geometrytype(geom) in ('POINT', 'LINESTRING', 'POLYGON', 'MULTIPOINT', 'MULTILINESTRING', 'MULTIPOLYGON')) $ddl$,
            relation);
    end if;
    if with_validity then
        execute format(
            $ddl$ alter table %s
                add column valid_from timestamptz not null,
                add column valid_to   timestamptz,
                add check (valid_to > valid_from) $ddl$,
            relation);
    end if;
end
$$;
