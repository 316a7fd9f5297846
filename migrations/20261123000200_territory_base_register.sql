-- The base register of the territory: boundaries, streets, house numbers, place names, land, water, coast.
create schema territory;
grant usage on schema territory to opensit_app, opensit_replication;

create table territory.boundaries (name text not null, catasto_code text);
call opensit.make_layer_table('territory.boundaries', 'MultiPolygon');

-- What others may know of the comuni. Without security_invoker a view shows its owner's rows to everybody.
create view territory.v_comuni with (security_invoker = true) as
    select id as istat, catasto_code as catasto, name, geom from territory.boundaries;
grant select on territory.v_comuni to opensit_app;

create table territory.streets (
    name text,
    kind text not null check (kind in ('motorway', 'main', 'secondary', 'local', 'pedestrian', 'track'))
);
call opensit.make_layer_table('territory.streets', 'LineString');

create table territory.railways (name text);
call opensit.make_layer_table('territory.railways', 'LineString');

create table territory.house_numbers (street text not null, number text not null, address text not null);
call opensit.make_layer_table('territory.house_numbers', 'Point');

create table territory.place_names (
    name text    not null,
    kind text    not null check (kind in ('town', 'district', 'locality', 'sea', 'peak', 'river')),
    rank integer not null
);
call opensit.make_layer_table('territory.place_names', 'Point');

create table territory.land_cover (
    kind text not null check (kind in ('built_up', 'park', 'wood', 'sand', 'farmland', 'scrub'))
);
call opensit.make_layer_table('territory.land_cover', 'Polygon');

create table territory.water (
    name text,
    kind text not null check (kind in ('sea', 'river', 'stream', 'lake', 'basin'))
);
call opensit.make_layer_table('territory.water', 'Polygon');

create table territory.coastlines ();
call opensit.make_layer_table('territory.coastlines', 'LineString');
