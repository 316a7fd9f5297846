-- Background work: one queue, taken from with FOR UPDATE SKIP LOCKED, and its results.

create schema jobs;
grant usage on schema jobs to opensit_app;

create table jobs.jobs (
    id             uuid        primary key default gen_random_uuid(),
    ordinal        bigint      not null generated always as identity,
    kind           text        not null check (kind ~ '^[a-z][a-z0-9_.-]{0,47}$'),
    payload        jsonb       not null,
    subject        uuid,
    who            jsonb       not null,
    state          text        not null default 'queued' check (state in ('queued', 'running', 'done', 'failed', 'cancelled')),
    attempt        integer     not null default 0,
    attempts       integer     not null default 3 check (attempts between 1 and 100),
    run_at         timestamptz not null default clock_timestamp(),
    created_at     timestamptz not null default clock_timestamp(),
    started_at     timestamptz,
    finished_at    timestamptz,
    expires_at     timestamptz,
    lease          uuid,
    lease_until    timestamptz,
    percent        integer     not null default 0 check (percent between 0 and 100),
    message        text,
    cancel         boolean     not null default false,
    error          text,
    check ((state = 'running') = (lease is not null)),
    check ((state in ('done', 'failed', 'cancelled')) = (finished_at is not null))
);
comment on column jobs.jobs.subject is 'the account that asked for it; null: the operator';
comment on column jobs.jobs.who is 'the principal that asked for it, in whose name it runs';
comment on column jobs.jobs.lease is 'who holds it: a new value each time it is taken, so that a worker thought dead can not end it';
comment on column jobs.jobs.expires_at is 'when it is forgotten, with its result';
comment on column jobs.jobs.error is 'why the last attempt failed, in words for people';

-- What a worker looks through: what waits, and what a dead worker may have left.
create index jobs_waiting on jobs.jobs (run_at, ordinal) where state = 'queued';
create index jobs_held on jobs.jobs (lease_until) where state = 'running';
create index jobs_of_subject on jobs.jobs (subject, ordinal desc);
create index jobs_expiring on jobs.jobs (expires_at) where expires_at is not null;

create table jobs.results (
    job        uuid  primary key references jobs.jobs on delete cascade,
    media_type text  not null,
    name       text,
    content    bytea not null
);
-- mostly compressed by their makers
alter table jobs.results alter column content set storage external;

-- The second wall: one's own jobs; the workers and administrators have all.
alter table jobs.jobs enable row level security, force row level security;
create policy owner on jobs.jobs to opensit_owner using (true) with check (true);
create policy app on jobs.jobs to opensit_app using (
    current_setting('opensit.role', true) = 'administrator'
    or subject = nullif(current_setting('opensit.subject', true), '')::uuid
);
alter table jobs.results enable row level security, force row level security;
create policy owner on jobs.results to opensit_owner using (true) with check (true);
create policy app on jobs.results to opensit_app using (exists (select from jobs.jobs where id = job));

grant select, insert, update, delete on jobs.jobs, jobs.results to opensit_app;
