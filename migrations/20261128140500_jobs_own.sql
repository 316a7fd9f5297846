-- A job that follows from what somebody without a name did (a citizen's photo): it is the program's own, as the operator's are, and no
-- account sees it but an administrator's.
create function jobs.put_own(kind text, payload jsonb, who jsonb, attempts integer, delay_s double precision) returns uuid
    language sql volatile security definer set search_path = pg_catalog, pg_temp
    as $$
    insert into jobs.jobs (kind, payload, subject, who, attempts, run_at)
    values (kind, payload, null, who, attempts, clock_timestamp() + make_interval(secs => delay_s)) returning id
$$;
revoke execute on function jobs.put_own from public;
grant execute on function jobs.put_own to opensit_app;
