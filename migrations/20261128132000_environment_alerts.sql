-- Alert zones with the colours of the civil protection's bulletins. A row is a zone's part in a comune for as long as its colours hold; without a
-- bulletin it has none, which is not green.
create table environment.alert_zones (
    dataset         text    not null references environment.datasets (id),
    published       boolean not null default false,
    zone            text    not null,
    name            text,
    hydraulic       text    constraint hydraulic_is_a_colour       check (hydraulic       in ('green', 'yellow', 'orange', 'red')),
    hydrogeological text    constraint hydrogeological_is_a_colour check (hydrogeological in ('green', 'yellow', 'orange', 'red')),
    storms          text    constraint storms_is_a_colour          check (storms          in ('green', 'yellow', 'orange', 'red')),
    worst           text,
    bulletin        timestamptz,
    constraint colours_are_of_a_bulletin check (
        (bulletin is null) = (hydraulic is null) and (bulletin is null) = (hydrogeological is null) and (bulletin is null) = (storms is null))
);
call opensit.make_layer_table('environment.alert_zones', 'MultiPolygon', with_validity => true);
create index on environment.alert_zones (dataset);
create index on environment.alert_zones (zone);

create function environment.set_worst_colour() returns trigger
    language plpgsql
    as $$
declare
    colours text[] := array[new.hydraulic, new.hydrogeological, new.storms];
begin
    new.worst := case when new.bulletin is null then null
                      when 'red'    = any (colours) then 'red'
                      when 'orange' = any (colours) then 'orange'
                      when 'yellow' = any (colours) then 'yellow'
                      else 'green' end;
    return new;
end
$$;
create trigger set_worst_colour before insert or update on environment.alert_zones
    for each row execute function environment.set_worst_colour();

-- Writes one line of a bulletin into the zone's rows: what was valid at the time gives way for as long as the bulletin holds, and comes back
-- after it. What a later bulletin said stays. `within` are the comuni whose rows are written; null: all. Gives the rows that are different now:
-- nothing, if the line was there already.
create function environment.apply_bulletin(
    code text, since timestamptz, until timestamptz, issued timestamptz, flood text, ground text, storm text, within text[])
    returns table (fid bigint, version bigint, id text, comune text)
    language plpgsql
    as $$
declare
    was      environment.alert_zones;
    starts   timestamptz;
    stops    timestamptz;
    has_left boolean;
    has_rest boolean;
begin
    for was in
        select * from environment.alert_zones z
         where z.zone = code and z.published and (within is null or z.comune = any (within))
           and z.valid_from < until and coalesce(z.valid_to, 'infinity') > since
           and (z.bulletin is null or z.bulletin <= issued)
           and (z.bulletin, z.hydraulic, z.hydrogeological, z.storms) is distinct from (issued, flood, ground, storm)
         order by z.id, z.valid_from for update
    loop
        starts := greatest(was.valid_from, since);
        stops := least(coalesce(was.valid_to, 'infinity'), until);
        has_left := was.valid_from < starts;
        has_rest := coalesce(was.valid_to, 'infinity') > stops;
        if not has_left and not has_rest then
            return query
                update environment.alert_zones z
                   set hydraulic = flood, hydrogeological = ground, storms = storm, bulletin = issued
                 where z.fid = was.fid returning z.fid, z.version, z.id, z.comune;
            continue;
        end if;
        return query
            update environment.alert_zones z
               set valid_from = case when has_left then z.valid_from else stops end, valid_to = case when has_left then starts else z.valid_to end
             where z.fid = was.fid returning z.fid, z.version, z.id, z.comune;
        return query
            insert into environment.alert_zones as z
                   (id, comune, dataset, published, zone, name, hydraulic, hydrogeological, storms, bulletin, valid_from, valid_to, geom)
            values (was.id, was.comune, was.dataset, true, was.zone, was.name, flood, ground, storm, issued, starts, stops, was.geom)
            returning z.fid, z.version, z.id, z.comune;
        if has_left and has_rest then
            return query
                insert into environment.alert_zones as z
                       (id, comune, dataset, published, zone, name, hydraulic, hydrogeological, storms, bulletin, valid_from, valid_to, geom)
                values (was.id, was.comune, was.dataset, true, was.zone, was.name, was.hydraulic, was.hydrogeological, was.storms, was.bulletin,
                        stops, was.valid_to, was.geom)
                returning z.fid, z.version, z.id, z.comune;
        end if;
    end loop;
end
$$;
