-- Which files a published layer was made of, and by which column their rows are told apart: what a new delivery is compared by, and what is
-- taken back when it was wrong. What its rows were before stands in opensit.row_history, under the same transaction and instant.
create table opensit.deliveries (
    number      bigint      generated always as identity primary key,
    layer       text        not null,
    relation    text        not null,
    mode        text        not null check (mode in ('create', 'replace', 'append', 'update')),
    key         text,
    files       text[]      not null,
    rows        jsonb       not null,
    transaction xid8        not null default pg_current_xact_id(),
    at          timestamptz not null default now(),
    by          text        not null default session_user,
    undone_at   timestamptz,
    undone_by   xid8
);
comment on column opensit.deliveries.key is 'the column of the files that the ids come from; null: the rows'' numbers';
comment on column opensit.deliveries.undone_by is 'the transaction that took it back, at undone_at';
comment on column opensit.deliveries.rows is 'how many were new, changed, vanished, the same';
create index on opensit.deliveries (layer, number);

-- A delivery's entries are found by their time; entries come in its order, so that an index of a few pages does.
create index row_history_by_time on opensit.row_history using brin (changed_at) with (pages_per_range = 16);
