//! The demo town in the register.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

mod delivery;

use delivery::Scene;
use demo_town::{DEFAULT_SEED, Size, Town};
use sqlx::Connection;

#[tokio::test(flavor = "multi_thread")]
async fn the_town_has_its_census() {
    let scene = Scene::with("").await;
    let town = Town::generate(Size::Small, DEFAULT_SEED);
    let mut owner = scene.owner().await;
    let mut transaction = owner.begin().await.unwrap();
    let rows = cadastre::demo::load(&mut transaction, &town, scene.vault()).await.unwrap();
    transaction.commit().await.unwrap();
    let all = "(select count(*) from cadastre.sheets) + (select count(*) from cadastre.parcels) + (select count(*) from cadastre.buildings)
             + (select count(*) from cadastre.lineage) + (select count(*) from cadastre.properties) + (select count(*) from cadastre.property_places)
             + (select count(*) from cadastre.property_addresses) + (select count(*) from cadastre.subjects) + (select count(*) from cadastre.titles)";
    assert_eq!(scene.sql(all).await, rows.to_string());
    // row-level security stands again
    let forced = "select bool_and(relforcerowsecurity) from pg_class where relnamespace = 'cadastre'::regnamespace and relkind = 'r'
                     and relname in ('parcels', 'properties', 'property_places', 'property_addresses', 'subjects', 'titles', 'lineage')";
    assert_eq!(scene.sql(forced).await, "true");
    // the shares of today, by PostgreSQL's arithmetic
    let odd = "select count(*) from (select 1 from cadastre.titles where until is null group by comune, nature, property, holds
                having round(sum(numerator::numeric / denominator), 12) <> 1) odd";
    assert_eq!(scene.sql(odd).await, "0");
    // every parcel of land that is there finds its row in the census
    let lost = "select count(*) from cadastre.parcels m where kind = 'land' and valid_to is null and not exists (
                select from cadastre.property_places p where p.comune = m.comune and p.sheet = m.sheet and p.number = m.number and p.nature = 'T')";
    assert_eq!(scene.sql(lost).await, "0");
    // what was ends where its children begin, and covers their ground
    let gaps = "select count(*) from cadastre.lineage l
                  join cadastre.parcels parent on parent.id = l.parent join cadastre.parcels child on child.id = l.child
                 where parent.valid_to is distinct from child.valid_from or (parent.valid_to at time zone 'Europe/Rome')::date <> l.day
                    or abs(st_area(st_intersection(parent.geom, child.geom)) - l.area_m2) > 0.02 or not st_isvalid(parent.geom)";
    assert_eq!((scene.sql(gaps).await.as_str(), scene.sql("select count(*) > 20 from cadastre.lineage").await.as_str()), ("0", "true"));
    let columns = "bool_and(section = '_' and attachment = '0' and development = '0')";
    for table in ["parcels", "buildings", "sheets"] {
        assert_eq!(scene.sql(&format!("select {columns} from cadastre.{table}")).await, "true");
    }
    // the map says what the census says
    let told = cadastre::holdings::parcels(&mut owner, &["080901".to_owned(), "080902".to_owned()]).await.unwrap();
    assert_eq!(told, 0);
}
