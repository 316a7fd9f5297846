//! The only reading of a file, where it can be guessed from its first rows what decides how all are loaded. Runs on its own thread.

use std::cell::OnceCell;
use std::ops::ControlFlow;

use tokio::sync::{mpsc, oneshot};

use super::Tally;
use super::feed_rows::{Chunk, Plan, Writer};
use crate::IngestError;
use crate::geometry::Tidied;
use crate::plan::FieldPlan;
use crate::report::Reason;
use crate::source::{Row, Source};
use crate::survey::{FileSurvey, STEP, Sketch, Survey, Surveyor};

/// Rows from which the others are guessed.
const FIRST: usize = 1024;

/// What the first rows say.
pub(crate) struct Glance {
    pub(crate) sketch: Sketch,
    pub(crate) file: FileSurvey,
}

/// What the reader says, and what it is told.
pub(crate) struct Ends {
    pub(crate) glance: oneshot::Sender<Glance>,
    /// Without one nothing is loaded.
    pub(crate) plan: oneshot::Receiver<Plan>,
    pub(crate) chunks: mpsc::Sender<Chunk>,
    pub(crate) rows: mpsc::UnboundedSender<u64>,
}

/// What was read.
pub(crate) struct Read {
    pub(crate) survey: Survey,
    /// What was written; `None` if there was no plan, or the rows are not what it was made for.
    pub(crate) tally: Option<Tally>,
}

/// Reads a file that nothing was read of. Once its first rows are known it asks how to load them, and writes them and those that follow,
/// until one shows that the guess was wrong; all are looked at in any case.
pub(crate) fn read_at_once(source: &mut Source, mut surveyor: Surveyor, fields: &[FieldPlan], ends: Ends) -> Result<Read, IngestError> {
    let Ends { glance, plan, chunks, rows } = ends;
    let told = OnceCell::new();
    let mut ask = Some(Ask { glance, plan, told: &told, chunks: &chunks });
    let mut first: Vec<Looked> = Vec::with_capacity(FIRST);
    let mut loader: Option<Loader<'_>> = None;
    surveyor.begin(source);
    source.reader.read(&mut |mut row| {
        let looked = surveyor.look(&mut row);
        let step = surveyor.rows().is_multiple_of(STEP);
        if let Some(Loader { sketch, writer }) = &mut loader {
            // the column that was made for rows of one part takes no others
            let fits = sketch.multi == surveyor.are_multi(sketch.family) && !(step && *sketch != surveyor.sketch());
            if !fits || writer.take(row, looked).is_break() {
                loader = None;
            }
        } else if ask.is_some() {
            first.push((row, looked));
            if first.len() == FIRST {
                loader = ask.take().and_then(|ask| ask.begin(&surveyor, &mut first));
            }
        }
        if step {
            let _ = rows.send(surveyor.rows());
        }
        ControlFlow::Continue(())
    })?;
    let loader = ask.take().map_or(loader, |ask| ask.begin(&surveyor, &mut first));
    let sketch = surveyor.sketch();
    let tally = loader.filter(|loader| loader.sketch == sketch).map(|loader| loader.writer.end());
    Ok(Read { survey: surveyor.end(fields)?, tally })
}

/// A row without its geometry, and that.
type Looked = (Row, Result<Tidied, Reason>);

/// A writer, and what it takes the rows for.
struct Loader<'a> {
    sketch: Sketch,
    writer: Writer<'a>,
}

/// A question that is asked once.
struct Ask<'a> {
    glance: oneshot::Sender<Glance>,
    plan: oneshot::Receiver<Plan>,
    told: &'a OnceCell<Plan>,
    chunks: &'a mpsc::Sender<Chunk>,
}

impl<'a> Ask<'a> {
    /// Asks, and writes the rows that waited for the answer.
    fn begin(self, surveyor: &Surveyor, first: &mut Vec<Looked>) -> Option<Loader<'a>> {
        let sketch = surveyor.sketch();
        let file = surveyor.file().cloned().unwrap_or_default();
        self.glance.send(Glance { sketch: sketch.clone(), file }).ok()?;
        let plan = self.plan.blocking_recv().ok()?;
        let mut writer = Writer::new(self.told.get_or_init(|| plan), self.chunks);
        first.drain(..).all(|(row, looked)| writer.take(row, looked).is_continue()).then_some(Loader { sketch, writer })
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use chrono::DateTime;
    use crs::Transformer;
    use kernel::Srid;
    use tokio::sync::{mpsc, oneshot};

    use super::{Ends, FIRST, Glance, Read, read_at_once};
    use crate::geometry::Family;
    use crate::load::{ComuneOf, IntoNext, Plan};
    use crate::rules::{Facts, Rules, Thresholds};
    use crate::source::{DeclaredCrs, RawGeometry, Reader, Row, Source, SourceLayer};
    use crate::survey::{Key, Surveyor, Wish};
    use crate::{IngestError, Limits};

    /// Points in a row, of which one has two parts.
    struct Points {
        layer: SourceLayer,
        rows: u64,
        of_two: u64,
    }

    impl Reader for Points {
        fn layer(&self) -> &SourceLayer {
            &self.layer
        }

        fn as_text(&mut self, _: usize) {}

        fn note(&mut self, _: crate::Note) {}

        fn read(&mut self, each: &mut dyn FnMut(Row) -> ControlFlow<()>) -> Result<(), IngestError> {
            for number in 1..=self.rows {
                let wkt = if number == self.of_two { "MULTIPOINT(1 2,3 4)" } else { "POINT(1 2)" };
                let geometry = RawGeometry::Wkt(wkt.to_owned());
                if each(Row { number, key: None, values: Vec::new(), lost: false, geometry }).is_break() {
                    break;
                }
            }
            Ok(())
        }
    }

    /// What comes of so many rows, and how many of them were sent.
    fn read(rows: u64, of_two: u64, with_plan: bool) -> (Read, u64) {
        let layer = SourceLayer {
            name: "points".into(),
            format: "none",
            fields: Vec::new(),
            crs: DeclaredCrs::None,
            placed: true,
            rows: None,
            key: None,
            encoding: String::new(),
            siblings: Vec::new(),
            notes: Vec::new(),
        };
        let mut source = Source { file: "points".into(), reader: Box::new(Points { layer, rows, of_two }) };
        let (glance, glanced) = oneshot::channel();
        let (told, plan) = oneshot::channel();
        let (chunks, mut sent) = mpsc::channel(1);
        let (counted, _) = mpsc::unbounded_channel();
        let limits = Limits::default();
        std::thread::scope(|scope| {
            let reading = scope.spawn(|| {
                let surveyor = Surveyor::new(std::slice::from_ref(&source), &[], None, &Wish::default(), &limits);
                read_at_once(&mut source, surveyor, &[], Ends { glance, plan, chunks, rows: counted }).unwrap()
            });
            let Glance { sketch, .. } = glanced.blocking_recv().unwrap();
            let storage = Srid::new(7792).unwrap();
            if with_plan {
                let plan = Plan {
                    fields: Vec::new(),
                    key: Key::Sequence,
                    family: Family::Point,
                    storage,
                    swap_axes: false,
                    limits,
                    transformers: vec![Transformer::new(storage, storage, &crs::Settings::default()).unwrap()],
                    comune: ComuneOf::Given("080901".into()),
                    rows: Vec::new(),
                    direct: Some(IntoNext { multi: sketch.multi }),
                    compared: None,
                    held: None,
                    facts: Facts { rules: Rules::default(), thresholds: Thresholds::default(), now: DateTime::UNIX_EPOCH },
                    told_comune: None,
                    whose: kernel::Comuni::All,
                    told: false,
                };
                assert!(told.send(plan).is_ok());
            } else {
                drop(told);
            }
            let mut read = 0;
            while let Some(chunk) = sent.blocking_recv() {
                read = chunk.read;
            }
            (reading.join().unwrap(), read)
        })
    }

    #[test]
    fn rows_as_the_first_are_written_as_they_are_read() {
        for rows in [3, FIRST as u64, 50_000] {
            let (Read { survey, tally }, sent) = read(rows, 0, true);
            let tally = tally.unwrap();
            assert_eq!((survey.tally.read, tally.read, tally.direct.rows(), sent), (rows, rows, rows, rows));
            assert_eq!((survey.family, survey.multi), (Some(Family::Point), false));
        }
        // what is in the first rows is known
        assert_eq!(read(50_000, 7, true).0.tally.unwrap().direct.rows(), 50_000);
    }

    #[test]
    fn one_row_that_is_other_than_the_first_undoes_it() {
        for of_two in [FIRST as u64 + 1, 20_000, 50_000] {
            let (Read { survey, tally }, _) = read(50_000, of_two, true);
            assert!(tally.is_none(), "{of_two}");
            assert_eq!((survey.tally.read, survey.multi), (50_000, true));
        }
        let (Read { survey, tally }, sent) = read(50_000, 0, false);
        assert!(tally.is_none() && survey.tally.read == 50_000 && sent == 0, "without a plan nothing is written");
    }
}
