//! A transaction is in the log before others see what it did: its process writes the commit, and then has to come to take itself off the list
//! of those at work. On a busy machine, or with a synchronous standby, the feed hears of it in between, and who looks at once looks too early.

use std::time::Duration;

use kernel::{Database, Principal};
use tokio::time::{Instant, sleep};

/// How long it is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is looked.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// Which transactions who reads now sees, as of the last look (`pg_current_snapshot()`).
#[derive(Debug, Default)]
pub(crate) struct Visible(Option<Snapshot>);

#[derive(Debug, PartialEq, Eq)]
struct Snapshot {
    /// Whatever is below was over.
    xmin: u64,
    /// Whatever is not below had not begun or was not over.
    xmax: u64,
    /// What was at work between these.
    at_work: Vec<u64>,
}

impl Visible {
    /// Waits until readers see what this transaction did. A database that can't be asked, or a transaction that is never seen, is not
    /// waited for any longer: readers are told late rather than never.
    pub(crate) async fn wait(&mut self, database: &Database, xid: u32) {
        let begun = Instant::now();
        loop {
            if self.0.as_ref().is_some_and(|snapshot| snapshot.sees(xid)) {
                return;
            }
            match look(database).await {
                Ok(snapshot) => self.0 = snapshot,
                Err(error) => {
                    tracing::warn!(cause = %error, "it can't be seen whether a change is visible already");
                    return;
                }
            }
            if self.0.as_ref().is_none_or(|snapshot| snapshot.sees(xid)) {
                return;
            }
            if begun.elapsed() > PATIENCE {
                tracing::warn!(xid, waited_s = PATIENCE.as_secs(), "a change that was committed is not visible yet");
                return;
            }
            sleep(LOOK_AGAIN).await;
        }
    }
}

async fn look(database: &Database) -> Result<Option<Snapshot>, sqlx::Error> {
    let mut session = database.session(&Principal::anonymous()).await?;
    let text: String = sqlx::query_scalar("select pg_current_snapshot()::text").fetch_one(&mut *session).await?;
    Ok(Snapshot::read(&text))
}

impl Snapshot {
    /// `xmin:xmax:xid,xid`.
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let (xmin, xmax, at_work) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?);
        let at_work = at_work.split(',').filter(|xid| !xid.is_empty()).map(|xid| xid.parse().ok()).collect::<Option<_>>()?;
        Some(Self { xmin, xmax, at_work })
    }

    /// Whether who reads by it sees what this transaction did. The log names transactions by 32 bits: of those meant is the one nearest.
    fn sees(&self, xid: u32) -> bool {
        let ahead = xid.wrapping_sub(self.xmax as u32) as i32;
        let whole = self.xmax.saturating_add_signed(i64::from(ahead));
        whole < self.xmin || (whole < self.xmax && !self.at_work.contains(&whole))
    }
}

#[cfg(test)]
mod tests {
    use super::Snapshot;

    #[test]
    fn a_snapshot_sees_what_was_over_when_it_was_taken() {
        let snapshot = Snapshot::read("100:105:100,103").unwrap();
        let seen: Vec<u32> = (98..108).filter(|xid| snapshot.sees(*xid)).collect();
        assert_eq!(seen, [98, 99, 101, 102, 104]);
        assert!(Snapshot::read("100:105:").unwrap().sees(104));
        assert_eq!((Snapshot::read(""), Snapshot::read("1:x:")), (None, None));
    }

    #[test]
    fn the_32_bits_of_the_log_go_round() {
        let round = 1_u64 << 32;
        let snapshot = Snapshot { xmin: round + 5, xmax: round + 5, at_work: Vec::new() };
        assert!(snapshot.sees(u32::MAX) && snapshot.sees(4) && !snapshot.sees(5));
    }
}
