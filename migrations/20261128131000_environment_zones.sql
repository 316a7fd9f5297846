-- The zones, perimeters and points that versions of datasets hold. A row is valid while its version is in force; one of a draft is not published.
create table environment.flood_zones (
    dataset             text    not null references environment.datasets (id),
    published           boolean not null default false,
    class               text    not null constraint class_is_known check (class in ('P1', 'P2', 'P3')),
    return_period_years integer not null constraint return_period_is_positive check (return_period_years between 1 and 10000),
    water               text
);
call opensit.make_layer_table('environment.flood_zones', 'MultiPolygon', with_validity => true);

create table environment.landslide_zones (
    dataset    text    not null references environment.datasets (id),
    published  boolean not null default false,
    class      text    not null constraint class_is_known check (class in ('AA', 'P1', 'P2', 'P3', 'P4')),
    phenomenon text
);
call opensit.make_layer_table('environment.landslide_zones', 'MultiPolygon', with_validity => true);

-- The limits in dB(A) of each acoustic class (DPCM of 14 November 1997, tables B and C). By day is from 6 to 22. Emission is what one source may
-- give off, immission what all of them together may bring to a place: they are never the same column.
create table environment.noise_limits (
    class           text    primary key,
    emission_day    integer not null,
    emission_night  integer not null,
    immission_day   integer not null,
    immission_night integer not null,
    article         text    not null,
    unique (class, emission_day, emission_night, immission_day, immission_night)
);
insert into environment.noise_limits values
    ('I',   45, 35, 50, 40, 'DPCM 14/11/1997, tab. B, C'),
    ('II',  50, 40, 55, 45, 'DPCM 14/11/1997, tab. B, C'),
    ('III', 55, 45, 60, 50, 'DPCM 14/11/1997, tab. B, C'),
    ('IV',  60, 50, 65, 55, 'DPCM 14/11/1997, tab. B, C'),
    ('V',   65, 55, 70, 60, 'DPCM 14/11/1997, tab. B, C'),
    ('VI',  65, 65, 70, 70, 'DPCM 14/11/1997, tab. B, C');
grant select on environment.noise_limits to opensit_app;

create table environment.noise_zones (
    dataset         text    not null references environment.datasets (id),
    published       boolean not null default false,
    class           text    not null constraint class_is_known references environment.noise_limits (class),
    emission_day    integer not null,
    emission_night  integer not null,
    immission_day   integer not null,
    immission_night integer not null,
    constraint limits_are_those_of_the_class foreign key (class, emission_day, emission_night, immission_day, immission_night)
        references environment.noise_limits (class, emission_day, emission_night, immission_day, immission_night)
);
call opensit.make_layer_table('environment.noise_zones', 'MultiPolygon', with_validity => true);

create function environment.set_noise_limits() returns trigger
    language plpgsql
    as $$
begin
    select l.emission_day, l.emission_night, l.immission_day, l.immission_night
      into new.emission_day, new.emission_night, new.immission_day, new.immission_night
      from environment.noise_limits l where l.class = new.class;
    return new;
end
$$;
create trigger set_noise_limits before insert or update of class on environment.noise_zones
    for each row execute function environment.set_noise_limits();

-- Areas run over by fire (law 353 of 21 November 2000, art. 10): the constraints end by themselves, counted from the day of the fire.
create table environment.burnt_areas (
    dataset             text    not null references environment.datasets (id),
    published           boolean not null default false,
    burnt_on            date    not null,
    locality            text,
    reforestation_until date    not null,
    building_until      date    not null,
    use_until           date    not null,
    constraint a_fire_is_not_in_the_future check (burnt_on <= (now() at time zone 'Europe/Rome')::date),
    constraint terms_are_counted_from_the_fire check (
        reforestation_until = (burnt_on + interval '5 years')::date
        and building_until = (burnt_on + interval '10 years')::date
        and use_until = (burnt_on + interval '15 years')::date)
);
comment on column environment.burnt_areas.reforestation_until is 'no reforestation with public money before this day: 5 years';
comment on column environment.burnt_areas.building_until is 'no building, grazing or hunting before this day: 10 years';
comment on column environment.burnt_areas.use_until is 'no other use than before the fire, and a clause in every deed of sale, before this day: 15 years';
call opensit.make_layer_table('environment.burnt_areas', 'MultiPolygon', with_validity => true);

create function environment.set_fire_terms() returns trigger
    language plpgsql
    as $$
begin
    new.reforestation_until := new.burnt_on + interval '5 years';
    new.building_until := new.burnt_on + interval '10 years';
    new.use_until := new.burnt_on + interval '15 years';
    return new;
end
$$;
create trigger set_fire_terms before insert or update of burnt_on on environment.burnt_areas
    for each row execute function environment.set_fire_terms();

create table environment.bathing_waters (
    dataset     text    not null references environment.datasets (id),
    published   boolean not null default false,
    name        text    not null,
    quality     text    not null constraint quality_is_known check (quality in ('excellent', 'good', 'sufficient', 'poor')),
    sampled     date,
    e_coli      integer constraint e_coli_is_a_count check (e_coli >= 0),
    enterococci integer constraint enterococci_is_a_count check (enterococci >= 0)
);
call opensit.make_layer_table('environment.bathing_waters', 'MultiPolygon', with_validity => true);

create table environment.waste_points (
    dataset   text    not null references environment.datasets (id),
    published boolean not null default false,
    fraction  text    not null constraint fraction_is_known
        check (fraction in ('paper', 'glass', 'plastic', 'organic', 'residual', 'textiles', 'batteries', 'centre')),
    street    text
);
call opensit.make_layer_table('environment.waste_points', 'Point', with_validity => true);

create index on environment.flood_zones (dataset);
create index on environment.landslide_zones (dataset);
create index on environment.noise_zones (dataset);
create index on environment.burnt_areas (dataset);
create index on environment.burnt_areas (burnt_on, id);
create index on environment.bathing_waters (dataset);
create index on environment.waste_points (dataset);
