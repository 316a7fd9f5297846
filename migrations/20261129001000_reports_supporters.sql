-- One network is one "+1" of a report, however often it is sent. Who they are is not kept: the sender is a hash with the installation's pepper.
create table reports.supporters (
    report bigint not null references reports.reports on delete cascade,
    sender bytea  not null check (length(sender) = 32),
    primary key (report, sender)
);
alter table reports.supporters enable row level security, force row level security;
create policy owner on reports.supporters to opensit_owner using (true) with check (true);

-- `sender` null: of the machine itself, which speaks for many.
create function reports.support(wanted text, sender bytea)
    returns table (fid bigint, id text, version bigint, comune text, supporters integer)
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
    as $$
declare
    known reports.reports;
begin
    select * into known from reports.reports s
     where s.id = coalesce((select r.duplicate_of from reports.reports r where r.id = wanted), wanted)
       and s.state in ('open', 'assigned', 'answered')
       for update;
    if not found then
        return;
    end if;
    if sender is not null then
        insert into reports.supporters values (known.fid, sender) on conflict do nothing;
        if not found then
            return query select known.fid, known.id, known.version, known.comune, known.supporters;
            return;
        end if;
    end if;
    return query update reports.reports s set supporters = s.supporters + 1 where s.fid = known.fid
                 returning s.fid, s.id, s.version, s.comune, s.supporters;
end
$$;
revoke execute on function reports.support(text, bytea) from public;
grant execute on function reports.support(text, bytea) to opensit_app;

-- One that counted each time.
drop function reports.support(text);
