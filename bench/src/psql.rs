use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::program::opensit;

/// `psql` on the town's database, as its owner.
#[derive(Clone)]
pub(crate) struct Psql(String);

/// One `psql` that stays open.
pub(crate) struct Session {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Psql {
    pub(crate) fn of(program: &Path, data_dir: &Path) -> Result<Self> {
        let output = opensit(program).args(["database", "url", "--data-dir"]).arg(data_dir).output()?;
        ensure!(output.status.success(), "database url: {}", String::from_utf8_lossy(&output.stderr));
        Ok(Self(String::from_utf8(output.stdout)?.trim().to_owned()))
    }

    /// The connection string.
    pub(crate) fn url(&self) -> &str {
        &self.0
    }

    fn command(&self) -> Command {
        let mut command = Command::new("psql");
        command.args([&self.0, "-XAtqv", "ON_ERROR_STOP=1"]).stdin(Stdio::null());
        command
    }

    /// What a statement answers: rows of columns.
    pub(crate) fn rows(&self, sql: &str) -> Result<Vec<Vec<String>>> {
        let output = self.command().args(["-F", "\t", "-c", sql]).output().context("psql can't be run")?;
        ensure!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?.lines().map(|l| l.split('\t').map(str::to_owned).collect()).collect())
    }

    /// The sum of what some statements answer, a number each, under the settings of a first one.
    pub(crate) fn sum(&self, settings: &str, statements: impl Iterator<Item = String>) -> Result<usize> {
        let file = tempfile::NamedTempFile::new()?;
        let statements: Vec<String> = statements.map(|s| format!("{s};\n")).collect();
        std::fs::write(file.path(), format!("{settings}{}", statements.concat()))?;
        let output = self.command().arg("-f").arg(file.path()).output().context("psql can't be run")?;
        ensure!(output.status.success(), "psql: {}", String::from_utf8_lossy(&output.stderr));
        let numbers = String::from_utf8(output.stdout)?;
        numbers.lines().filter(|l| !l.is_empty()).map(|l| Ok(l.parse::<usize>()?)).sum()
    }

    /// Runs one statement; what it answers goes to `/dev/null`.
    pub(crate) fn statement(&self, sql: &str) -> Result<()> {
        run(self.command().args(["-c", sql]))
    }

    /// Runs a file; what it answers goes to `/dev/null`.
    pub(crate) fn file(&self, file: &Path) -> Result<()> {
        run(self.command().arg("-f").arg(file))
    }

    /// Opens a session.
    pub(crate) fn session(&self) -> Result<Session> {
        let mut child = self.command().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("psql can't be run")?;
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().context("no standard output")?);
        let mut session = Session { child, input, output };
        session.run("select 1")?;
        Ok(session)
    }
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().context("psql can't be run")?.wait_with_output()?;
    ensure!(output.status.success(), "psql: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

impl Session {
    /// Runs a statement to its end, committed.
    pub(crate) fn run(&mut self, sql: &str) -> Result<()> {
        self.rows(sql).map(|_| ())
    }

    /// What a statement answers: rows of columns.
    pub(crate) fn rows(&mut self, sql: &str) -> Result<Vec<Vec<String>>> {
        let input = self.input.as_mut().context("the session is closed")?;
        writeln!(input, "{sql};\n\\echo it is done")?;
        input.flush()?;
        let (mut line, mut rows) = (String::new(), Vec::new());
        loop {
            line.clear();
            if self.output.read_line(&mut line)? == 0 {
                bail!("psql ended at: {sql}");
            }
            if line.trim() == "it is done" {
                return Ok(rows);
            }
            rows.push(line.trim_end_matches('\n').split('|').map(str::to_owned).collect());
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}
