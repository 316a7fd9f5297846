use std::collections::BTreeMap;

use serde::Serialize;
use sqlx::{AssertSqlSafe, FromRow, PgConnection};

use super::rows::Table;
use crate::remark::{Issue, Remarks};

/// What became of the rows of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Were not there.
    pub new: u64,
    /// Were there otherwise.
    pub changed: u64,
    /// Were there as they are.
    pub same: u64,
}

/// What a delivery was to the register. What the register has and the delivery lacks stays as it is, and is not counted: an extraction
/// is of a part.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Versions of properties.
    pub properties: Counts,
    /// Parts of land, each with a quality of its own.
    pub portions: Counts,
    /// Where they lie.
    pub places: Counts,
    /// Their addresses.
    pub addresses: Counts,
    /// Those entitled.
    pub subjects: Counts,
    /// Their titles.
    pub titles: Counts,
    /// Rows that a later row of the delivery took the place of, by the file they stand in.
    pub remarks: BTreeMap<u32, Remarks>,
}

/// New rows of a table from which on its statistics are taken at once: what comes next in the transaction is planned by them.
const MANY: i64 = 1_000;

/// Makes the temporary tables that batches are loaded into; they end with the transaction.
pub async fn prepare(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    for table in Table::ALL {
        let (staged, name) = (table.staged(), table.name());
        run(conn, format!("create temporary table {staged} (like cadastre.{name}, at bigint not null) on commit drop")).await?;
    }
    Ok(())
}

/// Compares what was loaded with the register and puts what is new or otherwise into it, as of an import.
pub async fn apply(conn: &mut PgConnection, import: i64) -> Result<Outcome, sqlx::Error> {
    let mut outcome = Outcome::default();
    run(conn, "set local work_mem = '96MB'".to_owned()).await?;
    // of a table that is empty the planner believes that going through it for each row costs nothing; while a statement fills it, it does
    run(conn, "set local enable_nestloop = off".to_owned()).await?;
    for table in Table::ALL {
        run(conn, format!("analyze {}", table.staged())).await?;
    }
    same_titles(conn, &mut outcome).await?;
    for table in Table::ALL {
        let told = matches!(table, Table::Properties | Table::Subjects | Table::Titles);
        let remarks = if told { Some(&mut outcome.remarks) } else { None };
        last_wins(conn, table, remarks).await?;
    }
    run(conn, SUM_OF_PORTIONS.to_owned()).await?;
    outcome.properties = put(conn, Table::Properties, import).await?;
    outcome.portions = put(conn, Table::Portions, import).await?;
    outcome.places = put(conn, Table::Places, import).await?;
    outcome.addresses = put(conn, Table::Addresses, import).await?;
    for table in [Table::Portions, Table::Places, Table::Addresses] {
        run(conn, beyond(table)).await?;
    }
    outcome.subjects = put(conn, Table::Subjects, import).await?;
    outcome.titles = put(conn, Table::Titles, import).await?;
    without_subject(conn, &mut outcome.remarks).await?;
    for table in [Table::Portions, Table::Places, Table::Addresses] {
        without_property(conn, table, &mut outcome.remarks).await?;
    }
    run(conn, "set local enable_nestloop = on".to_owned()).await?;
    Ok(outcome)
}

async fn run(conn: &mut PgConnection, sql: String) -> Result<(), sqlx::Error> {
    sqlx::query(AssertSqlSafe(sql)).execute(conn).await.map(|_| ())
}

/// Rows of a file that something is to be said of: how many, and where the first ones stand.
#[derive(FromRow)]
struct Rows {
    file: i64,
    count: i64,
    lines: Vec<i64>,
}

/// The [`Rows`] that a table `told` has.
const TOLD: &str = "select at >> 40 as file, count(*) as count, (array_agg(at & ((1::bigint << 40) - 1) order by at))[1:200] as lines
                      from told group by 1 order by 1";

fn tell(remarks: &mut BTreeMap<u32, Remarks>, told: Vec<Rows>, issue: &Issue) {
    for rows in told {
        let told = remarks.entry(u32::try_from(rows.file).unwrap_or(u32::MAX)).or_default();
        let lines = rows.lines.iter().map(|line| u64::try_from(*line).unwrap_or_default());
        let more = usize::try_from(rows.count).unwrap_or_default().saturating_sub(rows.lines.len());
        // those beyond the first are counted and not kept
        for line in lines.chain(std::iter::repeat_n(0, more)) {
            told.add(line, issue.clone());
        }
    }
}

/// Of rows with one key the last one stays.
async fn last_wins(conn: &mut PgConnection, table: Table, remarks: Option<&mut BTreeMap<u32, Remarks>>) -> Result<(), sqlx::Error> {
    let (staged, keys) = (table.staged(), table.key().join(", "));
    let sql = format!(
        "with last as (select {keys}, max(at) as at from {staged} group by {keys} having count(*) > 1),
              told as (delete from {staged} s using last where {} and s.at < last.at returning s.at)
         {TOLD}",
        equal("s", "last", table.key())
    );
    let replaced = sqlx::query_as(AssertSqlSafe(sql)).fetch_all(conn).await?;
    if let Some(remarks) = remarks {
        tell(remarks, replaced, &Issue::Repeated);
    }
    Ok(())
}

/// Titles without a number of their own: one that stands there twice is one, and several of a subject in a property are counted, in an
/// order that does not hang on that of the file.
async fn same_titles(conn: &mut PgConnection, outcome: &mut Outcome) -> Result<(), sqlx::Error> {
    let all = Table::Titles.columns().join(", ");
    let sql = format!(
        "with again as (select ctid, row_number() over (partition by {all} order by at desc) as n from census_titles where title = 0),
              told as (delete from census_titles t using again where t.ctid = again.ctid and again.n > 1 returning t.at)
         {TOLD}"
    );
    tell(&mut outcome.remarks, sqlx::query_as(AssertSqlSafe(sql)).fetch_all(&mut *conn).await?, &Issue::Repeated);
    let numbered = "
        update census_titles t set ordinal = numbered.n
          from (select ctid, row_number() over (
                           partition by comune, section, nature, property, subject, subject_kind
                               order by since nulls first, holds, numerator, denominator, regime, holds_words, until, at)::integer as n
                  from census_titles where title = 0) numbered
         where t.ctid = numbered.ctid and numbered.n > 1";
    run(conn, numbered.to_owned()).await
}

/// Tells of titles whose subject neither the delivery nor the register has.
async fn without_subject(conn: &mut PgConnection, remarks: &mut BTreeMap<u32, Remarks>) -> Result<(), sqlx::Error> {
    let sql = format!(
        "with told as (select at from census_titles t where not exists (select from cadastre.subjects s
             where s.comune = t.comune and s.section = t.section and s.subject = t.subject and s.kind = t.subject_kind))
         {TOLD}"
    );
    tell(remarks, sqlx::query_as(AssertSqlSafe(sql)).fetch_all(conn).await?, &Issue::NoSubject);
    Ok(())
}

/// Tells of portions, places and addresses of a property of which neither the delivery nor the register has the first record.
async fn without_property(conn: &mut PgConnection, table: Table, remarks: &mut BTreeMap<u32, Remarks>) -> Result<(), sqlx::Error> {
    let property = &Table::Properties.key();
    let sql = format!(
        "with told as (select distinct at from {} t where not exists (select from cadastre.properties p where {})) {TOLD}",
        table.staged(),
        equal("p", "t", property)
    );
    tell(remarks, sqlx::query_as(AssertSqlSafe(sql)).fetch_all(conn).await?, &Issue::NoProperty);
    Ok(())
}

/// Land in portions tells no quality and no income as a whole: its incomes are their sum, its quality that of the largest.
const SUM_OF_PORTIONS: &str = "
    update census_properties p
       set quality     = coalesce(p.quality, parts.quality),
           area_m2     = coalesce(p.area_m2, parts.area_m2),
           income      = coalesce(nullif(p.income, 0), parts.income, p.income),
           income_farm = coalesce(nullif(p.income_farm, 0), parts.income_farm, p.income_farm)
      from (select comune, section, nature, property, version, sum(area_m2) as area_m2, sum(income) as income, sum(income_farm) as income_farm,
                   (array_agg(quality order by area_m2 desc nulls last, ordinal))[1] as quality
              from census_portions group by 1, 2, 3, 4, 5) parts
     where (p.comune, p.section, p.nature, p.property, p.version) = (parts.comune, parts.section, parts.nature, parts.property, parts.version)";

/// Brings the register's table to what was loaded.
async fn put(conn: &mut PgConnection, table: Table, import: i64) -> Result<Counts, sqlx::Error> {
    let (name, staged) = (table.name(), table.staged());
    let of_import = !matches!(table, Table::Portions | Table::Places | Table::Addresses);
    let keys = equal("t", "s", table.key());
    let list = |prefix: &str, columns: &[&str]| columns.iter().map(|c| format!("{prefix}{c}")).collect::<Vec<_>>().join(", ");
    // what is sealed differs each time, its hash does not
    let compared: Vec<&str> = table.values().iter().copied().filter(|column| *column != "code_sealed").collect();
    let set = table.values().iter().map(|c| format!("{c} = s.{c}")).chain(of_import.then(|| "imported = $1::bigint".to_owned()));
    let changed = format!(
        "with done as (update cadastre.{name} t set {} from {staged} s where {keys} and ({}) is distinct from ({}) and $1::bigint is not null returning 1)
         select count(*) from done",
        set.collect::<Vec<_>>().join(", "),
        list("t.", &compared),
        list("s.", &compared),
    );
    let (more, value) = if of_import { (", imported", ", $1::bigint") } else { ("", "") };
    let new = format!(
        "with done as (insert into cadastre.{name} ({}{more})
                       select {}{value} from {staged} s
                        where not exists (select from cadastre.{name} t where {keys}) and $1::bigint is not null returning 1)
         select count(*) from done",
        list("", table.columns()),
        list("s.", table.columns()),
    );
    let all: i64 = sqlx::query_scalar(AssertSqlSafe(format!("select count(*) from {staged}"))).fetch_one(&mut *conn).await?;
    let changed: i64 = sqlx::query_scalar(AssertSqlSafe(changed)).bind(import).fetch_one(&mut *conn).await?;
    let new: i64 = sqlx::query_scalar(AssertSqlSafe(new)).bind(import).fetch_one(&mut *conn).await?;
    if new > MANY {
        run(conn, format!("analyze cadastre.{name}")).await?;
    }
    let [new, changed, same] = [new, changed, all - new - changed].map(|count| u64::try_from(count).unwrap_or_default());
    Ok(Counts { new, changed, same })
}

/// Takes away portions, places and addresses of which a version that was delivered has no longer so many.
fn beyond(table: Table) -> String {
    let version = &table.key()[..table.key().len() - 1];
    let (name, keys) = (table.name(), version.join(", "));
    format!(
        "delete from cadastre.{name} t using (select {keys}, max(ordinal) as most from {} group by {keys}) s where {} and t.ordinal > s.most",
        table.staged(),
        equal("t", "s", version)
    )
}

/// The rows of both have the same key.
fn equal(one: &str, other: &str, key: &[&str]) -> String {
    key.iter().map(|column| format!("{one}.{column} = {other}.{column}")).collect::<Vec<_>>().join(" and ")
}
