-- What citizens do, each act a function of the owner. None gives back more than its caller may know.

create function reports.pepper() returns bytea
    language sql stable security definer set search_path = pg_catalog, pg_temp
    as $$ select value from reports.pepper $$;

-- The office for a category at a place.
create function reports.office_for(wanted text, of_comune text, place public.geometry) returns text
    language sql stable security definer set search_path = pg_catalog, public, pg_temp
    as $$
    select coalesce(
        (select r.office from reports.routing r
          where (r.category is null or r.category = wanted) and (r.comune is null or r.comune = of_comune)
            and (r.area is null or (r.area && place and st_covers(r.area, place)))
          order by r.rank, r.id limit 1),
        (select c.office from reports.categories c where c.code = wanted))
$$;

-- The nearest house number, if it is near enough to say where something is.
create function reports.address_at(place public.geometry) returns text
    language sql stable security definer set search_path = pg_catalog, public, pg_temp
    as $$
    select h.address
      from (select address, geom from territory.v_house_numbers order by geom operator(public.<->) place limit 1) h
     where st_dwithin(h.geom, place, 80)
$$;

-- A new report. `again`: the key was used before, and this is what was made then. `fault`: `category` is none, or `ticket` was used.
create function reports.submit(
    wanted text, place public.geometry, of_comune text, said_address text, said text, said_channel text, at timestamptz,
    link bytea, sent_key bytea, sent_request bytea, ticket bytea)
    returns table (fid bigint, id text, version bigint, comune text, request bytea, again boolean, fault text)
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
    as $$
#variable_conflict use_column
declare
    made   reports.reports;
    number bigint;
    days   integer := (select expected_days from reports.categories c where c.code = wanted and c.active);
begin
    if days is null then
        fault := 'category';
        return next;
        return;
    end if;
    if sent_key is not null then
        return query
            select r.fid, r.id, r.version, r.comune, s.request, true, null::text
              from reports.sent s join reports.reports r on r.fid = s.report where s.key = sent_key;
        if found then
            return;
        end if;
    end if;
    delete from reports.sent where key in (select s.key from reports.sent s where s.at < submit.at - interval '2 days' limit 50 for update skip locked);
    delete from reports.tickets where nonce in (select t.nonce from reports.tickets t where t.at < submit.at - interval '2 days' limit 50 for update skip locked);
    if ticket is not null then
        insert into reports.tickets values (ticket, submit.at) on conflict do nothing;
        if not found then
            -- a twin of this request may have been ahead of it by a moment
            return query
                select r.fid, r.id, r.version, r.comune, s.request, true, null::text
                  from reports.sent s join reports.reports r on r.fid = s.report where s.key = sent_key;
            if not found then
                fault := 'ticket';
                return next;
            end if;
            return;
        end if;
    end if;
    number := nextval('reports.numbers');
    insert into reports.reports (id, comune, geom, category, text, address, office, channel, received_at, due)
    values (format('R-%s-%s', to_char(submit.at at time zone 'Europe/Rome', 'YYYY'), lpad(number::text, greatest(5, length(number::text)), '0')),
            of_comune, place, wanted, said, coalesce(said_address, reports.address_at(place)), reports.office_for(wanted, of_comune, place),
            said_channel, submit.at, (submit.at at time zone 'Europe/Rome')::date + days)
    returning * into made;
    insert into reports.links (secret, report) values (link, made.fid);
    if sent_key is not null then
        insert into reports.sent (key, request, report, at) values (sent_key, sent_request, made.fid, submit.at);
    end if;
    return query select made.fid, made.id, made.version, made.comune, sent_request, false, null::text;
end
$$;

-- The report of a link as who reported sees it. Of one that was merged: what became of the one it was merged into.
create function reports.followed(link bytea)
    returns table (own bigint, own_id text, fid bigint, id text, version bigint, comune text, category text, state text, text text, address text,
        office text, received_at timestamptz, due date, approved_at timestamptz, answered_at timestamptz, closed_at timestamptz,
        closing_reason text, closing_note text, supporters integer, photos integer, waiting bigint, email boolean, phone boolean,
        lon double precision, lat double precision)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp
    as $$
    select r.fid, r.id, s.fid, s.id, s.version, s.comune, r.category, s.state, r.text, r.address, s.office, r.received_at, s.due, s.approved_at,
           s.answered_at, s.closed_at, s.closing_reason, s.closing_note, s.supporters, r.photos,
           (select count(*) from reports.raw_photos p where p.report = r.fid),
           coalesce(c.email is not null, false), coalesce(c.phone is not null, false),
           st_x(st_transform(r.geom, 4326)), st_y(st_transform(r.geom, 4326))
      from reports.links l
      join reports.reports r on r.fid = l.report
      join reports.reports s on s.id = coalesce(r.duplicate_of, r.id)
      left join reports.contacts c on c.report = r.fid
     where l.secret = link
$$;

-- What is said to who has this link, and what they said themselves.
create function reports.followed_messages(link bytea) returns table (at timestamptz, audience text, text text)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp
    as $$
    select m.at, m.audience, m.text
      from reports.links l
      join reports.reports r on r.fid = l.report
      join reports.reports s on s.id = coalesce(r.duplicate_of, r.id)
      join reports.messages m on m.report in (r.fid, s.fid)
     where l.secret = link
       and (m.audience = 'public' or (m.report = r.fid and m.audience = 'reporter') or m.written_for = r.fid)
     order by m.at, m.id
$$;

-- The row that a link's report stands on now, one version on: what belongs to it changes next.
create function reports.touch(link bytea) returns table (own bigint, fid bigint, id text, version bigint, comune text)
    language sql volatile security definer set search_path = pg_catalog, public, pg_temp
    as $$
    update reports.reports s set state = s.state
      from reports.links l join reports.reports r on r.fid = l.report
     where l.secret = link and s.id = coalesce(r.duplicate_of, r.id)
    returning r.fid, s.fid, s.id, s.version, s.comune
$$;

create function reports.touched(link bytea) returns table (fid bigint, id text, version bigint, comune text)
    language sql volatile security definer set search_path = pg_catalog, public, pg_temp
    as $$ select fid, id, version, comune from reports.touch(link) $$;

create function reports.add_note(link bytea, said text, at timestamptz) returns table (fid bigint, id text, version bigint, comune text)
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
    as $$
declare
    stand record;
begin
    select * into stand from reports.touch(link);
    if not found then
        return;
    end if;
    if exists (select from reports.messages m
                where m.written_for = stand.own and m.text = said and m.at > add_note.at - interval '10 minutes') then
        -- sent twice
        return query select stand.fid, stand.id, stand.version, stand.comune;
        return;
    end if;
    if (select count(*) from reports.messages m where m.written_for = stand.own) >= 20 then
        raise exception 'a report has at most 20 notes of who made it' using hint = 'Write to the office instead';
    end if;
    insert into reports.messages (report, at, audience, written_for, text) values (stand.fid, add_note.at, 'from_reporter', stand.own, said);
    return query select stand.fid, stand.id, stand.version, stand.comune;
end
$$;

-- Gives contact, or with nothing takes it back.
create function reports.set_contact(link bytea, said_email text, said_phone text, at timestamptz)
    returns table (fid bigint, id text, version bigint, comune text)
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
    as $$
declare
    stand record;
begin
    select * into stand from reports.touch(link);
    if not found then
        return;
    end if;
    if num_nonnulls(said_email, said_phone) = 0 then
        delete from reports.contacts c where c.report = stand.own;
    else
        insert into reports.contacts values (stand.own, said_email, said_phone, set_contact.at)
            on conflict (report) do update set email = excluded.email, phone = excluded.phone, given_at = excluded.given_at;
    end if;
    return query select stand.fid, stand.id, stand.version, stand.comune;
end
$$;

-- Keeps a photo as it came, for the job that writes it anew.
create function reports.add_photo(link bytea, called text, content bytea, at timestamptz) returns uuid
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
    as $$
declare
    of_report reports.reports;
    made      uuid;
begin
    select r.* into of_report from reports.links l join reports.reports r on r.fid = l.report where l.secret = link for update of r;
    if not found then
        return null;
    end if;
    if of_report.photos + (select count(*) from reports.raw_photos p where p.report = of_report.fid) >= 5 then
        raise exception 'a report has at most 5 photos';
    end if;
    insert into reports.raw_photos (report, name, content, at) values (of_report.fid, called, content, add_photo.at) returning id into made;
    return made;
end
$$;

create function reports.raw_photo(photo uuid) returns table (report_id text, called text, content bytea)
    language sql stable security definer set search_path = pg_catalog, pg_temp
    as $$ select r.id, p.name, p.content from reports.raw_photos p join reports.reports r on r.fid = p.report where p.id = photo $$;

-- The end of a photo as it came: written anew, or of no use. Nothing if it had ended before.
create function reports.end_photo(photo uuid, kept boolean) returns table (fid bigint, id text, version bigint, comune text)
    language sql volatile security definer set search_path = pg_catalog, pg_temp
    as $$
    with ended as (delete from reports.raw_photos p where p.id = photo returning p.report)
    update reports.reports r set photos = r.photos + kept::integer from ended where r.fid = ended.report
    returning r.fid, r.id, r.version, r.comune
$$;

-- One more who saw the same. Of one that was merged, the one it was merged into; nothing for what is not public or is closed.
create function reports.support(wanted text) returns table (fid bigint, id text, version bigint, comune text, supporters integer)
    language sql volatile security definer set search_path = pg_catalog, pg_temp
    as $$
    update reports.reports s set supporters = s.supporters + 1
     where s.id = coalesce((select r.duplicate_of from reports.reports r where r.id = wanted), wanted)
       and s.state in ('open', 'assigned', 'answered')
    returning s.fid, s.id, s.version, s.comune, s.supporters
$$;

-- Where the page of a merged report leads, as far as everybody may know.
create function reports.merged_into(wanted text) returns text
    language sql stable security definer set search_path = pg_catalog, pg_temp
    as $$
    select s.id from reports.reports r join reports.reports s on s.id = r.duplicate_of
     where r.id = wanted and s.state in ('open', 'assigned', 'answered', 'closed')
$$;

do $$
declare
    act regprocedure;
begin
    for act in select p.oid::regprocedure from pg_proc p where p.pronamespace = 'reports'::regnamespace loop
        execute format('revoke execute on function %s from public', act);
        execute format('grant execute on function %s to opensit_app', act);
    end loop;
    -- parts of the others
    revoke execute on function reports.touch, reports.office_for, reports.address_at from opensit_app;
end
$$;
