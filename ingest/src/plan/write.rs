//! A plan as TOML that is pleasant to work on: what to look at first, then one line a thing, a block a field.

use std::fmt::Write;

use serde::Serialize;

use super::file::{FieldLine, PlanFile};
use super::found::Found;
use crate::IngestError;

const HEAD: &str = "\
# The plan of a load: read it, change what is not right, then `opensit ingest FILE --plan THIS`.
# Optional: title, source-layer, crs, swap-axes, geometry (point, line, area), key, comune or comune-field, outside, vanish-at-most (percent),
# licence, attribution, source-date, [validity] from, to,
# [place] for rows without coordinates: by (parcel-point, parcel-area, address), and the columns sheet, number, section or reference; street,
# street-kind, house-number, house-suffix; comune; similar. Types: text, integer, number, boolean, date, datetime. Of a field also: label, unit, skip, searchable, private, codes, and
# decimal (comma, point) for numbers in texts, of which 1.100 may be two.
# Rules: off, keep (load and tell), mend (put right and tell), keep-out (leave out and tell), stop (load nothing).
# [found] is what the file had when the plan was made; it has no effect.
";

/// Writes it.
pub(super) fn write(plan: &PlanFile) -> Result<String, IngestError> {
    lines(plan).map_err(|e| IngestError::Reader(e.to_string()))
}

fn lines(plan: &PlanFile) -> Result<String, toml::ser::Error> {
    let mut out = HEAD.to_owned();
    for remark in plan.found.iter().flat_map(|found| &found.remarks) {
        // a name in it may hold anything, and must not end the comment
        put(&mut out, format_args!("# Look: {}\n", remark.replace(char::is_control, " ")));
    }
    out.push('\n');
    line(&mut out, "version", &1)?;
    line(&mut out, "layer", &plan.layer)?;
    some(&mut out, "title", plan.title.as_ref())?;
    some(&mut out, "source-layer", plan.source_layer.as_ref())?;
    some(&mut out, "crs", plan.crs.map(|crs| crs.to_string()).as_ref())?;
    line(&mut out, "swap-axes", &plan.swap_axes)?;
    some(&mut out, "geometry", plan.geometry.as_ref())?;
    some(&mut out, "key", plan.key.as_ref())?;
    some(&mut out, "comune", plan.comune.as_ref())?;
    some(&mut out, "comune-field", plan.comune_field.as_ref())?;
    line(&mut out, "outside", &plan.outside)?;
    some(&mut out, "vanish-at-most", plan.vanish_at_most.as_ref())?;
    some(&mut out, "licence", plan.licence.as_ref())?;
    some(&mut out, "attribution", plan.attribution.as_ref())?;
    some(&mut out, "source-date", plan.source_date.map(|day| day.to_string()).as_ref())?;
    if let Some(validity) = &plan.validity {
        out.push_str("\n[validity]\n");
        line(&mut out, "from", &validity.from)?;
        some(&mut out, "to", validity.to.as_ref())?;
    }
    if let Some(place) = &plan.place {
        out.push_str("\n[place]\n");
        line(&mut out, "by", &place.by)?;
        for (what, column) in place.columns() {
            some(&mut out, what, column)?;
        }
        line(&mut out, "similar", &place.similar)?;
    }
    out.push_str("\n[rules]\n");
    for (rule, severity) in plan.rules.each() {
        put(&mut out, format_args!("{} = \"{}\"\n", rule.name(), severity.name()));
    }
    out.push_str("\n[thresholds]\n");
    line(&mut out, "sliver-width-m", &plan.thresholds.sliver_width_m)?;
    line(&mut out, "overlap-m2", &plan.thresholds.overlap_m2)?;
    for field in &plan.fields {
        self::field(&mut out, field)?;
    }
    if let Some(found) = &plan.found {
        out.push('\n');
        out.push_str(&toml::to_string(&Under { found })?);
    }
    Ok(out)
}

#[derive(Serialize)]
struct Under<'a> {
    found: &'a Found,
}

fn field(out: &mut String, field: &FieldLine) -> Result<(), toml::ser::Error> {
    out.push_str("\n[[field]]\n");
    line(out, "source", &field.source)?;
    line(out, "name", &field.name)?;
    line(out, "type", &field.kind)?;
    some(out, "decimal", field.decimal.as_ref())?;
    some(out, "label", field.label.as_ref())?;
    some(out, "unit", field.unit.as_ref())?;
    for (name, set) in [("skip", field.skip), ("searchable", field.searchable), ("private", field.private)] {
        if set {
            line(out, name, &true)?;
        }
    }
    if !field.codes.is_empty() {
        out.push_str("codes = [\n");
        for code in &field.codes {
            put(out, format_args!("  {},\n", value(code)?));
        }
        out.push_str("]\n");
    }
    Ok(())
}

fn some(out: &mut String, key: &str, of: Option<&impl Serialize>) -> Result<(), toml::ser::Error> {
    of.map_or(Ok(()), |of| line(out, key, of))
}

fn line(out: &mut String, key: &str, of: &impl Serialize) -> Result<(), toml::ser::Error> {
    put(out, format_args!("{key} = {}\n", value(of)?));
    Ok(())
}

/// A value as it stands behind `=`, tables in one line.
fn value(of: &impl Serialize) -> Result<String, toml::ser::Error> {
    let mut text = String::new();
    of.serialize(toml::ser::ValueSerializer::new(&mut text))?;
    Ok(text)
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // writing into a String does not fail
    let _ = out.write_fmt(text);
}
