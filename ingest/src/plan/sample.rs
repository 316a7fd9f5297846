//! Some rows of files, kept so that it can be seen on a map what a plan makes of them, before anything is loaded and without reading
//! the files again.

use crs::Transformer;
use kernel::Srid;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::{FieldPlan, PlanFile};
use crate::geometry::{Family, Shape, to_geojson};
use crate::source::table::number::Decimal;
use crate::source::{DeclaredCrs, Source, Value};
use crate::{IngestError, Settings};

/// Rows of a sample at most.
const ROWS: usize = 2_000;
/// Positions of one geometry of it; longer outlines are drawn with fewer.
const POSITIONS: usize = 500;
/// Positions of all together: what a browser takes in at once.
const ALL_POSITIONS: usize = 200_000;
/// Letters of a text.
const LETTERS: usize = 200;

/// Rows spread evenly over files, as they stand there.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Sample {
    /// What each file says of its system.
    crs: Vec<DeclaredCrs>,
    /// The columns' names.
    columns: Vec<String>,
    rows: Vec<Sampled>,
    /// How many rows the files have.
    all: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Sampled {
    file: usize,
    number: u64,
    values: Vec<Value>,
    family: Family,
    positions: Vec<[f64; 2]>,
    sequences: Vec<usize>,
    parts: Vec<usize>,
    multi: bool,
}

impl Sample {
    pub(super) fn of(sources: &[Source], fields: &[FieldPlan]) -> Gathering {
        let crs = sources.iter().map(|source| source.reader.layer().crs.clone()).collect();
        let columns = fields.iter().map(|field| field.name.clone()).collect();
        Gathering { sample: Self { crs, columns, ..Self::default() }, stride: 1 }
    }

    /// The sample as bytes, to be kept.
    pub fn to_bytes(&self) -> Result<Vec<u8>, IngestError> {
        postcard::to_stdvec(self).map_err(|e| IngestError::Reader(format!("the sample can't be written: {e}")))
    }

    /// A sample that was kept.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, IngestError> {
        postcard::from_bytes(bytes).map_err(|e| IngestError::Reader(format!("the sample can't be read: {e}")))
    }

    /// The rows as a plan makes them: a GeoJSON FeatureCollection in CRS84. `None`: neither the plan nor the files say in which system
    /// their coordinates are.
    pub fn preview(&self, plan: &PlanFile, settings: &Settings) -> Result<Option<String>, IngestError> {
        let mut ways = Vec::with_capacity(self.crs.len());
        for (index, declared) in self.crs.iter().enumerate() {
            let Some(srid) = plan.crs.or_else(|| stated(declared)) else { return Ok(None) };
            let refused = |cause| IngestError::UnknownCrs { file: format!("file {}", index + 1), cause };
            ways.push(Transformer::new(srid, Srid::CRS84, &settings.crs).map_err(refused)?);
        }
        let family = plan.geometry.map_or_else(|| self.family(), |kind| kind.family());
        let values: Vec<(usize, &super::FieldLine)> =
            plan.fields.iter().filter(|line| !line.skip).filter_map(|line| Some((self.column(&line.source)?, line))).collect();
        let mut out = String::from(r#"{"type":"FeatureCollection","features":["#);
        let mut returned = 0_u64;
        for row in &self.rows {
            let Some(shape) = row.shape(plan, family, &ways) else { continue };
            let properties: Map<String, Json> = values
                .iter()
                .map(|(index, line)| {
                    let value = row.values.get(*index).cloned().unwrap_or(Value::Null);
                    (
                        line.name.to_string(),
                        value.fit(line.kind, line.decimal.map_or(Decimal::Unclear, Decimal::from)).map_or(Json::Null, json_of),
                    )
                })
                .collect();
            out.push_str(if returned == 0 { "\n" } else { ",\n" });
            out.push_str(&format!(r#"{{"type":"Feature","id":{},"properties":{},"geometry":"#, row.number, Json::Object(properties)));
            to_geojson(&shape, &mut out);
            out.push('}');
            returned += 1;
        }
        out.push_str(&format!("\n],\"numberMatched\":{},\"numberReturned\":{returned}}}\n", self.all));
        Ok(Some(out))
    }

    /// The family of most rows.
    fn family(&self) -> Family {
        let count = |family: Family| self.rows.iter().filter(|row| row.family == family).count();
        [Family::Polygon, Family::Line, Family::Point].into_iter().max_by_key(|family| count(*family)).unwrap_or(Family::Point)
    }

    fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c == name).or_else(|| self.columns.iter().position(|c| c.trim().eq_ignore_ascii_case(name.trim())))
    }
}

impl Sampled {
    /// Its geometry with fewer positions, if it can do with them.
    fn thin(&mut self, most: usize) {
        if let Some(Shape { positions, sequences, parts, .. }) = thinned(&self.as_it_is(), most) {
            (self.positions, self.sequences, self.parts) = (positions, sequences, parts);
        }
    }

    /// Its geometry as it stands in the file.
    fn as_it_is(&self) -> Shape {
        let Self { family, positions, sequences, parts, multi, .. } = self;
        Shape { family: *family, positions: positions.clone(), sequences: sequences.clone(), parts: parts.clone(), multi: *multi }
    }

    /// Its geometry on the globe; `None` if the plan does not load it or it has no place there.
    fn shape(&self, plan: &PlanFile, family: Family, ways: &[Transformer]) -> Option<Shape> {
        let mut shape = self.as_it_is().into_family(family)?;
        if plan.swap_axes {
            shape.positions.iter_mut().for_each(|p| p.swap(0, 1));
        }
        ways.get(self.file)?.convert(&mut shape.positions).ok()?;
        let sound = shape.positions.iter().flatten().all(|number| number.is_finite());
        shape.positions.iter_mut().flatten().for_each(|degree| *degree = (*degree * 1e7).round() / 1e7);
        sound.then_some(shape)
    }
}

/// A sample that is being taken: every `stride`-th row, and when there are too many, every second of them at twice the stride.
pub(super) struct Gathering {
    sample: Sample,
    stride: u64,
}

impl Gathering {
    /// Whether the next row is taken, if it has a geometry.
    pub(super) fn wants(&mut self) -> bool {
        self.sample.all += 1;
        (self.sample.all - 1).is_multiple_of(self.stride)
    }

    pub(super) fn take(&mut self, file: usize, number: u64, values: &[Value], shape: &Shape) {
        let Some(thin) = thinned(shape, POSITIONS) else { return };
        let values = values.iter().map(|value| match value {
            Value::Text(text) => Value::Text(text.chars().take(LETTERS).collect()),
            other => other.clone(),
        });
        let Shape { family, positions, sequences, parts, multi } = thin;
        self.sample.rows.push(Sampled { file, number, values: values.collect(), family, positions, sequences, parts, multi });
        if self.sample.rows.len() >= 2 * ROWS {
            self.halve();
        }
    }

    fn halve(&mut self) {
        let mut index = 0;
        self.sample.rows.retain(|_| {
            index += 1;
            index % 2 == 1
        });
        self.stride *= 2;
    }

    pub(super) fn end(mut self) -> Sample {
        while self.sample.rows.len() > ROWS {
            self.halve();
        }
        if self.positions() > ALL_POSITIONS {
            let most = ALL_POSITIONS / self.sample.rows.len().max(1);
            self.sample.rows.iter_mut().for_each(|row| row.thin(most));
        }
        while self.positions() > ALL_POSITIONS && self.sample.rows.len() > 1 {
            self.halve();
        }
        self.sample
    }

    fn positions(&self) -> usize {
        self.sample.rows.iter().map(|row| row.positions.len()).sum()
    }
}

/// The same with fewer positions, so that it still has its parts; `None` if those alone are too many.
fn thinned(shape: &Shape, most: usize) -> Option<Shape> {
    if shape.positions.len() <= most {
        return Some(shape.clone());
    }
    let step = shape.positions.len().div_ceil(most);
    let mut thin = Shape { multi: shape.multi, parts: shape.parts.clone(), ..Shape::new(shape.family) };
    if shape.family == Family::Point {
        thin.positions = shape.positions.iter().copied().step_by(step).collect();
        return Some(thin);
    }
    if shape.sequences.len() > most / 4 {
        return None;
    }
    let mut first = 0;
    for &end in &shape.sequences {
        let line = &shape.positions[first..end];
        // a ring has four positions at least
        let step = step.min((line.len() / 4).max(1));
        thin.positions.extend(line[..line.len() - 1].iter().step_by(step));
        thin.positions.push(line[line.len() - 1]);
        thin.sequences.push(thin.positions.len());
        first = end;
    }
    Some(thin)
}

fn stated(crs: &DeclaredCrs) -> Option<Srid> {
    match crs {
        DeclaredCrs::Stated(srid) | DeclaredCrs::Recognised(srid, _) | DeclaredCrs::Register(srid, ..) => Some(*srid),
        DeclaredCrs::None | DeclaredCrs::Unrecognised(_) => None,
    }
}

fn json_of(value: Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Integer(number) => json!(number),
        Value::Number(number) => json!(number),
        Value::Boolean(yes) => json!(yes),
        other => other.to_text().map_or(Json::Null, Json::String),
    }
}

#[cfg(test)]
mod tests {
    use super::{ALL_POSITIONS, Gathering, ROWS, Sample, thinned};
    use crate::geometry::{Family, Shape};
    use crate::source::Value;

    fn ring(positions: u32) -> Shape {
        let angle = |i: u32| f64::from(i % (positions - 1)) / f64::from(positions - 1) * std::f64::consts::TAU;
        let positions: Vec<[f64; 2]> = (0..positions).map(|i| [angle(i).cos(), angle(i).sin()]).collect();
        let ends = vec![positions.len()];
        Shape { positions, sequences: ends, parts: vec![1], ..Shape::new(Family::Polygon) }
    }

    #[test]
    fn a_sample_is_spread_over_the_rows_and_bounded() {
        let mut gathering = Gathering { sample: Sample::default(), stride: 1 };
        for number in 1..=100_000 {
            if gathering.wants() {
                gathering.take(0, number, &[Value::Text("à".repeat(1_000))], &ring(300));
            }
        }
        let sample = gathering.end();
        assert!((ROWS / 2..=ROWS).contains(&sample.rows.len()), "{}", sample.rows.len());
        assert!(sample.rows.iter().map(|row| row.positions.len()).sum::<usize>() <= ALL_POSITIONS);
        assert_eq!((sample.all, sample.rows[0].number), (100_000, 1));
        assert!(sample.rows.last().unwrap().number > 99_000);
        assert_eq!(Sample::from_bytes(&sample.to_bytes().unwrap()).unwrap().rows.len(), sample.rows.len());
    }

    #[test]
    fn a_thin_ring_is_closed_and_one_of_too_many_parts_is_none() {
        let thin = thinned(&ring(100_000), 500).unwrap();
        assert!((100..=502).contains(&thin.positions.len()), "{}", thin.positions.len());
        assert_eq!(thin.positions.first(), thin.positions.last());
        let mut many = ring(1_000);
        (many.sequences, many.parts) = ((1..=250).map(|i| i * 4).collect(), (1..=250).collect());
        assert!(thinned(&many, 500).is_none());
    }
}
