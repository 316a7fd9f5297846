use chrono::SecondsFormat;
use kernel::filter::Value;
use kernel::layer::{Field, FieldType};
use kernel::{Layer, Principal};
use serde_json::Value as Json;

use super::body::{Properties, Scalar};
use super::columns::Columns;
use super::rows::Assignment;
use super::value;
use operations::Faults;

/// How much of a feature is given.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Extent<'a> {
    /// A new one.
    New,
    /// One that was deleted, as it was: also what is not edited.
    Again,
    /// All of it, in the place of one with these properties: what is left out has no value.
    Whole(&'a Json),
    /// Parts of it: what is left out stays.
    Part(&'a Json),
}

impl<'a> Extent<'a> {
    pub(crate) fn current(self) -> Option<&'a Json> {
        match self {
            Self::New | Self::Again => None,
            Self::Whole(current) | Self::Part(current) => Some(current),
        }
    }
}

/// What the columns of the layer's own are to hold where that is different from now, and the comune that is said, if any.
///
/// Fields that this principal may not see are not there for them: they can't name them, and keep their values.
pub(crate) fn assignments(
    layer: &Layer,
    who: &Principal,
    columns: &Columns,
    given: &Properties,
    extent: Extent<'_>,
    faults: &mut Faults,
) -> (Vec<Assignment>, Option<String>) {
    let (mut values, mut comune) = (Vec::new(), None);
    for (name, scalar) in &given.0 {
        match (name.as_str(), scalar) {
            // of the feature, which some programs repeat among the properties
            ("id", _) => {}
            ("comune", Scalar::Text(text)) if text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit()) => comune = Some(text.clone()),
            ("comune", Scalar::Null) => {}
            ("comune", _) => faults.field(name, "must be an ISTAT code of six digits"),
            ("valid_from" | "valid_to", _) if layer.validity => {
                take(&mut values, (name, FieldType::DateTime, None), columns, scalar, extent, faults);
            }
            _ => match layer.field(name).filter(|field| who.may_read_field(field)) {
                None => faults.field(name, format!("there is no such property; there are {}", names(layer, who))),
                Some(field) if field.editable || matches!(extent, Extent::Again) => {
                    take(&mut values, (name, field.kind, Some(field)), columns, scalar, extent, faults)
                }
                Some(field) => {
                    if !is_as_it_was(field, scalar, extent) {
                        faults.field(name, "is not changed here");
                    }
                }
            },
        }
    }
    if !matches!(extent, Extent::Part(_)) {
        let left_out =
            |field: &&Field| field.editable && who.may_read_field(field) && !given.0.iter().any(|(name, _)| name == field.name.as_str());
        for field in layer.fields.iter().filter(left_out) {
            leave_out(&mut values, field, columns, extent, faults);
        }
    }
    (values, comune)
}

fn take(
    values: &mut Vec<Assignment>,
    (name, kind, field): (&str, FieldType, Option<&Field>),
    columns: &Columns,
    scalar: &Scalar,
    extent: Extent<'_>,
    faults: &mut Faults,
) {
    match value::read(kind, field, columns.get(name), scalar) {
        Ok(value) if extent.current().is_some_and(|current| current.get(name) == Some(&json(value.as_ref()))) => {}
        Ok(value) => values.push(Assignment { column: name.to_owned(), kind, value: Some(value) }),
        Err(detail) => faults.field(name, detail),
    }
}

fn leave_out(values: &mut Vec<Assignment>, field: &Field, columns: &Columns, extent: Extent<'_>, faults: &mut Faults) {
    let name = field.name.as_str();
    let (not_null, has_default) = columns.get(name).map_or((false, false), |c| (c.not_null, c.has_default));
    match extent {
        _ if not_null && !has_default => faults.field(name, "must have a value"),
        Extent::Whole(current) if current.get(name).is_some_and(|value| !value.is_null()) => {
            let value = (!not_null).then_some(None);
            values.push(Assignment { column: name.to_owned(), kind: field.kind, value });
        }
        _ => {}
    }
}

/// A field that is not edited may come back with the value it has.
fn is_as_it_was(field: &Field, scalar: &Scalar, extent: Extent<'_>) -> bool {
    let was = extent.current().and_then(|current| current.get(field.name.as_str())).cloned().unwrap_or_default();
    value::read(field.kind, None, None, scalar).is_ok_and(|value| json(value.as_ref()) == was)
}

fn names(layer: &Layer, who: &Principal) -> String {
    let names: Vec<&str> = layer.fields.iter().filter(|f| who.may_read_field(f)).map(|f| f.name.as_str()).collect();
    names.join(", ")
}

/// As features are written.
pub(crate) fn json(value: Option<&Value>) -> Json {
    match value {
        None => Json::Null,
        Some(Value::Text(v)) => v.as_str().into(),
        Some(Value::Integer(v)) => (*v).into(),
        Some(Value::Number(v)) => (*v).into(),
        Some(Value::Boolean(v)) => (*v).into(),
        Some(Value::Date(v)) => v.to_string().into(),
        Some(Value::Instant(v)) => v.to_rfc3339_opts(SecondsFormat::AutoSi, true).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Extent, assignments};
    use crate::testing::parcels;
    use crate::write::body::{Properties, Scalar};
    use crate::write::columns::Columns;
    use kernel::{Assurance, Layer, Principal, Role};
    use operations::Faults;
    use serde_json::json;
    use uuid::Uuid;

    fn layer() -> Layer {
        let mut layer = parcels();
        layer.fields.iter_mut().for_each(|field| field.editable = true);
        layer
    }

    fn columns_set(role: Role, given: &[(&str, Scalar)], extent: Extent<'_>) -> Result<String, kernel::Problem> {
        let who = Principal::known(role, Uuid::nil(), "x", Assurance::Low);
        let given = Properties(given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect());
        let mut faults = Faults::default();
        let (values, _) = assignments(&layer(), &who, &Columns::default(), &given, extent, &mut faults);
        faults.check()?;
        Ok(values.iter().map(|v| v.column.as_str()).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn who_does_not_see_a_private_field_neither_sets_nor_empties_it() {
        let current = json!({"sheet": 1, "kind": "land", "owner": "Rossi", "limit": 2});
        let sheet = [("sheet", Scalar::Integer(1))];
        assert_eq!(columns_set(Role::Officer, &sheet, Extent::Whole(&current)).unwrap(), "kind owner limit");
        assert_eq!(columns_set(Role::Citizen, &sheet, Extent::Whole(&current)).unwrap(), "kind limit");
        assert_eq!(columns_set(Role::Officer, &sheet, Extent::Part(&current)).unwrap(), "");
        let owner = [("owner", Scalar::Text("Verdi".to_owned()))];
        assert_eq!(columns_set(Role::Officer, &owner, Extent::Part(&current)).unwrap(), "owner");
        let refused = columns_set(Role::Citizen, &owner, Extent::Part(&current)).unwrap_err().to_json().to_string();
        assert!(refused.contains("no such property") && !refused.contains("Rossi"), "{refused}");
    }
}
