-- Whoever fills a new table by COPY looks at every row itself, and the checks that every layer has would take a third of the time. They are
-- taken off while nobody else knows the table, and put on again for all that is written from then on.
create procedure opensit.check_no_rows(relation regclass)
    language plpgsql
    as $$
declare
    own name;
begin
    for own in
        select c.conname from pg_constraint c
         where c.conrelid = relation and c.contype = 'c'
           and (c.conname = 'geometry_is_sound'
                or c.conkey = array[(select a.attnum from pg_attribute a where a.attrelid = relation and a.attname = 'comune')])
    loop
        execute format('alter table %s drop constraint %I', relation, own);
    end loop;
end
$$;
comment on procedure opensit.check_no_rows(regclass) is 'takes the checks of comune and geometry off a table that opensit.add_layer_columns made';

create procedure opensit.check_rows(relation regclass)
    language plpgsql
    as $$
begin
    execute format(
        $ddl$ alter table %s
            add check (comune ~ '^[0-9]{6}$') not valid,
            add constraint geometry_is_sound check (opensit.sound(geom)) not valid $ddl$,
        relation);
end
$$;
comment on procedure opensit.check_rows(regclass) is 'puts them on again; the rows that are there are not looked at';
