-- What other themes may know of parcels: each version with the time it holds for.
create view cadastre.v_parcels with (security_invoker = true) as
    select id, fid, comune, sheet, number, kind, geom, valid_from, valid_to from cadastre.parcels;
grant select on cadastre.v_parcels to opensit_app;
