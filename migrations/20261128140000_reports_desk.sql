-- Citizens' reports (segnalazioni): what somebody saw, where, and what became of it.
--
-- Nobody signs in to report. What a citizen does goes through functions of the owner, each of which does one thing; what the staff does
-- goes through the layer's own policies. Of who reported, nothing is known but what they choose to leave in `contacts`.
create schema reports;
grant usage on schema reports to opensit_app, opensit_replication;

create table reports.categories (
    code          text    primary key check (code ~ '^[a-z][a-z_]{1,39}$'),
    rank          integer not null,
    label_it      text    not null,
    label_en      text    not null,
    hint_it       text    not null,
    hint_en       text    not null,
    icon          text    not null,
    office        text    not null,
    expected_days integer not null check (expected_days between 1 and 365),
    active        boolean not null default true
);
comment on column reports.categories.icon is 'the name of a drawing that the pages have';
comment on column reports.categories.office is 'who deals with it where no row of reports.routing says otherwise';
insert into reports.categories (code, rank, label_it, label_en, hint_it, hint_en, icon, office, expected_days) values
    ('road',      1, 'Buche e strade',        'Potholes and roads',     'Buche, asfalto, tombini, cedimenti',            'Potholes, asphalt, manholes, subsidence',   'road',    'manutenzioni', 15),
    ('lighting',  2, 'Illuminazione',         'Street lighting',        'Lampioni spenti o danneggiati',                 'Lamps that are out or damaged',             'lamp',    'impianti',     10),
    ('waste',     3, 'Rifiuti',               'Waste',                  'Abbandoni, cestini pieni, mancata raccolta',    'Dumping, full bins, missed collection',     'bin',     'ambiente',      5),
    ('green',     4, 'Verde e alberi',        'Trees and parks',        'Rami pericolanti, erba alta, giochi rotti',     'Unsafe branches, tall grass, broken swings','tree',    'ambiente',     20),
    ('water',     5, 'Acqua e fogne',         'Water and sewers',       'Perdite, allagamenti, cattivi odori',           'Leaks, flooding, bad smells',               'drop',    'impianti',      3),
    ('signs',     6, 'Segnaletica',           'Signs and lights',       'Cartelli, semafori, strisce',                   'Signs, traffic lights, crossings',          'sign',    'manutenzioni', 15),
    ('building',  7, 'Edifici e muri',        'Buildings and walls',    'Intonaci, muri e cornicioni pericolanti',       'Plaster, walls and ledges about to fall',   'house',   'manutenzioni',  7),
    ('access',    8, 'Barriere',              'Barriers',               'Marciapiedi, rampe, passaggi ostruiti',         'Pavements, ramps, ways that are blocked',   'access',  'manutenzioni', 30),
    ('animals',   9, 'Animali',               'Animals',                'Animali feriti o vaganti, infestazioni',        'Hurt or stray animals, pests',              'paw',     'ambiente',      5),
    ('other',    10, 'Altro',                 'Something else',         'Quello che non sta altrove',                    'What fits nowhere else',                    'dots',    'urp',          30);

-- Who deals with what, where: the first row that fits, by rank. A null fits everything.
create table reports.routing (
    id       integer primary key generated always as identity,
    rank     integer not null default 100,
    category text    references reports.categories,
    comune   text    check (comune ~ '^[0-9]{6}$'),
    area     geometry,
    office   text    not null,
    constraint routing_says_when check (num_nonnulls(category, comune, area) > 0)
);
comment on column reports.routing.area is 'in the storage system: the place must lie in it';
create index on reports.routing using gist (area);
grant select on reports.categories, reports.routing to opensit_app;

create sequence reports.numbers;

create table reports.reports (
    category       text        not null references reports.categories,
    state          text        not null default 'received',
    text           text,
    address        text,
    office         text        not null,
    channel        text        not null default 'web',
    received_at    timestamptz not null,
    due            date        not null,
    approved_at    timestamptz,
    answered_at    timestamptz,
    closed_at      timestamptz,
    supporters     integer     not null default 0,
    photos         integer     not null default 0,
    duplicate_of   text,
    closing_reason text,
    closing_note   text,
    constraint report_state          check (state in ('received', 'open', 'assigned', 'answered', 'closed', 'rejected', 'merged')),
    constraint report_channel        check (channel in ('web', 'open311', 'desk')),
    constraint report_text           check (length(text) between 1 and 2000),
    constraint report_supporters     check (supporters >= 0),
    constraint report_closing_reason check (closing_reason in ('done', 'not_ours', 'not_found', 'not_possible', 'planned')),
    constraint report_closed_why     check ((state = 'closed') = (closing_reason is not null) and (state = 'closed') = (closed_at is not null)),
    constraint report_merged_where   check ((state = 'merged') = (duplicate_of is not null)),
    constraint report_approved_when  check (state not in ('open', 'assigned', 'answered', 'closed') or approved_at is not null)
);
call opensit.make_layer_table('reports.reports', 'Point');
alter table reports.reports add constraint report_not_of_itself check (duplicate_of <> id);
call opensit.enforce_transitions('reports.reports', 'state', '{
    "":         ["received"],
    "received": ["open", "rejected", "merged"],
    "open":     ["assigned", "answered", "closed", "merged"],
    "assigned": ["answered", "closed", "merged"],
    "answered": ["assigned", "closed", "merged"],
    "rejected": ["open"],
    "closed":   [],
    "merged":   []
}');
-- The list in each of its orders, whole and for one state; the counts of a comune's work.
create index reports_newest     on reports.reports (received_at, fid);
create index reports_state      on reports.reports (state, received_at, fid);
create index reports_office     on reports.reports (office, received_at, fid);
create index reports_category   on reports.reports (category, received_at, fid);
create index reports_supported  on reports.reports (supporters, fid);
create index reports_due        on reports.reports (due, fid) where state in ('received', 'open', 'assigned', 'answered');
create index reports_duplicates on reports.reports (duplicate_of) where duplicate_of is not null;

-- What is said about a report: by the office, to everybody, to who reported or among itself; by who reported, to the office.
create table reports.messages (
    id       bigint      primary key generated always as identity,
    report   bigint      not null references reports.reports (fid) on delete cascade,
    at       timestamptz not null,
    audience text        not null,
    author   text,
    written_for bigint,
    text     text        not null,
    constraint message_audience check (audience in ('public', 'reporter', 'office', 'from_reporter')),
    constraint message_author   check ((audience = 'from_reporter') = (author is null)),
    constraint message_text     check (length(text) between 1 and 2000)
);
comment on column reports.messages.author is 'the name of who wrote it for the office; null: who reported, through the private link';
comment on column reports.messages.written_for is 'the report whose private link it came by, which since may be merged into this one';
create index on reports.messages (report, at);
call opensit.make_record_table('reports.messages', 'reports.reports', 'report', staff_only => true);
create policy app_public on reports.messages for select to opensit_app
    using (audience = 'public' and exists (select from reports.reports parent where parent.fid = report));

-- How who reported can be reached: personal data (GDPR, art. 4), read for a stated purpose alone, taken back at any time.
create table reports.contacts (
    report   bigint      primary key references reports.reports (fid) on delete cascade,
    email    text,
    phone    text,
    given_at timestamptz not null,
    constraint contact_is_one  check (num_nonnulls(email, phone) > 0),
    constraint contact_email   check (length(email) <= 254 and email ~ '^[^@[:space:]]+@[^@[:space:]]+[.][^@[:space:]]+$'),
    constraint contact_phone   check (phone ~ '^[+]?[0-9 ./-]{5,30}$')
);
call opensit.make_record_table('reports.contacts', 'reports.reports', 'report', staff_only => true);

-- Private links, by the SHA-256 of their secret; nobody but the functions below reads them.
create table reports.links (
    secret bytea  primary key,
    report bigint not null references reports.reports (fid) on delete cascade,
    constraint link_is_a_hash check (length(secret) = 32)
);
create index on reports.links (report);

-- What was sent with a key of the sender's own, so that it is taken once; and the tickets that were used.
create table reports.sent (
    key     bytea       primary key,
    request bytea       not null,
    report  bigint      not null references reports.reports (fid) on delete cascade,
    at      timestamptz not null,
    constraint sent_are_hashes check (length(key) = 32 and length(request) = 32)
);
create index on reports.sent (at);
create table reports.tickets (nonce bytea primary key, at timestamptz not null, constraint ticket_nonce check (length(nonce) = 16));
create index on reports.tickets (at);

-- Photos as they came, until a job has written them anew. Nothing serves them.
create table reports.raw_photos (
    id      uuid        primary key default gen_random_uuid(),
    report  bigint      not null references reports.reports (fid) on delete cascade,
    name    text        not null,
    content bytea       not null,
    at      timestamptz not null,
    constraint photo_size check (length(content) between 1 and 10485760)
);
alter table reports.raw_photos alter column content set storage external;
create index on reports.raw_photos (report);

-- What makes links and tickets ours: 256 bits, made here, the same for every process.
create table reports.pepper (one boolean primary key default true check (one), value bytea not null check (length(value) = 32));
insert into reports.pepper (value)
select sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
