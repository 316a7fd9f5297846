-- What the operations of themes lean on: places as they are sent, states that follow one another, tables that stand beside a layer's.

-- A GeoJSON geometry (longitude and latitude) as a layer of this type stores it, with the comune it is of; or what is wrong with it, and
-- where. Farther than half a degree from every comune there is nothing to record.
create function opensit.place_of(geojson text, wanted text)
    returns table (ewkb bytea, comune text, fault text, lon double precision, lat double precision)
    language plpgsql stable set search_path = pg_catalog, public, pg_temp
    as $$
declare
    sent    geometry;
    stored  geometry;
    invalid valid_detail;
    said    text;
    metres  double precision;
begin
    begin
        sent := st_setsrid(st_force2d(st_geomfromgeojson(geojson)), 4326);
    exception when others then
        fault := 'is no GeoJSON geometry';
        return next;
        return;
    end;
    said := replace(upper(geometrytype(sent)), 'MULTI', '');
    if sent is null or st_isempty(sent) then
        fault := 'has no position';
    elsif st_npoints(sent) > 100000 then
        fault := format('has %s positions; at most 100000', st_npoints(sent));
    elsif wanted <> 'Geometry' and said <> replace(upper(wanted), 'MULTI', '')
       or wanted = 'Geometry' and said not in ('POINT', 'LINESTRING', 'POLYGON') then
        fault := format('is a %s; the layer has %s', initcap(geometrytype(sent)), wanted);
    elsif wanted not like 'Multi%' and wanted <> 'Geometry' and st_numgeometries(sent) > 1 then
        fault := format('has %s parts; one is taken', st_numgeometries(sent));
    elsif not coalesce(sent @ st_makeenvelope(-180, -90, 180, 90, 4326), false) then
        fault := 'has positions that are no longitude and latitude';
    end if;
    if fault is not null then
        return next;
        return;
    end if;
    invalid := st_isvaliddetail(sent);
    if not invalid.valid then
        fault := lower(invalid.reason);
        lon := st_x(invalid.location);
        lat := st_y(invalid.location);
        return next;
        return;
    end if;
    stored := st_transform(sent, (select storage_srid from opensit.installation));
    stored := case when wanted like 'Multi%' then st_multi(stored)
                   when wanted <> 'Geometry' then st_geometryn(stored, 1) else stored end;
    select c.istat, st_distance(c.geom, stored) into comune, metres
      from territory.v_comuni c order by c.geom operator(public.<->) stored limit 1;
    if comune is null or metres > 50000 then
        fault := 'lies farther than 50 km from every comune of this installation';
        lon := st_x(st_pointonsurface(sent));
        lat := st_y(st_pointonsurface(sent));
        comune := null;
    else
        ewkb := st_asewkb(stored);
    end if;
    return next;
end
$$;

-- A state may only follow what comes before it. The trigger's arguments: the column; a JSON object that has for each state those it may
-- become, and under "" those that a row begins with.
create function opensit.check_transition() returns trigger
    language plpgsql
    as $$
declare
    was   text := case when tg_op = 'UPDATE' then to_jsonb(old) ->> tg_argv[0] else '' end;
    is_it text := to_jsonb(new) ->> tg_argv[0];
    to_be jsonb := tg_argv[1]::jsonb -> was;
begin
    if was = is_it or coalesce(to_be, '[]') ? is_it then
        return new;
    end if;
    raise exception '%: `%` can not follow `%`', tg_argv[0], is_it, was
        using hint = format('What can follow it: %s', coalesce(nullif((select string_agg(s, ', ') from jsonb_array_elements_text(to_be) s), ''), 'nothing'));
end
$$;

create procedure opensit.enforce_transitions(relation regclass, state name, transitions jsonb)
    language plpgsql
    as $$
begin
    execute format(
        'create trigger check_transition before insert or update of %I on %s for each row execute function opensit.check_transition(%L, %L)',
        state, relation, state, transitions);
end
$$;

-- A table whose rows belong to rows of a layer's table: they are seen by who sees those, or by the staff of their comune alone, and written by
-- the staff of their comune. `parent_fid` is the column that names the row they belong to.
create procedure opensit.make_record_table(relation regclass, parent regclass, parent_fid name, staff_only boolean default false)
    language plpgsql
    as $$
declare
    theirs text := format(
        'exists (select from %s parent where parent.fid = %I
                    and ((select opensit.who_serves_all()) or parent.comune = any ((select opensit.who_comuni())::text[])))',
        parent, parent_fid);
begin
    execute format('alter table %s enable row level security, force row level security', relation);
    execute format('create policy owner on %s to opensit_owner using (true) with check (true)', relation);
    execute format('create policy app on %s for select to opensit_app using (%s)', relation,
        case when staff_only then theirs else format('exists (select from %s parent where parent.fid = %I)', parent, parent_fid) end);
    execute format('create policy app_insert on %s for insert to opensit_app with check ((select opensit.who_is_staff()) and %s)', relation, theirs);
    execute format('create policy app_update on %s for update to opensit_app using ((select opensit.who_is_staff()) and %s)', relation, theirs);
    execute format('create policy app_delete on %s for delete to opensit_app using ((select opensit.who_is_staff()) and %s)', relation, theirs);
    execute format('grant select, insert, update, delete on %s to opensit_app', relation);
end
$$;
