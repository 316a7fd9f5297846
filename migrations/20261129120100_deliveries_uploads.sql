-- Files that people send, piece by piece, and what becomes of them: looked at, planned, compared, loaded.
create schema deliveries;
grant usage on schema deliveries to opensit_app;

create table deliveries.deliveries (
    id            uuid        primary key,
    ordinal       bigint      generated always as identity,
    subject       uuid        not null,
    by            text        not null,
    created_at    timestamptz not null default clock_timestamp(),
    touched_at    timestamptz not null default clock_timestamp(),
    files         jsonb       not null,
    state         text        not null check (state in ('looking', 'planned', 'comparing', 'compared', 'loading', 'loaded', 'failed', 'cancelled')),
    stage         jsonb,
    layer         text,
    plan          jsonb,
    remarks       jsonb,
    mode          text        check (mode in ('create', 'replace', 'append', 'update')),
    difference    jsonb,
    report        jsonb,
    number        bigint,
    error         jsonb,
    job           uuid,
    freed         boolean     not null default false
);
create index on deliveries.deliveries (subject, ordinal desc);
create index on deliveries.deliveries (touched_at);
comment on column deliveries.deliveries.files is 'names and bytes, in the order in which they were named';
comment on column deliveries.deliveries.stage is 'how far the job is: name, done, of';
comment on column deliveries.deliveries.remarks is 'what to look at before loading, in both languages';
comment on column deliveries.deliveries.job is 'the job that looks, compares or loads, or did so last';
comment on column deliveries.deliveries.number is 'in opensit.deliveries, once something was written';
comment on column deliveries.deliveries.freed is 'whether the files are gone';

create table deliveries.uploads (
    id         uuid        primary key,
    subject    uuid        not null,
    name       text        not null check (length(name) between 1 and 200),
    bytes      bigint      not null check (bytes > 0),
    created_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null,
    delivery   uuid        references deliveries.deliveries on delete cascade
);
create index on deliveries.uploads (subject);
create index on deliveries.uploads (expires_at) where delivery is null;
create index on deliveries.uploads (delivery);
comment on column deliveries.uploads.bytes is 'how many it will have; how many are there, the file itself says';

-- The second wall: one's own; administrators, and the program itself, have all.
alter table deliveries.deliveries enable row level security, force row level security;
alter table deliveries.uploads enable row level security, force row level security;
create policy owner on deliveries.deliveries to opensit_owner using (true) with check (true);
create policy owner on deliveries.uploads to opensit_owner using (true) with check (true);
create policy app on deliveries.deliveries to opensit_app using (
    current_setting('opensit.role', true) = 'administrator'
    or subject = nullif(current_setting('opensit.subject', true), '')::uuid
);
create policy app on deliveries.uploads to opensit_app using (
    current_setting('opensit.role', true) = 'administrator'
    or subject = nullif(current_setting('opensit.subject', true), '')::uuid
);
grant select, insert, update, delete on deliveries.deliveries, deliveries.uploads to opensit_app;

-- What was published by which order, so that a load that is done again after a crash is not done twice.
alter table opensit.deliveries add column ordered uuid unique;
comment on column opensit.deliveries.ordered is 'the delivery of deliveries.deliveries that ordered it; null: the command line';

-- What the server may know of what was published: nothing of rows, plans or reports but its own orders'.
create function deliveries.written(id uuid) returns table (number bigint, layer text, mode text, undone boolean, last boolean, report jsonb)
    language sql stable security definer set search_path = pg_catalog, pg_temp
    as $$
    select d.number, d.layer, d.mode, d.undone_at is not null,
           d.number = (select max(o.number) from opensit.deliveries o
                        where o.layer = d.layer and o.relation = d.relation and o.undone_at is null),
           d.report
      from opensit.deliveries d where d.ordered = written.id
$$;
create function deliveries.told_apart(layer text) returns boolean
    language sql stable security definer set search_path = pg_catalog, pg_temp
    as $$
    select coalesce((select d.key is not null from opensit.deliveries d
                      where d.layer = told_apart.layer and d.undone_at is null order by d.number desc limit 1), false)
$$;
comment on function deliveries.told_apart(text) is 'whether the rows of a layer are told apart by a column, so that a delivery can be compared with them';
-- Who has ordered a job may be an administrator, and whose delivery it is sees how it ended.
create function deliveries.state_of(job uuid) returns text
    language sql stable security definer set search_path = pg_catalog, pg_temp
    as $$ select j.state from jobs.jobs j where j.id = state_of.job $$;
revoke execute on function deliveries.state_of(uuid) from public;
grant execute on function deliveries.state_of(uuid) to opensit_app;
revoke execute on function deliveries.written(uuid), deliveries.told_apart(text) from public;
grant execute on function deliveries.written(uuid), deliveries.told_apart(text) to opensit_app;
