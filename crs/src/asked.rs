//! Filters as addresses bring them (OGC API Features 3): `filter`, `filter-lang` and `filter-crs`.

use kernel::filter::{FilterDocument, FilterError, FilterLanguage, Shape, ShapeError, postgis_transforms};
use kernel::{Bbox, Filter, Layer, Params, Principal, Problem, Srid};

use crate::{AxisOrder, Crs, CrsError, Settings, Transformer};

/// How far beyond the area of use of a layer's system geometries may reach, degrees: farther away positions have no place in it.
const MARGIN_DEGREES: f64 = 10.0;

/// The names of the parameters.
pub const FILTER_PARAMETERS: [&str; 3] = ["filter", "filter-lang", "filter-crs"];

/// A filter that was read and is not yet known to fit any layer.
#[derive(Clone, Debug)]
pub struct AskedFilter(FilterDocument);

impl AskedFilter {
    /// Reads the parameters; `None` without a filter. Geometries are in `filter-crs`, in the axis order of its authority, and in
    /// longitude and latitude without it.
    pub fn read(params: &Params) -> Result<Option<Self>, Problem> {
        let language = FilterLanguage::parse(params.get("filter-lang"))?;
        let crs = match params.get("filter-crs") {
            None => Crs::require(Srid::CRS84),
            Some(text) if text.starts_with("http") || text.contains(':') => Crs::named(text),
            Some(text) => Err(CrsError::Unknown { name: text.chars().take(80).collect() }),
        };
        let uris = || crate::all().iter().map(|c| c.srid().uri()).collect::<Vec<_>>();
        let crs = crs.map_err(|e| Problem::invalid_parameter("filter-crs", e.to_string(), uris()))?;
        let Some(text) = params.get("filter") else { return Ok(None) };
        let north_first = crs.axis_order() == AxisOrder::NorthEast;
        Ok(Some(Self(FilterDocument::read(text, language, crs.srid(), north_first)?)))
    }

    /// The filter over the rows of a layer, with geometries that PostGIS can be told; an error where this principal can't ask so.
    pub fn over(&self, layer: &Layer, who: &Principal, settings: &Settings) -> Result<Filter, FilterError> {
        self.0.over(layer, who, |filter| brought(filter, layer.srid, settings))
    }
}

struct Failed(String);

impl From<CrsError> for Failed {
    fn from(error: CrsError) -> Self {
        Self(error.to_string())
    }
}

impl From<ShapeError> for Failed {
    fn from(error: ShapeError) -> Self {
        Self(error.to_string())
    }
}

/// The filter with every geometry where PostGIS has a place for it, and in a system that it may transform from.
fn brought(filter: &Filter, storage: Srid, settings: &Settings) -> Result<Filter, FilterError> {
    let several = |parts: &[Filter]| parts.iter().map(|part| brought(part, storage, settings)).collect::<Result<Vec<_>, _>>();
    let failed = |Failed(what): Failed| FilterError::new("", what);
    let shape = |shape: &Shape| moved(shape, storage, settings).map_err(failed);
    Ok(match filter {
        Filter::And(parts) => Filter::And(several(parts)?),
        Filter::Or(parts) => Filter::Or(several(parts)?),
        Filter::Not(part) => Filter::Not(Box::new(brought(part, storage, settings)?)),
        Filter::Intersects(bbox, srid) => within(bbox, *srid, storage, settings).map_err(failed)?,
        Filter::Spatial(relation, other) => Filter::Spatial(*relation, shape(other)?),
        Filter::Near(other, metres) => Filter::Near(shape(other)?, *metres),
        other => other.clone(),
    })
}

/// The rectangle in which a system has positions that have a place in the storage system too.
fn limits(crs: &Crs, storage: Srid, settings: &Settings) -> Result<Bbox, CrsError> {
    let area = Crs::require(storage)?.area().widened(MARGIN_DEGREES);
    Transformer::new(Srid::CRS84, crs.srid(), settings)?.transform_bbox(&area)
}

/// A rectangle, cut to where rows can be: beyond there are none.
fn within(bbox: &Bbox, srid: Srid, storage: Srid, settings: &Settings) -> Result<Filter, Failed> {
    if srid.postgis() == storage.postgis() {
        return Ok(Filter::Intersects(*bbox, srid));
    }
    let crs = Crs::require(srid)?;
    let limits = limits(crs, storage, settings)?;
    let cut = Bbox::new(
        bbox.west().max(limits.west()),
        bbox.south().max(limits.south()),
        bbox.east().min(limits.east()),
        bbox.north().min(limits.north()),
    );
    Ok(match cut {
        Err(_) => Filter::nothing(),
        Ok(cut) if cut == limits => Filter::everything(),
        Ok(cut) if postgis_transforms(srid, storage) => Filter::Intersects(cut, srid),
        Ok(cut) => Filter::Intersects(Transformer::new(srid, storage, settings)?.transform_bbox(&cut)?, storage),
    })
}

fn moved(shape: &Shape, storage: Srid, settings: &Settings) -> Result<Shape, Failed> {
    if shape.srid().postgis() == storage.postgis() {
        return Ok(shape.clone());
    }
    let crs = Crs::require(shape.srid())?;
    let limits = limits(crs, storage, settings)?;
    let inner = shape.bbox();
    if inner.west() < limits.west() || inner.east() > limits.east() || inner.south() < limits.south() || inner.north() > limits.north() {
        let [west, south, east, north] = <[f64; 4]>::from(limits).map(|n| (n * 100.0).round() / 100.0);
        return Err(Failed(format!(
            "the geometry reaches beyond where the layer's system has positions: from {west} to {east} east and from {south} to {north} north in {}. A bbox may be larger",
            shape.srid()
        )));
    }
    if postgis_transforms(shape.srid(), storage) {
        return Ok(shape.clone());
    }
    let transformer = Transformer::new(shape.srid(), storage, settings)?;
    shape.converted(storage, |position| Ok(transformer.convert_one(position)?))
}

#[cfg(test)]
mod tests {
    use super::AskedFilter;
    use crate::Settings;
    use kernel::{Bbox, Filter, Layer, Params, Principal, Srid};
    use serde_json::json;

    fn layer() -> Layer {
        serde_json::from_value(json!({
            "id": "trees", "module": "m", "title": {"it": "t", "en": "t"}, "table": "m.trees", "geometry": "Point", "srid": 7792, "fields": []
        }))
        .unwrap()
    }

    fn over(query: &str) -> Result<Filter, String> {
        let asked = AskedFilter::read(&Params::parse(query).unwrap()).map_err(|p| p.to_json()["detail"].to_string())?.unwrap();
        asked.over(&layer(), &Principal::anonymous(), &Settings::default()).map_err(|e| e.to_string())
    }

    fn sides(filter: &Filter) -> [f64; 4] {
        match filter {
            Filter::Intersects(bbox, _) => (*bbox).into(),
            Filter::Spatial(_, shape) => (*shape.bbox()).into(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn positions_come_in_the_order_of_the_authority() {
        let box_of = |crs: &str, numbers: &str| sides(&over(&format!("filter=S_INTERSECTS(geometry,BBOX({numbers})){crs}")).unwrap());
        assert_eq!(box_of("", "15,38,16,39"), [15.0, 38.0, 16.0, 39.0]);
        assert_eq!(box_of("&filter-crs=http://www.opengis.net/def/crs/EPSG/0/4326", "38,15,39,16"), [15.0, 38.0, 16.0, 39.0]);
        assert_eq!(box_of("&filter-crs=EPSG:6708", "4200000,550000,4210000,560000"), [550_000.0, 4_200_000.0, 560_000.0, 4_210_000.0]);
        let point = over("filter=S_INTERSECTS(geometry,POINT(38.1 15.6))&filter-crs=EPSG:4326").unwrap();
        assert_eq!(sides(&point)[..2], [15.6, 38.1]);
    }

    #[test]
    fn gauss_boaga_is_brought_to_the_storage_system() {
        for geometry in
            ["BBOX(2576990,4218220,2577990,4219220)", "POLYGON((2576990 4218220,2577990 4218220,2577990 4219220,2576990 4218220))"]
        {
            let filter = over(&format!("filter=S_INTERSECTS(geometry,{geometry})&filter-crs=EPSG:3004")).unwrap();
            assert!((sides(&filter)[0] - 556_982.36).abs() < 0.9, "{filter:?}");
            assert!(
                matches!(&filter, Filter::Intersects(_, s) if *s == Srid::RDN2008_UTM33)
                    || matches!(&filter, Filter::Spatial(_, s) if s.srid() == Srid::RDN2008_UTM33)
            );
        }
    }

    #[test]
    fn what_has_no_place_there_never_reaches_the_database() {
        assert_eq!(over("filter=S_INTERSECTS(geometry,BBOX(-180,-90,180,90))"), Ok(Filter::everything()));
        assert_eq!(over("filter=S_INTERSECTS(geometry,BBOX(-179,-80,-170,-70))"), Ok(Filter::nothing()));
        let far = over("filter=S_WITHIN(geometry,POLYGON((-170 0,0 0,0 80,-170 0)))").unwrap_err();
        assert!(far.contains("reaches beyond"), "{far}");
        let cut = over("filter=S_INTERSECTS(geometry,BBOX(15,-90,180,90))").unwrap();
        let bbox = Bbox::new(15.0, 20.0, 29.0, 60.0).unwrap();
        assert!(sides(&cut)[0] == 15.0 && sides(&cut)[2] < bbox.east(), "{cut:?}");
        for bad in ["filter=a&filter-crs=7792", "filter=a&filter-crs=EPSG:2154", "filter=a&filter-lang=sql"] {
            assert!(over(bad).is_err(), "{bad}");
        }
    }
}
