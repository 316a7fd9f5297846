-- What every layer leans on: the installation, the catalogue, identities, versions, history, access, the change feed.
--
-- Runs as opensit_owner, in a database that other programs may use too: nothing outside our own schemas is touched.
-- The extensions and the three roles are there already (`opensit migrate --print-roles`), and so is our schema: the program
-- makes it before the first migration, whose own record is kept in it.

create schema published;
grant usage on schema opensit, published to opensit_app, opensit_replication;

-- What is fixed at first use. One row. The program that migrates says the storage system, since columns are typed by it.
create table opensit.installation (
    only_one     boolean     primary key default true check (only_one),
    instance     uuid        not null default gen_random_uuid(),
    title        jsonb       not null default '{"it": "Sistema informativo territoriale", "en": "Territorial information system"}',
    storage_srid integer     not null,
    demo         text        check (demo in ('small', 'town', 'city')),
    created_at   timestamptz not null default now()
);
comment on column opensit.installation.demo is 'the size of the invented town, if this installation is a demo';
insert into opensit.installation (storage_srid) values (current_setting('opensit.storage_srid')::integer);
grant select on opensit.installation to opensit_app, opensit_replication;

-- One sequence for every row of every layer: a fid is never reused, nor shared by two layers.
create sequence opensit.fid as bigint;

-- The layers as stored: the declaration is kernel::Layer as JSON.
create table opensit.layers (
    id          text        primary key,
    ordinal     integer     not null,
    relation    text        not null unique,
    declaration jsonb       not null,
    generation  bigint      not null default 1,
    changed_at  timestamptz not null default now()
);
comment on column opensit.layers.generation is 'grows when the declaration changes or the whole table is replaced';
grant select on opensit.layers to opensit_app, opensit_replication;

create publication opensit for table opensit.layers;

-- What a row was before it was changed or deleted. The geometry is kept exactly, the rest as JSON.
create table opensit.row_history (
    relation    text        not null,
    fid         bigint      not null,
    version     bigint      not null,
    operation   text        not null check (operation in ('update', 'delete')),
    transaction xid8        not null default pg_current_xact_id(),
    changed_at  timestamptz not null default now(),
    changed_by  text        not null default session_user,
    geom        geometry    not null,
    attributes  jsonb       not null,
    primary key (relation, fid, version)
);

-- Text as the search compares it: without case and accents. `unaccent` is only stable, since its dictionary may be
-- changed; ours is pinned, so that an index can be made of it. In plpgsql it takes half the time that it takes in SQL,
-- which could not be inlined.
create function opensit.fold(text) returns text
    language plpgsql immutable strict parallel safe
    as $$ begin return lower(public.unaccent('public.unaccent'::regdictionary, $1)); end $$;

create function opensit.advance_version() returns trigger
    language plpgsql
    as $$
begin
    if new.fid is distinct from old.fid then
        raise exception 'fid % of % can not become %: a fid is for ever', old.fid, tg_relid::regclass, new.fid
            using hint = 'delete the row and insert a new one';
    end if;
    new.version := old.version + 1;
    return new;
end
$$;

create function opensit.keep_history() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp
    as $$
begin
    insert into opensit.row_history (relation, fid, version, operation, geom, attributes)
    values (tg_table_schema || '.' || tg_table_name, old.fid, old.version, lower(tg_op), old.geom, to_jsonb(old) - 'geom');
    return null;
end
$$;

-- A row typed in by hand, or drawn in another program, need not say its public id nor the comune it lies in: the nearest
-- boundary is taken, which is the one round it if there is one.
create function opensit.complete_row() returns trigger
    language plpgsql set search_path = pg_catalog, public, pg_temp
    as $$
begin
    new.id := coalesce(new.id, new.fid::text);
    if new.comune is null then
        select istat into new.comune from territory.v_comuni order by geom operator(public.<->) new.geom limit 1;
    end if;
    return new;
end
$$;

-- A rectangle of a layer in longitude and latitude, or NULL where it has none: a row that was moved off the earth must not
-- keep the catalogue from being read. Points along the sides, since they are curves.
create function opensit.lonlat(box public.geometry) returns public.geometry
    language plpgsql stable strict set search_path = pg_catalog, public, pg_temp
    as $$
begin
    return st_transform(st_segmentize(box, greatest(1, st_perimeter(box) / 64)), 4326);
exception when others then
    return null;
end
$$;

-- Whether a layer can hold this geometry: it has a position, and each of its numbers is one, no farther than once round the
-- Earth in metres (as crate `crs` has it). PostGIS takes NaN, infinity and EMPTY, and one such row would keep the tiles round
-- it from being drawn. The box (which lies ready beside the geometry) has no room for infinities and is none for EMPTY, but
-- passes over NaN, which only sums find. Not `strict`, so that it is inlined.
create function opensit.sound(geometry public.geometry) returns boolean
    language sql immutable parallel safe
    return geometry operator(public.@) public.st_makeenvelope(-28e6, -28e6, 28e6, 28e6)
        and case public.geometrytype(geometry)
            when 'POINT' then public.st_x(geometry) + public.st_y(geometry)
            when 'MULTIPOINT' then public.st_length(public.st_linefrommultipoint(geometry))
            else public.st_length(geometry) + public.st_perimeter(geometry) end < 'infinity';

-- Gives a table that has its own columns those that every layer has.
create procedure opensit.add_layer_columns(relation regclass, geometry_type text, with_validity boolean default false)
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

-- Makes a table with those columns a layer's: keys, index, history, access, the change feed.
create procedure opensit.finish_layer_table(relation regclass, with_validity boolean default false)
    language plpgsql
    as $$
begin
    execute format('alter table %s add primary key (fid)', relation);
    if with_validity then
        execute format('alter table %s add exclude using gist (id with =, tstzrange(valid_from, valid_to) with &&)', relation);
        execute format('create index on %s (id)', relation);
    else
        execute format('alter table %s add unique (id)', relation);
    end if;
    -- a bulk load makes it ahead
    if not exists (
        select from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am m on m.oid = c.relam
         where i.indrelid = relation and m.amname = 'gist' and i.indnatts = 1 and pg_get_indexdef(i.indexrelid, 1, true) = 'geom')
    then
        execute format('create index on %s using gist (geom)', relation);
    end if;
    -- the old row in full, so that the feed knows the place that a feature left
    execute format('alter table %s replica identity full', relation);
    execute format(
        'create trigger complete_row before insert on %s for each row when (new.id is null or new.comune is null) execute function opensit.complete_row()',
        relation);
    execute format('create trigger advance_version before update on %s for each row execute function opensit.advance_version()', relation);
    execute format('create trigger keep_history after update or delete on %s for each row execute function opensit.keep_history()', relation);
    execute format('alter table %s enable row level security, force row level security', relation);
    execute format('create policy owner on %s to opensit_owner using (true) with check (true)', relation);
    execute format('create policy replication on %s for select to opensit_replication using (true)', relation);
    -- closed until the catalogue has the layer: its declaration says who sees which rows
    execute format('create policy app on %s for select to opensit_app using (false)', relation);
    execute format('grant select on %s to opensit_app, opensit_replication', relation);
    execute format('alter publication opensit add table %s', relation);
end
$$;

create procedure opensit.make_layer_table(relation regclass, geometry_type text, with_validity boolean default false)
    language plpgsql
    as $$
begin
    call opensit.add_layer_columns(relation, geometry_type, with_validity);
    call opensit.finish_layer_table(relation, with_validity);
end
$$;
