//! Finds PostgreSQL's programs. Debian keeps them out of PATH, one folder a major version.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::ClusterError;

/// The oldest major version with what the program relies on (`security_invoker` views, `MERGE`, decoding of column lists).
const OLDEST: u32 = 15;

/// What the set-up creates in the database; the last three come with PostgreSQL itself.
const EXTENSIONS: [&str; 4] = ["postgis", "btree_gist", "pg_trgm", "unaccent"];

/// One installed PostgreSQL: its major version and the folder with its programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binaries {
    major: u32,
    folder: PathBuf,
}

impl Binaries {
    /// Every supported version that is installed, the newest first. Looks in the folders of Debian and of the PostgreSQL
    /// project's packages, and where `pg_config` points.
    pub(crate) fn installed() -> Vec<Self> {
        let mut found: Vec<Self> = candidate_folders().iter().filter_map(|folder| Self::in_folder(folder)).collect();
        found.sort_by_key(|binaries| std::cmp::Reverse(binaries.major));
        found.dedup_by_key(|binaries| binaries.major);
        found
    }

    /// The newest version that has every extension; with none, the error names what is missing.
    ///
    /// # Errors
    /// [`ClusterError::NoPostgres`], or [`ClusterError::MissingExtension`] for the newest version.
    pub(crate) fn newest() -> Result<Self, ClusterError> {
        let installed = Self::installed();
        let Some(newest) = installed.first() else {
            return Err(ClusterError::NoPostgres { looked_in: looked_in() });
        };
        let whole = installed.iter().find(|binaries| binaries.check_extensions().is_ok());
        whole.cloned().map_or_else(|| newest.check_extensions().map(|()| newest.clone()), Ok)
    }

    /// The programs in one folder, if they are those of a supported server.
    fn in_folder(folder: &Path) -> Option<Self> {
        let output = Command::new(folder.join("postgres")).arg("--version").output().ok()?;
        let major = parse_major(&String::from_utf8_lossy(&output.stdout))?;
        let complete = ["initdb", "psql"].iter().all(|program| folder.join(program).is_file());
        (major >= OLDEST && complete).then(|| Self { major, folder: folder.to_owned() })
    }

    /// PostgreSQL's major version, such as 15.
    pub(crate) fn major(&self) -> u32 {
        self.major
    }

    /// The path of one program, such as `pg_dump`.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Checks that the extensions that the database needs are installed for this version.
    pub(super) fn check_extensions(&self) -> Result<(), ClusterError> {
        let folder = self.share_folder().join("extension");
        for extension in EXTENSIONS {
            let control_file = folder.join(format!("{extension}.control"));
            if !control_file.is_file() {
                return Err(ClusterError::MissingExtension { major: self.major, extension, control_file });
            }
        }
        Ok(())
    }

    fn share_folder(&self) -> PathBuf {
        self.config("--sharedir").map_or_else(|| PathBuf::from(format!("/usr/share/postgresql/{}", self.major)), PathBuf::from)
    }

    /// Whether it was built with lz4; a server without it does not start if it is told to compress so.
    pub(super) fn has_lz4(&self) -> bool {
        self.config("--configure").is_some_and(|options| options.contains("--with-lz4"))
    }

    fn config(&self, option: &str) -> Option<String> {
        pg_config(&self.program("pg_config"), option)
    }
}

/// The folders where distributions put the server's programs.
const PARENTS: [&str; 2] = ["/usr/lib/postgresql", "/usr"];

fn looked_in() -> String {
    "/usr/lib/postgresql/*/bin, /usr/pgsql-*/bin and where pg_config points".to_owned()
}

fn candidate_folders() -> Vec<PathBuf> {
    let [debian, red_hat] = PARENTS;
    let mut folders: Vec<PathBuf> = subfolders(debian, "").chain(subfolders(red_hat, "pgsql-")).map(|f| f.join("bin")).collect();
    // of one version the first folder counts, and no folder's programs are run twice
    let named = pg_config(Path::new("pg_config"), "--bindir").map(PathBuf::from).filter(|named| !folders.contains(named));
    folders.extend(named);
    folders
}

fn subfolders(parent: &str, prefix: &'static str) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    entries.filter(move |entry| entry.file_name().to_string_lossy().starts_with(prefix)).map(|entry| entry.path())
}

fn pg_config(program: &Path, option: &str) -> Option<String> {
    let output = Command::new(program).arg(option).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}

/// Reads `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` and `postgres (PostgreSQL) 18beta1`.
fn parse_major(version: &str) -> Option<u32> {
    let number = version.split("(PostgreSQL) ").nth(1)?;
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_major_version_of_releases_and_betas() {
        assert_eq!(parse_major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(parse_major("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(parse_major("mysql 8"), None);
    }

    #[test]
    fn finds_the_installed_server_with_its_extensions() {
        let binaries = Binaries::newest().unwrap();
        assert!(binaries.major() >= OLDEST);
        assert!(binaries.program("pg_dump").is_file());
    }

    #[test]
    fn names_the_package_of_a_missing_extension() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("pg_config");
        std::fs::write(&script, format!("#!/bin/sh\necho {}\n", folder.path().display())).unwrap();
        std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        // a process that another test starts meanwhile may hold the file open for a moment, and then it can't be run
        while Command::new(&script).output().is_err() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let binaries = Binaries { major: 15, folder: folder.path().to_owned() };
        let message = binaries.check_extensions().unwrap_err().to_string();
        assert!(message.contains("has no postgis") && message.contains("postgresql-15-postgis-3"), "{message}");
    }
}
