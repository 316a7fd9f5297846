-- Public works (legislative decree 36/2023): each with its codes, money, phases and progress; what OpenCUP knows of and nobody has drawn.
create schema public_works;
grant usage on schema public_works to opensit_app, opensit_replication;

-- `id` is the CUP (Codice Unico di Progetto, law 3/2003 art. 11), or the comune's own code.
create table public_works.works (
    title          text not null constraint title_is_said check (title ~ '\S'),
    cup            text constraint cup_is_15_characters check (cup ~ '^[A-Z][0-9]{2}[A-Z][0-9]{11}$'),
    cui            text constraint cui_is_of_the_programme check (cui ~ '^[LFS][0-9]{11}[0-9]{4}[0-9]{5}$'),
    responsible    text,
    state          text not null default 'planned' constraint state_is_known check (state in
                       ('planned', 'design', 'tender', 'under_way', 'suspended', 'unfinished', 'testing', 'completed', 'dropped')),
    amount_eur     double precision constraint amount_is_not_negative check (amount_eur >= 0 and amount_eur < 1e12),
    progress       double precision not null default 0 constraint progress_is_a_percentage check (progress between 0 and 100),
    begins_planned date,
    ends_planned   date,
    begins_actual  date,
    ends_actual    date,
    constraint planned_end_is_not_before_beginning check (ends_planned >= begins_planned),
    constraint actual_end_is_not_before_beginning  check (ends_actual >= begins_actual),
    constraint completed_works_are_done            check (state <> 'completed' or progress = 100)
);
call opensit.make_layer_table('public_works.works', 'Geometry');
-- a work that is registered may stand anywhere on its way
call opensit.enforce_transitions('public_works.works', 'state', '{
    "":           ["planned", "design", "tender", "under_way", "suspended", "unfinished", "testing", "completed"],
    "planned":    ["design", "tender", "dropped"],
    "design":     ["planned", "tender", "dropped"],
    "tender":     ["design", "under_way", "dropped"],
    "under_way":  ["suspended", "testing", "unfinished"],
    "suspended":  ["under_way", "unfinished"],
    "unfinished": ["under_way", "dropped"],
    "testing":    ["under_way", "completed"],
    "completed":  [],
    "dropped":    ["planned"]}');

-- the orders of the work list, each with what makes it unambiguous
create index works_by_title    on public_works.works (title, fid);
create index works_by_amount   on public_works.works (coalesce(amount_eur, 0) desc, fid);
create index works_by_progress on public_works.works (progress desc, fid);
create index works_by_end      on public_works.works (coalesce(ends_planned, 'infinity'), fid);
create index works_by_state    on public_works.works (state, title, fid);
create index works_by_cup      on public_works.works (cup);

-- Tenders of a work (Codice Identificativo di Gara, ANAC).
create table public_works.work_cigs (
    work    bigint not null references public_works.works on delete cascade,
    cig     text   not null constraint cig_is_10_characters check (cig ~ '^([0-9]{7}[0-9A-F]{3}|[A-Z][0-9A-Z]{9})$'),
    subject text,
    primary key (work, cig)
);
call opensit.make_record_table('public_works.work_cigs', 'public_works.works', 'work');

-- Where the money comes from.
create table public_works.work_funding (
    id         bigint generated always as identity primary key,
    work       bigint not null references public_works.works on delete cascade,
    source     text   not null constraint source_is_said check (source ~ '\S'),
    amount_eur numeric(14, 2) not null constraint funding_is_positive check (amount_eur > 0)
);
create index on public_works.work_funding (work);
call opensit.make_record_table('public_works.work_funding', 'public_works.works', 'work');

-- Phases as they were planned and as they went.
create table public_works.work_phases (
    work         bigint not null references public_works.works on delete cascade,
    phase        text   not null constraint phase_is_known check (phase in ('pfte', 'executive', 'tender', 'execution', 'testing')),
    planned_from date,
    planned_to   date,
    actual_from  date,
    actual_to    date,
    primary key (work, phase),
    constraint planned_phase_ends_after_it_begins check (planned_to >= planned_from),
    constraint actual_phase_ends_after_it_begins  check (actual_to >= actual_from),
    constraint a_phase_that_ended_began           check (actual_to is null or actual_from is not null),
    constraint a_phase_has_a_date                 check (num_nonnulls(planned_from, planned_to, actual_from, actual_to) > 0)
);
call opensit.make_record_table('public_works.work_phases', 'public_works.works', 'work');

-- Progress (stato di avanzamento lavori, SAL): what was measured stays; what was wrong is put right by a later entry, with a reason.
create table public_works.work_progress (
    id          bigint generated always as identity primary key,
    work        bigint not null references public_works.works on delete cascade,
    measured_on date   not null,
    percent     double precision not null constraint percent_is_a_percentage check (percent between 0 and 100),
    amount_eur  numeric(14, 2) constraint paid_amount_is_not_negative check (amount_eur >= 0),
    note        text,
    reason      text,
    recorded_at timestamptz not null default now()
);
create index on public_works.work_progress (work, id);
call opensit.make_record_table('public_works.work_progress', 'public_works.works', 'work');
revoke update, delete on public_works.work_progress from opensit_app;

create function public_works.check_progress() returns trigger
    language plpgsql
    as $$
declare
    last record;
begin
    select percent, measured_on into last from public_works.work_progress where work = new.work order by id desc limit 1;
    if new.percent < last.percent and new.reason is null then
        raise exception 'progress goes down from % to % percent without a reason', last.percent, new.percent
            using hint = 'Say in `reason` why';
    end if;
    if new.measured_on < last.measured_on then
        raise exception 'progress of % was recorded before', last.measured_on using hint = 'A later entry can not be of an earlier day';
    end if;
    return new;
end
$$;
create trigger check_progress before insert on public_works.work_progress for each row execute function public_works.check_progress();

-- Works that OpenCUP places in a comune of this installation and nobody has drawn: the list to draw, for the staff of the comune.
create table public_works.unplaced (
    cup         text not null constraint cup_is_15_characters check (cup ~ '^[A-Z][0-9]{2}[A-Z][0-9]{11}$'),
    comune      text not null constraint comune_is_istat check (comune ~ '^[0-9]{6}$'),
    imported_at timestamptz not null default now(),
    primary key (comune, cup)
);
alter table public_works.unplaced enable row level security, force row level security;
create policy owner on public_works.unplaced to opensit_owner using (true) with check (true);
create policy app on public_works.unplaced to opensit_app
    using ((select opensit.who_is_staff()) and ((select opensit.who_serves_all()) or comune = any ((select opensit.who_comuni())::text[])))
    with check ((select opensit.who_is_staff()) and ((select opensit.who_serves_all()) or comune = any ((select opensit.who_comuni())::text[])));
grant select, insert, delete on public_works.unplaced to opensit_app;
