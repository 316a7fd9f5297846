-- Building permits (D.P.R. 6 June 2001, no. 380): applications, what they cite, the steps they took, who asked.
create schema permits;
grant usage on schema permits to opensit_app, opensit_replication;

-- How long the office has, and what it means when it says nothing: by region, kind and day of filing. What the law changes is a new row.
create table permits.deadline_rules (
    rule                text    primary key check (rule ~ '^[a-z0-9-]{3,40}$'),
    region              text    check (region ~ '^[0-9]{2}$'),
    kind                text    not null,
    inhabitants_over    integer check (inhabitants_over >= 0),
    valid_from          date    not null,
    valid_to            date    check (valid_to > valid_from),
    phases              jsonb   not null check (jsonb_typeof(phases) = 'array'),
    paused_by           text[]  not null default '{integration_requested}'
                                check (paused_by <@ array['integration_requested', 'conference']),
    pause               text    not null default 'suspends' check (pause in ('suspends', 'restarts')),
    first_day_counts    boolean not null default false,
    holiday_moves       boolean not null default true,
    silence             text    not null check (silence in ('consent', 'refusal', 'effective', 'none')),
    silence_constrained text    not null check (silence_constrained in ('consent', 'refusal', 'effective', 'none')),
    works_begin         text    not null check (works_begin in ('at_once', 'after_term', 'after_title')),
    article             text    not null,
    silence_article     text    not null,
    source              text    not null,
    note                text,
    check (region is not null or inhabitants_over is null)
);
comment on column permits.deadline_rules.region is 'ISTAT code of the region; null: wherever the region has no rule of its own';
comment on column permits.deadline_rules.phases is 'in order: [{"it", "en", "days", "days_complex", "article"}]; empty where no term runs';
comment on column permits.deadline_rules.pause is 'after a pause the count goes on, or begins anew';
grant select on permits.deadline_rules to opensit_app;

-- What a rule asks of a comune. One that is not here has the national rules.
create table permits.authorities (
    comune      text    primary key check (comune ~ '^[0-9]{6}$'),
    region      text    not null check (region ~ '^[0-9]{2}$'),
    inhabitants integer not null check (inhabitants >= 0)
);
grant select on permits.authorities to opensit_app;

-- Days on which a term does not end, beside Sundays; the patron's day is a comune's own.
create table permits.holidays (
    name          text    not null,
    comune        text    check (comune ~ '^[0-9]{6}$'),
    month         integer check (month between 1 and 12),
    day           integer check (day between 1 and 31),
    after_easter  integer,
    first_year    integer,
    last_year     integer,
    source        text    not null,
    note          text,
    unique nulls not distinct (name, comune),
    check ((month is null) = (day is null) and (month is null) <> (after_easter is null))
);
grant select on permits.holidays to opensit_app;

create table permits.permits (
    protocol              text    not null constraint protocol_is_year_and_number check (protocol ~ '^[0-9]{4}-[0-9]{6}$'),
    kind                  text    not null constraint kind_is_known check (kind in
                              ('pdc', 'pdc_sanatoria', 'sanatoria_parziale', 'scia', 'scia_alternativa', 'cila', 'cilas', 'sca')),
    state                 text    not null constraint state_is_known check (state in
                              ('submitted', 'integration_requested', 'resumed', 'conference', 'issued', 'tacit', 'refused', 'started', 'ended',
                               'withdrawn', 'archived')),
    filed_on              date    not null,
    subject               text    not null,
    address               text,
    house_number          text,
    complex               boolean not null default false,
    rule                  text    not null references permits.deadline_rules,
    due_on                date,
    paused_since          date,
    silence               text    not null,
    constraint_kind       text    constraint constraint_is_known check (constraint_kind in ('landscape', 'cultural', 'environmental', 'hydrogeological')),
    constraint_source     text,
    constraint_cleared_on date,
    decided_on            date,
    started_on            date,
    ended_on              date,
    constraint protocol_is_of_the_year_of_filing check (left(protocol, 4)::integer = extract(year from filed_on)),
    constraint silence_is_known           check (silence in ('consent', 'refusal', 'effective', 'none')),
    constraint constraint_has_its_source  check ((constraint_kind is null) = (constraint_source is null)),
    constraint only_a_constraint_is_cleared check (constraint_cleared_on is null or constraint_kind is not null),
    constraint decided_after_filed        check (decided_on >= filed_on),
    constraint started_after_filed        check (started_on >= filed_on),
    constraint started_after_decided      check (started_on >= decided_on),
    constraint ended_after_started        check (ended_on >= started_on),
    constraint decided_has_its_day        check (state not in ('issued', 'tacit', 'refused') or decided_on is not null),
    constraint started_has_its_day        check (state not in ('started', 'ended') or started_on is not null),
    constraint ended_has_its_day          check (state <> 'ended' or ended_on is not null),
    constraint a_paused_clock_has_no_end  check (paused_since is null or due_on is null),
    -- what is declared is not asked for: there is nothing to issue
    constraint declared_is_not_issued     check (kind in ('pdc', 'pdc_sanatoria', 'sanatoria_parziale') or state not in ('issued', 'tacit'))
);
call opensit.make_layer_table('permits.permits', 'MultiPolygon');
alter table permits.permits add constraint protocol_is_of_one_comune unique (comune, protocol);
create index on permits.permits (coalesce(due_on, 'infinity'::date), fid);
create index on permits.permits (filed_on, fid);
create index on permits.permits (state, filed_on, fid);
create index on permits.permits (kind, filed_on, fid);
create index on permits.permits (comune, filed_on, fid);
create index on permits.permits (state, coalesce(due_on, 'infinity'::date), fid);
-- how many are due, and how many paused, in some comuni
create index on permits.permits (comune, due_on) where due_on is not null;
create index on permits.permits (comune, paused_since) where paused_since is not null;

call opensit.enforce_transitions('permits.permits', 'state', '{
    "":                      ["submitted"],
    "submitted":             ["integration_requested", "conference", "issued", "tacit", "refused", "started", "withdrawn"],
    "integration_requested": ["resumed", "refused", "withdrawn", "archived"],
    "resumed":               ["integration_requested", "conference", "issued", "tacit", "refused", "started", "withdrawn"],
    "conference":            ["integration_requested", "resumed", "issued", "tacit", "refused", "withdrawn"],
    "issued":                ["started", "archived"],
    "tacit":                 ["started", "archived"],
    "refused":               ["archived"],
    "started":               ["ended", "archived"],
    "ended":                 ["archived"],
    "withdrawn":             ["archived"],
    "archived":              []
}');

-- Works that need a title begin after it; those that are declared may begin before anybody says anything.
create function permits.check_start() returns trigger
    language plpgsql
    as $$
begin
    if old.state not in ('issued', 'tacit') and new.kind in ('pdc', 'pdc_sanatoria', 'sanatoria_parziale') then
        raise exception 'state: works of `%` can not start from `%`: they need the title', new.kind, old.state
            using hint = 'What can follow it: issued, tacit, refused';
    end if;
    return new;
end
$$;
create trigger check_start before update of state on permits.permits for each row
    when (new.state = 'started' and old.state <> 'started') execute function permits.check_start();

-- Parcels by their reference, also those that are no more: the reference was right on the day of the application.
create table permits.cited_parcels (
    permit  bigint  not null references permits.permits on delete cascade,
    ordinal integer not null check (ordinal > 0),
    parcel  text    not null,
    primary key (permit, ordinal),
    constraint a_parcel_is_cited_once unique (permit, parcel)
);
create index on permits.cited_parcels (parcel);
call opensit.make_record_table('permits.cited_parcels', 'permits.permits', 'permit');

-- What happened, day by day.
create table permits.steps (
    permit      bigint      not null references permits.permits on delete cascade,
    ordinal     integer     not null check (ordinal > 0),
    state       text        not null,
    on_day      date        not null,
    protocol    text,
    protocol_on date,
    recorded_at timestamptz not null default now(),
    primary key (permit, ordinal),
    constraint a_protocol_has_its_day check ((protocol is null) = (protocol_on is null))
);
call opensit.make_record_table('permits.steps', 'permits.permits', 'permit');

create function permits.check_step() returns trigger
    language plpgsql
    as $$
declare
    last date := (select max(on_day) from permits.steps where permit = new.permit and ordinal < new.ordinal);
begin
    if new.on_day < last then
        raise exception 'day: % is before the last step, which was on %', new.on_day, last;
    end if;
    return new;
end
$$;
create trigger check_step before insert or update on permits.steps for each row execute function permits.check_step();

-- What the office wrote beside a step, and who recorded it: for the office.
create table permits.step_notes (
    permit      bigint  not null references permits.permits on delete cascade,
    ordinal     integer not null,
    note        text,
    recorded_by text,
    primary key (permit, ordinal),
    foreign key (permit, ordinal) references permits.steps on delete cascade
);
call opensit.make_record_table('permits.step_notes', 'permits.permits', 'permit', staff_only => true);

-- Personal data: who asks, and who answers for the project.
create table permits.parties (
    permit bigint not null references permits.permits on delete cascade,
    role   text   not null constraint role_is_known check (role in ('applicant', 'technician')),
    name   text   not null,
    code   text,
    email  text,
    primary key (permit, role)
);
comment on column permits.parties.code is 'codice fiscale or partita IVA of an applicant, register number of a technician';
call opensit.make_record_table('permits.parties', 'permits.permits', 'permit', staff_only => true);
