-- Folders and addresses that are looked at every so often, as the configuration file lists them: when, what was found, what came of it.
create table deliveries.sources (
    name          text        primary key,
    looked_at     timestamptz,
    again_at      timestamptz,
    succeeded_at  timestamptz,
    failing_since timestamptz,
    failures      integer     not null default 0,
    told          boolean     not null default false
);
comment on column deliveries.sources.again_at is 'when it is looked at again, if sooner than by its own time';
comment on column deliveries.sources.succeeded_at is 'when a look last ended well, whether or not it found something new';
comment on column deliveries.sources.failures is 'how many looks failed since the last that ended well';
comment on column deliveries.sources.told is 'whether the address that is told of failures knows that it fails';

create table deliveries.runs (
    id         uuid        primary key,
    ordinal    bigint      generated always as identity,
    source     text        not null references deliveries.sources on delete cascade,
    began_at   timestamptz not null default clock_timestamp(),
    ended_at   timestamptz,
    looks      integer     not null default 1,
    outcome    text        not null check (outcome in ('loading', 'loaded', 'nothing', 'failed')),
    file       text,
    content    text,
    words      text,
    layer      text,
    number     bigint,
    difference jsonb
);
create index on deliveries.runs (source, ordinal desc);
comment on column deliveries.runs.id is 'the order under which it is published (opensit.deliveries.ordered), so that what was published before a crash is not published again';
comment on column deliveries.runs.looks is 'how many looks one after the other had this outcome, the last of them at ended_at';
comment on column deliveries.runs.content is 'SHA-256 of the file, or of the parts of a Shapefile';
comment on column deliveries.runs.number is 'in opensit.deliveries, under which its report is';

create table deliveries.seen (
    source   text        not null references deliveries.sources on delete cascade,
    file     text        not null,
    changed  text,
    done     text,
    content  text,
    etag     text,
    modified text,
    at       timestamptz not null default clock_timestamp(),
    primary key (source, file)
);
comment on table deliveries.seen is 'what is known of each file of a folder, or of an address';
comment on column deliveries.seen.changed is 'size and times at the last look: complete is what has the same at the next';
comment on column deliveries.seen.done is 'size and times of what was loaded, or passed over';
comment on column deliveries.seen.content is 'SHA-256 of what was loaded';

-- The second wall: for administrators and the program itself.
alter table deliveries.sources enable row level security, force row level security;
alter table deliveries.runs enable row level security, force row level security;
alter table deliveries.seen enable row level security, force row level security;
create policy owner on deliveries.sources to opensit_owner using (true) with check (true);
create policy owner on deliveries.runs to opensit_owner using (true) with check (true);
create policy owner on deliveries.seen to opensit_owner using (true) with check (true);
create policy app on deliveries.sources for select to opensit_app using (current_setting('opensit.role', true) = 'administrator');
create policy app on deliveries.runs for select to opensit_app using (current_setting('opensit.role', true) = 'administrator');
grant select on deliveries.sources, deliveries.runs to opensit_app;
