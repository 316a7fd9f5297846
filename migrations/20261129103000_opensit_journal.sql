-- The change feed where logical replication is not allowed: triggers write down which rows a statement touched, and who follows reads what one
-- snapshot sees and the one before did not. Off until the program asks for it (opensit.keep_journal), since writers pay for it.

alter table opensit.installation add column journalled boolean not null default false;
comment on column opensit.installation.journalled is 'whether the layers'' tables have the triggers that keep opensit.journal';

create table opensit.journal (
    number      bigint  generated always as identity primary key,
    transaction xid8    not null default pg_current_xact_id(),
    relation    text    not null,
    emptied     boolean not null default false,
    fid         bigint,
    west        double precision,
    south       double precision,
    east        double precision,
    north       double precision
);
comment on table opensit.journal is 'rows that were touched, with the box round their old and new places in the system they are stored in; without fid: the whole table';
create index on opensit.journal (transaction);
grant select, delete on opensit.journal to opensit_replication;

create function opensit.write_journal() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp
    as $$
declare
    touched text := tg_table_schema || '.' || tg_table_name;
begin
    if tg_op = 'INSERT' then
        insert into opensit.journal (relation, fid, west, south, east, north)
        select touched, n.fid, st_xmin(n.geom), st_ymin(n.geom), st_xmax(n.geom), st_ymax(n.geom) from new_rows n;
    elsif tg_op = 'UPDATE' then
        insert into opensit.journal (relation, fid, west, south, east, north)
        select touched, n.fid, least(st_xmin(o.geom), st_xmin(n.geom)), least(st_ymin(o.geom), st_ymin(n.geom)),
               greatest(st_xmax(o.geom), st_xmax(n.geom)), greatest(st_ymax(o.geom), st_ymax(n.geom))
          from new_rows n join old_rows o on o.fid = n.fid;
    elsif tg_op = 'DELETE' then
        insert into opensit.journal (relation, fid, west, south, east, north)
        select touched, o.fid, st_xmin(o.geom), st_ymin(o.geom), st_xmax(o.geom), st_ymax(o.geom) from old_rows o;
    else
        insert into opensit.journal (relation, emptied) values (touched, true);
    end if;
    if found then
        perform pg_notify('opensit_journal', '');
    end if;
    return null;
end
$$;

-- The catalogue is read as a whole whenever it is touched.
create function opensit.write_journal_of_layers() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
    as $$
begin
    insert into opensit.journal (relation) values ('opensit.layers');
    perform pg_notify('opensit_journal', '');
    return null;
end
$$;

create procedure opensit.journal_table(relation regclass)
    language plpgsql
    as $$
begin
    if exists (select from pg_trigger where tgrelid = relation and tgname = 'journal_inserts') then
        return;
    end if;
    execute format('create trigger journal_inserts after insert on %s referencing new table as new_rows for each statement execute function opensit.write_journal()', relation);
    execute format('create trigger journal_updates after update on %s referencing old table as old_rows new table as new_rows for each statement execute function opensit.write_journal()', relation);
    execute format('create trigger journal_deletes after delete on %s referencing old table as old_rows for each statement execute function opensit.write_journal()', relation);
    execute format('create trigger journal_truncates after truncate on %s for each statement execute function opensit.write_journal()', relation);
end
$$;

-- Begins to keep the journal of every layer there is and will be, or ends it.
create procedure opensit.keep_journal(wanted boolean)
    language plpgsql
    as $$
declare
    relation regclass;
    name     text;
begin
    update opensit.installation set journalled = wanted;
    for relation in
        select c.oid::regclass from opensit.layers l join pg_class c on c.oid = to_regclass(l.relation) and c.relkind = 'r'
    loop
        if wanted then
            call opensit.journal_table(relation);
        else
            foreach name in array array['journal_inserts', 'journal_updates', 'journal_deletes', 'journal_truncates'] loop
                execute format('drop trigger if exists %I on %s', name, relation);
            end loop;
        end if;
    end loop;
    drop trigger if exists journal on opensit.layers;
    if wanted then
        create trigger journal after insert or update or delete or truncate on opensit.layers
            for each statement execute function opensit.write_journal_of_layers();
    else
        truncate opensit.journal;
    end if;
end
$$;

alter procedure opensit.finish_layer_table(regclass, boolean) rename to finish_layer_table_before_journal;
create procedure opensit.finish_layer_table(relation regclass, with_validity boolean default false)
    language plpgsql
    as $$
begin
    call opensit.finish_layer_table_before_journal(relation, with_validity);
    if (select journalled from opensit.installation) then
        call opensit.journal_table(relation);
    end if;
end
$$;
