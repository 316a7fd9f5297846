//! Changes taken in, few of them at once, many on a thread of their own: the change feed goes on with other layers meanwhile, and no thread
//! that serves requests is held. Who asks for the layer waits, or is answered by the database.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use feed::RowChange;
use tokio::sync::Notify;

use super::run::Run;
use super::state::{self, Lost, State};
use super::{Kept, Rows, lost};

/// From as many rows to be written on it takes longer than a thread that serves others should be held: some milliseconds.
const MUCH: usize = 500;

/// What comes of a layer while many of its changes are being taken in.
#[derive(Default)]
pub(super) struct Aside {
    /// The commits after these.
    noted: Vec<Vec<RowChange>>,
    /// Parts that were being made one when it began, and the ticket for it.
    joined: Option<(u64, Box<Run>)>,
    /// What the rows took of memory before, bytes.
    pub(super) bytes: usize,
}

impl Kept {
    /// Takes in what a commit did.
    pub(super) fn apply(self: &Arc<Self>, changes: Vec<RowChange>, due: &Arc<Notify>) -> Result<(), Lost> {
        let mut rows = self.rows();
        match &mut *rows {
            Rows::Loading(noted) | Rows::Busy(Aside { noted, .. }) => noted.push(changes),
            Rows::Ready(state) if state.work(changes.len()) < MUCH => {
                state.apply(&changes)?;
                self.join(state);
            }
            Rows::Ready(state) => {
                let aside = Aside { bytes: state.bytes(), ..Aside::default() };
                if let Rows::Ready(state) = std::mem::replace(&mut *rows, Rows::Busy(aside)) {
                    let (kept, due) = (Arc::clone(self), Arc::clone(due));
                    std::thread::spawn(move || {
                        // a thread that broke down must not leave those waiting who wait for it
                        let taken = catch_unwind(AssertUnwindSafe(|| take_in(&kept, *state, changes)));
                        if !matches!(taken, Ok(Ok(()))) {
                            lost(&kept, &due);
                        }
                    });
                }
            }
            Rows::Lost | Rows::Left => {}
        }
        Ok(())
    }

    /// Makes parts one on a thread of their own, if that is due.
    fn join(self: &Arc<Self>, state: &mut State) {
        let Some((ticket, parts)) = state.outgrown() else { return };
        let kept = Arc::clone(self);
        std::thread::spawn(move || {
            let run = state::merged(&kept.plan, &parts);
            drop(parts);
            match &mut *kept.rows() {
                Rows::Ready(state) => state.joined(ticket, run),
                Rows::Busy(aside) => aside.joined = Some((ticket, Box::new(run))),
                Rows::Loading(_) | Rows::Lost | Rows::Left => {}
            }
        });
    }
}

/// Takes in changes and what has been noted since, until nothing is left: then the rows are ready.
pub(super) fn take_in(kept: &Arc<Kept>, mut state: State, mut changes: Vec<RowChange>) -> Result<(), Lost> {
    loop {
        if !changes.is_empty() {
            state.apply(&changes)?;
        }
        let mut rows = kept.rows();
        let noted = match &mut *rows {
            Rows::Loading(noted) | Rows::Busy(Aside { noted, .. }) => std::mem::take(noted),
            Rows::Ready(_) | Rows::Lost | Rows::Left => return Ok(()),
        };
        if noted.is_empty() {
            if let Rows::Busy(Aside { joined: Some((ticket, run)), .. }) = std::mem::replace(&mut *rows, Rows::Lost) {
                state.joined(ticket, *run);
            }
            kept.join(&mut state);
            *rows = Rows::Ready(Box::new(state));
            kept.settled.notify_waiters();
            return Ok(());
        }
        drop(rows);
        changes = noted.concat();
    }
}

#[cfg(test)]
mod tests {
    use super::{Aside, MUCH, take_in};
    use crate::engine::builder::Builder;
    use crate::engine::plan::Plan;
    use crate::engine::projection::Projection;
    use crate::engine::state::{Lost, State};
    use crate::engine::{Kept, Rows};
    use feed::{RowChange, StreamedColumn, StreamedRow};
    use kernel::{Layer, LayerId, Srid};
    use serde_json::json;
    use std::sync::{Arc, Mutex};
    use tokio::sync::Notify;

    fn scene() -> (Arc<Kept>, State) {
        let layer: Layer = serde_json::from_value(json!({
            "id": "trees", "module": "environment", "title": {"it": "", "en": ""}, "table": "environment.trees", "geometry": "Point", "srid": 7792, "fields": []
        }))
        .unwrap();
        let plan = Arc::new(Plan::new(Arc::new(layer)));
        let state = State::new(Projection::from(Srid::RDN2008_UTM33).unwrap(), Builder::new(Arc::clone(&plan)).finish());
        let rows = Mutex::new(Rows::Busy(Aside::default()));
        (Arc::new(Kept { layer: LayerId::new("trees").unwrap(), generation: 1, plan, rows, settled: Notify::new() }), state)
    }

    fn put(fid: i64) -> RowChange {
        let columns = ["fid", "id", "geom", "comune"].map(|name| StreamedColumn { name: name.into(), kind: 25 }).into();
        // POINT(557000 4218000)
        let place = "01010000000000000090FF20410000000024175041";
        let text = |text: String| Some(text.into_bytes().into_boxed_slice());
        RowChange::Put(StreamedRow {
            columns,
            values: vec![text(fid.to_string()), text(fid.to_string()), text(place.into()), text("080901".into())],
        })
    }

    fn rows(kept: &Kept) -> Option<usize> {
        match &*kept.rows() {
            Rows::Ready(state) => Some(state.rows()),
            _ => None,
        }
    }

    #[test]
    fn what_comes_meanwhile_is_taken_in_after_it_and_then_the_rows_are_ready() {
        let (kept, state) = scene();
        let due = Arc::default();
        kept.apply(vec![RowChange::Gone(7), put(1_000)], &due).unwrap();
        kept.apply(vec![put(1_001)], &due).unwrap();
        assert_eq!(rows(&kept), None, "nobody reads it yet");
        take_in(&kept, state, (0..20).map(put).collect()).unwrap();
        assert_eq!(rows(&kept), Some(21));
        // few are taken in at once
        kept.apply(vec![RowChange::Gone(8)], &due).unwrap();
        assert_eq!(rows(&kept), Some(20));
    }

    #[tokio::test]
    async fn many_are_taken_in_and_told_when_they_are_in() {
        let (kept, state) = scene();
        take_in(&kept, state, Vec::new()).unwrap();
        let told = kept.settled.notified();
        tokio::pin!(told);
        told.as_mut().enable();
        kept.apply((0..MUCH as i64).map(put).collect(), &Arc::default()).unwrap();
        told.await;
        assert_eq!(rows(&kept), Some(MUCH));
    }

    #[tokio::test]
    async fn what_can_not_be_told_is_lost_and_asked_for_again() {
        let (kept, state) = scene();
        take_in(&kept, state, Vec::new()).unwrap();
        let due: Arc<Notify> = Arc::default();
        let many = (0..MUCH as i64).map(put).chain([RowChange::Unknown]).collect();
        kept.apply(many, &due).unwrap();
        due.notified().await;
        assert!(matches!(&*kept.rows(), Rows::Lost));
        let (kept, state) = scene();
        assert_eq!(take_in(&kept, state, vec![RowChange::Unknown]), Err(Lost));
    }
}
