use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

use crate::IngestError;
use crate::report::Note;
use crate::source::{Reader, Row, SourceLayer};

/// A word that a load shall stop, at whatever stage it is. Cheap to clone; all clones are one.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<Told>);

#[derive(Debug, Default)]
struct Told {
    asked: AtomicBool,
    waiting: Notify,
}

/// Rows between two looks.
const STEP: u32 = 64;

impl Stop {
    /// Asks for it. What was published stays; what is not is swept away, and the load ends with [`IngestError::Cancelled`].
    pub fn ask(&self) {
        self.0.asked.store(true, Ordering::Release);
        self.0.waiting.notify_waiters();
    }

    /// Whether somebody asked.
    pub fn is_asked(&self) -> bool {
        self.0.asked.load(Ordering::Acquire)
    }

    /// Waits until somebody asks.
    pub(crate) async fn asked(&self) {
        let mut told = std::pin::pin!(self.0.waiting.notified());
        loop {
            told.as_mut().enable();
            if self.is_asked() {
                return;
            }
            told.as_mut().await;
            told.set(self.0.waiting.notified());
        }
    }
}

/// A reader that ends when it is told to.
pub(crate) struct Stoppable {
    pub(crate) reader: Box<dyn Reader>,
    pub(crate) stop: Stop,
}

impl Reader for Stoppable {
    fn layer(&self) -> &SourceLayer {
        self.reader.layer()
    }

    fn note(&mut self, note: Note) {
        self.reader.note(note);
    }

    fn read(&mut self, each: &mut dyn FnMut(Row) -> ControlFlow<()>) -> Result<(), IngestError> {
        let Self { reader, stop } = self;
        let (mut rows, mut stopped) = (0_u32, stop.is_asked());
        if !stopped {
            reader.read(&mut |row| {
                rows = rows.wrapping_add(1);
                if rows.is_multiple_of(STEP) && stop.is_asked() {
                    stopped = true;
                    return ControlFlow::Break(());
                }
                each(row)
            })?;
        }
        if stopped { Err(IngestError::Cancelled) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Stop;

    #[tokio::test]
    async fn who_waits_is_told_and_who_comes_later_too() {
        let stop = Stop::default();
        assert!(tokio::time::timeout(Duration::from_millis(20), stop.asked()).await.is_err());
        let waiting = tokio::spawn({
            let stop = stop.clone();
            async move { stop.asked().await }
        });
        tokio::task::yield_now().await;
        stop.ask();
        waiting.await.unwrap();
        stop.asked().await;
        assert!(stop.is_asked());
    }
}
