//! Files that GDAL reads are opened by a process of their own, which can crash, be killed or run out of its limits
//! without harm to this one: that is one error then.

pub(in crate::source) mod bytes;
pub(in crate::source) mod days;
mod protocol;
mod serve;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use kernel::Text;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use self::protocol::{Command, Message, Request};
pub(crate) use self::protocol::{add, first, receive, send};
use super::sniff::Content;
use super::{Reader, Row, SourceLayer};
use crate::report::Note;
use crate::{IngestError, Limits, Stop};

pub use serve::serve_reader;

/// Bytes that the pipe holds, as many as anybody may ask for: the process goes on while the rows that it gave are worked on.
const AHEAD: usize = 1 << 20;

/// How to start the process that reads a file: a program that calls [`serve_reader`] with its standard input and output.
#[derive(Clone, Debug)]
pub struct ReaderProcess {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// All of its environment. GDAL and PROJ heed many variables, and are meant to heed none but these.
    pub environment: Vec<(OsString, OsString)>,
}

/// A layer of a file that another process has open.
pub(crate) struct ProcessReader {
    process: ReaderProcess,
    stop: Stop,
    path: PathBuf,
    file: String,
    content: Content,
    wanted: Option<String>,
    limits: Limits,
    layer: SourceLayer,
    /// Open and at rest; none after a reading that ended early.
    running: Option<Running>,
}

/// Opens a file by a new process.
pub(crate) fn open(
    process: &ReaderProcess,
    stop: &Stop,
    path: &Path,
    file: &str,
    content: Content,
    wanted: Option<&str>,
    limits: &Limits,
) -> Result<ProcessReader, IngestError> {
    let (running, layer) = Running::open(process, stop, path, file, content, wanted, limits)?;
    Ok(ProcessReader {
        process: process.clone(),
        stop: stop.clone(),
        path: path.to_owned(),
        file: file.to_owned(),
        content,
        wanted: wanted.map(str::to_owned),
        limits: *limits,
        layer,
        running: Some(running),
    })
}

impl Reader for ProcessReader {
    fn layer(&self) -> &SourceLayer {
        &self.layer
    }

    fn as_text(&mut self, _: usize) {
        // its values have kinds of their own
    }

    fn note(&mut self, note: Note) {
        self.layer.notes.push(note);
    }

    fn read(&mut self, each: &mut dyn FnMut(Row) -> ControlFlow<()>) -> Result<(), IngestError> {
        let mut running = match self.running.take() {
            Some(running) => running,
            None => Running::open(&self.process, &self.stop, &self.path, &self.file, self.content, self.wanted.as_deref(), &self.limits)?.0,
        };
        let mut number = 0;
        match running.rows(&mut number, each) {
            Ok(Outcome::End) => self.running = Some(running),
            Ok(Outcome::Left) => {}
            Ok(Outcome::Refused(refusal)) => return Err(refusal.error(&self.file, self.content)),
            Err(error) => return Err(running.died(&self.file, self.content, Some(number), &error, &self.limits)),
        }
        Ok(())
    }
}

/// How a reading ended.
enum Outcome {
    End,
    /// Nobody wanted more.
    Left,
    Refused(protocol::Refusal),
}

/// A process that has a file open. Dropping it ends it.
struct Running {
    child: Child,
    orders: Option<ChildStdin>,
    rows: Patient,
    frame: Vec<u8>,
}

impl Running {
    fn open(
        process: &ReaderProcess,
        stop: &Stop,
        path: &Path,
        file: &str,
        content: Content,
        wanted: Option<&str>,
        limits: &Limits,
    ) -> Result<(Self, SourceLayer), IngestError> {
        let mut running = Self::start(process, stop, limits.silence_s(content)).map_err(IngestError::io(&process.program))?;
        match running.ask(&Command::Open(Request::new(path, file, content, wanted, *limits))).and_then(|()| running.message()) {
            Ok(Message::Schema(schema)) => Ok((running, schema.layer(content))),
            Ok(Message::Refused(refusal)) => Err(refusal.error(file, content)),
            Ok(_) => Err(running.died(file, content, None, &io::ErrorKind::InvalidData.into(), limits)),
            Err(error) => Err(running.died(file, content, None, &error, limits)),
        }
    }

    fn start(process: &ReaderProcess, stop: &Stop, silence_s: u64) -> io::Result<Self> {
        let mut command = std::process::Command::new(&process.program);
        command.args(&process.arguments).env_clear().envs(process.environment.iter().map(|(name, value)| (name, value)));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let orders = child.stdin.take();
        let rows = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        // one that stays as small as it was serves as well, more slowly
        let _ = rustix::pipe::fcntl_setpipe_size(&rows, AHEAD);
        let rows = Patient { rows, silence: Duration::from_secs(silence_s), stop: stop.clone() };
        Ok(Self { child, orders, rows, frame: Vec::new() })
    }

    /// A process that no longer listens has ended: what it said before that is read next, and tells more than the broken pipe.
    fn ask(&mut self, command: &Command) -> io::Result<()> {
        let orders = self.orders.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        match send(orders, &mut add(command, Vec::new())?) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            sent => sent,
        }
    }

    /// A frame that has one message.
    fn message(&mut self) -> io::Result<Message> {
        self.frame()?;
        Ok(first(&self.frame)?.0)
    }

    fn frame(&mut self) -> io::Result<()> {
        if receive(&mut self.rows, &mut self.frame)? { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    fn rows(&mut self, number: &mut u64, each: &mut dyn FnMut(Row) -> ControlFlow<()>) -> io::Result<Outcome> {
        self.ask(&Command::Read)?;
        loop {
            self.frame()?;
            let mut rest = self.frame.as_slice();
            while !rest.is_empty() {
                let (message, after) = first(rest)?;
                rest = after;
                match message {
                    Message::Row(row) => {
                        *number = row.number;
                        if each(row).is_break() {
                            return Ok(Outcome::Left);
                        }
                    }
                    Message::End => return Ok(Outcome::End),
                    Message::Refused(refusal) => return Ok(Outcome::Refused(refusal)),
                    Message::Schema(_) => return Err(io::ErrorKind::InvalidData.into()),
                }
            }
        }
    }

    /// What became of a process that does not answer as it should. `row` is the last that came, if rows were asked for.
    fn died(&mut self, file: &str, content: Content, row: Option<u64>, error: &io::Error, limits: &Limits) -> IngestError {
        if self.rows.stop.is_asked() {
            return IngestError::Cancelled;
        }
        let why = match error.kind() {
            io::ErrorKind::TimedOut => {
                let (seconds, view) = (limits.silence_s(content), content == Content::GeoPackage);
                let [it, en] = if view { [" (una vista senza fine?)", " (a view without an end?)"] } else { [""; 2] };
                Text::new(
                    format!("non ha detto nulla per {seconds} s{it}, ed è stato chiuso"),
                    format!("said nothing for {seconds} s{en}, so it was ended"),
                )
            }
            io::ErrorKind::InvalidData => Text::new("ha risposto ciò che non si capisce", "answered what can't be understood"),
            io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe => {
                self.wait().map_or_else(|e| Text::same(e.to_string()), |s| self.end(s, limits))
            }
            _ => Text::new(format!("non si sente ({error})"), format!("can't be heard ({error})")),
        };
        let after = match row {
            None => Text::new("mentre apriva il file", "while the file was opened"),
            Some(0) => Text::new("prima della prima riga", "before the first row"),
            Some(row) => Text::new(format!("dopo la riga {row}"), format!("after row {row}")),
        };
        IngestError::ReaderEnded { file: file.to_owned(), why, after }
    }

    /// One that closed its output has ended, or is about to; or else is made to.
    fn wait(&mut self) -> io::Result<ExitStatus> {
        for _ in 0..200 {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        self.child.kill()?;
        self.child.wait()
    }

    fn end(&mut self, status: ExitStatus, limits: &Limits) -> Text {
        // signals with a meaning here, by their numbers on Linux
        const ABORT: i32 = 6;
        const KILL: i32 = 9;
        const CPU: i32 = 24;
        let gigabytes = limits.reader_memory_bytes >> 30;
        match (status.signal(), status.code()) {
            (Some(ABORT), _) => Text::new(
                format!("si è arreso (segnale 6), come fa quando gli servono più di {gigabytes} GB di memoria"),
                format!("gave up (signal 6), as it does when it needs more than {gigabytes} GB of memory"),
            ),
            (Some(KILL), _) => Text::new(
                "è stato ucciso (segnale 9), da qualcuno o perché la macchina ha finito la memoria",
                "was killed (signal 9), by somebody or because the machine ran out of memory",
            ),
            (Some(CPU), _) => {
                let seconds = limits.reader_cpu_s;
                Text::new(format!("ha usato più di {seconds} s di processore"), format!("took more than {seconds} s of processor time"))
            }
            (Some(signal), _) => Text::new(format!("si è rotto (segnale {signal})"), format!("crashed (signal {signal})")),
            (None, code) => {
                let mut said = String::new();
                let _ = self.child.stderr.take().map(|e| e.take(2048).read_to_string(&mut said));
                let said = said.trim();
                let (it, en) =
                    if said.is_empty() { Default::default() } else { (format!(", dicendo: {said}"), format!(", saying: {said}")) };
                let code = code.unwrap_or_default();
                Text::new(format!("è finito con il codice {code}{it}"), format!("ended with code {code}{en}"))
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A pipe that is an error when nothing comes for too long, and when we are told to stop.
struct Patient {
    rows: ChildStdout,
    silence: Duration,
    stop: Stop,
}

/// How soon it is noticed, while nothing comes, that we are told to stop.
const LOOK: Duration = Duration::from_millis(100);

impl Read for Patient {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let limit = Timespec::try_from(LOOK.min(self.silence)).map_err(io::Error::other)?;
        let since = Instant::now();
        let mut pipe = [PollFd::from_borrowed_fd(self.rows.as_fd(), PollFlags::IN)];
        loop {
            match poll(&mut pipe, Some(&limit)) {
                Ok(0) if self.stop.is_asked() => return Err(io::ErrorKind::ConnectionAborted.into()),
                Ok(0) if since.elapsed() < self.silence => {}
                Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
                Ok(_) => return self.rows.read(into),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
