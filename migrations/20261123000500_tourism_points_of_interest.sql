-- Places that visitors look for.
create schema tourism;
grant usage on schema tourism to opensit_app, opensit_replication;

create table tourism.points_of_interest (
    name        text not null,
    name_en     text,
    kind        text not null,
    description    text,
    description_en text
);
call opensit.make_layer_table('tourism.points_of_interest', 'Point');
