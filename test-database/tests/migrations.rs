//! What migrations do to rows that are there.

#![allow(clippy::unwrap_used, reason = "a test says where it fails by panicking")]

use sqlx::{AssertSqlSafe, PgConnection};
use test_database::Scratch;

async fn run(database: &mut PgConnection, sql: &str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(database).await.map(|_| ())
}

/// Version and name of each tree, by `fid`.
async fn trees(database: &mut PgConnection) -> Vec<(i64, i64, String)> {
    sqlx::query_as("select fid, version, name from published.trees order by fid").fetch_all(database).await.unwrap()
}

/// `20261129111700_opensit_rows_put_back.sql`
#[tokio::test]
async fn rows_that_came_back_under_their_fid_can_be_changed_again() {
    let scratch = Scratch::until(20_261_129_110_000).await;
    let mut owner = scratch.connection("opensit_owner").await;
    let made = "create table published.trees (name text); call opensit.make_layer_table('published.trees', 'Point');
         insert into published.trees (fid, id, comune, geom, name)
         select n, n::text, '080901', st_setsrid(st_makepoint(552400 + n, 4205600), 7792), 'as it was ' || n from generate_series(1, 4) n";
    run(&mut owner, made).await.unwrap();
    // two were changed twice, deleted, and put back from a dump that knew nothing of it; one was changed and stayed
    run(
        &mut owner,
        "update published.trees set name = 'changed' where fid < 4; update published.trees set name = 'changed again' where fid < 4",
    )
    .await
    .unwrap();
    let put_back = "create temporary table dump as select * from published.trees where fid < 3;
         delete from published.trees where fid < 3;
         insert into published.trees (fid, id, comune, version, geom, name) select fid, id, comune, 1, geom, name from dump";
    run(&mut owner, put_back).await.unwrap();
    let stuck = run(&mut owner, "update published.trees set name = 'stuck' where fid = 1").await.unwrap_err();
    assert!(stuck.to_string().contains("row_history_pkey"), "that is what is to be healed: {stuck}");
    let history = "select count(*), md5(string_agg(h::text, ';' order by fid, version)) from opensit.row_history h";
    let before: (i64, String) = sqlx::query_as(history).fetch_one(&mut owner).await.unwrap();

    scratch.migrate().await;
    let after: (i64, String) = sqlx::query_as(history).fetch_one(&mut owner).await.unwrap();
    assert_eq!(after, before, "healing is no change of the rows, and takes nothing from their history");
    let healed = trees(&mut owner).await;
    let last: Vec<(i64, i64)> =
        sqlx::query_as("select fid, max(version) from opensit.row_history group by fid order by fid").fetch_all(&mut owner).await.unwrap();
    assert_eq!(last, [(1, 3), (2, 3), (3, 2)]);
    let versions: Vec<i64> = healed.iter().map(|(_, version, _)| *version).collect();
    assert_eq!(versions, [5, 5, 3, 1], "two beyond their history; one that never was away, and one without a history, as they were");
    assert_eq!(healed[0].2, "changed again");

    run(&mut owner, "update published.trees set name = 'moves' where fid = 1; delete from published.trees where fid = 2").await.unwrap();
    let ended: Vec<(i64, i64, String)> =
        sqlx::query_as("select fid, version, operation from opensit.row_history where version > 3 order by fid")
            .fetch_all(&mut owner)
            .await
            .unwrap();
    assert_eq!(ended, [(1, 5, "update".to_owned()), (2, 5, "delete".to_owned())]);
}

/// `20261130080000_opensit_versions_by_hash.sql`
#[tokio::test]
async fn versions_of_one_id_stay_apart_in_tables_of_before_and_after() {
    let scratch = Scratch::until(20_261_130_079_999).await;
    let mut owner = scratch.connection("opensit_owner").await;
    let zones = |table: &str| {
        format!(
            "create table published.{table} (name text); call opensit.make_layer_table('published.{table}', 'Point', true);
             insert into published.{table} (id, comune, valid_from, valid_to, geom)
             select id, '080901', day, day + interval '1 year', st_setsrid(st_makepoint(552400, 4205600), 7792)
               from (values ('a', timestamptz '2020-01-01+00'), ('a', timestamptz '2021-01-01+00'), ('b', timestamptz '2020-01-01+00')) v (id, day)"
        )
    };
    run(&mut owner, &zones("before")).await.unwrap();
    scratch.migrate().await;
    run(&mut owner, &zones("after")).await.unwrap();
    for table in ["before", "after"] {
        let add = |day: &str| {
            format!(
                "insert into published.{table} (id, comune, valid_from, geom)
                 values ('a', '080901', timestamptz '{day}+00', st_setsrid(st_makepoint(552400, 4205600), 7792))"
            )
        };
        let refused = run(&mut owner, &add("2021-06-01")).await.unwrap_err();
        let code = refused.as_database_error().and_then(sqlx::error::DatabaseError::code).unwrap();
        assert_eq!(code, "23P01", "{table}: {refused}");
        run(&mut owner, &add("2022-01-01")).await.unwrap();
    }
    let kept: Vec<String> = sqlx::query_scalar(
        "select distinct pg_get_constraintdef(oid) from pg_constraint where contype = 'x' and pg_get_constraintdef(oid) like '%valid_from%'",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    assert_eq!(kept, ["EXCLUDE USING gist (hashtextextended(id, (0)::bigint) WITH =, tstzrange(valid_from, valid_to) WITH &&)"]);
}
