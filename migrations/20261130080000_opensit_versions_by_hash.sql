-- No two versions of one id hold at once. A GiST index of texts takes five times as long to be written as one of numbers, and a register of three
-- million parcels is written row by row: ids are compared by their hash of 64 bits. Two ids of one hash would be refused as if they were one;
-- among three million the odds are one in four million.
create procedure opensit.keep_versions_apart(relation regclass)
    language plpgsql
    as $$
begin
    execute format('alter table %s add exclude using gist (hashtextextended(id, 0) with =, tstzrange(valid_from, valid_to) with &&)', relation);
end
$$;

create or replace procedure opensit.finish_layer_table_before_writing(relation regclass, with_validity boolean default false)
    language plpgsql
    as $$
declare
    of_fid name := opensit.index_made_ahead(relation, 'fid');
    of_id name := opensit.index_made_ahead(relation, 'id');
begin
    if of_fid is null then
        execute format('alter table %s add primary key (fid)', relation);
    else
        execute format('alter table %s add primary key using index %I', relation, of_fid);
    end if;
    if with_validity then
        call opensit.keep_versions_apart(relation);
        execute format('create index on %s (id)', relation);
    elsif of_id is null then
        execute format('alter table %s add unique (id)', relation);
    else
        execute format('alter table %s add unique using index %I', relation, of_id);
    end if;
    -- a bulk load makes it ahead
    if not exists (
        select from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am m on m.oid = c.relam
         where i.indrelid = relation and m.amname = 'gist' and i.indnatts = 1 and pg_get_indexdef(i.indexrelid, 1, true) = 'geom')
    then
        execute format('create index on %s using gist (geom)', relation);
    end if;
    -- the old row in full, so that the feed knows the place that a feature left
    execute format('alter table %s replica identity full', relation);
    execute format(
        'create trigger complete_row before insert on %s for each row when (new.id is null or new.comune is null) execute function opensit.complete_row()',
        relation);
    execute format('create trigger advance_version before update on %s for each row execute function opensit.advance_version()', relation);
    execute format('create trigger keep_history after update or delete on %s for each row execute function opensit.keep_history()', relation);
    execute format('alter table %s enable row level security, force row level security', relation);
    execute format('create policy owner on %s to opensit_owner using (true) with check (true)', relation);
    execute format('create policy replication on %s for select to opensit_replication using (true)', relation);
    -- closed until the catalogue has the layer: its declaration says who sees which rows
    execute format('create policy app on %s for select to opensit_app using (false)', relation);
    execute format('grant select on %s to opensit_app, opensit_replication', relation);
    execute format('alter publication opensit add table %s', relation);
end
$$;

do $$
declare
    old record;
begin
    for old in
        select conrelid::regclass as relation, conname from pg_constraint
         where contype = 'x' and pg_get_constraintdef(oid) = 'EXCLUDE USING gist (id WITH =, tstzrange(valid_from, valid_to) WITH &&)'
    loop
        execute format('alter table %s drop constraint %I', old.relation, old.conname);
        call opensit.keep_versions_apart(old.relation);
    end loop;
end
$$;
