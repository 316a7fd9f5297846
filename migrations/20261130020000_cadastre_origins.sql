-- Maps in Cassini-Soldner count metres from an origin, of a comune or of a sheet: where it is, by the beginning of the maps' names.
create table cadastre.origins (
    maps   text        primary key check (length(maps) between 4 and 11),
    origin jsonb       not null,
    at     timestamptz not null default now(),
    by     text        not null
);
comment on column cadastre.origins.origin is 'latitude and longitude (degrees), the system that they are known in, the maps'' ellipsoid, what the maps call it (metres)';
alter table cadastre.origins enable row level security, force row level security;
create policy owner on cadastre.origins to opensit_owner using (true) with check (true);
create policy app on cadastre.origins for select to opensit_app using ((select opensit.who_is_staff()));
grant select on cadastre.origins to opensit_app;

-- What is left between where an origin puts points and where they are can be adjusted.
alter table cadastre.adjustments add column origin jsonb;
comment on column cadastre.adjustments.origin is 'the origin upon which it goes; without one it goes upon the map''s own positions';
alter table cadastre.map_files add column origin jsonb;
comment on column cadastre.map_files.origin is 'the origin in Cassini-Soldner from which its positions were counted, before the shift';
