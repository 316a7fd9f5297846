-- The census of trees (law 10 of 14 January 2013, art. 3-bis: comuni over 15,000 inhabitants keep one).
create schema environment;
grant usage on schema environment to opensit_app, opensit_replication;

create table environment.trees (
    species      text not null,
    height_m     double precision,
    crown_m      double precision,
    planted_year integer,
    site         text
);
call opensit.make_layer_table('environment.trees', 'Point');
