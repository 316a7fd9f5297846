-- Who may sign in, what they prove it with, and the sessions that follow.
--
-- Only the server reads and writes here, as opensit_app, and only what is granted below: no account is ever deleted, a
-- credential's owner never changes. Nothing of this is in the publication, nor may opensit_replication see it. Every secret
-- that somebody holds (session, link, the state of a sign-in) lies here as its SHA-256; a TOTP secret and what a sign-in
-- keeps are encrypted with the installation's key, which is not in the database.
create schema identity;
grant usage on schema identity to opensit_app;

create table identity.accounts (
    id         uuid        primary key default gen_random_uuid(),
    name       text        not null check (length(name) between 1 and 200),
    email      text        check (length(email) <= 254),
    role       text        not null check (role in ('citizen', 'officer', 'planner', 'administrator')),
    comuni     text[]      not null default '{}' check (array_to_string(comuni, ',') ~ '^(\*|([0-9]{6}(,[0-9]{6})*)?)$'),
    offices    text[]      not null default '{}' check (cardinality(offices) <= 100),
    active     boolean     not null default true,
    demo       text        unique,
    created_at timestamptz not null,
    created_by text        not null
);
comment on column identity.accounts.comuni is 'ISTAT codes; the one element * means all';
comment on column identity.accounts.demo is 'which of the invented people of the demo this is: counts under `opensit demo` only';
create unique index on identity.accounts (lower(email));
grant select, insert on identity.accounts to opensit_app;
grant update (name, email, role, comuni, offices, active) on identity.accounts to opensit_app;

create table identity.passwords (
    account    uuid        primary key references identity.accounts,
    phc        text        not null,
    changed_at timestamptz not null
);
comment on column identity.passwords.phc is 'Argon2id with its parameters and salt, as a PHC string';

create table identity.authenticators (
    account   uuid   primary key references identity.accounts,
    sealed    bytea  not null,
    last_step bigint not null default 0
);
comment on table identity.authenticators is 'the shared secret of an authenticator app (RFC 6238), encrypted';
comment on column identity.authenticators.last_step is 'the newest time step whose code was used: none is taken twice';

create table identity.passkeys (
    credential    bytea       primary key,
    id            uuid        not null unique default gen_random_uuid(),
    account       uuid        not null references identity.accounts,
    name          text        not null check (length(name) between 1 and 100),
    transports    smallint    not null,
    static_state  bytea       not null,
    dynamic_state bytea       not null,
    created_at    timestamptz not null,
    used_at       timestamptz
);
create index on identity.passkeys (account);

-- Who somebody is at another identity source: its issuer and their subject there.
create table identity.external (
    source    text        not null,
    subject   text        not null,
    account   uuid        not null references identity.accounts,
    linked_at timestamptz not null,
    primary key (source, subject)
);
create index on identity.external (account);

create table identity.sessions (
    hash      bytea       primary key check (length(hash) = 32),
    id        uuid        not null unique default gen_random_uuid(),
    account   uuid        not null references identity.accounts,
    method    text        not null,
    assurance text        not null check (assurance in ('low', 'substantial', 'high')),
    agent     text        not null check (length(agent) <= 200),
    opened_at timestamptz not null,
    seen_at   timestamptz not null
);
create index on identity.sessions (account);
create index on identity.sessions (seen_at);

create table identity.links (
    hash       bytea       primary key check (length(hash) = 32),
    account    uuid        not null references identity.accounts,
    purpose    text        not null check (purpose in ('invitation', 'recovery')),
    created_at timestamptz not null,
    created_by text        not null,
    expires_at timestamptz not null,
    used_at    timestamptz
);
create index on identity.links (account);

-- What a sign-in under way keeps between two requests of one browser.
create table identity.flows (
    hash       bytea       primary key check (length(hash) = 32),
    sealed     bytea       not null,
    tries      smallint    not null default 0,
    expires_at timestamptz not null
);
create index on identity.flows (expires_at);

-- Failed attempts to sign in, by account and by network, neither in clear.
create table identity.attempts (
    kind    text        not null check (kind in ('account', 'network')),
    subject bytea       not null check (length(subject) = 32),
    since   timestamptz not null,
    number  integer     not null,
    primary key (kind, subject)
);
create index on identity.attempts (since);

grant select, insert, delete on
    identity.passwords, identity.authenticators, identity.passkeys, identity.external, identity.sessions, identity.links,
    identity.flows, identity.attempts to opensit_app;
grant update (phc, changed_at) on identity.passwords to opensit_app;
grant update (sealed, last_step) on identity.authenticators to opensit_app;
grant update (dynamic_state, used_at) on identity.passkeys to opensit_app;
grant update (seen_at) on identity.sessions to opensit_app;
grant update (used_at) on identity.links to opensit_app;
grant update (tries) on identity.flows to opensit_app;
grant update (since, number) on identity.attempts to opensit_app;
