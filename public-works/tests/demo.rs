//! The demo town's works and ordinances go into the tables, under all their rules.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

mod scene;

use demo_town::{DEFAULT_SEED, Size, Town};
use scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn the_town_has_works_of_every_kind_and_state_and_ordinances_of_every_time() {
    let scene = Scene::on("2026-11-28").await;
    let town = Town::generate(Size::Small, DEFAULT_SEED);
    let mut owner = scene.scratch.connection("opensit_owner").await;
    let rows = public_works::demo::load(&mut owner, &town).await.unwrap();
    assert_eq!(rows as usize, town.public_works.len() + town.road_ordinances.len());
    assert_eq!(scene.sql("select count(distinct st_dimension(geom)) from public_works.works").await, "3");
    assert_eq!(scene.sql("select count(distinct state) from public_works.works").await, "8");
    let drifted = "select count(*) from public_works.works w where progress <> coalesce(
        (select percent from public_works.work_progress p where p.work = w.fid order by id desc limit 1), 0)";
    assert_eq!(scene.sql(drifted).await, "0", "the last entry is the work's progress");
    let over = "select count(*) from public_works.works w where amount_eur <
        (select sum(amount_eur) from public_works.work_progress p where p.work = w.fid)";
    assert_eq!(scene.sql(over).await, "0", "no work spent more than it costs");
    for when in
        ["valid_from > '2026-11-28'", "valid_to < '2026-11-28'", "valid_to is null", "'2026-08-14T20:00Z' between valid_from and valid_to"]
    {
        let sql = sqlx::AssertSqlSafe(format!("select count(*) from public_works.road_ordinances where {when}"));
        let count: i64 = sqlx::query_scalar(sql).fetch_one(&mut owner).await.unwrap();
        assert!(count > 0, "{when}");
    }
    // its pages are there
    let list = scene.get(&kernel::Principal::anonymous(), "/public-works/?limit=1000").await.json();
    for work in list["works"].as_array().unwrap().iter().step_by(9) {
        let page = scene.page(&kernel::Principal::anonymous(), &format!("/public-works/{}", work["id"].as_str().unwrap()), "en").await;
        assert!(page.contains("svg class=\"chart\""), "{page}");
    }
}
