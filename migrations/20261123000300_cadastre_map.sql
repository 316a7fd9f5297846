-- The cadastral map: sheets, parcels, buildings. References follow the national grammar (X101_001200.345).
create schema cadastre;
grant usage on schema cadastre to opensit_app, opensit_replication;

create table cadastre.sheets (
    section    text    not null,
    number     integer not null,
    attachment text    not null
);
call opensit.make_layer_table('cadastre.sheets', 'Polygon');

create table cadastre.parcels (
    sheet      integer not null,
    number     text    not null,
    kind       text    not null check (kind in ('land', 'street', 'water')),
    land_use   text,
    area_m2    integer check (area_m2 >= 0),
    urban      boolean not null,
    updated_on date
);
call opensit.make_layer_table('cadastre.parcels', 'Polygon', with_validity => true);
-- what `fg 12 p 345` asks for
create index on cadastre.parcels (sheet, lower(number collate "C"));

create table cadastre.buildings (
    sheet    integer,
    parcel   text,
    kind     text    not null check (kind in ('residential', 'public', 'church', 'school', 'commercial', 'industrial', 'annex')),
    floors   integer check (floors >= 0),
    height_m double precision
);
call opensit.make_layer_table('cadastre.buildings', 'Polygon');
create index on cadastre.buildings (sheet, lower(parcel collate "C"));
