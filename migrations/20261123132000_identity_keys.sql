-- Keys of programs: GIS clients, scripts, other servers. `sit_<id>_<secret>`: the id is public, the secret is 256 random bits of
-- which only the SHA-256 lies here. A key is never deleted nor changed, only revoked.

create table identity.keys (
    id                  text        primary key check (id ~ '^[0-9a-z]{10}$'),
    secret_hash         bytea       not null check (length(secret_hash) = 32),
    subject             uuid        not null unique default gen_random_uuid(),
    name                text        not null check (length(name) between 1 and 100),
    scope               text        not null check (scope in ('read', 'edit')),
    layers              text[]      check (cardinality(layers) between 1 and 500),
    comuni              text[]      check (array_to_string(comuni, ',') ~ '^([0-9]{6}(,[0-9]{6})*)?$'),
    requests_per_minute integer     check (requests_per_minute between 1 and 1000000),
    created_at          timestamptz not null,
    created_by          uuid        references identity.accounts,
    expires_at          timestamptz,
    revoked_at          timestamptz,
    last_used_at        timestamptz
);
create index on identity.keys (created_by);
comment on column identity.keys.subject is 'who its bearer is in the audit log and in row histories';
comment on column identity.keys.layers is 'null: every layer that staff may read';
comment on column identity.keys.comuni is 'ISTAT codes; null: every comune of the installation';
comment on column identity.keys.created_by is 'null: the operator; a key ends with the account that made it';
comment on column identity.keys.last_used_at is 'to a minute or so';

grant select, insert on identity.keys to opensit_app;
grant update (revoked_at, last_used_at) on identity.keys to opensit_app;

-- Revoked once and for all.
create function identity.keep_revoked() returns trigger
    language plpgsql
    as $$
begin
    new.revoked_at := coalesce(old.revoked_at, new.revoked_at);
    return new;
end
$$;
create trigger keep_revoked before update on identity.keys for each row execute function identity.keep_revoked();
