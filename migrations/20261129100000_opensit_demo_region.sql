-- The demo may be a region.
alter table opensit.installation drop constraint installation_demo_check;
alter table opensit.installation add constraint installation_demo_check check (demo in ('small', 'town', 'city', 'region'));
