//! A plan's fields, put on what the files have.

use kernel::layer::{Code, FieldType};
use kernel::{Column, Text};

use super::file::{FieldLine, PlanFile};
use super::{FieldPlan, Role};
use crate::IngestError;
use crate::report::Note;

/// What a plan makes of the files' columns.
pub(crate) struct Applied {
    /// The fields as the plan wants them, in its order.
    pub(crate) fields: Vec<FieldPlan>,
    /// The column that says each row's comune, in each file.
    pub(crate) comune: Option<Vec<usize>>,
    /// What the files have besides, which is left out.
    pub(crate) notes: Vec<Note>,
}

/// Puts a plan on what was found.
pub(crate) fn apply(plan: &PlanFile, found: Vec<FieldPlan>, file: &str) -> Result<Applied, IngestError> {
    let there = |source: &str| {
        found.iter().find(|f| f.name == source).or_else(|| found.iter().find(|f| f.name.trim().eq_ignore_ascii_case(source.trim())))
    };
    let lacks = |column: &str| IngestError::PlanLacks {
        file: file.to_owned(),
        column: column.to_owned(),
        columns: found.iter().map(|f| f.name.clone()).collect(),
    };
    let mut fields = Vec::with_capacity(plan.fields.len());
    let mut named: Vec<&str> = Vec::new();
    for line in &plan.fields {
        let field = there(&line.source);
        named.extend(field.map(|f| f.name.as_str()));
        if !line.skip {
            let told = told(line, field.ok_or_else(|| lacks(&line.source))?);
            told.check_numbers(told.kind, file)?;
            fields.push(told);
        }
    }
    if let Some(validity) = &plan.validity {
        for (source, role) in [(Some(&validity.from), Role::ValidFrom), (validity.to.as_ref(), Role::ValidTo)] {
            let Some(source) = source else { continue };
            let field = there(source).ok_or_else(|| lacks(source))?;
            named.push(&field.name);
            fields.push(FieldPlan { column: role.column(), kind: FieldType::DateTime, role, ..field.clone() });
        }
    }
    let comune = match &plan.comune_field {
        Some(source) => Some(there(source).ok_or_else(|| lacks(source))?),
        None => None,
    };
    named.extend(comune.map(|field| field.name.as_str()));
    for (_, source) in plan.place.iter().flat_map(|place| place.columns()) {
        named.extend(source.and_then(|source| there(source)).map(|field| field.name.as_str()));
    }
    let comune = comune.map(|field| field.source.clone());
    let others: Vec<&str> = found.iter().map(|f| f.name.as_str()).filter(|name| !named.contains(name)).collect();
    let notes = if plan.fields.is_empty() || others.is_empty() { Vec::new() } else { vec![Note::not_in_plan(&others)] };
    if plan.fields.is_empty() {
        // a plan that says nothing of fields takes them as they are
        let own = found.iter().cloned().chain(fields);
        return Ok(Applied { fields: own.collect(), comune, notes });
    }
    Ok(Applied { fields, comune, notes })
}

fn told(line: &FieldLine, field: &FieldPlan) -> FieldPlan {
    let codes = line.codes.iter().map(|c| Code { value: c.value.clone(), label: Text::new(&c.it, &c.en) });
    FieldPlan {
        column: line.name.clone(),
        kind: line.kind,
        mark: line.decimal,
        label: line.label.clone().map(Text::from),
        unit: line.unit.clone(),
        codes: codes.collect(),
        searchable: Some(line.searchable),
        private: line.private,
        ..field.clone()
    }
}

impl Role {
    /// The column of a layer that the role fills.
    fn column(self) -> Column {
        let name = match self {
            Self::Field | Self::ValidFrom => "valid_from",
            Self::ValidTo => "valid_to",
        };
        Column::new(name).unwrap_or_else(|_| unreachable!("made of the alphabet of names"))
    }
}
