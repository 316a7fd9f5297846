use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use chrono::NaiveDate;
use http::{HeaderMap, StatusCode};
use kernel::{Action, Layer, Problem, Services};
use operations::{Answer, Ask, Begun, Change, Reader, Row, refused};
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection};

use super::features::{self, Found};
use super::{Dataset, form};
use crate::kind::Kind;
use crate::shown::day_of;

/// What is said of a version.
struct Said {
    kind: Kind,
    comune: String,
    title: String,
    source: String,
    source_date: Option<NaiveDate>,
    licence: String,
    replaces: Option<String>,
    coverage: Option<Value>,
}

/// `POST /environment/datasets/`: a new version as a draft, seen by its comune's staff alone. `features` is a GeoJSON feature collection;
/// `coverage` the area surveyed (GeoJSON polygon, longitude and latitude), without it the whole comune; `replaces` a version of the series
/// that it is to follow.
#[utoipa::path(
    post,
    path = "/environment/datasets/",
    tag = "environment",
    request_body(content_type = "application/json", description = "`title`, `kind`, `comune`, `source`, `source_date`, `licence`, `features`, `coverage`, `replaces`; or a form with files"),
    responses((status = 201, description = "The record, at `Location`; for a browser 303 to its page"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(services): State<Services>, mut ask: Ask, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    ask.request.only(&[])?;
    let layer = operations::layer(&services, &ask.request.who, "datasets")?;
    if !ask.request.who.may_edit(&layer) {
        return Err(Problem::not_editable("versions of datasets are uploaded by officers and planners of their comune"));
    }
    let sent = form::read(&mut ask, &headers, body).await?;
    let mut given = sent.reader(ask.request.language);
    let said = read(&mut given);
    let today = day_of(services.context.clock.now());
    if said.source_date.is_some_and(|date| date > today) {
        given.fault("source_date", "è nel futuro", "is in the future");
    }
    let collection = given.json("features");
    let found = match collection {
        Some(collection) => features::read(said.kind, &collection, today, &mut given),
        None => {
            given.fault("features", "serve un file GeoJSON (FeatureCollection)", "a GeoJSON file (FeatureCollection) is needed");
            Found::default()
        }
    };
    let zones = operations::layer(&services, &ask.request.who, said.kind.layer())?;
    let mut change = match Change::begin(&services, &ask, sent.bytes()).await? {
        Begun::Again(response) => return Ok(response),
        Begun::New(change) => change,
    };
    let coverage = coverage(change.conn(), &layer, &said, &mut given).await?;
    let places = match &coverage {
        Some(area) if !found.geometries.is_empty() => features::places(change.conn(), &zones, &found.geometries, area, &mut given).await?,
        _ => Vec::new(),
    };
    let series = series(&mut change, &layer, &said, &mut given).await?;
    given.check()?;
    let dataset = write(&mut change, &said, series, &coverage.unwrap_or_default(), (&found, &places)).await?;
    let row = Row { fid: dataset.fid, version: dataset.version, id: dataset.id.clone(), comune: dataset.comune.clone() };
    change.tell(Action::Create, &layer, &row, &[]).await?;
    let mut document = dataset.document(change.now());
    document["ignored"] = found.ignored.into();
    let answer = Answer::made(dataset.path(), dataset.tag(), document);
    change.finish(Answer { status: StatusCode::CREATED.as_u16(), ..answer }).await
}

fn read(given: &mut Reader) -> Said {
    let kind = given.required_code("kind", &Kind::NAMES);
    Said {
        kind: Kind::parse(kind).unwrap_or(Kind::Flood),
        comune: given.required_text("comune", 6),
        title: given.required_text("title", 200),
        source: given.required_text("source", 300),
        source_date: given.date("source_date"),
        licence: given.required_text("licence", 100),
        replaces: given.text("replaces", 100),
        coverage: given.json("coverage"),
    }
}

/// The area surveyed as it is stored: of the comune that it is said of, and in no other's land.
async fn coverage(conn: &mut PgConnection, layer: &Layer, said: &Said, given: &mut Reader) -> Result<Option<Vec<u8>>, Problem> {
    let whole: Option<Vec<u8>> = sqlx::query_scalar("select st_asewkb(st_multi(geom)) from territory.v_comuni where istat = $1")
        .bind(&said.comune)
        .fetch_optional(&mut *conn)
        .await
        .map_err(|e| refused(&e))?;
    let Some(whole) = whole else {
        if !said.comune.is_empty() {
            given.fault(
                "comune",
                "non è il codice ISTAT di un comune di questa installazione",
                "is no ISTAT code of a comune of this installation",
            );
        }
        return Ok(None);
    };
    let Some(sent) = &said.coverage else { return Ok(Some(whole)) };
    let sent = if sent["type"] == "Feature" { &sent["geometry"] } else { sent };
    let Some(place) = operations::place(&mut *conn, layer, sent, given, "coverage").await? else { return Ok(None) };
    let elsewhere: Option<String> = sqlx::query_scalar(
        "select name from territory.v_comuni
          where istat <> $1 and st_area(st_intersection(geom, st_geomfromewkb($2))) > 0.001 * st_area(st_geomfromewkb($2)) limit 1",
    )
    .bind(&said.comune)
    .bind(&place.ewkb)
    .fetch_optional(&mut *conn)
    .await
    .map_err(|e| refused(&e))?;
    if let Some(name) = elsewhere {
        let detail = match given.language() {
            kernel::Language::It => format!("entra nel comune di {name}: ogni comune pubblica il suo territorio"),
            kernel::Language::En => format!("reaches into {name}: each comune publishes its own land"),
        };
        given.told("coverage", detail);
    }
    Ok(Some(place.ewkb))
}

/// The series that it goes on, and its number in it; without one to follow, a series of its own.
async fn series(change: &mut Change, layer: &Layer, said: &Said, given: &mut Reader) -> Result<Option<(String, i32)>, Problem> {
    let Some(replaces) = &said.replaces else { return Ok(None) };
    let who = change.who().clone();
    let found = super::find(change.conn(), layer, &who, replaces).await.map_err(|e| refused(&e))?;
    match found {
        Some(before) if before.kind == said.kind.name() && before.comune == said.comune => {
            let last: i32 = sqlx::query_scalar("select max(number) from environment.datasets where series = $1")
                .bind(&before.series)
                .fetch_one(change.conn())
                .await
                .map_err(|e| refused(&e))?;
            Ok(Some((before.series, last + 1)))
        }
        _ => {
            let (it, en) = ("non è una versione dello stesso tema e comune", "is no version of the same theme and comune");
            given.fault("replaces", it, en);
            Ok(None)
        }
    }
}

async fn write(
    change: &mut Change,
    said: &Said,
    series: Option<(String, i32)>,
    coverage: &[u8],
    (found, places): (&Found, &[Vec<u8>]),
) -> Result<Dataset, Problem> {
    let author = change.who().name().map(str::to_owned);
    let stem = format!("{}-{}", said.kind.name(), said.comune);
    // two uploads at once are numbered one after the other
    let number: i64 = sqlx::query_scalar(
        "select count(*) + 1 from environment.datasets, (select pg_advisory_xact_lock(hashtext($1))) as held where kind = $2 and comune = $3",
    )
    .bind(&stem)
    .bind(said.kind.name())
    .bind(&said.comune)
    .fetch_one(change.conn())
    .await
    .map_err(|e| refused(&e))?;
    let id = format!("{stem}-{}", number.max(1));
    let (series, number) = series.unwrap_or_else(|| (id.clone(), 1));
    let sql = format!(
        "insert into environment.datasets
                (id, comune, kind, series, number, title, source, source_date, licence, author, features, geom)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, st_geomfromewkb($12))
         returning {}",
        Dataset::COLUMNS
    );
    let dataset: Dataset = sqlx::query_as(AssertSqlSafe(sql))
        .bind(&id)
        .bind(&said.comune)
        .bind(said.kind.name())
        .bind(&series)
        .bind(number)
        .bind(&said.title)
        .bind(&said.source)
        .bind(said.source_date)
        .bind(&said.licence)
        .bind(author)
        .bind(places.len() as i32)
        .bind(coverage)
        .fetch_one(change.conn())
        .await
        .map_err(|e| refused(&e))?;
    zones(change, said, &id, (found, places)).await?;
    Ok(dataset)
}

/// The rows of a draft, which nobody else sees yet.
async fn zones(change: &mut Change, said: &Said, id: &str, (found, places): (&Found, &[Vec<u8>])) -> Result<(), Problem> {
    let now = change.now();
    let names: Vec<&str> = said.kind.columns().iter().map(|(name, _)| *name).collect();
    let typed: Vec<String> = said.kind.columns().iter().map(|(name, kind)| format!("{name} {kind}")).collect();
    let sql = format!(
        "insert into environment.{layer} (id, comune, dataset, published, valid_from, geom, {names})
         select $1 || '.' || g.n, $2, $1, false, $3, st_geomfromewkb(g.geom), {values}
           from unnest($4::bytea[]) with ordinality g(geom, n)
           join jsonb_array_elements($5) with ordinality p(said, n) using (n),
                lateral jsonb_to_record(p.said) v({typed})",
        layer = said.kind.layer(),
        names = names.join(", "),
        values = names.iter().map(|name| format!("v.{name}")).collect::<Vec<_>>().join(", "),
        typed = typed.join(", ")
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(id)
        .bind(&said.comune)
        .bind(now)
        .bind(places)
        .bind(Value::from(found.values.clone()))
        .execute(change.conn())
        .await
        .map_err(|e| refused(&e))?;
    Ok(())
}
