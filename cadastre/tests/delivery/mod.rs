//! The theme on a real database, and a delivery of the census on its way into it: files, reader, channel, COPY, register.

#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::HashMap;
use std::ops::Deref;

use cadastre::census::{CensusFile, Reader};
use cadastre::holdings::{self, Gathered, Outcome};
use cadastre::remark::{Issue, Remarks};
use kernel::{Principal, Vault};
use sqlx::{Connection, PgConnection};
use test_database::Theme;

pub(crate) const OURS: &str = "080901";
pub(crate) const THEIRS: &str = "080902";
pub(crate) const B: CensusFile = CensusFile::Buildings;
pub(crate) const L: CensusFile = CensusFile::Land;
pub(crate) const S: CensusFile = CensusFile::Subjects;
pub(crate) const T: CensusFile = CensusFile::Titles;

pub(crate) struct Scene(Theme);

impl Deref for Scene {
    type Target = Theme;

    fn deref(&self) -> &Theme {
        &self.0
    }
}

/// What a delivery was.
pub(crate) struct Delivery {
    pub(crate) outcome: Outcome,
    pub(crate) gathered: Gathered,
    /// What was remarked on each file as it was read.
    pub(crate) remarks: Vec<Remarks>,
    /// Parcels of the map that were told something new.
    pub(crate) parcels: u64,
}

impl Delivery {
    pub(crate) fn counts(&self) -> [[u64; 3]; 6] {
        let o = &self.outcome;
        [o.properties, o.places, o.addresses, o.subjects, o.titles, o.portions].map(|counts| [counts.new, counts.changed, counts.same])
    }

    /// Lines and remarks of a file, read and compared.
    pub(crate) fn told(&self, file: u32) -> Vec<(u64, Issue)> {
        let read = self.remarks[file as usize].kept().iter();
        let compared = self.outcome.remarks.get(&file).map(Remarks::kept).unwrap_or_default();
        read.chain(compared).map(|remark| (remark.line, remark.issue.clone())).collect()
    }
}

pub(crate) fn officer(comune: &str) -> Principal {
    test_database::officer(&format!("Officer of {comune}"), &[comune])
}

pub(crate) fn with_purpose(who: Principal) -> Principal {
    who.with_purposes(["visura catastale".to_owned()])
}

impl Scene {
    /// With rows of the map.
    pub(crate) async fn with(rows: &str) -> Self {
        Self(Theme::open(cadastre::module().unwrap(), &[], rows, "2026-11-27T11:00:00Z").await)
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.services.vault
    }

    /// Brings files in, as an import does.
    pub(crate) async fn deliver(&self, files: &[(CensusFile, &[u8])]) -> Delivery {
        deliver(&mut self.owner().await, self.vault(), files).await
    }

    /// Rows of a query as text, one a line, columns apart by `|`.
    pub(crate) async fn rows(&self, columns: &str, from: &str) -> Vec<String> {
        let all = self.sql(&format!("select string_agg(concat_ws('|', {columns}), E'\\n') from {from}")).await;
        all.lines().map(str::to_owned).collect()
    }
}

pub(crate) async fn deliver(owner: &mut PgConnection, vault: &Vault, files: &[(CensusFile, &[u8])]) -> Delivery {
    let mut transaction = owner.begin().await.unwrap();
    let import = "insert into cadastre.imports (number, by, day, files, counts, report)
         select coalesce(max(number), 0) + 1, 'test', '2026-11-27', '[]', '{}', '{}' from cadastre.imports returning number";
    let import: i64 = sqlx::query_scalar(import).fetch_one(&mut *transaction).await.unwrap();
    holdings::prepare(&mut transaction).await.unwrap();
    let comuni = HashMap::from([("X101".to_owned(), "080901".to_owned()), ("X102".to_owned(), "080902".to_owned())]);
    let (mut gathering, batches) = holdings::channel(vault, comuni);
    let files: Vec<(CensusFile, Vec<u8>)> = files.iter().map(|(file, bytes)| (*file, bytes.to_vec())).collect();
    let reading = tokio::task::spawn_blocking(move || {
        let mut all = Vec::new();
        for (at, (file, bytes)) in files.into_iter().enumerate() {
            let mut reader = Reader::new(&*bytes, file);
            let mut remarks = Remarks::default();
            while let Some(entry) = reader.read().unwrap() {
                gathering.push(at as u32, entry.line, &entry.value, &mut remarks).unwrap();
            }
            all.push((remarks, reader.into_remarks()));
        }
        (all, gathering.finish().unwrap())
    });
    batches.load(&mut transaction).await.unwrap();
    let (read, gathered) = reading.await.unwrap();
    let outcome = holdings::apply(&mut transaction, import).await.unwrap();
    let parcels = holdings::parcels(&mut transaction, &["080901".to_owned(), "080902".to_owned()]).await.unwrap();
    transaction.commit().await.unwrap();
    let remarks = read.into_iter().map(|(remarks, _)| remarks).collect();
    Delivery { outcome, gathered, remarks, parcels }
}
