use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::events::Events;
use crate::psql::{Psql, Session};
use crate::seeded::Seeded;

/// Random edits of parcels, each followed until its event comes.
pub(crate) struct Edits {
    session: Session,
    events: Events,
    parcels: Vec<String>,
    random: Seeded,
}

impl Edits {
    pub(crate) fn open(psql: &Psql, url: &str, random: Seeded) -> Result<Self> {
        let rows = psql.rows("select fid from cadastre.parcels where kind = 'land' order by fid limit 20000")?;
        let parcels = rows.into_iter().flatten().collect();
        Ok(Self { session: psql.session()?, events: Events::open(url, "parcels")?, parcels, random })
    }

    /// Edits one: seconds from the moment the statement is given to `psql` to its event.
    pub(crate) fn one(&mut self) -> Result<f64> {
        let at = usize::try_from(self.random.below(self.parcels.len() as u64))?;
        let fid = self.parcels.get(at).context("the town has no parcels")?;
        self.events.drain();
        let start = Instant::now();
        self.session.run(&format!("update cadastre.parcels set updated_on = updated_on where fid = {fid}"))?;
        let came = self.events.next("parcels", Duration::from_secs(10)).context("no event within 10 s of an edit")?;
        Ok(came.duration_since(start).as_secs_f64())
    }
}
