-- The offices that a report can be for: those of categories, of routes, and those that somebody works in.
create function reports.offices() returns setof text
    language sql stable security definer set search_path = pg_catalog, pg_temp
    as $$
    select office from reports.categories
    union select office from reports.routing
    union select office from identity.accounts a, unnest(a.offices) office where a.active
    order by 1
$$;
revoke execute on function reports.offices() from public;
grant execute on function reports.offices() to opensit_app;
