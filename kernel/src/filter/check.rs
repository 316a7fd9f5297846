//! Whether a layer has what a filter asks about.

use chrono::Datelike;

use super::{Filter, FilterError, Value};
use crate::layer::FieldType;
use crate::{Column, Layer, Principal, Srid};

/// The systems that PostGIS may transform between: RDN2008, ETRS89, WGS84.
const FAMILY: [i32; 10] = [7791, 7792, 25832, 25833, 6706, 4258, 4326, 3857, 32632, 32633];

/// Whether PostGIS may be told positions in this system for a layer stored in that one.
pub fn postgis_transforms(from: Srid, storage: Srid) -> bool {
    let (here, there) = (storage.postgis(), from.postgis());
    here == there || FAMILY.contains(&here) && FAMILY.contains(&there)
}

/// The columns by which this principal may ask for rows of the layer, with what they hold.
pub fn columns<'a>(layer: &'a Layer, who: &'a Principal) -> impl Iterator<Item = (&'a str, FieldType)> {
    columns_for(layer, Some(who))
}

fn columns_for<'a>(layer: &'a Layer, who: Option<&'a Principal>) -> impl Iterator<Item = (&'a str, FieldType)> {
    let system = [("id", FieldType::Text), ("comune", FieldType::Text), ("fid", FieldType::Integer), ("version", FieldType::Integer)];
    let validity = [("valid_from", FieldType::DateTime), ("valid_to", FieldType::DateTime)];
    let fields = layer.fields.iter().filter(move |f| who.is_none_or(|who| f.filterable && who.may_read_field(f)));
    let system = system.into_iter().chain(validity.into_iter().filter(|_| layer.validity));
    system.chain(fields.map(|f| (f.name.as_str(), f.kind)))
}

impl Filter {
    /// Whether this principal may ask so of the layer: names of columns that they see and that can be asked by, values of the
    /// columns' types, geometries that PostGIS can be told. A column that they do not see and one that nobody has read alike.
    pub fn check(&self, layer: &Layer, who: &Principal) -> Result<(), FilterError> {
        self.walk(&Scope { layer, who: Some(who) }, &mut Vec::new())
    }

    /// Whether the layer's own declaration may say so: any column, and tests on who asks.
    pub fn check_rule(&self, layer: &Layer) -> Result<(), FilterError> {
        self.walk(&Scope { layer, who: None }, &mut Vec::new())
    }

    fn walk(&self, scope: &Scope<'_>, path: &mut Vec<usize>) -> Result<(), FilterError> {
        let parts = match self {
            Self::And(parts) | Self::Or(parts) => parts.as_slice(),
            Self::Not(part) => std::slice::from_ref(part.as_ref()),
            single => {
                return scope.single(single).map_err(|what| {
                    let at: String = path.iter().map(|step| format!("/args/{step}")).collect();
                    FilterError::new(at, what)
                });
            }
        };
        for (i, part) in parts.iter().enumerate() {
            path.push(i);
            part.walk(scope, path)?;
            path.pop();
        }
        Ok(())
    }
}

/// Whose columns: those a principal may ask by; without one, all.
struct Scope<'a> {
    layer: &'a Layer,
    who: Option<&'a Principal>,
}

impl Scope<'_> {
    fn single(&self, filter: &Filter) -> Result<(), String> {
        match filter {
            Filter::Equal(column, value) | Filter::Compare(column, _, value) => self.fits(column, [value]),
            Filter::In(column, values) => self.fits(column, values),
            Filter::Between(column, low, high) => self.fits(column, [low, high]),
            Filter::Like(column, _) => self.text(column),
            Filter::SameText(_, text) if text.contains('\0') => Err(NUL.to_owned()),
            Filter::SameText(column, _) => match self.kind(column)? {
                FieldType::Text | FieldType::Integer => Ok(()),
                _ => Err(format!("`{column}` is neither text nor a whole number")),
            },
            Filter::IsNull(column) => self.kind(column).map(|_| ()),
            Filter::Intersects(_, srid) => self.known(*srid),
            Filter::Spatial(_, shape) => self.known(shape.srid()),
            Filter::Near(shape, metres) if (0.0..=1e6).contains(metres) => self.known(shape.srid()),
            Filter::Near(..) => Err("the distance is a number of metres from 0 to 1000000".to_owned()),
            Filter::ValidAt(_) | Filter::ValidDuring(..) if self.layer.validity => Ok(()),
            Filter::ValidAt(_) | Filter::ValidDuring(..) => Err("rows of this layer have no validity".to_owned()),
            Filter::InScope(_) | Filter::OfficeIs(_) | Filter::SubjectIs(_) | Filter::HasRole(_) if self.who.is_some() => {
                Err("who asks is tested by the layers' own rules only".to_owned())
            }
            Filter::InScope(column) | Filter::OfficeIs(column) | Filter::SubjectIs(column) => self.text(column),
            Filter::HasRole(_) | Filter::And(_) | Filter::Or(_) | Filter::Not(_) => Ok(()),
        }
    }

    fn text(&self, column: &Column) -> Result<(), String> {
        if self.kind(column)? == FieldType::Text { Ok(()) } else { Err(format!("`{column}` is not text")) }
    }

    fn fits<'a>(&self, column: &Column, values: impl IntoIterator<Item = &'a Value>) -> Result<(), String> {
        let kind = self.kind(column)?;
        for value in values {
            if !value.fits(kind) {
                return Err(format!("`{column}` is compared with {}", wanted(kind)));
            }
            let sound = match value {
                Value::Text(text) if text.contains('\0') => return Err(NUL.to_owned()),
                Value::Date(day) => (1..=9999).contains(&day.year()),
                Value::Instant(instant) => (1..=9999).contains(&instant.year()),
                _ => true,
            };
            if !sound {
                return Err("years are from 1 to 9999".to_owned());
            }
        }
        Ok(())
    }

    fn known(&self, srid: Srid) -> Result<(), String> {
        if postgis_transforms(srid, self.layer.srid) { Ok(()) } else { Err(format!("{srid} is not a system that this layer is asked in")) }
    }

    /// What kind of values a column has.
    fn kind(&self, column: &Column) -> Result<FieldType, String> {
        self.columns().find(|(name, _)| *name == column.as_str()).map(|(_, kind)| kind).ok_or_else(|| {
            let names: Vec<&str> = self.columns().map(|(name, _)| name).collect();
            format!("`{column}` is not a property that can be asked by; there are {}", names.join(", "))
        })
    }

    fn columns(&self) -> impl Iterator<Item = (&str, FieldType)> {
        columns_for(self.layer, self.who)
    }
}

const NUL: &str = "a text can't hold the character NUL";

fn wanted(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Text => "a text",
        FieldType::Integer | FieldType::Number => "a number",
        FieldType::Boolean => "true or false",
        FieldType::Date => "a day: DATE('2026-01-31'), in JSON {\"date\": \"2026-01-31\"}",
        FieldType::DateTime => "an instant: TIMESTAMP('2026-01-31T12:00:00Z'), in JSON {\"timestamp\": \"2026-01-31T12:00:00Z\"}",
    }
}
