//! What applies at a place: by each kind, what was found, by which survey; or that nobody looked.

mod page;
mod query;

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use kernel::{Problem, Services};
use operations::{Format, Request};
use serde_json::{Value, json};

use crate::kind::Kind;
use crate::shown;

/// The place that is asked about.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Place {
    /// Longitude and latitude.
    Point(f64, f64),
    /// A parcel, by its national reference.
    Parcel(String),
}

/// What is known of one kind at the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Something was found.
    Found,
    /// The place was surveyed, all of it, and there is nothing.
    NoneFound,
    /// Part of the place was surveyed, and there is nothing in that part.
    PartlySurveyed,
    /// Nobody looked: that is not "nothing".
    NotSurveyed,
}

impl Answer {
    fn name(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::NoneFound => "none_found",
            Self::PartlySurveyed => "partly_surveyed",
            Self::NotSurveyed => "not_surveyed",
        }
    }
}

/// A zone at the place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Zone {
    pub(crate) id: String,
    pub(crate) dataset: String,
    pub(crate) share: Option<f64>,
    pub(crate) says: Value,
    pub(crate) until: Option<DateTime<Utc>>,
}

/// A survey in force that reaches the place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Survey {
    pub(crate) id: String,
    pub(crate) share: Option<f64>,
    pub(crate) says: Value,
}

/// One kind's part of the answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Known {
    pub(crate) kind: Kind,
    pub(crate) zones: Vec<Zone>,
    pub(crate) surveys: Vec<Survey>,
}

/// A parcel is surveyed when less than this of it is left out: boundaries of different sources never agree to the millimetre.
const WHOLE: f64 = 0.999;

impl Known {
    /// How much of the place was surveyed; of a point all or nothing. Surveys of several comuni lie side by side.
    pub(crate) fn surveyed(&self) -> f64 {
        self.surveys.iter().map(|survey| survey.share.unwrap_or(1.0)).sum::<f64>().min(1.0)
    }

    pub(crate) fn answer(&self) -> Answer {
        match (self.zones.is_empty(), self.surveyed()) {
            (false, _) => Answer::Found,
            (true, share) if share >= WHOLE => Answer::NoneFound,
            (true, share) if share > 0.0 => Answer::PartlySurveyed,
            (true, _) => Answer::NotSurveyed,
        }
    }

    fn document(&self, request: &Request) -> Value {
        let zones: Vec<Value> = self
            .zones
            .iter()
            .map(|z| json!({ "id": z.id, "dataset": z.dataset, "share": z.share, "valid_to": z.until, "says": z.says }))
            .collect();
        let surveys: Vec<Value> = self
            .surveys
            .iter()
            .map(|s| {
                let mut survey = json!({ "id": s.id, "share": s.share });
                if let (Some(members), Some(says)) = (survey.as_object_mut(), s.says.as_object()) {
                    members.extend(says.clone());
                }
                survey
            })
            .collect();
        json!({
            "kind": self.kind.name(), "title": self.kind.title(request.language), "answer": self.answer().name(),
            "says": page::sentence(self, request.language), "law": self.kind.law().get(request.language),
            "surveyed_share": self.surveyed(), "zones": zones, "surveys": surveys,
        })
    }
}

/// `GET /environment/at?point=lon,lat` or `?parcel=H224_001200.345`: for each kind the zones with their share of the parcel, the surveys that
/// reach the place with source and date, and `answer`: `found`, `none_found`, `partly_surveyed` or `not_surveyed`.
#[utoipa::path(
    get,
    path = "/environment/at",
    tag = "environment",
    params(("point" = Option<String>, Query, description = "Longitude and latitude in degrees"), ("parcel" = Option<String>, Query, description = "A national reference, `H224_001200.345`"), ("f" = Option<String>, Query, description = "`json` or `html`")),
    responses((status = 200, description = "`place` and `kinds`"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(services): State<Services>, request: Request) -> Result<Response, Problem> {
    request.only(&["point", "parcel"])?;
    let Some(place) = read(&request)? else {
        return match request.format {
            Format::Html => Ok(page::question(&services, &request)),
            Format::Json => Err(Problem::invalid_parameter("point", "say where: `point` or `parcel`", "point=lon,lat or parcel=reference")),
        };
    };
    let now = services.context.clock.now();
    let Some((known, area)) = query::at(&services, &request, &place, now).await? else {
        let shown: String = match &place {
            Place::Parcel(id) => id.chars().take(80).collect(),
            Place::Point(..) => "the point".to_owned(),
        };
        return Err(Problem::not_found(format!(
            "`{shown}` is no parcel that is on the cadastral map now; its reference is written as H224_001200.345"
        )));
    };
    Ok(match request.format {
        Format::Html => page::render(&services, &request, &place, &known, area),
        Format::Json => {
            let place = match &place {
                Place::Point(lon, lat) => json!({ "point": [lon, lat] }),
                Place::Parcel(id) => json!({ "parcel": id, "area_m2": area }),
            };
            let kinds: Vec<Value> = known.iter().map(|known| known.document(&request)).collect();
            shown::json(&request, &json!({ "place": place, "at": now, "kinds": kinds }))
        }
    })
}

/// The place, if one is named.
fn read(request: &Request) -> Result<Option<Place>, Problem> {
    let given = |name: &str| request.params.get(name).map(str::trim).filter(|value| !value.is_empty());
    match (given("point"), given("parcel")) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(Problem::invalid_parameter("parcel", "both `point` and `parcel` are given", "one of the two")),
        (None, Some(parcel)) => Ok(Some(Place::Parcel(parcel.to_owned()))),
        (Some(point), None) => {
            let numbers: Vec<f64> = point.split(',').filter_map(|part| part.trim().parse().ok()).collect();
            match numbers[..] {
                [lon, lat] if point.split(',').count() == 2 && (-180.0..=180.0).contains(&lon) && (-90.0..=90.0).contains(&lat) => {
                    Ok(Some(Place::Point(lon, lat)))
                }
                _ => Err(Problem::invalid_parameter("point", "`point` is none", "longitude,latitude in degrees, as 15.65,38.11")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, Known, Survey, Zone};
    use crate::kind::Kind;
    use serde_json::json;

    #[test]
    fn nobody_looked_is_not_nothing_there() {
        let survey = |share| Survey { id: "s".to_owned(), share, says: json!({}) };
        let zone = Zone { id: "z".to_owned(), dataset: "s".to_owned(), share: None, says: json!({}), until: None };
        let answer =
            |zones: &[Zone], surveys: &[Survey]| Known { kind: Kind::Flood, zones: zones.to_vec(), surveys: surveys.to_vec() }.answer();
        assert_eq!(answer(&[], &[]), Answer::NotSurveyed);
        assert_eq!(answer(&[], &[survey(None)]), Answer::NoneFound);
        assert_eq!(answer(&[], &[survey(Some(0.4))]), Answer::PartlySurveyed);
        assert_eq!(answer(&[], &[survey(Some(0.4)), survey(Some(0.5995))]), Answer::NoneFound);
        assert_eq!(answer(&[zone], &[]), Answer::Found);
    }
}
