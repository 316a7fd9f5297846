//! Which rows: one typed filter for what users ask and for what a layer lets them see.
//!
//! It is read from CQL2 text and CQL2-JSON ([`FilterDocument`]) and written as the latter (serde), checked against a layer ([`Filter::check`]), written
//! into SQL with bind parameters and names that come from the catalogue only ([`Filter::write`]) or with literals, for a
//! policy ([`Filter::policy_sql`]), and evaluated over one row's values ([`Filter::matches`]). These agree: a condition is
//! true, false or unknown, as in SQL, and a row is seen where it is true.

mod check;
mod document;
mod error;
mod evaluate;
mod fit;
mod json;
mod literal;
mod pattern;
pub(crate) mod resolve;
mod seen;
mod shape;
mod sql;
mod text;
mod time;
mod value;

use chrono::{DateTime, Utc};

pub use check::{columns, postgis_transforms};
pub use document::{FilterDocument, FilterLanguage};
pub use error::FilterError;
pub use evaluate::RowValues;
pub use pattern::Pattern;
pub use shape::{Shape, ShapeError};
pub use value::Value;

use crate::{Bbox, Column, Role, Srid};

/// A condition on the rows of one layer.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// All of them; none: every row.
    And(Vec<Filter>),
    /// At least one of them; none: no row.
    Or(Vec<Filter>),
    /// The opposite; of unknown, unknown.
    Not(Box<Filter>),
    /// The column has this value.
    Equal(Column, Value),
    /// The column's value stands so to this one. Texts are in the order of their code points, NaN is above all numbers.
    Compare(Column, Comparison, Value),
    /// The column, as text and without regard to the case of the letters A to Z, has this value.
    SameText(Column, String),
    /// The column has one of these values.
    In(Column, Vec<Value>),
    /// The column's value is neither below the first nor above the second.
    Between(Column, Value, Value),
    /// The column's text is of this form.
    Like(Column, Pattern),
    /// The column has no value.
    IsNull(Column),
    /// The geometry shares a point with the rectangle, in this system (the layer's own, or one that PostGIS may
    /// transform between: the RDN2008, ETRS89 and WGS84 family).
    Intersects(Bbox, Srid),
    /// The geometry stands so to this one.
    Spatial(Relation, Shape),
    /// The geometry is no farther than so many metres from this one, in the plane of the layer's system.
    Near(Shape, f64),
    /// The row is valid at this instant.
    ValidAt(DateTime<Utc>),
    /// The row is valid at some time of the interval; an open end is `None`.
    ValidDuring(Option<DateTime<Utc>>, Option<DateTime<Utc>>),
    /// The column is a comune that the principal works for. Staff only.
    InScope(Column),
    /// The column is an office that the principal works in.
    OfficeIs(Column),
    /// The column is the principal's account.
    SubjectIs(Column),
    /// The principal has one of these roles.
    HasRole(Vec<Role>),
}

/// How a value stands to another; equal is a variant of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparison {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::NotEqual, Self::Less, Self::LessOrEqual, Self::Greater, Self::GreaterOrEqual];

    /// The operator, the same in SQL and CQL2.
    pub fn operator(self) -> &'static str {
        match self {
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

/// How a row's geometry stands to another (Simple Features).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Relation {
    /// They share a point.
    Intersects,
    /// The row's lies in the other, and their interiors share a point.
    Within,
    /// The other lies in the row's, and their interiors share a point.
    Contains,
    /// They share no point.
    Disjoint,
}

impl Relation {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Intersects, Self::Within, Self::Contains, Self::Disjoint];
}

impl Filter {
    /// Every row.
    pub fn everything() -> Self {
        Self::And(Vec::new())
    }

    /// No row.
    pub fn nothing() -> Self {
        Self::Or(Vec::new())
    }

    /// Whether it is written as the condition that every row meets.
    pub fn is_everything(&self) -> bool {
        matches!(self, Self::And(parts) if parts.is_empty())
    }

    /// Whether it is written as the condition that no row meets.
    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::Or(parts) if parts.is_empty())
    }

    /// The column that a single condition looks at; none for those on the geometry, the validity, the role and others.
    pub fn column(&self) -> Option<&Column> {
        match self {
            Self::Equal(column, _)
            | Self::Compare(column, ..)
            | Self::SameText(column, _)
            | Self::In(column, _)
            | Self::Between(column, ..)
            | Self::Like(column, _)
            | Self::IsNull(column)
            | Self::InScope(column)
            | Self::OfficeIs(column)
            | Self::SubjectIs(column) => Some(column),
            _ => None,
        }
    }
}
