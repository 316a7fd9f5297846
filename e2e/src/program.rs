use std::path::PathBuf;
use std::process::{Command, Stdio};

/// What a command said.
#[derive(Debug)]
pub struct Output {
    /// Whether it ended with success.
    pub ok: bool,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub err: String,
}

/// The built program, without whatever the environment says of installations.
///
/// It stands two folders above the test's own executable, since cargo builds both into one target folder. `make test` builds the
/// whole workspace first.
pub fn opensit() -> Command {
    let here = std::env::current_exe().expect("a test has an executable");
    let program: PathBuf = here.ancestors().nth(2).expect("target/<profile>/deps").join("opensit");
    assert!(program.is_file(), "{} is missing: run `cargo build --workspace` first", program.display());
    let mut command = Command::new(program);
    for name in ["DATABASE_URL", "OPENSIT_DATA_DIR", "OPENSIT_CONFIG", "OPENSIT_LISTEN", "OPENSIT_PUBLIC_URL", "OPENSIT_BOUNDARY"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?} can't be run: {e}"));
    Output {
        ok: output.status.success(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
