-- Photos that could not be read, so that who sent one is told and can send it again. One that is kept afterwards takes the place of the
-- oldest of them. Nobody but the functions below reads them.
create table reports.lost_photos (
    id     bigint      primary key generated always as identity,
    report bigint      not null references reports.reports (fid) on delete cascade,
    name   text        not null,
    at     timestamptz not null
);
create index on reports.lost_photos (report);

-- The end of a photo as it came: written anew, or of no use. Nothing if it had ended before.
create or replace function reports.end_photo(photo uuid, kept boolean) returns table (fid bigint, id text, version bigint, comune text)
    language sql volatile security definer set search_path = pg_catalog, pg_temp
    as $$
    with ended as (delete from reports.raw_photos p where p.id = photo returning p.report, p.name, p.at),
         lost as (insert into reports.lost_photos (report, name, at) select e.report, e.name, e.at from ended e where not kept),
         found as (
             delete from reports.lost_photos l
              where kept and l.id = (select min(o.id) from reports.lost_photos o join ended e on e.report = o.report))
    update reports.reports r set photos = r.photos + kept::integer from ended where r.fid = ended.report
    returning r.fid, r.id, r.version, r.comune
$$;

-- The names of those that are lost, for who has the report's link.
create function reports.lost_photos(link bytea) returns setof text
    language sql stable security definer set search_path = pg_catalog, pg_temp
    as $$ select p.name from reports.links l join reports.lost_photos p on p.report = l.report where l.secret = link order by p.id $$;
revoke execute on function reports.lost_photos(bytea) from public;
grant execute on function reports.lost_photos(bytea) to opensit_app;
