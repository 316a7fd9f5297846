//! What a filter may learn: nothing of values that the one who asks does not see; and where its geometries are.

use super::resolve::{all, any, not};
use super::{Filter, Shape};
use crate::{Layer, Principal, Srid};

impl Filter {
    /// The condition over what this principal sees of the layer: a private field has no value in the rows where they don't
    /// see it, so that nobody finds out by asking. The same rows are met as if it were null there.
    #[must_use]
    pub fn as_seen_by(&self, layer: &Layer, who: &Principal) -> Self {
        if layer.fields.iter().all(|field| layer.rows_with(field, who).is_everything()) {
            self.clone()
        } else {
            self.seen(false, layer, who)
        }
    }

    /// `negated` is brought in to the single conditions, where unknown and false are the same to the row.
    fn seen(&self, negated: bool, layer: &Layer, who: &Principal) -> Self {
        let parts = |parts: &[Self]| parts.iter().map(|part| part.seen(negated, layer, who)).collect::<Vec<_>>();
        match self {
            Self::And(inner) if negated => any(parts(inner)),
            Self::And(inner) => all(parts(inner)),
            Self::Or(inner) if negated => all(parts(inner)),
            Self::Or(inner) => any(parts(inner)),
            Self::Not(inner) => inner.seen(!negated, layer, who),
            single => {
                let field = single.column().and_then(|column| layer.field(column.as_str()));
                let rows = field.map_or_else(Self::everything, |field| layer.rows_with(field, who));
                let condition = if negated { not(single.clone()) } else { single.clone() };
                match single {
                    _ if rows.is_everything() => condition,
                    Self::IsNull(_) if !negated => any([not(rows), condition]),
                    _ => all([rows, condition]),
                }
            }
        }
    }

    /// The same with every geometry in this system, by what `bring` makes of those in others (crate `crs`). A rectangle
    /// becomes an area whose sides have so many points that they are as curved as they have to be.
    pub fn in_system<E>(&self, storage: Srid, bring: &impl Fn(&Shape) -> Result<Shape, E>) -> Result<Self, E>
    where
        E: From<super::ShapeError>,
    {
        let several = |parts: &[Self]| parts.iter().map(|part| part.in_system(storage, bring)).collect::<Result<Vec<_>, E>>();
        let elsewhere = |srid: Srid| srid.postgis() != storage.postgis();
        Ok(match self {
            Self::And(parts) => Self::And(several(parts)?),
            Self::Or(parts) => Self::Or(several(parts)?),
            Self::Not(part) => Self::Not(Box::new(part.in_system(storage, bring)?)),
            Self::Intersects(bbox, srid) if elsewhere(*srid) => {
                Self::Spatial(super::Relation::Intersects, bring(&Shape::outlined(bbox, *srid)?)?)
            }
            Self::Spatial(relation, shape) if elsewhere(shape.srid()) => Self::Spatial(*relation, bring(shape)?),
            Self::Near(shape, metres) if elsewhere(shape.srid()) => Self::Near(bring(shape)?, *metres),
            other => other.clone(),
        })
    }
}
