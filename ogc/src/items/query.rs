use chrono::{DateTime, Utc};
use crs::{AskedFilter, Crs, CrsError, Settings, Transformer};
use kernel::filter::Value;
use kernel::layer::FieldType;
use kernel::{Column, Filter, Layer, Params, Principal, Problem, Srid};

use super::cursor::Cursor;
use super::place::{self, Boxes};
use super::select::Selection;
use super::sort::Sort;
use crate::fields::{Property, chosen, properties, queryables};
use operations::COMMON;

/// Features on a page when nothing is said, and at most.
pub(crate) const DEFAULT_LIMIT: u32 = 1_000;
/// A greater `limit` is taken as this one, which the standard asks for (OGC API Features 1.0.1, 7.15.2).
pub(crate) const MAX_LIMIT: u32 = 10_000;

/// The longest value of a property that is asked by, in bytes.
const MAX_VALUE_BYTES: usize = 1_000;

/// The parameters of the items of any layer, beside [`COMMON`] and its queryables.
pub(crate) const PARAMETERS: [&str; 11] =
    ["limit", "bbox", "bbox-crs", "datetime", "filter", "filter-lang", "filter-crs", "properties", "crs", "sortby", "cursor"];

/// A question for items, read and checked as a whole before anything is asked of the database.
pub(crate) struct ItemsQuery {
    /// Features on the page, at most.
    pub(crate) limit: u32,
    /// Where the page lies; the first one without.
    pub(crate) cursor: Option<Cursor>,
    /// Which rows.
    pub(crate) selection: Selection,
    /// The names of the properties that are shown, in the layer's order.
    pub(crate) shown: Vec<String>,
    /// In which order.
    pub(crate) sort: Sort,
    /// The way to the system asked for.
    pub(crate) transformer: Transformer,
    /// The question without its order, page and form: what counts are kept by.
    pub(crate) question: String,
    /// The question with its order: what a cursor belongs to.
    pub(crate) sorted_question: String,
}

impl ItemsQuery {
    /// The properties that are shown.
    pub(crate) fn properties<'a>(&self, layer: &'a Layer, who: &Principal) -> Vec<Property<'a>> {
        properties(layer, who).into_iter().filter(|p| self.shown.iter().any(|name| name == p.name)).collect()
    }

    /// Reads the parameters; `now` is the instant at which validity is judged unless they say otherwise.
    pub(crate) fn parse(params: &Params, layer: &Layer, who: &Principal, settings: &Settings, now: DateTime<Utc>) -> Result<Self, Problem> {
        let queryables = queryables(layer, who);
        let names: Vec<&str> = PARAMETERS.iter().chain(&COMMON).copied().chain(queryables.iter().map(|q| q.name)).collect();
        let params = params.clone().only(&names)?;
        let transformer = transformer(&params, layer, settings)?;
        let question = question(&params, layer, who);
        let sort = params.get("sortby").map_or(Ok(Sort::default()), |text| Sort::parse(text, layer, who))?;
        let sorted_question = format!("{question}\n{}", params.get("sortby").unwrap_or_default());
        let cursor = params.get("cursor").map(|text| read_cursor(text, &sorted_question, &sort)).transpose()?;
        let filters = queryables.iter().filter_map(|q| Some(equal(q, params.get(q.name)?))).collect::<Result<Vec<_>, _>>()?;
        let asked = AskedFilter::read(&params)?.map(|asked| asked.over(layer, who, settings)).transpose()?;
        let shown = chosen(layer, who, params.get("properties"))?.iter().map(|p| p.name.to_owned()).collect();
        let time = params.get("datetime").map(Filter::datetime).transpose()?;
        let selection = Selection {
            filters: filters.into_iter().chain(asked).chain(time.clone().filter(|_| layer.validity)).collect(),
            instant: (layer.validity && time.is_none()).then(|| cursor.as_ref().and_then(|c| c.instant).unwrap_or(now)),
            boxes: boxes(&params, layer, settings)?,
        };
        Ok(Self { limit: limit(params.get("limit"))?, cursor, selection, shown, sort, transformer, question, sorted_question })
    }
}

/// The way from the storage system to that of `crs`.
pub(crate) fn transformer(params: &Params, layer: &Layer, settings: &Settings) -> Result<Transformer, Problem> {
    let to = system(params, "crs")?;
    Transformer::new(layer.srid, to.srid(), settings).map_err(|e| Problem::internal("coordinate system of items", &e))
}

fn system(params: &Params, name: &str) -> Result<&'static Crs, Problem> {
    let crs = match params.get(name) {
        Some(text) if text.starts_with("http") || text.starts_with("urn:") => Crs::named(text),
        // Only URIs are CRS identifiers here (part 2, 6.2); the short form is taken too, but nothing shorter.
        Some(text) if text.contains(':') => Crs::named(text),
        Some(text) => Err(CrsError::Unknown { name: text.chars().take(80).collect() }),
        None => Crs::require(Srid::CRS84),
    };
    crs.map_err(|e| Problem::invalid_parameter(name, e.to_string(), uris()))
}

/// The identifiers of all systems.
pub(crate) fn uris() -> Vec<String> {
    crs::all().iter().map(|c| c.srid().uri()).collect()
}

fn boxes(params: &Params, layer: &Layer, settings: &Settings) -> Result<Option<Boxes>, Problem> {
    let crs = system(params, "bbox-crs")?;
    let storage = Crs::require(layer.srid).map_err(|e| Problem::internal("storage system of a layer", &e))?;
    params.get("bbox").map_or(Ok(None), |text| place::parse(text, crs, storage, settings))
}

fn limit(text: Option<&str>) -> Result<u32, Problem> {
    let Some(text) = text else {
        return Ok(DEFAULT_LIMIT);
    };
    let allowed = format!("an integer from 1 to {MAX_LIMIT}; a greater one is taken as {MAX_LIMIT}");
    let digits = text.trim_start_matches('0');
    if digits.is_empty() || text.len() > 100 || !text.bytes().all(|b| b.is_ascii_digit()) {
        let shown: String = text.chars().take(80).collect();
        return Err(Problem::invalid_parameter("limit", format!("`{shown}` is not {allowed}"), allowed));
    }
    Ok(digits.parse().unwrap_or(u32::MAX).min(MAX_LIMIT))
}

fn read_cursor(text: &str, question: &str, sort: &Sort) -> Result<Cursor, Problem> {
    Cursor::read(text, question).filter(|c| sort.fits(c)).ok_or_else(foreign_cursor)
}

/// 400: the cursor is not one that we gave for this question.
pub(crate) fn foreign_cursor() -> Problem {
    let allowed = "a value taken from a `next` or `prev` link of the same collection, filter and order";
    Problem::invalid_parameter("cursor", "this cursor does not belong to this question", allowed)
}

/// The collection as it is seen, and the parameters that say which features, in one order: equal questions have equal counts.
fn question(params: &Params, layer: &Layer, who: &Principal) -> String {
    let mut parts: Vec<(&str, &str)> = params
        .iter()
        .filter(|(name, _)| !COMMON.contains(name) && !["limit", "crs", "sortby", "cursor", "properties"].contains(name))
        .collect();
    parts.sort_unstable();
    parts.iter().fold(layer.seen_by(who, layer.id.as_str()), |text, (name, value)| format!("{text}\n{name}={value}"))
}

fn equal(queryable: &Property<'_>, text: &str) -> Result<Filter, Problem> {
    let codes = queryable.field.map_or(&[][..], |f| &f.codes);
    if !codes.is_empty() && !codes.iter().any(|c| c.value == text) {
        let values: Vec<String> = codes.iter().map(|c| c.value.clone()).collect();
        return Err(Problem::invalid_parameter(queryable.name, "not a value of its list", values));
    }
    let value = value(queryable.kind, text).ok_or_else(|| {
        let shown: String = text.chars().take(80).collect();
        Problem::invalid_parameter(queryable.name, format!("`{shown}` is not {}", allowed(queryable.kind)), allowed(queryable.kind))
    })?;
    let column = Column::new(queryable.name).map_err(|e| Problem::internal("name of a column", &e))?;
    Ok(Filter::Equal(column, value))
}

fn value(kind: FieldType, text: &str) -> Option<Value> {
    match kind {
        FieldType::Text => (text.len() <= MAX_VALUE_BYTES).then(|| Value::Text(text.to_owned())),
        FieldType::Integer => text.parse().ok().map(Value::Integer),
        FieldType::Number => text.parse().ok().filter(|n: &f64| n.is_finite()).map(Value::Number),
        FieldType::Boolean => text.parse().ok().map(Value::Boolean),
        FieldType::Date => (text.len() == 10).then(|| text.parse().ok().map(Value::Date)).flatten(),
        FieldType::DateTime => DateTime::parse_from_rfc3339(text).ok().map(|i| Value::Instant(i.with_timezone(&Utc))),
    }
}

fn allowed(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Text => "a text of at most 1000 bytes",
        FieldType::Integer => "an integer of 64 bits",
        FieldType::Number => "a finite number",
        FieldType::Boolean => "`true` or `false`",
        FieldType::Date => "a date as 2026-11-23",
        FieldType::DateTime => "an instant as 2026-11-23T10:00:00Z",
    }
}

#[cfg(test)]
mod tests {
    use super::{ItemsQuery, MAX_LIMIT};
    use crate::testing::parcels;
    use crs::Settings;
    use kernel::{Clock, Params, Principal, Problem, SystemClock};

    fn parse(query: &str) -> Result<ItemsQuery, Problem> {
        let params = Params::parse(query)?;
        ItemsQuery::parse(&params, &parcels(), &Principal::anonymous(), &Settings::default(), SystemClock.now())
    }

    #[track_caller]
    fn refused(query: &str, parameter: &str) {
        let problem = parse(query).err().unwrap_or_else(|| panic!("{query} was taken")).to_json();
        assert_eq!(problem["status"], 400, "{query}");
        assert_eq!(problem["parameter"], parameter, "{query}");
        assert!(!problem["allowed"].is_null(), "{query}");
    }

    #[test]
    fn the_limit_has_a_default_a_floor_and_a_soft_ceiling() {
        assert_eq!(parse("").unwrap().limit, 1_000);
        assert_eq!(parse("limit=1").unwrap().limit, 1);
        for beyond in ["10001", "1000000000", "99999999999999999999999"] {
            assert_eq!(parse(&format!("limit={beyond}")).unwrap().limit, MAX_LIMIT);
        }
        for bad in ["", "0", "-1", "1.5", "ten", "%2B5", "1e3", "٣"] {
            refused(&format!("limit={bad}"), "limit");
        }
    }

    #[test]
    fn what_it_does_not_know_is_refused_and_the_list_given() {
        for unknown in ["offset=10", "area_m2=1", "owner=Rossi", "Sheet=1", "id=1", "fid=1", "valid_from=2026-01-01"] {
            refused(unknown, unknown.split('=').next().unwrap());
        }
        let allowed = parse("x=1").err().unwrap().to_json()["allowed"].to_string();
        assert!(allowed.contains("\"bbox-crs\"") && allowed.contains("\"kind\"") && !allowed.contains("owner"), "{allowed}");
    }

    #[test]
    fn values_have_the_type_of_their_field() {
        for good in ["sheet=12", "sheet=-3", "kind=street", "updated_on=2026-11-23", "comune=080901"] {
            assert_eq!(parse(good).unwrap().selection.filters.len(), 1, "{good}");
        }
        for (bad, parameter) in [
            ("sheet=a", "sheet"),
            ("sheet=9223372036854775808", "sheet"),
            ("sheet=1;drop+table+x", "sheet"),
            ("kind=castle", "kind"),
            ("updated_on=yesterday", "updated_on"),
            ("updated_on=2026-02-30", "updated_on"),
            (&format!("comune={}", "9".repeat(1_001)), "comune"),
        ] {
            refused(bad, parameter);
        }
    }

    #[test]
    fn a_filter_is_one_condition_more_and_refused_as_a_whole() {
        let filters = |query: &str| parse(query).unwrap().selection.filters.len();
        assert_eq!(filters("filter=sheet>12+AND+kind='land'"), 1);
        assert_eq!(filters("filter=sheet>12&kind=land&filter-lang=cql2-text"), 2);
        assert_eq!(filters("filter={\"op\":\"isNull\",\"args\":[{\"property\":\"limit\"}]}&filter-lang=cql2-json"), 1);
        for bad in ["sheet>", "sheet", "owner='Rossi'", "area_m2>1", "nothing=1", "sheet='a'", "pg_sleep(10)=1"] {
            refused(&format!("filter={bad}"), "filter");
        }
        refused("filter=sheet=1&filter-lang=sql", "filter-lang");
        refused("filter=sheet=1&filter-crs=EPSG:2154", "filter-crs");
        let hidden = |name: &str| parse(&format!("filter={name}='x'")).err().unwrap().to_json()["detail"].to_string().replace(name, "…");
        assert_eq!(hidden("owner"), hidden("nothng"), "hidden and absent read alike");
    }

    #[test]
    fn properties_are_chosen_by_name() {
        assert_eq!(parse("properties=kind,sheet").unwrap().shown, ["sheet", "kind"]);
        assert_eq!(parse("properties=id").unwrap().shown, Vec::<String>::new());
        for bad in ["", "nothing", "owner", "sheet,", "geom", "fid"] {
            refused(&format!("properties={bad}"), "properties");
        }
    }

    #[test]
    fn systems_are_named_by_uri() {
        let to = |query: &str| parse(query).unwrap().transformer.to().srid().to_string();
        assert_eq!(to(""), "OGC:CRS84");
        assert_eq!(to("crs=http://www.opengis.net/def/crs/EPSG/0/3004"), "EPSG:3004");
        assert_eq!(to("crs=EPSG:7792"), "EPSG:7792");
        for bad in ["", "7792", "EPSG:2154", "http://www.opengis.net/def/crs/EPSG/0/1", "http://evil/7792", "x"] {
            refused(&format!("crs={bad}"), "crs");
            refused(&format!("bbox=15,38,16,39&bbox-crs={bad}"), "bbox-crs");
        }
    }

    #[test]
    fn validity_is_judged_now_or_when_asked() {
        assert!(parse("").unwrap().selection.instant.is_some());
        let asked = parse("datetime=2020-01-01T00:00:00Z/..").unwrap().selection;
        assert!(asked.instant.is_none() && asked.filters.len() == 1);
        refused("datetime=2020", "datetime");
    }

    #[test]
    fn a_cursor_belongs_to_its_question() {
        refused("cursor=f1.0.deadbeef", "cursor");
        let cursor = super::Cursor { direction: crate::items::cursor::Direction::From, fid: 9, keys: vec![], instant: None };
        let text = cursor.write(&parse("sheet=1&kind=land").unwrap().sorted_question);
        assert_eq!(parse(&format!("kind=land&limit=3&sheet=1&lang=it&cursor={text}")).unwrap().cursor, Some(cursor.clone()));
        refused(&format!("kind=land&sheet=2&cursor={text}"), "cursor");
        refused(&format!("kind=land&sheet=1&sortby=kind&cursor={text}"), "cursor");
        let without_keys = cursor.write(&parse("sortby=kind").unwrap().sorted_question);
        refused(&format!("sortby=kind&cursor={without_keys}"), "cursor");
    }
}
