-- Photographs and documents that belong to a row of a layer, in pieces that are read one at a time.

create schema attachments;
grant usage on schema attachments to opensit_app;

create table attachments.files (
    id              uuid        primary key default gen_random_uuid(),
    layer           text        not null,
    record          text        not null,
    name            text        not null check (length(name) between 1 and 150),
    media_type      text        not null check (media_type in ('image/jpeg', 'image/png', 'application/pdf')),
    bytes           bigint      not null check (bytes > 0),
    sha256          bytea       not null check (length(sha256) = 32),
    width           integer,
    height          integer,
    created_at      timestamptz not null default clock_timestamp(),
    created_by      uuid,
    created_by_name text
);
create index on attachments.files (layer, record, created_at);
comment on column attachments.files.record is 'the public id of the row, whose rule holds for the file';
comment on column attachments.files.sha256 is 'of the bytes as they are stored and served: the ETag';

create table attachments.chunks (
    file   uuid    not null references attachments.files on delete cascade,
    number integer not null check (number >= 0),
    data   bytea   not null check (length(data) between 1 and 262144),
    primary key (file, number)
);
-- compressed already by what they are
alter table attachments.chunks alter column data set storage external;

-- A file is never changed: it is there or it is not.
grant select, insert, delete on attachments.files to opensit_app;
grant select, insert on attachments.chunks to opensit_app;
