//! The database, its roles and extensions, as SQL for `psql`: what a private cluster runs at each start, and what a
//! database administrator runs once elsewhere. All of it can be run again.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;

use super::account::Account;
use super::binaries::Binaries;
use super::error::ClusterError;
use super::layout::Layout;
use super::postmaster::Postmaster;

/// The name of the private cluster's database.
pub(super) const DATABASE: &str = "opensit";

/// One of the roles that the program connects as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// `opensit_owner`: owns the tables; migrations, ingest, backup.
    Owner,
    /// `opensit_app`: the server's; row-level security holds for it.
    App,
    /// `opensit_replication`: follows the change feed.
    Replication,
    /// `postgres`: the private cluster's superuser; set-up only.
    Superuser,
}

impl Role {
    /// The role's name in the database.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Owner => "opensit_owner",
            Self::App => "opensit_app",
            Self::Replication => "opensit_replication",
            Self::Superuser => "postgres",
        }
    }
}

/// The SQL that a superuser runs once, with `psql` (it uses `\gexec` and `\connect`), to prepare `database` for the program:
/// makes the database if it is missing, the roles without passwords, the extensions, and marks the function under
/// PostGIS's `&&` as leakproof. Touches nothing else in a database that other programs use too.
pub(crate) fn roles_sql(database: &str) -> String {
    let identifier = format!("\"{}\"", database.replace('"', "\"\""));
    let literal = format!("'{}'", database.replace('\'', "''"));
    ROLES.replace("{identifier}", &identifier).replace("{literal}", &literal)
}

const ROLES: &str = r#"-- Prepares a database for OpenSIT. Run it with psql as a superuser; it can be run again, for example after PostGIS was upgraded.
-- The roles get no passwords here. Where they connect over TCP: \password opensit_owner, and so for the other two.
\set ON_ERROR_STOP on
set client_min_messages = warning;

-- opensit_owner owns the tables, opensit_app reads and writes them under row-level security, opensit_replication follows the changes.
select format('create role %I login', role)
  from unnest(array['opensit_owner', 'opensit_app', 'opensit_replication']) as role
 where not exists (select from pg_roles where rolname = role)
\gexec
alter role opensit_owner       nosuperuser nobypassrls nocreaterole nocreatedb noreplication;
alter role opensit_app         nosuperuser nobypassrls nocreaterole nocreatedb noreplication;
alter role opensit_replication nosuperuser nobypassrls nocreaterole nocreatedb replication;

-- A request that takes longer has gone wrong; a load may take long, but must not make the readers wait behind it.
alter role opensit_app   set statement_timeout = '10s';
alter role opensit_app   set lock_timeout = '5s';
alter role opensit_app   set idle_in_transaction_session_timeout = '60s';
alter role opensit_owner set lock_timeout = '10s';

select format('create database %I owner opensit_owner template template0 encoding ''UTF8''', {literal})
 where not exists (select from pg_database where datname = {literal})
\gexec
grant connect, create, temporary on database {identifier} to opensit_owner;
grant connect on database {identifier} to opensit_app, opensit_replication;

\connect {identifier}
set client_min_messages = warning;
create extension if not exists postgis;
create extension if not exists btree_gist;
create extension if not exists pg_trgm;
create extension if not exists unaccent;

-- PostgreSQL uses an index below row-level security only for functions that are marked as telling nothing of the rows they
-- see. The box comparison under && is such a function; PostGIS does not mark it, and an upgrade takes the mark away.
do $$
declare
  boxes_meet regprocedure;
begin
  select o.oprcode::oid::regprocedure into boxes_meet
    from pg_operator o
    join pg_type t      on t.oid = o.oprleft and t.oid = o.oprright
    join pg_depend d    on d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'e'
    join pg_extension e on e.oid = d.refobjid
    join pg_proc p      on p.oid = o.oprcode
   where o.oprname = '&&' and t.typname = 'geometry' and e.extname = 'postgis' and not p.proleakproof;
  if found then
    execute format('alter function %s leakproof', boxes_meet);
  end if;
end
$$;
"#;

/// What only a cluster of our own gets: extensions follow the installed packages, before they are marked.
const UPDATE_EXTENSIONS: &str = r"set client_min_messages = warning;
select format('alter extension %I update', installed.extname)
  from pg_extension installed
  join pg_available_extensions available on available.name = installed.extname
 where available.default_version <> installed.extversion
\gexec
";

/// Runs the set-up on a private cluster.
pub(super) fn set_up(binaries: &Binaries, layout: &Layout, account: &Account, postmaster: &Postmaster) -> Result<(), ClusterError> {
    let roles = roles_sql(DATABASE);
    let text = match roles.split_once("create extension if not exists postgis;") {
        Some((before, after)) => format!("{before}{UPDATE_EXTENSIONS}create extension if not exists postgis;{after}"),
        None => roles,
    };
    psql(binaries, layout, account, postmaster, &text).map(|_| ())
}

/// Gives the owner this password, or a new one, made by the database from its own randomness. Returns it.
pub(super) fn set_owner_password(
    binaries: &Binaries,
    layout: &Layout,
    account: &Account,
    postmaster: &Postmaster,
    known: Option<&str>,
) -> Result<String, ClusterError> {
    let password = known.map_or_else(
        || "replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '')".to_owned(),
        |known| format!("'{}'", known.replace('\'', "''")),
    );
    let text = format!("select {password} as password \\gset\nalter role opensit_owner password :'password';\n\\echo :password\n");
    psql(binaries, layout, account, postmaster, &text).map(|output| output.trim().to_owned())
}

fn psql(binaries: &Binaries, layout: &Layout, account: &Account, postmaster: &Postmaster, text: &str) -> Result<String, ClusterError> {
    let program = binaries.program("psql");
    let failed = |output: String| ClusterError::SetUp { directory: layout.cluster.clone(), output };
    let mut command = account.command(&program);
    command.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]);
    command.args(["--username", Role::Superuser.name(), "--dbname=postgres", "--host"]).arg(&postmaster.socket_folder);
    command.arg("--port").arg(postmaster.port.to_string()).arg("--file=-");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|source| ClusterError::Program { program, source })?;
    // Writing fails when psql ended early; what it said then is the better message.
    let _ = child.stdin.take().map(|mut input| input.write_all(text.as_bytes()));
    let output = child.wait_with_output().map_err(|e| failed(e.to_string()))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}

/// The connection string of the owner over TCP.
pub(super) fn tcp_url(password: &str, address: SocketAddr) -> String {
    format!("postgresql://{}:{}@{address}/{DATABASE}", Role::Owner.name(), encode(password))
}

fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// The connection string of a role over the socket, in the form that `psql`, GDAL and sqlx all read and
/// that needs no quotes in a shell: `postgresql://opensit_owner@%2Frun%2Fopensit%2F1f…:5432/opensit`.
pub(super) fn socket_url(role: Role, folder: &Path, port: u16) -> String {
    format!("postgresql://{}@{}:{port}/{DATABASE}", role.name(), encode(&folder.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_name_is_quoted_where_it_is_a_name_and_where_it_is_text() {
        let text = roles_sql("comune d'\"oro\"");
        assert!(text.contains("\\connect \"comune d'\"\"oro\"\"\""), "{text}");
        assert!(text.contains("where datname = 'comune d''\"oro\"'"));
        assert!(!text.contains('{'));
    }

    #[test]
    fn the_url_encodes_the_socket_folder() {
        let url = socket_url(Role::App, Path::new("/run/opensit/1f"), 5433);
        assert_eq!(url, "postgresql://opensit_app@%2Frun%2Fopensit%2F1f:5433/opensit");
    }
}
