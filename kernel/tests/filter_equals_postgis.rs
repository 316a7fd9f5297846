//! Generated filters over generated rows: PostGIS, asked by the writer with parameters and with literals, and our own
//! evaluator say the same of each row: true, false or unknown. And under row-level security a principal sees the rows that
//! the resolved rule says.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test")]

#[path = "filter_equals_postgis/generate.rs"]
mod generate;
#[path = "../../feed/tests/scratch/mod.rs"]
mod scratch;

use generate::{COMUNI, Row, Source, column};
use kernel::filter::{RowValues, Value};
use kernel::layer::Audience;
use kernel::{Assurance, Comuni, Database, Filter, KeyScope, Layer, Principal, Role, Srid};
use scratch::Scratch;
use sqlx::{AssertSqlSafe, Executor, PgConnection, PgPool, Postgres, QueryBuilder};
use uuid::Uuid;

const SEED: u64 = 20_261_123;
const FILTERS: usize = 4_000;
const RULES: usize = 60;
const STORAGE: Srid = Srid::RDN2008_UTM33;
const TABLE: &str = "
    create table published.things
        (name text, count bigint, height double precision, listed boolean, built date, seen timestamptz, office text, owner text);
    call opensit.make_layer_table('published.things', 'Geometry', true);";

async fn insert(owner: &PgPool, rows: &[Row]) {
    let head = "insert into published.things (fid, id, comune, name, count, height, listed, built, seen, office, owner, valid_from, valid_to, geom) ";
    let mut sql = QueryBuilder::<Postgres>::new(head);
    sql.push_values(rows, |mut to, row| {
        to.push_bind(row.fid).push_bind(format!("t{}", row.fid));
        for name in ["comune", "name", "count", "height", "listed", "built", "seen", "office", "owner", "valid_from", "valid_to"] {
            match row.value(&column(name)) {
                None => to.push("null"),
                Some(Value::Text(v)) => to.push_bind(v),
                Some(Value::Integer(v)) => to.push_bind(v),
                Some(Value::Number(v)) => to.push_bind(v),
                Some(Value::Boolean(v)) => to.push_bind(v),
                Some(Value::Date(v)) => to.push_bind(v),
                Some(Value::Instant(v)) => to.push_bind(v),
            };
        }
        let text = geojson::Geometry::from(&row.geometry).to_string();
        to.push("st_setsrid(st_geomfromgeojson(").push_bind_unseparated(text).push_unseparated("), 7792)");
    });
    sql.build().execute(owner).await.expect("rows");
}

/// What the database says of each row, in the order of `fid`: by parameters, and by literals.
async fn asked(connection: &mut PgConnection, filter: &Filter) -> Result<Vec<(Option<bool>, Option<bool>)>, String> {
    let mut sql = QueryBuilder::<Postgres>::new("select (");
    filter.write(STORAGE, &mut sql);
    sql.push("), (").push(filter.policy_sql(STORAGE)).push(") from published.things order by fid");
    let text = sql.sql().as_str().to_owned();
    sql.build_query_as().persistent(false).fetch_all(connection).await.map_err(|e| format!("{e}\n{text}"))
}

#[tokio::test]
async fn the_evaluator_and_the_database_agree() {
    let scratch = Scratch::start(7792);
    scratch.sql(TABLE);
    let mut source = Source::new(SEED);
    let rows: Vec<Row> = (1..=300).map(|fid| source.row(fid)).collect();
    let owner = scratch.pool("opensit_owner");
    insert(&owner, &rows).await;
    let mut connection = owner.acquire().await.expect("a connection");
    let mut seen = [0_usize; 3];
    for number in 0..FILTERS {
        let filter = source.filter(3, false);
        let answers = asked(&mut connection, &filter).await.unwrap_or_else(|e| panic!("seed {SEED}, filter {number}: {e}\n{filter:?}"));
        for (row, (bound, literal)) in rows.iter().zip(answers) {
            let ours = filter.matches(row);
            seen[ours.map_or(2, usize::from)] += 1;
            assert!(
                ours == bound && ours == literal,
                "seed {SEED}, filter {number}: ours {ours:?}, by parameters {bound:?}, by literals {literal:?}\n{filter:#?}\n{row:#?}"
            );
        }
        let back: Filter = serde_json::from_value(serde_json::to_value(&filter).expect("JSON")).expect("a filter");
        assert_eq!(back, filter, "seed {SEED}, filter {number}");
    }
    println!("{FILTERS} filters over {} rows, seed {SEED}: {} no, {} yes, {} unknown", rows.len(), seen[0], seen[1], seen[2]);
    assert!(seen.iter().all(|n| *n > FILTERS * rows.len() / 50), "all three answers are common: {seen:?}");
}

fn principals(subject: Uuid) -> Vec<Principal> {
    let known = |role| Principal::known(role, subject, "d'Ada", Assurance::Substantial);
    let some = |n: usize| Comuni::Only(COMUNI[..n].iter().map(|c| (*c).to_owned()).collect());
    let offices = ["sue".to_owned(), "d'arte \\".to_owned(), "a,b".to_owned(), String::new()];
    vec![
        Principal::anonymous(),
        known(Role::Citizen).with_comuni(Comuni::All).with_offices(offices.clone()),
        known(Role::Officer).with_comuni(some(1)).with_offices(offices),
        known(Role::Planner).with_comuni(some(2)),
        known(Role::Officer),
        known(Role::Administrator).with_comuni(Comuni::All),
        known(Role::Administrator).with_comuni(some(1)),
        known(Role::Machine).with_comuni(some(1)).through_key(KeyScope { layers: None, edit: false }),
    ]
}

fn layer(audience: Audience, rows: Option<Filter>) -> Layer {
    let mut layer: Layer = serde_json::from_value(serde_json::json!({
        "id": "things", "module": "published", "title": {"it": "t", "en": "t"}, "table": "published.things", "geometry": "Point",
        "srid": 7792, "fields": [], "validity": true, "editors": ["officer", "administrator"]
    }))
    .expect("a layer");
    (layer.audience, layer.rows) = (audience, rows);
    layer
}

async fn apply(owner: &PgPool, layer: &Layer) {
    let mut sql = String::from("grant insert, update, delete on published.things to opensit_app;");
    for name in kernel::layer::Policy::NAMES {
        sql.push_str(&format!("drop policy if exists {name} on published.things;"));
    }
    for policy in layer.policies() {
        sql.push_str(&format!("{};", policy.create(&layer.table)));
    }
    let failure = sql.clone();
    owner.execute(AssertSqlSafe(sql)).await.unwrap_or_else(|e| panic!("{e}: {failure}"));
}

async fn fids(connection: &mut PgConnection, condition: &str) -> Vec<i64> {
    let sql = format!("select fid from published.things where {condition} order by fid");
    sqlx::query_scalar(AssertSqlSafe(sql)).persistent(false).fetch_all(connection).await.expect("rows")
}

#[tokio::test]
async fn policies_show_and_take_the_rows_of_the_rule() {
    let scratch = Scratch::start(7792);
    scratch.sql(TABLE);
    let mut source = Source::new(SEED + 1);
    let rows: Vec<Row> = (1..=200).map(|fid| source.row(fid)).collect();
    let owner = scratch.pool("opensit_owner");
    insert(&owner, &rows).await;
    let app = Database::new(scratch.pool("opensit_app"));
    let (mut seen, mut hidden) = (0, 0);
    for number in 0..RULES {
        let audience = [Audience::Public, Audience::Public, Audience::Citizens, Audience::Officers][number % 4];
        let mut layer = layer(audience, (number > 3).then(|| source.filter(3, true)));
        layer.draft = number % 6 == 5;
        layer.author = [None, Some(Uuid::nil()), Some(source.subject())][number / 6 % 3];
        apply(&owner, &layer).await;
        for who in principals(source.subject()) {
            let place = format!("seed {}, rule {number}, {who:?}\n{layer:#?}", SEED + 1);
            let readable = layer.readable_rows(&who);
            let mut session = app.session(&who).await.expect("a session");
            let under_policy = fids(&mut session, "true").await;
            drop(session);
            let expected: Vec<i64> = rows.iter().filter(|row| readable.matches(*row) == Some(true)).map(|row| row.fid).collect();
            assert_eq!(under_policy, expected, "{place}");
            let mut connection = owner.acquire().await.expect("a connection");
            assert_eq!(fids(&mut connection, &readable.policy_sql(STORAGE)).await, expected, "{place}");
            (seen, hidden) = (seen + expected.len(), hidden + rows.len() - expected.len());

            let editable = layer.editable_rows(&who);
            let expected: Vec<i64> = rows.iter().filter(|row| editable.matches(*row) == Some(true)).map(|row| row.fid).collect();
            if number % 4 == 0 && who.key().is_none() {
                let mut transaction = app.write(&who).await.expect("a transaction");
                let touched = "update published.things set version = version where true returning fid";
                let mut touched: Vec<i64> = sqlx::query_scalar(touched).fetch_all(&mut *transaction).await.expect("an update");
                touched.sort_unstable();
                assert_eq!(touched, expected, "{place}");
            }
        }
        let mut session = app.session(&Principal::anonymous()).await.expect("a session");
        let left: Vec<i64> =
            rows.iter().filter(|r| layer.readable_rows(&Principal::anonymous()).matches(*r) == Some(true)).map(|r| r.fid).collect();
        assert_eq!(fids(&mut session, "true").await, left, "whoever gets the connection next is nobody again");
    }
    println!("{RULES} rules, {} principals, seed {}: {seen} rows seen, {hidden} hidden", principals(Uuid::nil()).len(), SEED + 1);
    assert!(seen > 10_000 && hidden > 10_000);
}

#[tokio::test]
async fn what_the_rows_of_a_draft_were_is_hidden_as_they_are() {
    let scratch = Scratch::start(7792);
    scratch.sql(TABLE);
    scratch.sql(
        "insert into published.things (id, comune, geom, valid_from) values ('r1', '080901', st_point(1, 1, 7792), 'epoch');
         delete from published.things;",
    );
    let app = Database::new(scratch.pool("opensit_app"));
    let author = Uuid::from_u128(7);
    let staff = |role, id| Principal::known(role, Uuid::from_u128(id), "x", Assurance::Low).with_comuni(Comuni::All);
    let readers = [staff(Role::Officer, 7), staff(Role::Officer, 8), staff(Role::Administrator, 9), staff(Role::Machine, 10)];
    for (declaration, expected) in [
        (format!("{{\"draft\": true, \"author\": \"{author}\"}}"), [true, false, true, false]),
        ("{\"draft\": true}".to_owned(), [false, false, true, false]),
        (format!("{{\"author\": \"{author}\"}}"), [true; 4]),
    ] {
        scratch.sql(&format!(
            "delete from opensit.layers where id = 'things';
             insert into opensit.layers (id, ordinal, relation, declaration) values ('things', 1, 'published.things', '{declaration}')"
        ));
        for (who, sees) in readers.iter().zip(expected) {
            let mut session = app.session(who).await.expect("a session");
            let rows: i64 = sqlx::query_scalar("select count(*) from opensit.row_history where relation = 'published.things'")
                .fetch_one(&mut *session)
                .await
                .expect("a count");
            assert_eq!(rows > 0, sees, "{declaration}, {who:?}");
        }
    }
}

#[tokio::test]
async fn nobody_moves_a_row_out_of_their_comuni_or_makes_one_elsewhere() {
    let scratch = Scratch::start(7792);
    scratch.sql(TABLE);
    scratch.sql(
        "grant usage on sequence opensit.fid to opensit_app;
         insert into published.things (id, comune, geom, valid_from)
         select 'r' || i, '08090' || i, st_point(i, i, 7792), 'epoch' from generate_series(1, 3) i;",
    );
    let owner = scratch.pool("opensit_owner");
    apply(&owner, &layer(Audience::Public, None)).await;
    let app = Database::new(scratch.pool("opensit_app"));
    for (who, allowed) in principals(Uuid::nil()).into_iter().zip([0, 0, 1, 0, 0, 3, 1, 1]) {
        for (sql, on) in [
            ("update published.things set name = 'x' where comune = $1", allowed),
            ("delete from published.things where comune = $1", allowed),
            ("insert into published.things (id, comune, geom, valid_from) values ('new', $1, st_point(5, 5, 7792), 'epoch')", allowed),
            ("update published.things set comune = $1 where comune = '080901'", allowed),
        ] {
            let mut done = 0;
            for comune in COMUNI {
                let mut transaction = app.write(&who).await.expect("a transaction");
                done += match sqlx::query(sql).bind(comune).execute(&mut *transaction).await {
                    Ok(result) => usize::try_from(result.rows_affected()).unwrap(),
                    Err(sqlx::Error::Database(e)) if e.code().as_deref() == Some("42501") => 0,
                    Err(e) => panic!("{sql}: {e}"),
                };
            }
            assert_eq!(done, on, "{sql}, {who:?}");
        }
    }
}

#[tokio::test]
async fn the_spatial_index_is_used_whoever_asks() {
    let scratch = Scratch::start(7792);
    scratch.sql(TABLE);
    scratch.sql(
        "insert into published.things (id, comune, listed, geom, valid_from)
         select 'r' || i, '08090' || i % 3 + 1, i % 7 = 0, st_point(i % 300, i / 300, 7792), 'epoch' from generate_series(1, 60000) i;
         analyze published.things;",
    );
    let owner = scratch.pool("opensit_owner");
    let app = Database::new(scratch.pool("opensit_app"));
    let listed = Filter::Equal(column("listed"), Value::Boolean(true));
    let mixed =
        Filter::Or(vec![listed, Filter::InScope(column("comune")), Filter::OfficeIs(column("office")), Filter::SubjectIs(column("owner"))]);
    for (audience, rows) in [(Audience::Public, None), (Audience::Public, Some(mixed)), (Audience::Officers, None)] {
        let layer = layer(audience, rows);
        apply(&owner, &layer).await;
        for who in principals(Uuid::nil()) {
            let area = Filter::Intersects(kernel::Bbox::new(10.0, 10.0, 14.0, 14.0).unwrap(), STORAGE);
            let condition = Filter::And(vec![area, layer.readable_rows(&who)]);
            if layer.readable_rows(&who).is_nothing() {
                continue;
            }
            let mut session = app.session(&who).await.expect("a session");
            let sql = format!("explain select fid from published.things where {}", condition.policy_sql(STORAGE));
            let plan: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut *session).await.expect("a plan");
            let plan = plan.join("\n");
            assert!(plan.contains("things_geom_idx") && !plan.contains("Seq Scan on things"), "{who:?}\n{plan}");
        }
    }
}
