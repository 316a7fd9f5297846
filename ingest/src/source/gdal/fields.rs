use std::ffi::c_int;
use std::ops::ControlFlow;

use gdal::errors::GdalError;
use gdal::vector::{LayerAccess, OGRFieldType};
use kernel::layer::FieldType;

use super::ffi::{self, Feature, Features};
use crate::report::Note;
use crate::source::sniff::Content;
use crate::source::table::{Kind, Typing};
use crate::source::{Numbers, SourceField, Value};

/// A field, and which of GDAL's it is.
pub(super) struct Column {
    index: c_int,
    pub(super) field: SourceField,
    /// What its texts are, where the format has nothing but texts.
    typed: Option<Kind>,
}

/// Of a KML, how a viewer should draw a place.
const OF_VIEWERS: [&str; 6] = ["altitudeMode", "tessellate", "extrude", "visibility", "drawOrder", "icon"];

/// The fields that can be shown; binary ones are left out with a note.
pub(super) fn columns(layer: &impl LayerAccess, content: Content, notes: &mut Vec<Note>) -> Vec<Column> {
    let mut columns = Vec::new();
    for (index, field) in layer.defn().fields().enumerate() {
        if content == Content::Kml && OF_VIEWERS.contains(&field.name().as_str()) {
            continue;
        }
        let kind = match field.field_type() {
            OGRFieldType::OFTInteger if ffi::is_boolean(layer, index) => FieldType::Boolean,
            OGRFieldType::OFTInteger | OGRFieldType::OFTInteger64 => FieldType::Integer,
            OGRFieldType::OFTReal => FieldType::Number,
            OGRFieldType::OFTDate => FieldType::Date,
            OGRFieldType::OFTDateTime => FieldType::DateTime,
            OGRFieldType::OFTBinary => {
                notes.push(Note::left_out_field(&field.name()));
                continue;
            }
            _ => FieldType::Text,
        };
        if let Ok(index) = c_int::try_from(index) {
            columns.push(Column { index, field: SourceField { name: field.name(), kind, numbers: Numbers::default() }, typed: None });
        }
    }
    columns
}

/// In formats that have nothing but texts: looks at all of them, for what they are. Codes with leading zeros stay texts.
pub(super) fn retype(layer: &impl LayerAccess, columns: &mut [Column]) -> Result<(), String> {
    let mut texts: Vec<&mut Column> = columns.iter_mut().filter(|c| c.field.kind == FieldType::Text).collect();
    // in XML a point stands before decimals
    let mut typing = Typing::new(texts.len(), true);
    Features::of(layer).each(|feature| {
        typing.look(texts.len(), |index| {
            let index = texts[index].index;
            if feature.has(index) { feature.text(index).trim().to_owned().into() } else { "".into() }
        });
        ControlFlow::Continue(())
    })?;
    for (column, kind) in texts.iter_mut().zip(typing.kinds()) {
        column.field.kind = kind.field_type();
        column.typed = Some(kind);
    }
    Ok(())
}

/// A row's value. A number that is none (NaN) and a date that is not in the calendar are lost and become NULL; an empty
/// text is NULL.
pub(super) fn value(feature: &Feature, column: &Column, lost: &mut bool) -> Value {
    let index = column.index;
    if !feature.has(index) {
        return Value::Null;
    }
    let mut or_lost = |value: Option<Value>| {
        *lost |= value.is_none();
        value.unwrap_or(Value::Null)
    };
    if let Some(kind) = &column.typed {
        return kind.value(feature.text(index).trim());
    }
    match column.field.kind {
        FieldType::Boolean => Value::Boolean(feature.integer(index) != 0),
        FieldType::Integer => Value::Integer(feature.integer(index)),
        FieldType::Number => or_lost(Some(feature.number(index)).filter(|n| n.is_finite()).map(Value::Number)),
        FieldType::Date => or_lost(feature.date(index).map(Value::Date)),
        FieldType::DateTime => or_lost(feature.instant(index).map(Value::Instant)),
        FieldType::Text => match feature.text(index) {
            text if text.is_empty() => Value::Null,
            text => Value::Text(text),
        },
    }
}

/// GDAL's own words, without the name of the call.
pub(super) fn words(error: &GdalError) -> String {
    match error {
        GdalError::NullPointer { msg, .. } | GdalError::CplError { msg, .. } if !msg.is_empty() => msg.trim_end_matches('.').to_owned(),
        GdalError::NullPointer { .. } => "its structure is not that of the format".to_owned(),
        other => other.to_string(),
    }
}
