//! The plan of a load as people read and write it: TOML, in which nothing is passed over.

use std::path::Path;

use chrono::NaiveDate;
use kernel::layer::FieldType;
use kernel::{Column, LayerId, Srid, Text};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::found::Found;
use super::place::Place;
use crate::IngestError;
use crate::geometry::Family;
use crate::rules::{Rules, Thresholds};
use crate::source::table::number::Mark;

/// How a file becomes a layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PlanFile {
    /// The form of this file: 1.
    pub(super) version: Version,
    /// The layer.
    pub layer: LayerId,
    /// Its name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<Words>,
    /// Which layer of a file that has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_layer: Option<String>,
    /// The system of its coordinates, whatever the file says.
    #[serde(default, with = "code", skip_serializing_if = "Option::is_none")]
    pub crs: Option<Srid>,
    /// Whether north stands before east in it.
    #[serde(default)]
    pub swap_axes: bool,
    /// Points, lines or areas: which rows are loaded. Without a word, the kind of most of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub geometry: Option<Kind>,
    /// The column that tells rows apart, and that their ids come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The comune of every row, by its ISTAT code. Without a word, the one that each lies in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comune: Option<String>,
    /// The column that has the ISTAT code of each row's comune; what it does not say is told by the place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comune_field: Option<String>,
    /// Whether rows may lie far outside the boundary; `comune` says whose they are then.
    #[serde(default)]
    pub outside: bool,
    /// How many of the layer's rows may vanish with an update, percent: if more do, nothing is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vanish_at_most: Option<f64>,
    /// SPDX identifier or address of the licence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// Who must be named wherever the layer is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribution: Option<String>,
    /// The day that the file describes.
    #[serde(default, with = "day", skip_serializing_if = "Option::is_none")]
    pub source_date: Option<NaiveDate>,
    /// From when to when a row holds, if the file says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validity: Option<Validity>,
    /// How rows without coordinates are placed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// What is looked for, and what is done about it.
    #[serde(default)]
    pub rules: Rules,
    /// From where on a rule holds.
    #[serde(default)]
    pub thresholds: Thresholds,
    /// The columns that become fields, in their order.
    #[serde(default, rename = "field")]
    pub fields: Vec<FieldLine>,
    /// What was in the file when the plan was made: to be read, and without effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<Found>,
}

/// A column of the file, and the field it becomes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FieldLine {
    /// What the file calls it.
    pub source: String,
    /// The field's name in every output.
    pub name: Column,
    /// The kind of value.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// What stands before decimals, where numbers are written as texts and `1.100` may be two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimal: Option<Mark>,
    /// Its name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<Words>,
    /// The unit of a number: `m`, `m²`, `€`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Whether it is left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skip: bool,
    /// Whether the search box looks into it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub searchable: bool,
    /// Whether only officers see it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub private: bool,
    /// The values it may have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<CodeLine>,
}

/// A value of a code list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeLine {
    /// What is stored.
    pub value: String,
    /// What it means, in Italian.
    pub it: String,
    /// What it means, in English.
    pub en: String,
}

/// A text in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// In Italian.
    pub it: String,
    /// In English.
    pub en: String,
}

/// Columns of the file that say from when to when a row holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Validity {
    /// The first day, or instant; every row has one.
    pub from: String,
    /// The first day, or instant, on which it holds no more; a row without one holds on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// A kind of geometry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Points.
    Point,
    /// Lines.
    Line,
    /// Areas; lines that are closed become areas.
    Area,
}

impl Kind {
    pub(crate) fn family(self) -> Family {
        match self {
            Self::Point => Family::Point,
            Self::Line => Family::Line,
            Self::Area => Family::Polygon,
        }
    }
}

impl PlanFile {
    /// An empty plan for a layer: it says no more than the layer's name.
    pub(crate) fn new(layer: LayerId) -> Self {
        Self {
            version: Version,
            layer,
            title: None,
            source_layer: None,
            crs: None,
            swap_axes: false,
            geometry: None,
            key: None,
            comune: None,
            comune_field: None,
            outside: false,
            vanish_at_most: None,
            licence: None,
            attribution: None,
            source_date: None,
            validity: None,
            place: None,
            rules: Rules::default(),
            thresholds: Thresholds::default(),
            fields: Vec::new(),
            found: None,
        }
    }

    /// Reads a plan. An error names the line, what is wrong in it, and what is allowed.
    pub fn parse(text: &str, file: &str) -> Result<Self, IngestError> {
        let line =
            |error: &toml::de::Error| error.span().map(|span| 1 + text.bytes().take(span.start).filter(|byte| *byte == b'\n').count());
        let parsed = toml::Deserializer::parse(text).map_err(|error| IngestError::Plan {
            file: file.to_owned(),
            why: parser_says(&error),
            field: None,
            line: line(&error),
        })?;
        let plan: Self = serde_path_to_error::deserialize(parsed).map_err(|error| {
            let field = named(error.path());
            let error = error.into_inner();
            IngestError::Plan { file: file.to_owned(), why: parser_says(&error), field, line: line(&error) }
        })?;
        plan.checked(file)
    }

    /// Reads a plan as JSON. An error names the line, what is wrong in it, and what is allowed.
    pub fn from_json(text: &[u8], file: &str) -> Result<Self, IngestError> {
        let mut deserializer = serde_json::Deserializer::from_slice(text);
        let plan: Self = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            let field = named(error.path());
            let error = error.into_inner();
            IngestError::Plan { file: file.to_owned(), why: parser_says(&error), field, line: Some(error.line()) }
        })?;
        deserializer.end().map_err(|e| IngestError::Plan {
            file: file.to_owned(),
            why: parser_says(&e),
            field: None,
            line: Some(e.line()),
        })?;
        plan.checked(file)
    }

    fn checked(self, file: &str) -> Result<Self, IngestError> {
        match self.check() {
            Ok(()) => Ok(self),
            Err((field, why)) => Err(IngestError::Plan { file: file.to_owned(), why, field: Some(field), line: None }),
        }
    }

    /// Reads a plan from a file.
    pub fn read(path: &Path) -> Result<Self, IngestError> {
        let text = std::fs::read_to_string(path).map_err(IngestError::io(path))?;
        Self::parse(&text, &path.display().to_string())
    }

    /// What can't be true of a plan as a whole.
    fn check(&self) -> Result<(), (String, Text)> {
        let at = |field: &str, it: &str, en: &str| Err((field.to_owned(), Text::new(it, en)));
        for (index, line) in self.fields.iter().enumerate() {
            let before = &self.fields[..index];
            if before.iter().any(|other| other.source == line.source) {
                let column = &line.source;
                let it = format!("la colonna `{column}` c'è due volte; ogni colonna del file diventa un campo");
                let en = format!("the column `{column}` stands in it twice; each column of the file becomes one field");
                return at(&format!("field[{index}].source"), &it, &en);
            }
            if !line.skip && before.iter().any(|other| !other.skip && other.name == line.name) {
                let name = &line.name;
                let it = format!("due colonne diventano il campo `{name}`; dare a una un altro nome");
                let en = format!("two columns become the field `{name}`; give one of them another name");
                return at(&format!("field[{index}].name"), &it, &en);
            }
            if line.decimal.is_some() && !matches!(line.kind, FieldType::Number | FieldType::Integer) {
                let it = "`decimal` vale per i numeri: dare al campo il tipo `number` o `integer`, o toglierlo";
                let en = "`decimal` is for numbers: give the field the type `number` or `integer`, or take it out";
                return at(&format!("field[{index}].decimal"), it, en);
            }
            if crate::names::is_taken(line.name.as_str()) {
                let name = &line.name;
                let it = format!("`{name}` è una colonna che ogni livello o ogni tabella ha; dare al campo un altro nome");
                let en = format!("`{name}` is a column that every layer or every table has; give the field another name");
                return at(&format!("field[{index}].name"), &it, &en);
            }
        }
        self.place.as_ref().map_or(Ok(()), Place::check).or_else(|why| at("place", &why.it, &why.en))?;
        if self.vanish_at_most.is_some_and(|percent| !(0.0..=100.0).contains(&percent)) {
            return at(
                "vanish-at-most",
                "`vanish-at-most` è una quota delle righe del livello in percento, da 0 a 100",
                "`vanish-at-most` is a share of the layer's rows in percent, from 0 to 100",
            );
        }
        if self.comune.is_some() && self.comune_field.is_some() {
            return at(
                "comune-field",
                "`comune` dice di chi è ogni riga, quindi `comune-field` non può; togliere uno dei due",
                "`comune` says whose every row is, so `comune-field` can't; take one of them out",
            );
        }
        if self.outside && self.comune.is_none() {
            return at(
                "outside",
                "`outside` (righe fuori dal confine) vuole `comune`: ciò che cade fuori da ogni confine non è in un comune di questa installazione",
                "`outside = true` needs `comune`: what lies outside every boundary is in no comune of this installation",
            );
        }
        let is_key = |line: &&FieldLine| self.key.as_ref().is_some_and(|key| *key == line.source || *key == line.name.as_str());
        if let Some(line) = self.fields.iter().find(is_key).filter(|line| line.private) {
            let why = super::private_key(&line.source);
            return at("key", &why.it, &why.en);
        }
        for (name, value) in [("sliver-width-m", self.thresholds.sliver_width_m), ("overlap-m2", self.thresholds.overlap_m2)] {
            if !(0.0..=1e9).contains(&value) {
                let it = format!("`{name}` è {value}, e dovrebbe essere un numero da 0 a 1000000000");
                let en = format!("`{name}` is {value}, and should be a number from 0 to 1000000000");
                return at(&format!("thresholds.{name}"), &it, &en);
            }
        }
        Ok(())
    }

    /// The plan as TOML, with a word on what can be said in it.
    pub fn to_toml(&self) -> Result<String, IngestError> {
        super::write::write(self)
    }
}

/// What a parser says, in English as it says it and in Italian as far as it says the usual.
fn parser_says(error: &impl std::fmt::Display) -> Text {
    const USUAL: [(&str, &str); 12] = [
        ("unknown field", "campo sconosciuto"),
        ("unknown variant", "valore sconosciuto"),
        ("missing field", "manca il campo"),
        ("duplicate field", "campo ripetuto"),
        ("duplicate key", "chiave ripetuta"),
        ("invalid type", "tipo non valido"),
        ("invalid value", "valore non valido"),
        ("there are no fields", "non ci sono campi"),
        ("expected", "previsto"),
        (" one of ", " uno di "),
        (" at line ", " alla riga "),
        (" column ", " colonna "),
    ];
    let en = error.to_string().trim_end().to_owned();
    // what stands between backticks is a name, or a value
    let parts = en.split('`').enumerate().map(|(index, part)| {
        let said = |text: String, (en, it): &(&str, &str)| text.replace(en, it);
        if index % 2 == 0 { USUAL.iter().fold(part.to_owned(), said) } else { part.to_owned() }
    });
    Text { it: parts.collect::<Vec<_>>().join("`"), en }
}

/// Where in a plan something is wrong, as `field[3].name`; nowhere where it is not one.
fn named(path: &serde_path_to_error::Path) -> Option<String> {
    let path = path.to_string();
    (path != "." && !path.contains('?')).then_some(path)
}

impl From<Words> for Text {
    fn from(words: Words) -> Self {
        Self { it: words.it, en: words.en }
    }
}

impl From<Text> for Words {
    fn from(text: Text) -> Self {
        Self { it: text.it, en: text.en }
    }
}

/// The only form there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version;

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(1)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u64::deserialize(deserializer)? {
            1 => Ok(Self),
            other => Err(serde::de::Error::custom(format!("plans of the form {other} are unknown to this program, expected 1"))),
        }
    }
}

/// A coordinate system by its code, `EPSG:3003`.
mod code {
    use kernel::Srid;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(srid: &Option<Srid>, serializer: S) -> Result<S::Ok, S::Error> {
        match srid {
            Some(srid) => serializer.serialize_str(&srid.to_string()),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Srid>, D::Error> {
        let name = String::deserialize(deserializer)?;
        crs::Crs::named(&name).map(|crs| Some(crs.srid())).map_err(D::Error::custom)
    }
}

/// A day in quotes, `"2026-12-31"`.
mod day {
    use chrono::NaiveDate;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(day: &Option<NaiveDate>, serializer: S) -> Result<S::Ok, S::Error> {
        match day {
            Some(day) => serializer.serialize_str(&day.to_string()),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NaiveDate>, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Some).map_err(|_| D::Error::custom(format!("`{text}` is no day, expected one like \"2026-12-31\"")))
    }
}

#[cfg(test)]
mod tests {
    use super::PlanFile;
    use crate::rules::{Rule, Severity};

    const PLAN: &str = r#"
version = 1
layer = "alberi"
title = { it = "Alberi", en = "Trees" }
crs = "EPSG:3003"
key = "CODICE"

[rules]
duplicate = "keep-out"

[[field]]
source = "CODICE"
name = "codice"
type = "text"

[[field]]
source = "H"
name = "altezza"
type = "number"
unit = "m"
codes = [{ value = "1", it = "basso", en = "low" }]
"#;

    #[test]
    fn a_plan_reads_as_it_was_written() {
        let plan = PlanFile::parse(PLAN, "a.toml").unwrap();
        assert_eq!((plan.rules.get(Rule::Duplicate), plan.rules.get(Rule::InvalidGeometry)), (Severity::KeepOut, Severity::Mend));
        assert_eq!(PlanFile::parse(&plan.to_toml().unwrap(), "b.toml").unwrap(), plan);
    }

    #[test]
    fn what_was_found_is_told_and_can_hold_anything() {
        use super::super::found::{Found, FoundColumn, FoundFile};
        let name = || "a \"b\"\n= 1 # [x] \u{7}\\".to_owned();
        let file = FoundFile {
            name: name(),
            format: "CSV".into(),
            layer: name(),
            layers: vec![name()],
            encoding: "UTF-8".into(),
            crs: "none".into(),
            rows: 1,
            points: 1,
            lines: 0,
            areas: 0,
            without: 0,
        };
        let column = FoundColumn { source: name(), filled: 1, values: vec![name()], more: true, unique: false, unclear: false };
        let found = Found { made: "2026".into(), remarks: vec![name()], files: vec![file], candidates: vec![], columns: vec![column] };
        let mut plan = PlanFile { found: Some(found), ..PlanFile::parse(PLAN, "a.toml").unwrap() };
        plan.fields[0].source = name();
        let text = plan.to_toml().unwrap();
        assert!(text.contains("# Look: a \"b\" = 1 # [x]"), "{text}");
        assert_eq!(PlanFile::parse(&text, "b.toml").unwrap(), plan);
    }

    #[test]
    fn nothing_in_a_plan_is_passed_over() {
        for (good, bad, words) in [
            ("key =", "kye =", vec!["line 6", "unknown field `kye`", "`key`"]),
            ("unit = ", "units = ", vec!["line 20", "unknown field `units`", "`unit`"]),
            ("\"number\"", "\"float\"", vec!["line 19", "unknown variant `float`", "`number`"]),
            ("duplicate =", "duplicates =", vec!["line 9", "unknown variant `duplicates`", "`duplicate`"]),
            ("\"keep-out\"", "\"mend\"", vec!["line 9", "`mend` is not possible", "keep, off, keep-out, stop"]),
            ("\"keep-out\"", "\"drop\"", vec!["line 9", "unknown variant `drop`", "`keep-out`"]),
            ("EPSG:3003", "EPSG:2154", vec!["line 5", "2154", "EPSG:3003"]),
            ("version = 1", "version = 2", vec!["line 2", "expected 1"]),
            ("en = \"Trees\"", "de = \"Bäume\"", vec!["line 4", "unknown field `de`"]),
            ("\"altezza\"", "\"codice\"", vec!["two columns become the field `codice`"]),
            ("\"altezza\"", "\"geom\"", vec!["every layer"]),
            ("source = \"H\"", "source = \"CODICE\"", vec!["`CODICE` stands in it twice"]),
            ("layer = \"alberi\"\n", "", vec!["missing field `layer`"]),
            ("[rules]", "[rules", vec!["line 8"]),
            ("type = \"text\"\n", "type = \"text\"\nprivate = true\n", vec!["`CODICE` is private", "ids"]),
            ("type = \"text\"\n", "type = \"text\"\ndecimal = \"comma\"\n", vec!["`decimal` is for numbers"]),
            ("unit = ", "decimal = \"both\"\nunit = ", vec!["unknown variant `both`", "`comma`"]),
            ("[rules]", "[thresholds]\noverlap-m2 = nan\n\n[rules]", vec!["overlap-m2", "NaN"]),
        ] {
            assert!(PLAN.contains(good), "{good}");
            let error = PlanFile::parse(&PLAN.replacen(good, bad, 1), "a.toml").unwrap_err().to_string();
            for word in words.iter().chain(&["a.toml"]) {
                assert!(error.contains(word), "{bad}: `{word}` is not in: {error}");
            }
        }
    }
}
