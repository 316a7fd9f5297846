-- When a tree is to be looked at again. Without a word of the inspector, after so many months by its class of failure risk.
create table environment.inspection_intervals (risk text primary key, months integer not null check (months > 0));
insert into environment.inspection_intervals values ('A', 60), ('B', 36), ('C', 24), ('C/D', 12), ('D', 1);
grant select on environment.inspection_intervals to opensit_app;

alter table environment.tree_inspections add column next_due date;
update environment.tree_inspections i
   set next_due = i.inspected + make_interval(months => v.months)
  from environment.inspection_intervals v where v.risk = i.risk;
alter table environment.tree_inspections
    add constraint next_inspection_is_later check (next_due > inspected),
    add constraint an_inspection_is_not_in_the_future check (inspected <= (now() at time zone 'Europe/Rome')::date) not valid;

create function environment.set_next_inspection() returns trigger
    language plpgsql
    as $$
begin
    if new.next_due is null then
        select new.inspected + make_interval(months => v.months) into new.next_due from environment.inspection_intervals v where v.risk = new.risk;
    end if;
    return new;
end
$$;
create trigger set_next_inspection before insert or update on environment.tree_inspections
    for each row execute function environment.set_next_inspection();

create index on environment.tree_inspections (tree, inspected desc, fid desc);
create index on environment.tree_inspections (next_due, fid);

-- Names of species are sought by their beginning.
create index on environment.trees (species, id);
