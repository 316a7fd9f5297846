-- Who changed a row and why; that a row was made; and answers kept for who asks again with the same key.

-- A row's states, oldest first: each is here with what ended it. That a row was made stands before its first state, with no
-- geometry and a version one less than the row's own; rows that a bulk load made have no such entry.
alter table opensit.row_history
    add column actor   text,
    add column subject uuid,
    add column reason  text check (length(reason) <= 500),
    alter column geom drop not null,
    drop constraint row_history_operation_check,
    add constraint row_history_operation_check check (operation in ('insert', 'update', 'delete')),
    add check (operation = 'insert' or geom is not null);
comment on column opensit.row_history.actor is 'the name of who did it; null where a program of the database''s own did (changed_by)';
comment on column opensit.row_history.subject is 'the account or key of who did it';
create index row_history_deleted on opensit.row_history (relation, (attributes ->> 'id')) where operation = 'delete';

-- What the server reads of it is what the rule on rows lets staff have; this is the second wall.
alter table opensit.row_history enable row level security;
create policy app on opensit.row_history for select to opensit_app
    using ((select opensit.who_serves_all()) or attributes ->> 'comune' = any ((select opensit.who_comuni())::text[]));
grant select on opensit.row_history to opensit_app;

create or replace function opensit.keep_history() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp
    as $$
begin
    if tg_op = 'INSERT' then
        insert into opensit.row_history (relation, fid, version, operation, attributes, actor, subject, reason)
        values (tg_table_schema || '.' || tg_table_name, new.fid, new.version - 1, 'insert', jsonb_build_object('id', new.id, 'comune', new.comune),
                nullif(current_setting('opensit.actor', true), ''), nullif(current_setting('opensit.subject', true), '')::uuid,
                nullif(current_setting('opensit.reason', true), ''));
    else
        insert into opensit.row_history (relation, fid, version, operation, geom, attributes, actor, subject, reason)
        values (tg_table_schema || '.' || tg_table_name, old.fid, old.version, lower(tg_op), old.geom, to_jsonb(old) - 'geom',
                nullif(current_setting('opensit.actor', true), ''), nullif(current_setting('opensit.subject', true), '')::uuid,
                nullif(current_setting('opensit.reason', true), ''));
    end if;
    return null;
end
$$;

-- The layers that there are, and those to come: of a new row it is kept who made it, where somebody is said to have.
create procedure opensit.keep_history_of_inserts(relation regclass)
    language plpgsql
    as $$
begin
    execute format(
        $ddl$ create trigger keep_history_of_inserts after insert on %s for each row
              when (coalesce(current_setting('opensit.role', true), '') <> '') execute function opensit.keep_history() $ddl$,
        relation);
end
$$;
do $$
declare
    layer_table regclass;
begin
    for layer_table in select tgrelid::regclass from pg_trigger where tgname = 'keep_history' and not tgisinternal loop
        call opensit.keep_history_of_inserts(layer_table);
    end loop;
end
$$;
alter procedure opensit.finish_layer_table(regclass, boolean) rename to finish_layer_table_before_writing;
create procedure opensit.finish_layer_table(relation regclass, with_validity boolean default false)
    language plpgsql
    as $$
begin
    call opensit.finish_layer_table_before_writing(relation, with_validity);
    call opensit.keep_history_of_inserts(relation);
end
$$;

-- The answer that a request with an idempotency key got, kept in the transaction of what it did.
create table opensit.idempotency (
    subject    text        not null,
    key        text        not null check (length(key) between 1 and 64),
    request    bytea       not null check (length(request) = 32),
    answer     text,
    created_at timestamptz not null default now(),
    primary key (subject, key)
);
comment on column opensit.idempotency.answer is 'JSON as it is sent, word for word';
comment on column opensit.idempotency.subject is 'the account or key of who asked: one does not get another''s answer';
comment on column opensit.idempotency.request is 'SHA-256 of method, path, headers that count and body';
create index on opensit.idempotency (created_at);
alter table opensit.idempotency enable row level security;
create policy app on opensit.idempotency to opensit_app
    using (subject = coalesce((select opensit.who_subject()), '')) with check (subject = coalesce((select opensit.who_subject()), ''));
grant select, insert, update, delete on opensit.idempotency to opensit_app;

-- Called with each answer that is kept: nothing is kept longer than it is promised for.
create function opensit.forget_answers() returns void
    language sql security definer set search_path = pg_catalog, pg_temp
    as $$
    delete from opensit.idempotency where (subject, key) in (
        select subject, key from opensit.idempotency where created_at < now() - interval '24 hours' limit 100 for update skip locked)
$$;

-- The comune that a place is of, which is the nearest one, and how far it is from there in metres. Of several that are equally
-- near, as along a boundary, the one that is said.
create function opensit.comune_of(place public.geometry, said text) returns table (istat text, metres double precision)
    language plpgsql stable set search_path = pg_catalog, public, pg_temp
    as $$
begin
    return query select c.istat, st_distance(c.geom, place) from territory.v_comuni c
     order by c.geom operator(public.<->) place, c.istat is distinct from said limit 1;
end
$$;
