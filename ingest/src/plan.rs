//! From what was found to the layer it becomes.

mod apply;
mod file;
mod found;
mod kept;
mod place;
mod propose;
mod sample;
mod write;

use std::collections::BTreeMap;

use kernel::layer::{Accuracy, Audience, Code, Field, FieldType, GeometryType, Writes};
use kernel::{Column, Layer, LayerId, Srid, TableName, Text};

use crate::names;
use crate::report::kind_name;
use crate::source::table::number::Decimal;
use crate::source::{Numbers, Source, SourceLayer};
use crate::style::default_style;
use crate::{IngestError, Request};

pub use crate::source::table::number::Mark;
pub(crate) use apply::apply;
pub use file::{CodeLine, FieldLine, Kind, PlanFile, Validity, Words};
pub use found::{Found, FoundColumn, FoundCrs, FoundFile};
pub(crate) use kept::keep_changes;
pub use place::{Place, PlaceBy};
pub use propose::{Looked, look, propose};
pub use sample::Sample;

/// The schema of published layers.
pub(crate) const SCHEMA: &str = "published";

/// A field of the layer, and where each file has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FieldPlan {
    pub(crate) column: Column,
    /// What the first file calls it.
    pub(crate) name: String,
    pub(crate) kind: FieldType,
    /// How numbers in its texts are written, as far as the values tell; and as a plan says.
    pub(crate) numbers: Numbers,
    pub(crate) mark: Option<Mark>,
    /// Its number among the fields of each file.
    pub(crate) source: Vec<usize>,
    /// What it is for.
    pub(crate) role: Role,
    /// What a plan says of it: its name for people, its unit, the values it may have, whether it is searched in and who sees it.
    pub(crate) label: Option<Text>,
    pub(crate) unit: Option<String>,
    pub(crate) codes: Vec<Code>,
    pub(crate) searchable: Option<bool>,
    pub(crate) private: bool,
}

/// What a column of a file is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Role {
    /// It is a field of the layer.
    #[default]
    Field,
    /// It says from when on a row holds.
    ValidFrom,
    /// It says from when on it holds no more.
    ValidTo,
}

impl FieldPlan {
    /// How decimals in its texts are written.
    pub(crate) fn decimal(&self) -> Decimal {
        self.mark.map_or(self.numbers.decimal, Decimal::from)
    }

    /// Refuses to read texts as numbers that may be two each.
    fn check_numbers(&self, kind: FieldType, file: &str) -> Result<(), IngestError> {
        let counts = matches!(kind, FieldType::Number | FieldType::Integer);
        if counts && self.numbers.unclear && self.mark.is_none() {
            return Err(IngestError::UnclearNumbers { file: file.to_owned(), column: self.name.clone() });
        }
        Ok(())
    }

    pub(crate) fn new(column: Column, name: &str, kind: FieldType, source: Vec<usize>) -> Self {
        Self {
            column,
            name: name.to_owned(),
            kind,
            numbers: Numbers::default(),
            mark: None,
            source,
            role: Role::Field,
            label: None,
            unit: None,
            codes: Vec::new(),
            searchable: None,
            private: false,
        }
    }
}

/// Names of columns that tell rows apart, the likeliest first.
const KEYS: [&str; 16] = [
    "source_id",
    "id",
    "uuid",
    "source_fid",
    "objectid",
    "ogc_fid",
    "gid",
    "pk",
    "codice",
    "codice_univoco",
    "identificativo",
    "id_oggetto",
    "com_istat_code",
    "pro_com_t",
    "progressivo",
    "numero_progressivo",
];

/// Names of columns that name a row for people, the likeliest first.
const LABELS: [&str; 16] = [
    "nome",
    "name",
    "denominazione",
    "denominaz",
    "titolo",
    "title",
    "toponimo",
    "label",
    "etichetta",
    "intestazione",
    "descrizione",
    "descrizion",
    "description",
    "comune",
    "source_comune",
    "indirizzo",
];

/// Names of columns that people search in, beside the label.
const SEARCHED: [&str; 12] =
    ["indirizzo", "via", "duf", "strada", "localita", "codice", "cod_catasto", "specie", "essenza", "tipologia", "numero", "civico"];

/// The fields of all files, which must have the same; kinds are widened to what holds all.
pub(crate) fn fields(sources: &[Source]) -> Result<Vec<FieldPlan>, IngestError> {
    let Some(first) = sources.first() else { return Ok(Vec::new()) };
    let mut plan: Vec<FieldPlan> = columns(first.reader.layer())
        .into_iter()
        .zip(&first.reader.layer().fields)
        .enumerate()
        .map(|(index, (column, field))| FieldPlan {
            numbers: field.numbers,
            ..FieldPlan::new(column, &field.name, field.kind, vec![index])
        })
        .collect();
    for source in &sources[1..] {
        let layer = source.reader.layer();
        let there: BTreeMap<Column, usize> = columns(layer).into_iter().enumerate().map(|(i, c)| (c, i)).collect();
        let missing: Vec<&str> = plan.iter().filter(|f| !there.contains_key(&f.column)).map(|f| f.name.as_str()).collect();
        let more: Vec<&str> =
            there.iter().filter(|(c, _)| plan.iter().all(|f| f.column != **c)).map(|(_, i)| layer.fields[*i].name.as_str()).collect();
        if !missing.is_empty() || !more.is_empty() {
            let difference = difference(&missing, &more);
            return Err(IngestError::FieldsDiffer { file: source.file.clone(), first: first.file.clone(), difference });
        }
        for field in &mut plan {
            let index = there[&field.column];
            field.kind = wider(field.kind, layer.fields[index].kind);
            field.numbers = field.numbers.and(layer.fields[index].numbers);
            field.source.push(index);
        }
    }
    Ok(plan)
}

fn columns(layer: &SourceLayer) -> Vec<Column> {
    names::columns(layer.fields.iter().map(|f| f.name.as_str()))
}

fn wider(a: FieldType, b: FieldType) -> FieldType {
    match (a, b) {
        (a, b) if a == b => a,
        (FieldType::Integer, FieldType::Number) | (FieldType::Number, FieldType::Integer) => FieldType::Number,
        _ => FieldType::Text,
    }
}

fn difference(missing: &[&str], more: &[&str]) -> Text {
    let list = |names: &[&str]| names.iter().map(|n| format!("`{}`", n.trim())).collect::<Vec<_>>().join(", ");
    let (mut it, mut en) = (Vec::new(), Vec::new());
    if !missing.is_empty() {
        it.push(format!("non ha {}", list(missing)));
        en.push(format!("it lacks {}", list(missing)));
    }
    if !more.is_empty() {
        it.push(format!("ha in più {}", list(more)));
        en.push(format!("it has {} besides", list(more)));
    }
    Text::new(it.join(" e "), en.join(" and "))
}

/// The fields that might be keys, the likeliest first, by number.
pub(crate) fn key_fields(fields: &[FieldPlan]) -> impl Iterator<Item = usize> {
    KEYS.iter().filter_map(|key| fields.iter().position(|f| f.column.as_str() == *key && !f.private))
}

/// Why a field that is private can't be the key.
pub(crate) fn private_key(name: &str) -> Text {
    Text::new(
        format!(
            "`{name}` è solo per gli uffici e non può essere la chiave: tutti vedono gli id che ne vengono. Scegliere un'altra colonna come `key`, o nessuna"
        ),
        format!(
            "`{name}` is private and can't be the key: everybody sees the ids that come from it. Name another column as `key`, or none"
        ),
    )
}

/// For a layer that is added to: its own kinds, if the files' fit into them.
pub(crate) fn fit_into(fields: &mut [FieldPlan], layer: &Layer, file: &str) -> Result<(), IngestError> {
    let missing: Vec<&str> = layer.fields.iter().filter(|f| fields.iter().all(|p| p.column != f.name)).map(|f| f.name.as_str()).collect();
    let own = |p: &&FieldPlan| p.role == Role::Field;
    let more: Vec<&str> = fields.iter().filter(own).filter(|p| layer.field(p.column.as_str()).is_none()).map(|p| p.name.as_str()).collect();
    let refuse = |difference: Text| IngestError::DoesNotFit { layer: layer.id.clone(), difference };
    match (layer.validity, fields.iter().any(|p| p.role != Role::Field)) {
        (true, false) => {
            return Err(IngestError::NoValidity(layer.id.clone()));
        }
        (false, true) => {
            return Err(refuse(Text::new(
                "per il piano le righe del file hanno una validità, e quelle del livello non l'hanno",
                "by the plan the file's rows have a validity, and the layer's have none",
            )));
        }
        _ => {}
    }
    if !missing.is_empty() || !more.is_empty() {
        return Err(refuse(difference(&missing, &more)));
    }
    for plan in fields.iter_mut().filter(|p| p.role == Role::Field) {
        let Some(field) = layer.field(plan.column.as_str()) else { continue };
        plan.check_numbers(field.kind, file)?;
        // a text is read as what is written in it, row by row: formats without types write everything so
        if field.kind != plan.kind && plan.kind != FieldType::Text && wider(field.kind, plan.kind) != field.kind {
            let (name, kind, there) = (&plan.name, plan.kind, field.kind);
            return Err(refuse(Text::new(
                format!("il suo campo {name} è del tipo {}, quello del livello {}", kind_name(kind, true), kind_name(there, true)),
                format!("its field {name} is of the type {kind:?}, the layer's is {there:?}"),
            )));
        }
        plan.kind = field.kind;
    }
    Ok(())
}

/// The layer as it is published. Of a layer it replaces it keeps what people said about it, and what still fits.
pub(crate) fn layer(
    request: &Request,
    files: &[String],
    fields: &[FieldPlan],
    (geometry, storage): (GeometryType, Srid),
    accuracy: Option<Accuracy>,
    few_texts: &[Column],
    replaced: Option<&Layer>,
) -> Layer {
    let title = request.title.clone().or_else(|| replaced.map(|l| l.title.clone())).unwrap_or_else(|| title_of(files));
    let own: Vec<FieldPlan> = fields.iter().filter(|f| f.role == Role::Field).cloned().collect();
    let label = label(&own);
    let searchable = searchable(&own, label.as_ref(), few_texts);
    let layer = Layer {
        id: request.layer.clone(),
        module: SCHEMA.to_owned(),
        title: title.clone(),
        description: Text::default(),
        table: table(&request.layer),
        geometry,
        srid: storage,
        fields: own.iter().map(|plan| field(plan, searchable.contains(&&plan.column))).collect(),
        row_title: None,
        validity: own.len() < fields.len(),
        audience: Audience::Public,
        rows: None,
        editors: Vec::new(),
        writes: Writes::default(),
        page: None,
        private_files: false,
        zoom: zooms(geometry),
        visible: true,
        base: false,
        off_cards: false,
        register: None,
        style: default_style(geometry, label.as_ref(), &title),
        label,
        aggregate_by: None,
        accuracy,
        licence: None,
        attribution: None,
        source_date: None,
        author: request.author,
        draft: request.draft,
    };
    match (&request.plan, replaced) {
        (Some(plan), old) => told(plan, old.map_or(layer.clone(), |old| keep_from(old, layer.clone())), layer),
        (None, Some(old)) => keep_from(old, layer),
        (None, None) => layer,
    }
}

/// What a plan says is so, whatever was there before.
fn told(plan: &PlanFile, kept: Layer, new: Layer) -> Layer {
    let fields = if plan.fields.is_empty() { kept.fields } else { new.fields };
    Layer {
        fields,
        licence: plan.licence.clone().or(kept.licence),
        attribution: plan.attribution.clone().or(kept.attribution),
        source_date: plan.source_date.or(kept.source_date),
        ..kept
    }
}

/// The table of a published layer.
pub(crate) fn table(id: &LayerId) -> TableName {
    TableName::new(SCHEMA, id.as_str()).unwrap_or_else(|_| unreachable!("a layer's name is a table's name"))
}

fn keep_from(old: &Layer, new: Layer) -> Layer {
    let same_look = old.geometry.dimension() == new.geometry.dimension() && old.fields.iter().all(|f| new.field(f.name.as_str()).is_some());
    let fields = new.fields.into_iter().map(|f| match old.field(f.name.as_str()) {
        Some(known) if known.kind == f.kind => known.clone(),
        _ => f,
    });
    Layer {
        fields: fields.collect(),
        description: old.description.clone(),
        audience: old.audience,
        rows: old.rows.clone(),
        visible: old.visible,
        licence: old.licence.clone(),
        attribution: old.attribution.clone(),
        zoom: if same_look { old.zoom } else { new.zoom },
        style: if same_look { old.style.clone() } else { new.style },
        label: if same_look { old.label.clone() } else { new.label },
        row_title: if same_look { old.row_title.clone() } else { new.row_title },
        author: old.author,
        draft: old.draft,
        ..new
    }
}

fn field(plan: &FieldPlan, searchable: bool) -> Field {
    Field {
        name: plan.column.clone(),
        label: plan.label.clone().unwrap_or_else(|| Text::same(plan.name.trim())),
        kind: plan.kind,
        unit: plan.unit.clone(),
        codes: plan.codes.clone(),
        searchable: plan.searchable.unwrap_or(searchable),
        filterable: true,
        sortable: true,
        editable: false,
        private: plan.private,
        personal: false,
    }
}

/// The label and one more, or two, but none whose texts are too few: each costs an index as large as the texts.
fn searchable<'a>(fields: &'a [FieldPlan], label: Option<&'a Column>, few_texts: &[Column]) -> Vec<&'a Column> {
    let named = |name: &&str| text(fields, name).map(|f| &f.column);
    let all = label.into_iter().chain(SEARCHED.iter().filter_map(named).filter(|c| Some(*c) != label));
    all.filter(|c| !few_texts.contains(c)).take(2).collect()
}

/// The fields that people might search in.
pub(crate) fn searched(fields: &[FieldPlan]) -> impl Iterator<Item = &FieldPlan> {
    let label = LABELS.iter().find_map(|name| text(fields, name));
    label.into_iter().chain(SEARCHED.iter().filter_map(|name| text(fields, name)))
}

fn text<'a>(fields: &'a [FieldPlan], name: &str) -> Option<&'a FieldPlan> {
    fields.iter().find(|f| f.column.as_str() == name && f.kind == FieldType::Text)
}

fn label(fields: &[FieldPlan]) -> Option<Column> {
    LABELS.iter().find_map(|name| text(fields, name)).map(|f| f.column.clone())
}

/// `numeri-civici.gpkg.zip/numeri-civici.gpkg` is called “Numeri civici”.
fn title_of(files: &[String]) -> Text {
    let file = files.first().map_or("", |file| file.rsplit('/').next().unwrap_or(file));
    let stem = file.split('.').next().unwrap_or(file);
    let words = stem.split(['-', '_', ' ']).filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ");
    let mut letters = words.chars();
    Text::same(letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default())
}

/// Points and lines of a comune are too many for a map of the province; areas are what such a map shows.
fn zooms(geometry: GeometryType) -> (u8, u8) {
    let first = [11, 9, 6][usize::from(geometry.dimension().unwrap_or(2))];
    (first, kernel::TileCoord::MAX_ZOOM)
}

#[cfg(test)]
mod tests {
    use super::{FieldPlan, key_fields, label, wider};
    use crate::names;
    use kernel::layer::FieldType;

    fn plans(names: &[&str]) -> Vec<FieldPlan> {
        let columns = names::columns(names.iter().copied());
        let fields = columns.into_iter().zip(names).enumerate();
        fields.map(|(i, (column, name))| FieldPlan::new(column, name, FieldType::Text, vec![i])).collect()
    }

    #[test]
    fn keys_and_labels_are_guessed_by_name() {
        let fields = plans(&["Tipo", "OBJECTID", "Denominazione", "ID"]);
        assert_eq!(key_fields(&fields).collect::<Vec<_>>(), [3, 1]);
        assert_eq!(label(&fields).unwrap().as_str(), "denominazione");
        assert_eq!(label(&plans(&["a", "b"])), None);
    }

    #[test]
    fn kinds_are_widened_to_what_holds_both() {
        assert_eq!(wider(FieldType::Integer, FieldType::Number), FieldType::Number);
        assert_eq!(wider(FieldType::Date, FieldType::Integer), FieldType::Text);
    }
}
