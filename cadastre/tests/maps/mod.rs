//! Maps into a real database: the systems that they are in, an import, and questions to the register.

#![allow(dead_code, reason = "each test file uses its part")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cadastre::check::{NoFit, SystemFit};
use cadastre::files::Limits;
use cadastre::register::{Converter, ImportError, Imported, Request, Systems, run};
use cadastre::{MapName, Origin};
use kernel::{Srid, Vault};
use sqlx::PgConnection;
use test_database::Scratch;

pub(crate) const STORAGE: Srid = Srid::RDN2008_UTM33;

/// Maps are in the system that layers are stored in; whatever lies within 100 km of the test's comune fits.
pub(crate) struct Plain;

impl Systems for Plain {
    fn fit(&self, map: &MapName, positions: &[[f64; 2]]) -> Result<Vec<SystemFit>, NoFit> {
        if map.comune() != "X101" {
            return Err(NoFit::OtherComune);
        }
        let inside = positions.iter().all(|[x, y]| (450_000.0..650_000.0).contains(x) && (4_100_000.0..4_300_000.0).contains(y));
        let fit = |crs, share_inside: f64| SystemFit {
            crs,
            title: "a system".to_owned(),
            also: Vec::new(),
            swapped: false,
            share_inside,
            distance_m: 0.0,
            fits: share_inside > 0.5,
        };
        Ok(vec![fit(STORAGE, if inside { 1.0 } else { 0.0 }), fit(Srid::new(3004).unwrap(), 0.0)])
    }

    fn converter(&self, _from: Srid) -> Result<Converter, String> {
        Ok(Box::new(|positions| positions.iter().flatten().all(|v| v.is_finite())))
    }

    fn origin_converter(&self, _origin: &Origin, _to: Srid) -> Result<Converter, String> {
        Err("no origin is said in these tests".to_owned())
    }

    fn inside(&self, map: &MapName, positions: &[[f64; 2]]) -> Result<SystemFit, NoFit> {
        self.fit(map, positions).map(|mut fits| fits.swap_remove(0))
    }

    fn storage(&self) -> Srid {
        STORAGE
    }
}

/// A map written by hand: a border, pieces with their rings (metres from a corner), and what else stands in it.
pub(crate) fn cxf(name: &str, pieces: &[(&str, &[[f64; 2]])], more: &str) -> String {
    let mut text = format!("MAPPA\r\n{name}\r\n2000\r\n");
    for (code, ring) in pieces {
        text += &format!("BORDO\r\n{code}\r\n   5\r\n       0.000\r\n");
        let at = |[x, y]: [f64; 2]| format!("{:12.3}\r\n{:12.3}\r\n", 555_000.0 + x, 4_215_000.0 + y);
        text += &at(ring[0]);
        text += &at(ring[0]);
        text += &format!("   0\r\n{:4}\r\n", ring.len() + 1);
        ring.iter().chain(ring.first()).for_each(|p| text += &at(*p));
    }
    text + more + "EOF\r\n"
}

/// The comune X101, ten kilometres square, and a folder for its files.
pub(crate) struct Scene {
    scratch: Scratch,
    pub(crate) folder: tempfile::TempDir,
    systems: Arc<dyn Systems>,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        Self::with(Plain).await
    }

    pub(crate) async fn with(systems: impl Systems + 'static) -> Self {
        let scene = Self { scratch: Scratch::new().await, folder: tempfile::tempdir().unwrap(), systems: Arc::new(systems) };
        let sql = "insert into territory.boundaries (id, comune, name, catasto_code, geom) values
            ('080901', '080901', 'Castelmarina', 'X101', st_multi(st_makeenvelope(550000, 4210000, 560000, 4220000, 7792)))";
        sqlx::raw_sql(sql).execute(&mut scene.conn().await).await.unwrap();
        scene
    }

    pub(crate) async fn conn(&self) -> PgConnection {
        self.scratch.connection("opensit_owner").await
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// Files of a day, whose systems are not said.
    pub(crate) fn request(&self, paths: &[&Path], day: &str) -> Request {
        Request {
            paths: paths.iter().map(|path| (*path).to_owned()).collect(),
            limits: Limits::default(),
            crs: None,
            day: day.parse().unwrap(),
            today: "2026-11-30".parse().unwrap(),
            whole: false,
            by: "a test".to_owned(),
            whose: kernel::Comuni::All,
            only_look: false,
        }
    }

    pub(crate) async fn run(&self, request: Request) -> Result<Imported, ImportError> {
        run(&mut self.conn().await, request, Arc::clone(&self.systems), &Vault::new([7; 32])).await
    }

    /// A file, or a folder, in the system of storage.
    pub(crate) async fn import(&self, path: &Path, day: &str) -> Imported {
        self.run(Request { crs: Some(STORAGE), ..self.request(&[path], day) }).await.unwrap()
    }

    /// A file of a sheet whose system is not said.
    pub(crate) async fn import_unsaid(&self, path: &Path, day: &str) -> Imported {
        self.run(self.request(&[path], day)).await.unwrap()
    }

    /// What an import would do.
    pub(crate) async fn look(&self, path: &Path, day: &str) -> Imported {
        self.run(Request { crs: Some(STORAGE), only_look: true, ..self.request(&[path], day) }).await.unwrap()
    }

    /// A question whose answer is one text.
    pub(crate) async fn ask(&self, sql: &'static str) -> String {
        sqlx::query_scalar::<_, Option<String>>(sql).fetch_one(&mut self.conn().await).await.unwrap().unwrap_or_default()
    }
}

/// Rows of a layer that are new, changed, gone and the same.
pub(crate) fn counts(done: &Imported, layer: &str) -> [i64; 4] {
    let c = done.counts.iter().find(|c| c.layer == layer).unwrap();
    [c.new, c.changed, c.gone, c.same]
}
