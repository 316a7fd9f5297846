//! The demo town's records.

use demo_town::{DEFAULT_SEED, Size, Town};
use sqlx::Connection;

use crate::scene::{Scene, nobody};

#[tokio::test(flavor = "multi_thread")]
async fn the_town_has_every_kind_a_superseded_version_a_draft_and_a_comune_without_noise() {
    let scene = Scene::new().await;
    let mut owner = scene.scratch.connection("opensit_owner").await;
    sqlx::raw_sql("delete from environment.trees; delete from cadastre.parcels; delete from territory.boundaries")
        .execute(&mut owner)
        .await
        .unwrap();
    let town = Town::generate(Size::Small, DEFAULT_SEED);
    let mut transaction = owner.begin().await.unwrap();
    for boundary in &town.boundaries {
        sqlx::query("insert into territory.boundaries (id, comune, name, geom) values ($1, $1, $2, st_geomfromewkb($3))")
            .bind(&boundary.id)
            .bind(&boundary.name)
            .bind(catalogue::ewkb::multi_polygon(&boundary.geometry, kernel::Srid::RDN2008_UTM33))
            .execute(&mut *transaction)
            .await
            .unwrap();
    }
    let rows = environment::demo::load(&mut transaction, &town).await.unwrap();
    transaction.commit().await.unwrap();
    assert!(rows > 500, "{rows}");
    scene.at("2026-11-28T12:00:00Z");
    let counted = scene.sql("select string_agg(kind || ' ' || n, ', ' order by kind) from (select kind, max(features) as n from environment.datasets group by kind) t where n = 0").await;
    assert_eq!(counted, "", "kinds without features");
    let states = async |query: &str| {
        scene.get(&nobody(), &format!("/environment/datasets/?{query}")).await.json()["datasets"].as_array().unwrap().len()
    };
    assert_eq!(states("state=superseded").await, 4);
    assert_eq!(states("kind=noise").await, 1);
    assert_eq!(states("state=draft").await, 0, "a draft is not for everybody");
    assert_eq!(scene.sql("select count(*) from environment.datasets where state = 'draft'").await, "1");
    let (x, y) = {
        let text = scene.sql("select st_x(p) || ' ' || st_y(p) from (select st_transform(st_pointonsurface(geom), 4326) as p from territory.boundaries where id = '080902') t").await;
        let (x, y) = text.split_once(' ').unwrap();
        (x.to_owned(), y.to_owned())
    };
    let place = format!("point={x},{y}");
    assert_eq!(scene.kind_at(&nobody(), &place, "noise").await["answer"], "not_surveyed");
    assert_ne!(scene.kind_at(&nobody(), &place, "flood").await["answer"], "not_surveyed");
}
