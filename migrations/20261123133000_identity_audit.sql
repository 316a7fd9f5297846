-- The audit log: who did what, appended inside the transaction that did it, and chained afterwards by one sealer, so that
-- writers do not wait for each other. Nothing is ever changed or deleted but for the two columns of the seal, once.

create table identity.audit (
    entry       bigint      primary key generated always as identity,
    at          timestamptz not null default clock_timestamp(),
    subject     uuid,
    name        text        check (length(name) <= 300),
    role        text        not null,
    via         text        not null check (via in ('session', 'key', 'operator', 'nobody')),
    event       text        not null check (event in ('sign-in', 'sign-in-failed', 'sign-out', 'read', 'create', 'replace', 'update', 'delete', 'administer')),
    layer       text,
    fid         bigint,
    id          text,
    purpose     text,
    details     jsonb       not null default '{}',
    request     text,
    transaction xid8        not null default pg_current_xact_id(),
    seal        bigint      unique,
    hash        bytea       check (length(hash) = 32),
    check ((seal is null) = (hash is null))
);
comment on table identity.audit is 'append-only; see identity/src/audit.rs for how the hash is made';
comment on column identity.audit.entry is 'in the order of writing, which is not that of commits; gaps are transactions that were given up';
comment on column identity.audit.details is 'without personal data';
comment on column identity.audit.transaction is 'so that nothing is sealed before an older transaction that may still commit';
comment on column identity.audit.seal is 'its place in the chain, without gaps; null until it is sealed';
comment on column identity.audit.hash is 'SHA-256 of the hash before and of this entry';

create index audit_unsealed on identity.audit (transaction, entry) where seal is null;
create index audit_of_row on identity.audit (layer, id) where layer is not null;
create index audit_of_subject on identity.audit (subject, entry);

-- The end of the chain as the sealer left it: who cuts the newest entries off must change this too, and any copy of it elsewhere.
create table identity.audit_head (
    only_one boolean primary key default true check (only_one),
    seal     bigint  not null,
    hash     bytea   not null check (length(hash) = 32)
);
insert into identity.audit_head (seal, hash) values (0, decode(repeat('00', 32), 'hex'));

create function identity.keep_audit() returns trigger
    language plpgsql
    as $$
begin
    if tg_op = 'UPDATE' then
        if old.seal is null and new.seal is not null
           and to_jsonb(old) - 'seal' - 'hash' = to_jsonb(new) - 'seal' - 'hash' then
            return new;
        end if;
    end if;
    raise exception 'the audit log is append-only' using errcode = 'insufficient_privilege';
end
$$;
create trigger keep_audit before update or delete on identity.audit for each row execute function identity.keep_audit();
create trigger keep_audit_whole before truncate on identity.audit for each statement execute function identity.keep_audit();

grant select on identity.audit, identity.audit_head to opensit_app;
grant insert (subject, name, role, via, event, layer, fid, id, purpose, details, request) on identity.audit to opensit_app;
grant update (seal, hash) on identity.audit to opensit_app;
grant update (seal, hash) on identity.audit_head to opensit_app;
