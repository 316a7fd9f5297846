//! The reading process: opens one file, gives its rows as often as asked, and ends with the process that asked.

use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, channel};

use rustix::process::{Resource, Rlimit, setrlimit};

use super::protocol::{Command, Message, Refusal, Schema, add, first, receive, send};
use crate::Limits;
use crate::source::{Reader, Row, open};

/// Bytes of messages that go out together.
const FRAME: usize = 128 << 10;

/// What the process may write into files: SQLite needs 32 kB beside a GeoPackage that was left in the middle of a
/// transaction, to read it.
const WRITTEN_BYTES: u64 = 1 << 20;

/// Open files.
const FILES: u64 = 64;

/// Does the work of the process that [`super::ReaderProcess`] starts: takes its orders from `orders` and gives rows to
/// `rows`, until `orders` ends. Then the process ends, in whatever it is: whoever asked is gone, or wants no more.
///
/// # Errors
/// When `rows` can't be written. What is wrong with the file is told in `rows`.
pub fn serve_reader(orders: impl Read + Send + 'static, mut rows: impl Write) -> io::Result<()> {
    let orders = listen(orders);
    let Ok(Command::Open(request)) = orders.recv() else { return Ok(()) };
    restrict(&request.limits)?;
    let mut reader = match open::guarded(&request.path(), &request.file, request.content, request.wanted.as_deref(), &request.limits) {
        Ok(reader) => reader,
        Err(error) => return say(&mut rows, &Message::Refused(Refusal::of(error))),
    };
    say(&mut rows, &Message::Schema(Schema::of(reader.layer())))?;
    while let Ok(Command::Read) = orders.recv() {
        give(reader.as_mut(), &mut rows)?;
    }
    Ok(())
}

/// Takes orders on a thread of its own, which ends the process when there is nobody left to give them.
fn listen(mut orders: impl Read + Send + 'static) -> Receiver<Command> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut frame = Vec::new();
        while let Ok(true) = receive(&mut orders, &mut frame) {
            let Ok((command, _)) = first(&frame) else { break };
            if sender.send(command).is_err() {
                break;
            }
        }
        std::process::exit(0);
    });
    receiver
}

/// What this process may take from now on. Without memory an allocation fails, which ends it; beyond its time a signal does.
fn restrict(limits: &Limits) -> io::Result<()> {
    let at_most = |resource: Resource, most: u64| setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) });
    at_most(Resource::Core, 0)?;
    at_most(Resource::As, limits.reader_memory_bytes)?;
    at_most(Resource::Cpu, limits.reader_cpu_s)?;
    at_most(Resource::Fsize, WRITTEN_BYTES)?;
    at_most(Resource::Nofile, FILES)?;
    Ok(())
}

fn say(rows: &mut impl Write, message: &Message) -> io::Result<()> {
    send(rows, &mut add(message, Vec::new())?)
}

fn give(reader: &mut dyn Reader, rows: &mut impl Write) -> io::Result<()> {
    let mut frame = Vec::with_capacity(2 * FRAME);
    let mut failed = Ok(());
    let read = reader.read(&mut |row: Row| {
        let gathered = add(&Message::Row(row), std::mem::take(&mut frame)).and_then(|gathered| {
            frame = gathered;
            if frame.len() >= FRAME { send(rows, &mut frame) } else { Ok(()) }
        });
        match gathered {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Err(error);
                ControlFlow::Break(())
            }
        }
    });
    failed?;
    let last = match read {
        Ok(()) => Message::End,
        Err(error) => Message::Refused(Refusal::of(error)),
    };
    frame = add(&last, frame)?;
    send(rows, &mut frame)
}
