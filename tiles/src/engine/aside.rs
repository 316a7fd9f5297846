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
    joined: Option<(u64, Run)>,
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
                        let taken = catch_unwind(AssertUnwindSafe(|| take_in(&kept, state, changes)));
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
                Rows::Busy(aside) => aside.joined = Some((ticket, run)),
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
                state.joined(ticket, run);
            }
            kept.join(&mut state);
            *rows = Rows::Ready(state);
            kept.settled.notify_waiters();
            return Ok(());
        }
        drop(rows);
        changes = noted.concat();
    }
}
