//! The one idea: everything that has a place is a [`Layer`], declared once.

mod access;
mod draft;
mod field;
mod geometry;
mod register;
mod seen;
mod style;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use access::Policy;
pub use field::{Code, Field, FieldType};
pub use geometry::GeometryType;
pub use register::Register;
pub use style::{Style, StyleError, StyleLayer, StyleType};

use crate::{Column, Filter, Language, LayerId, Role, Srid, TableName, Text};

/// A layer: declared in code by a theme, or created at run time when a file is published; the same value in the same
/// catalogue either way. From it alone follow tiles, collection, legend, identify card, search and export.
///
/// Behind it is one table (never a view) with, beside its [`fields`](Self::fields), the columns of
/// [`Column::SYSTEM`]: `fid` (bigint, never reused: the id in tiles and in the change feed), `id` (text, public and
/// stable), `comune` (ISTAT code, six digits), `version` (grows with each change), `geom`, and, if it has
/// [`validity`](Self::validity), `valid_from` and `valid_to`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Layer {
    /// Its name in URLs, tiles, collections and the change feed.
    pub id: LayerId,
    /// The module that declares it, or `published`.
    pub module: String,
    /// Its name for people.
    pub title: Text,
    /// A sentence about what is in it and where it comes from.
    #[serde(default)]
    pub description: Text,
    /// The table behind it.
    pub table: TableName,
    /// The geometry type of column `geom`.
    pub geometry: GeometryType,
    /// The system it is stored in: the installation's.
    pub srid: Srid,
    /// Its own columns, in the order of cards and tables.
    pub fields: Vec<Field>,
    /// The column that names a row for people; without one, `id` does.
    #[serde(default)]
    pub label: Option<Column>,
    /// How a row is titled for people, with columns in braces: `Foglio {sheet}, particella {number}`. Without one, the label is.
    #[serde(default)]
    pub row_title: Option<Text>,
    /// Whether rows have a validity `[valid_from, valid_to)`; those not valid at the instant of a request are not seen.
    #[serde(default)]
    pub validity: bool,
    /// Who may see it.
    #[serde(default)]
    pub audience: Audience,
    /// Which rows those who may see it see, by the row's values and by who asks; without it all, or if it is for officers, those
    /// of their comuni.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Filter>,
    /// Who may change rows, in the comuni they work for; nobody if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub editors: Vec<Role>,
    /// Who makes and changes its rows: anybody with the right, feature by feature, or its theme's own operations alone.
    #[serde(default, skip_serializing_if = "Writes::is_default")]
    pub writes: Writes,
    /// The address of a row's own page, with columns in braces: `/permits/{id}`. Without one it is the collection's item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// Whether the files of its rows are for the staff of their comune alone: drawings and statements name people, whoever may see the row.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub private_files: bool,
    /// Zooms at which tiles have it, first and last.
    #[serde(default = "all_zooms")]
    pub zoom: (u8, u8),
    /// Whether the portal shows it at first.
    #[serde(default)]
    pub visible: bool,
    /// Whether it is part of the ground that every map stands on: such layers share one tile, and lie under a layer that is
    /// shown alone. Any other is fetched by itself, so that none waits for it.
    #[serde(default)]
    pub base: bool,
    /// Whether its rows are left out of what is told of a place or of a feature unless they are asked for: they speak of something else, as the
    /// areas of surveys do, which lie wherever somebody looked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub off_cards: bool,
    /// How it is drawn.
    #[serde(default)]
    pub style: Style,
    /// The column by whose value its features are merged in tiles that have too many of them, for who sees it in all rows: areas of a value
    /// and comune become blocks, of points and lines one stands for those of a value in a cell.
    #[serde(default)]
    pub aggregate_by: Option<Column>,
    /// Whether it is a register by which the rows of files without coordinates are placed, and by which columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub register: Option<Register>,
    /// How sure its positions are in metres, with where that figure comes from.
    #[serde(default)]
    pub accuracy: Option<Accuracy>,
    /// SPDX identifier or address of the licence.
    #[serde(default)]
    pub licence: Option<String>,
    /// Who must be named wherever it is shown.
    #[serde(default)]
    pub attribution: Option<String>,
    /// The day its source describes.
    #[serde(default)]
    pub source_date: Option<NaiveDate>,
    /// The account of who made it of a file, if a person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<Uuid>,
    /// Whether it is a draft: there for its author and for administrators alone, whatever its audience will be.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub draft: bool,
}

/// Who may see a layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// Everybody.
    #[default]
    Public,
    /// Everybody who signed in.
    Citizens,
    /// Those who work for the comune.
    Officers,
}

/// Who makes and changes a layer's rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Writes {
    /// Whoever edits the layer, as features (OGC API Features 4).
    #[default]
    Features,
    /// The theme's own operations, which keep what stands beside the rows: as features they are only read.
    Operations,
}

impl Writes {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// How sure positions are, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Accuracy {
    /// Metres.
    pub metres: f64,
    /// The coordinate operation that brought them into storage, or the survey they come from.
    pub source: Text,
}

/// What a segment of a path may not hold as it is.
const SEGMENT: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':').remove(b',');

fn all_zooms() -> (u8, u8) {
    (0, crate::TileCoord::MAX_ZOOM)
}

impl Layer {
    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|f| f.name.as_str() == name)
    }

    /// The first zoom at which something of it is drawn: its tiles may begin before, for others to draw.
    pub fn drawn_from(&self) -> u8 {
        let first = self.style.0.iter().map(|part| part.minzoom.unwrap_or(0.0).floor() as u8).min();
        self.zoom.0.max(first.unwrap_or(0))
    }

    /// For areas (a mixture's points and lines with them) that carry labels: the zoom from which tiles have, beside the areas, a point inside each, in the source
    /// layer [`Self::label_points_id`]. A label on an area itself would be repeated in each tile that the area is cut by.
    pub fn label_points(&self) -> Option<u8> {
        let first = |part: &StyleLayer| part.minzoom.unwrap_or(0.0).max(f64::from(self.zoom.0)).floor() as u8;
        let labels = self.style.0.iter().filter(|part| part.is_label_of_area());
        labels.map(first).min().filter(|_| self.geometry.holds(2))
    }

    /// The source layer of the points that [`Self::label_points`] speaks of.
    pub fn label_points_id(&self) -> String {
        format!("{}_labels", self.id)
    }

    /// How a row is titled for people, from its values as text.
    pub fn title_of(&self, language: Language, id: &str, value: impl Fn(&str) -> Option<String>) -> String {
        let named = || self.label.as_ref().and_then(|label| value(label.as_str())).unwrap_or_else(|| id.to_owned());
        let Some(template) = &self.row_title else {
            return named();
        };
        let mut title = template.get(language).to_owned();
        for field in &self.fields {
            let braces = format!("{{{}}}", field.name);
            if title.contains(&braces) {
                title = title.replace(&braces, &value(field.name.as_str()).unwrap_or_default());
            }
        }
        title
    }

    /// The path of a row's own page, if the layer has such pages: its id as one segment of it.
    pub fn page_of(&self, id: &str) -> Option<String> {
        let id = percent_encoding::utf8_percent_encode(id, SEGMENT).to_string();
        self.page.as_ref().map(|page| page.replace("{id}", &id))
    }

    /// The path of a row among the collection's items.
    pub fn item_path(&self, id: &str) -> String {
        format!("/collections/{}/items/{}", self.id, percent_encoding::utf8_percent_encode(id, SEGMENT))
    }

    /// Whether it is changed feature by feature by those who edit it.
    pub fn takes_features(&self) -> bool {
        self.writes == Writes::Features
    }

    /// The SQL expression that names a row for people.
    pub fn label_sql(&self) -> String {
        self.label.as_ref().map_or_else(|| "\"id\"".to_owned(), Column::sql)
    }
}
