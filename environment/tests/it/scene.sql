-- Two comuni side by side; in the first, round 15.65 E 38.11 N, parcels and a tree.
-- a parcel that was divided in two in 2024
insert into cadastre.parcels (id, comune, sheet, number, kind, urban, valid_from, valid_to, geom)
select 'X101_000100.' || n, '080901', 1, n::text, 'land', false, since::timestamptz, until::timestamptz,
       st_transform(st_makeenvelope(15.65 + w * 0.001, 38.11, 15.65 + e * 0.001, 38.112, 4326), 7792)
  from (values (1, 0, 1, '2010-01-01', null), (2, 1, 2, '2010-01-01', '2024-01-01'), (3, 1, 1.5, '2024-01-01', null), (4, 1.5, 2, '2024-01-01', null))
       as p (n, w, e, since, until);

insert into environment.trees (id, comune, species, height_m, crown_m, site, geom) values
    ('T1', '080901', 'Quercus ilex', 12, 8, 'park', st_transform(st_setsrid(st_makepoint(15.6505, 38.1105), 4326), 7792)),
    ('T2', '080901', 'Pinus pinea', 18, 12, 'avenue', st_transform(st_setsrid(st_makepoint(15.6515, 38.1105), 4326), 7792)),
    ('T9', '080902', 'Quercus ilex', 9, 6, 'park', st_setsrid(st_makepoint(561000, 4215000), 7792));
