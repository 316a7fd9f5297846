//! Layers that are made of files, as they are written into the catalogue.
#![allow(clippy::unwrap_used, reason = "a test")]

use catalogue::store;
use kernel::layer::Audience;
use kernel::{Layer, Principal, Role};
use serde_json::json;
use test_database::Scratch;
use uuid::Uuid;

#[tokio::test]
async fn who_was_shut_out_while_a_file_was_read_stays_out() {
    let scratch = Scratch::new().await;
    let mut owner = scratch.connection("opensit_owner").await;
    let making = "create table published.zone (nome text); call opensit.make_layer_table('published.zone', 'Point');
                  insert into published.zone (id, comune, geom) values ('1', '080901', st_point(555000, 4215000, 7792))";
    sqlx::raw_sql(making).execute(&mut owner).await.unwrap();
    let author = Uuid::from_u128(7);
    let draft: Layer = serde_json::from_value(json!({
        "id": "zone", "module": "published", "title": {"it": "z", "en": "z"}, "table": "published.zone", "geometry": "Point", "srid": 7792,
        "fields": [{"name": "nome", "label": {"it": "n", "en": "n"}, "type": "text"}], "draft": true, "author": author
    }))
    .unwrap();
    store::put(&mut owner, &draft, None).await.unwrap();
    // a load has begun, and knows the layer as it was: public, no draft any more
    let stale = Layer { draft: false, author: None, title: kernel::Text::same("Zone"), ..draft.clone() };
    // meanwhile it is narrowed
    let mut now = store::get_to_change(&mut owner, &draft.id).await.unwrap().unwrap();
    now.audience = Audience::Officers;
    store::change(&mut owner, &now).await.unwrap();
    store::put(&mut owner, &stale, None).await.unwrap();
    let kept = store::get(&mut owner, &draft.id).await.unwrap().unwrap();
    assert_eq!((kept.audience, kept.draft, kept.author), (Audience::Officers, true, Some(author)));
    assert_eq!(kept.title.it, "Zone", "what the load says of it holds");

    let database = scratch.database().await;
    let officer = |id| Principal::known(Role::Officer, id, "x", kernel::Assurance::Low).with_comuni(kernel::Comuni::All);
    for (who, expected) in [(Principal::anonymous(), 0), (officer(Uuid::from_u128(8)), 0), (officer(author), 1)] {
        let mut session = database.session(&who).await.unwrap();
        let seen: i64 = sqlx::query_scalar("select count(*) from published.zone").fetch_one(&mut *session).await.unwrap();
        assert_eq!(seen, expected, "the policies say the same: {who:?}");
    }
}
