//! Scratch.
use kernel::*;
use std::sync::Arc;
#[tokio::main]
async fn main() {
    let pool = sqlx::postgres::PgPoolOptions::new()
        .max_connections(8)
        .connect("postgres://opensit_app@localhost/sit?host=/tmp/ogc")
        .await
        .unwrap();
    let catalogue = catalogue::Catalogue::load(&pool).await.unwrap();
    let context = Context {
        database: pool.clone(),
        tiles_database: pool.clone(),
        clock: Arc::new(SystemClock),
        public_url: PublicUrl::parse("http://127.0.0.1:18091").unwrap(),
        installation: Arc::new(Installation {
            instance: uuid::Uuid::nil(),
            title: Text::new("SIT di prova", "Test SIT"),
            storage_crs: Srid::RDN2008_UTM33,
            bbox: Bbox::new(15.6, 38.0, 15.8, 38.2).unwrap(),
            demo: true,
        }),
    };
    let settings = crs::Settings::default();
    if std::env::args().nth(1).as_deref() == Some("crs") {
        let t = crs::Transformer::new(Srid::RDN2008_UTM33, Srid::CRS84, &settings).unwrap();
        for _ in 0..3 {
            let mut p = vec![[556983.2, 4218219.3]; 100_000];
            let s = std::time::Instant::now();
            t.convert(&mut p).unwrap();
            println!("100k {:?}", s.elapsed());
        }
        let s = std::time::Instant::now();
        for _ in 0..1000 {
            crs::Transformer::new(Srid::RDN2008_UTM33, Srid::new(3004).unwrap(), &settings).unwrap();
        }
        println!("new {:?}", s.elapsed() / 1000);
        let t = crs::Transformer::new(Srid::RDN2008_UTM33, Srid::new(3004).unwrap(), &settings).unwrap();
        let mut p = vec![[556983.2, 4218219.3]; 100_000];
        let s = std::time::Instant::now();
        t.convert(&mut p).unwrap();
        println!("100k to 3004 {:?}", s.elapsed());
        return;
    }
    let app = ogc::routes(context.clone(), catalogue, settings.clone()).merge(crs::routes(&context, settings));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:18091").await.unwrap();
    axum::serve(listener, app).await.unwrap();
}
