-- The register of the cadastre: every row of the map with the time it holds for and the import that it came by; what became of parcels;
-- the files that were imported; the census.

-- Whether who asks has said what personal data are read for (kernel::Database sets it).
create function opensit.who_has_purpose() returns boolean
    language sql stable parallel safe
    return opensit.who_is_staff() and coalesce(current_setting('opensit.purpose', true), '') <> '';
comment on function opensit.who_has_purpose() is 'whether a purpose was stated for reading personal data; for staff only';

-- Each import, so that it can be told of, compared with and taken back.
create table cadastre.imports (
    number    bigint      primary key,
    at        timestamptz not null default now(),
    by        text        not null,
    day       date        not null,
    files     jsonb       not null,
    counts    jsonb       not null,
    report    jsonb       not null,
    words     jsonb,
    undone_at timestamptz,
    undone_by text
);
comment on column cadastre.imports.day is 'of the data: from when new states of things hold';
alter table cadastre.imports enable row level security, force row level security;
create policy owner on cadastre.imports to opensit_owner using (true) with check (true);
create policy app on cadastre.imports for select to opensit_app using ((select opensit.who_is_staff()));
grant select on cadastre.imports to opensit_app;

-- Sheets and buildings hold for a time, as parcels do: from now on where nothing else is said. Of rows that were there before nobody knows since when.
do $$
declare
    relation text;
begin
    foreach relation in array array['cadastre.sheets', 'cadastre.buildings'] loop
        execute format('alter table %s add column valid_from timestamptz not null default ''1900-01-01T00:00:00+01'', add column valid_to timestamptz', relation);
        execute format('alter table %s alter column valid_from set default now(), add check (valid_to > valid_from)', relation);
        execute format('alter table %s drop constraint %s_id_key', relation, split_part(relation, '.', 2));
        execute format('alter table %s add exclude using gist (id with =, tstzrange(valid_from, valid_to) with &&)', relation);
        execute format('create index on %s (id)', relation);
    end loop;
end
$$;

alter table cadastre.sheets
    add column development text not null default '0',
    add column scale       integer check (scale > 0),
    add column updated_on  date,
    add column imported    bigint references cadastre.imports,
    add column ended       bigint references cadastre.imports;
alter table cadastre.parcels
    add column section     text not null default '_',
    add column attachment  text not null default '0',
    add column development text not null default '0',
    add column imported    bigint references cadastre.imports,
    add column ended       bigint references cadastre.imports;
alter table cadastre.buildings
    alter column kind drop not null,
    add column section     text not null default '_',
    add column attachment  text not null default '0',
    add column development text not null default '0',
    add column imported    bigint references cadastre.imports,
    add column ended       bigint references cadastre.imports;

-- What else is drawn on a sheet. Lengths are metres on the ground, angles degrees from the east against the clock.
create table cadastre.fiducials (
    section     text    not null,
    sheet       integer not null,
    attachment  text    not null,
    development text    not null,
    number      text    not null,
    kind        text    not null check (kind in ('trigonometric', 'ordinary')),
    imported    bigint  references cadastre.imports,
    ended       bigint  references cadastre.imports
);
create table cadastre.cadastral_texts (
    section     text    not null,
    sheet       integer not null,
    attachment  text    not null,
    development text    not null,
    text        text    not null,
    size_m      double precision not null,
    angle       double precision not null,
    outside     boolean not null,
    imported    bigint  references cadastre.imports,
    ended       bigint  references cadastre.imports
);
comment on column cadastre.cadastral_texts.outside is 'drawn mostly beyond the border of its sheet';
create table cadastre.cadastral_symbols (
    section     text    not null,
    sheet       integer not null,
    attachment  text    not null,
    development text    not null,
    symbol      integer not null,
    angle       double precision not null,
    outside     boolean not null,
    imported    bigint  references cadastre.imports,
    ended       bigint  references cadastre.imports
);
create table cadastre.cadastral_lines (
    section     text    not null,
    sheet       integer not null,
    attachment  text    not null,
    development text    not null,
    style       integer not null,
    outside     boolean not null,
    imported    bigint  references cadastre.imports,
    ended       bigint  references cadastre.imports
);
-- Where the map does not fit together: measured at each import, of the sheets that it had.
create table cadastre.cadastral_findings (
    section     text    not null,
    sheet       integer not null,
    attachment  text    not null,
    development text    not null,
    kind        text    not null check (kind in ('overlap', 'gap', 'beyond', 'building', 'sheets', 'between')),
    area_m2     double precision not null,
    codes       text    not null,
    imported    bigint  references cadastre.imports,
    ended       bigint  references cadastre.imports
);
comment on column cadastre.cadastral_findings.kind is 'areas that lie on each other, ground without a parcel, an area beyond the border of its sheet, a building beyond its parcel, sheets that lie on each other, ground between sheets';
comment on column cadastre.cadastral_findings.codes is 'what it concerns, as the map writes it';
call opensit.make_layer_table('cadastre.fiducials', 'Point', with_validity => true);
call opensit.make_layer_table('cadastre.cadastral_texts', 'Point', with_validity => true);
call opensit.make_layer_table('cadastre.cadastral_symbols', 'Point', with_validity => true);
call opensit.make_layer_table('cadastre.cadastral_lines', 'LineString', with_validity => true);
call opensit.make_layer_table('cadastre.cadastral_findings', 'MultiPolygon', with_validity => true);

-- An import compares what it has of a sheet with what holds there: the rows of a sheet by its eleven characters.
-- Sheets themselves are found by their id.
do $$
declare
    name text;
begin
    foreach name in array array['parcels', 'buildings', 'fiducials', 'cadastral_texts', 'cadastral_symbols', 'cadastral_lines', 'cadastral_findings'] loop
        execute format('create index %I on cadastre.%I (left(id, 11) collate "C")', name || '_of_a_sheet', name);
    end loop;
end
$$;

-- What became of parcels: a part of the ground of the one is the other's since that day.
create table cadastre.lineage (
    parent   text   not null,
    child    text   not null,
    day      date   not null,
    area_m2  double precision not null check (area_m2 >= 0),
    imported bigint references cadastre.imports,
    primary key (parent, child, day)
);
comment on column cadastre.lineage.area_m2 is 'of the ground that both have';
create index on cadastre.lineage (child);
alter table cadastre.lineage enable row level security, force row level security;
create policy owner on cadastre.lineage to opensit_owner using (true) with check (true);
create policy app on cadastre.lineage for select to opensit_app using (true);
grant select on cadastre.lineage to opensit_app;
-- What other themes may know of it.
create view cadastre.v_lineage with (security_invoker = true) as select parent, child, day, area_m2 from cadastre.lineage;
grant select on cadastre.v_lineage to opensit_app;

-- Maps as they came, so that a sheet is handed on as it was received.
create table cadastre.map_files (
    map      text    not null,
    day      date    not null,
    comune   text    not null,
    file     text    not null,
    sha256   bytea   not null check (length(sha256) = 32),
    srid     integer not null,
    shift    jsonb,
    content  bytea   not null,
    imported bigint  not null references cadastre.imports,
    primary key (map, imported)
);
comment on column cadastre.map_files.content is 'the file, compressed (zstd)';
comment on column cadastre.map_files.srid is 'the system that its positions are in, after the shift';
comment on column cadastre.map_files.shift is 'the adjustment that brings its positions into that system, if it needed one';
alter table cadastre.map_files alter column content set storage external;
alter table cadastre.map_files enable row level security, force row level security;
create policy owner on cadastre.map_files to opensit_owner using (true) with check (true);
create policy app on cadastre.map_files for select to opensit_app
    using ((select opensit.who_serves_all()) or comune = any ((select opensit.who_comuni())::text[]));
grant select on cadastre.map_files to opensit_app;

-- What brings maps that are in no known system to where they belong, by the beginning of their names: of a comune, of a section, of a sheet.
create table cadastre.adjustments (
    maps       text        primary key check (length(maps) between 4 and 11),
    srid       integer     not null,
    adjustment jsonb       not null,
    points     jsonb       not null,
    at         timestamptz not null default now(),
    by         text        not null
);
alter table cadastre.adjustments enable row level security, force row level security;
create policy owner on cadastre.adjustments to opensit_owner using (true) with check (true);
create policy app on cadastre.adjustments for select to opensit_app using ((select opensit.who_is_staff()));
grant select on cadastre.adjustments to opensit_app;

-- The census: one row a version of a property, the columns that units of buildings and parcels of land have. Days are of efficacy.
-- `imported` is a number of cadastre.imports, none of which is ever removed: checked for each of a million rows it would take a fifth of their time.
create table cadastre.properties (
    comune        text     not null check (comune ~ '^[0-9]{6}$'),
    section       text     not null,
    nature        text     not null check (nature in ('F', 'T')),
    property      bigint   not null,
    version       integer  not null,
    category      text,
    class         text,
    zone          text,
    quality       integer,
    size          numeric,
    area_m2       numeric,
    income        numeric,
    income_farm   numeric,
    storeys       text,
    doors         text,
    partita       text,
    since         date,
    since_act     text,
    until         date,
    until_act     text,
    imported      bigint,
    primary key (comune, section, nature, property, version)
);
comment on column cadastre.properties.income is 'euro a year: rendita of a unit, reddito dominicale of land';
comment on column cadastre.properties.income_farm is 'euro a year: reddito agrario of land';
comment on column cadastre.properties.size is 'rooms (A), cubic metres (B), square metres (C)';
-- Parts of a parcel of land, each with a quality of its own.
create table cadastre.property_portions (
    comune        text     not null,
    section       text     not null,
    nature        text     not null,
    property      bigint   not null,
    version       integer  not null,
    ordinal       integer  not null,
    portion       text     not null,
    quality       integer,
    class         text,
    area_m2       numeric,
    income        numeric,
    income_farm   numeric,
    primary key (comune, section, nature, property, version, ordinal)
);
create table cadastre.property_places (
    comune        text     not null,
    section       text     not null,
    nature        text     not null,
    property      bigint   not null,
    version       integer  not null,
    ordinal       integer  not null,
    urban_section text     not null,
    sheet         integer  not null,
    number        text     not null,
    denominator   text     not null,
    unit          text     not null,
    primary key (comune, section, nature, property, version, ordinal)
);
create index on cadastre.property_places (sheet, number, comune);
create table cadastre.property_addresses (
    comune        text     not null,
    section       text     not null,
    nature        text     not null,
    property      bigint   not null,
    version       integer  not null,
    ordinal       integer  not null,
    address       text     not null,
    primary key (comune, section, nature, property, version, ordinal)
);
-- Persons and firms, and what they have a right to: personal data (GDPR, art. 4), read for a stated purpose alone. A fiscal code is found by
-- its keyed hash and read by who has the installation's key.
create table cadastre.subjects (
    comune        text     not null,
    section       text     not null,
    subject       bigint   not null,
    kind          text     not null check (kind in ('P', 'G')),
    name          text     not null,
    given_name    text,
    born_on       date,
    born_in       text,
    sex           text,
    seat          text,
    code_hash     bytea,
    code_sealed   bytea,
    imported      bigint,
    primary key (comune, section, subject, kind)
);
create index on cadastre.subjects (code_hash) where code_hash is not null;
create index on cadastre.subjects using gin ((opensit.fold(name || ' ' || coalesce(given_name, ''))) public.gin_trgm_ops);
create table cadastre.titles (
    comune        text     not null,
    section       text     not null,
    nature        text     not null,
    property      bigint   not null,
    subject       bigint   not null,
    subject_kind  text     not null,
    title         bigint   not null,
    ordinal       integer  not null,
    holds         text     not null,
    holds_words   text,
    numerator     bigint,
    denominator   bigint   check (denominator > 0),
    regime        text,
    since         date,
    since_act     text,
    until         date,
    until_act     text,
    imported      bigint,
    primary key (comune, section, nature, property, subject, subject_kind, title, ordinal)
);
comment on column cadastre.titles.title is 'its number in the census; 0 where it has none';
comment on column cadastre.titles.holds is 'the code of the right';
create index on cadastre.titles (comune, section, subject, subject_kind);

do $$
declare
    name  text;
    theirs text := '((select opensit.who_serves_all()) or comune = any ((select opensit.who_comuni())::text[]))';
begin
    foreach name in array array['properties', 'property_portions', 'property_places', 'property_addresses', 'subjects', 'titles'] loop
        execute format('alter table cadastre.%I enable row level security, force row level security', name);
        execute format('create policy owner on cadastre.%I to opensit_owner using (true) with check (true)', name);
        execute format('create policy app on cadastre.%I for select to opensit_app using (%s)', name,
            theirs || case when name in ('subjects', 'titles') then ' and (select opensit.who_has_purpose())' else '' end);
        execute format('grant select on cadastre.%I to opensit_app', name);
    end loop;
end
$$;

-- Files of the cadastre that people send, until they are imported or nobody goes on with them.
create table cadastre.sent (
    id         uuid        primary key,
    subject    uuid        not null,
    by         text        not null,
    at         timestamptz not null default clock_timestamp(),
    files      jsonb       not null,
    crs        integer,
    day        date        not null,
    state      text        not null check (state in ('looking', 'looked', 'importing', 'imported', 'failed')),
    outcome    jsonb,
    words      jsonb,
    number     bigint      references cadastre.imports,
    error      text
);
create index on cadastre.sent (subject, at desc);
comment on column cadastre.sent.outcome is 'what differs, or what was done; words: the same for people, in both languages';
alter table cadastre.sent enable row level security, force row level security;
create policy owner on cadastre.sent to opensit_owner using (true) with check (true);
create policy app on cadastre.sent to opensit_app using (
    current_setting('opensit.role', true) = 'administrator'
    or subject = nullif(current_setting('opensit.subject', true), '')::uuid
);
grant select, insert, update, delete on cadastre.sent to opensit_app;
