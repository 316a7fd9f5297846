-- Rows that come back under the fid they had (deleted and inserted again, emptied and loaded anew from a dump). Versions of a fid only grow:
-- what is put back takes one beyond all that its history has, as one that is restored does, so that no ETag stands for two states and
-- the history can take the state when it ends. And TRUNCATE ends states as DELETE does.

create function opensit.advance_beyond_history() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
    as $$
declare
    touched text := tg_table_schema || '.' || tg_table_name;
    last    bigint;
begin
    -- the deletion that went before has a number of its own
    select max(h.version) into last from opensit.row_history h where h.relation = touched and h.fid = new.fid;
    new.version := greatest(new.version, last + 2);
    return new;
end
$$;

create function opensit.keep_history_of_all() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp
    as $$
declare
    others text;
begin
    select string_agg(format('t.%I', attname), ', ' order by attnum) into others
      from pg_attribute where attrelid = tg_relid and attnum > 0 and not attisdropped and attname <> 'geom';
    execute format(
        $insert$ insert into opensit.row_history (relation, fid, version, operation, geom, attributes, actor, subject, reason)
        select $1, t.fid, greatest(t.version, (select max(h.version) + 1 from opensit.row_history h where h.relation = $1 and h.fid = t.fid)),
               'delete', t.geom, to_jsonb(others), nullif(current_setting('opensit.actor', true), ''), nullif(current_setting('opensit.subject', true), '')::uuid,
               nullif(current_setting('opensit.reason', true), '')
          from %s t, lateral (select %s) others $insert$,
        tg_relid::regclass, others) using tg_table_schema || '.' || tg_table_name;
    return null;
end
$$;

-- A row that was put back past the triggers (`pg_restore --disable-triggers`) may have a version that the history has already: its state is
-- kept as the last, rather than that nobody could change the row.
create or replace function opensit.keep_history() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp
    as $$
declare
    place   public.geometry;
    last    bigint;
    touched text := tg_table_schema || '.' || tg_table_name;
    actor   text := nullif(current_setting('opensit.actor', true), '');
    subject uuid := nullif(current_setting('opensit.subject', true), '')::uuid;
    reason  text := nullif(current_setting('opensit.reason', true), '');
begin
    if tg_op = 'INSERT' then
        insert into opensit.row_history (relation, fid, version, operation, attributes, actor, subject, reason)
        values (touched, new.fid, new.version - 1, 'insert', jsonb_build_object('id', new.id, 'comune', new.comune), actor, subject, reason);
        return null;
    end if;
    place := old.geom;
    old.geom := null;
    insert into opensit.row_history (relation, fid, version, operation, geom, attributes, actor, subject, reason)
    values (touched, old.fid, old.version, lower(tg_op), place, to_jsonb(old) - 'geom', actor, subject, reason)
    on conflict do nothing;
    if not found then
        select max(h.version) into last from opensit.row_history h where h.relation = touched and h.fid = old.fid;
        insert into opensit.row_history (relation, fid, version, operation, geom, attributes, actor, subject, reason)
        values (touched, old.fid, last + 1, lower(tg_op), place, to_jsonb(old) - 'geom', actor, subject, reason);
    end if;
    return null;
end
$$;

-- Looking a fid up costs 0.01 ms: who fills a table with rows that never were says so (opensit.first_load) and does not pay it.
create procedure opensit.keep_history_of_what_is_put_back(relation regclass)
    language plpgsql
    as $$
begin
    execute format(
        $ddl$ create trigger advance_beyond_history before insert on %s for each row
              when (coalesce(current_setting('opensit.first_load', true), '') = '') execute function opensit.advance_beyond_history() $ddl$,
        relation);
    execute format(
        'create trigger keep_history_of_all before truncate on %s for each statement execute function opensit.keep_history_of_all()',
        relation);
end
$$;

-- The layers that there are; rows of theirs that came back before this was so get a version of their own.
do $$
declare
    layer record;
begin
    for layer in
        select c.oid::regclass as "table", n.nspname || '.' || c.relname as name
          from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
         where t.tgname = 'keep_history' and not t.tgisinternal
    loop
        call opensit.keep_history_of_what_is_put_back(layer."table");
        execute format('alter table %s disable trigger user', layer."table");
        execute format(
            $sql$ update %s t set version = h.last + 2
                    from (select fid, max(version) as last from opensit.row_history where relation = %L group by fid) h
                   where h.fid = t.fid and h.last >= t.version $sql$,
            layer."table", layer.name);
        execute format('alter table %s enable trigger user', layer."table");
    end loop;
end
$$;

alter procedure opensit.finish_layer_table(regclass, boolean) rename to finish_layer_table_before_rows_put_back;
create procedure opensit.finish_layer_table(relation regclass, with_validity boolean default false)
    language plpgsql
    as $$
begin
    call opensit.finish_layer_table_before_rows_put_back(relation, with_validity);
    call opensit.keep_history_of_what_is_put_back(relation);
end
$$;
