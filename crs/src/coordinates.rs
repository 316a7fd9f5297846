//! `GET /coordinates?point=lon,lat&crs=…`: one position in the systems that acts are written in.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use kernel::{Context, Params, Problem, Srid};
use serde_json::{Value, json};

use crate::{Crs, CrsError, Settings, Transformer, all};

/// What the handler is given.
#[derive(Clone)]
pub(crate) struct Given {
    storage: Srid,
    settings: Settings,
}

/// The routes of this crate: `/coordinates`.
pub fn routes(context: &Context, settings: Settings) -> Router {
    let given = Given { storage: context.installation.storage_crs, settings };
    Router::new().route("/coordinates", get(coordinates)).with_state(given)
}

/// The parameters there are.
const PARAMETERS: [&str; 2] = ["point", "crs"];

/// Systems that may be asked for at once.
const MOST_SYSTEMS: usize = 40;

/// `point` is longitude and latitude in degrees, as the map has them (CRS84). `crs` lists systems; without it the answer
/// has every system whose area of use holds the point, the installation's own first.
///
/// `values` are in the order of the authority, which `axes` spells out; `accuracy_m` is that of the change of datum from
/// the installation's storage system, since that is where the map's positions come from.
#[utoipa::path(
    get,
    path = "/coordinates",
    tag = "crs",
    params(
        ("point" = String, Query, description = "Longitude and latitude in degrees, as `15.65,38.11`"),
        ("crs" = Option<String>, Query, description = "Systems, separated by commas; without, all that are meant for the place"),
    ),
    responses((status = 200, description = "The position in each system, in the order of its authority", content_type = "application/json"), (status = 400, description = "A parameter is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn coordinates(State(given): State<Given>, params: Params) -> Result<Response, Problem> {
    let (point, systems) = parse(params, given.storage)?;
    let mut answers = Vec::with_capacity(systems.len());
    for crs in systems {
        answers.push(answer(crs, point, &given)?);
    }
    Ok(Json(json!({ "coordinates": answers })).into_response())
}

fn answer(crs: &'static Crs, point: [f64; 2], given: &Given) -> Result<Value, Problem> {
    let settings = &given.settings;
    let position = Transformer::new(Srid::CRS84, crs.srid(), settings).and_then(|t| t.convert_one(point)).map_err(problem)?;
    let from_storage = Transformer::new(given.storage, crs.srid(), settings).map_err(problem)?;
    let scale = 10_f64.powi(i32::try_from(crs.decimals()).unwrap_or(0));
    let values = crs.to_authority_order(position).map(|v| (v * scale).round() / scale);
    Ok(json!({
        "crs": crs.srid().to_string(),
        "title": crs.title(),
        "axes": crs.axes(),
        "unit": crs.unit().name(),
        "values": values,
        "accuracy_m": from_storage.accuracy().metres,
        "accuracy_source": from_storage.accuracy().source,
    }))
}

fn problem(error: CrsError) -> Problem {
    match error {
        CrsError::Position { .. } => {
            Problem::invalid_parameter("point", error.to_string(), "a position that the systems in `crs` can express")
        }
        CrsError::Unknown { .. } => Problem::invalid_parameter("crs", error.to_string(), codes()),
        CrsError::GridPath(_) | CrsError::Engine { .. } => Problem::internal("coordinates", &error),
    }
}

fn codes() -> Vec<String> {
    all().iter().map(|crs| crs.srid().to_string()).collect()
}

fn parse(params: Params, storage: Srid) -> Result<([f64; 2], Vec<&'static Crs>), Problem> {
    let params = params.only(&PARAMETERS)?;
    let point = params.position("point")?;
    let systems = params.get("crs").map(parse_systems).transpose()?;
    Ok((point, systems.unwrap_or_else(|| usual_systems(point, storage))))
}

fn parse_systems(text: &str) -> Result<Vec<&'static Crs>, Problem> {
    let systems: Vec<_> = text.split(',').take(MOST_SYSTEMS + 1).map(Crs::named).collect::<Result<_, _>>().map_err(problem)?;
    if systems.len() > MOST_SYSTEMS {
        return Err(Problem::invalid_parameter("crs", "too many systems at once", format!("at most {MOST_SYSTEMS}")));
    }
    Ok(systems)
}

/// The installation's own, then every other whose area of use holds the point.
fn usual_systems([lon, lat]: [f64; 2], storage: Srid) -> Vec<&'static Crs> {
    let holds = |crs: &&Crs| {
        let area = crs.area();
        crs.srid() != storage && area.west() <= lon && lon <= area.east() && area.south() <= lat && lat <= area.north()
    };
    Crs::get(storage).into_iter().chain(all().iter().filter(holds)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Given, coordinates};
    use crate::Settings;
    use axum::extract::State;
    use http_body_util::BodyExt;
    use kernel::{Params, Problem, Srid};
    use serde_json::{Value, json};

    async fn ask(query: &str) -> Result<Value, Problem> {
        let given = Given { storage: Srid::RDN2008_UTM33, settings: Settings::default() };
        let response = coordinates(State(given), Params::parse(query)?).await?;
        let body = response.into_body().collect().await.unwrap().to_bytes();
        Ok(serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn a_position_in_the_systems_asked_for_in_their_authorities_order() {
        let answer = ask("point=15.65,38.11&crs=EPSG:7792,EPSG:3004,EPSG:4326").await.unwrap();
        let coordinates = answer["coordinates"].as_array().unwrap();
        assert_eq!(coordinates[0]["values"], json!([556983.2086, 4218219.3548]));
        assert_eq!(coordinates[1]["values"], json!([2576990.8524, 4218220.8333]));
        assert_eq!(coordinates[1]["accuracy_m"], 4.0);
        assert_eq!(coordinates[2]["values"], json!([38.11, 15.65]));
        assert_eq!(coordinates[2]["axes"], json!(["Lat", "Lon"]));
    }

    #[tokio::test]
    async fn without_a_list_it_gives_those_in_use_there_the_installations_first() {
        let answer = ask("point=15.65,38.11").await.unwrap();
        let codes: Vec<&str> = answer["coordinates"].as_array().unwrap().iter().filter_map(|c| c["crs"].as_str()).collect();
        assert_eq!(codes[0], "EPSG:7792");
        assert!(codes.contains(&"EPSG:3004") && !codes.contains(&"EPSG:3003"), "{codes:?}");
    }

    #[tokio::test]
    async fn what_is_wrong_is_a_400_that_names_the_parameter() {
        for (query, parameter) in [
            ("", "point"),
            ("point=", "point"),
            ("point=15", "point"),
            ("point=15,38,1", "point"),
            ("point=NaN,38", "point"),
            ("point=200,38", "point"),
            ("point=15,90&crs=EPSG:3857", "point"),
            ("point=15,38&point=15,38", "point"),
            ("point=15,38&crs=", "crs"),
            ("point=15,38&crs=EPSG:2154", "crs"),
            ("point=15,38&srs=EPSG:4326", "srs"),
        ] {
            let problem = ask(query).await.unwrap_err();
            assert_eq!(problem.status(), 400, "{query}");
            assert_eq!(problem.to_json()["parameter"], parameter, "{query}");
        }
    }
}
