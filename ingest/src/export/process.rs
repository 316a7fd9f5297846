//! The process that writes with GDAL, from this side.

use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};

use kernel::{Layer, Srid};

use super::rows::{Columns, OutRow};
use super::serve::{Order, Said, Told};
use super::{ExportError, Format, Wanted};
use crate::ReaderProcess;
use crate::source::process::{add, first, receive, send};

/// Bytes of rows that go out together.
const FRAME: usize = 64 << 10;

/// A file that another process writes. Dropping it ends the process.
pub(super) struct ProcessSink {
    child: Child,
    orders: Option<ChildStdin>,
    frame: Vec<u8>,
    format: Format,
}

impl ProcessSink {
    pub(super) fn start(
        process: &ReaderProcess,
        path: &Path,
        wanted: &Wanted,
        layer: &Layer,
        columns: &Columns,
        crs: Srid,
    ) -> Result<Self, ExportError> {
        let mut command = std::process::Command::new(&process.program);
        command.args(&process.arguments).env_clear().envs(process.environment.iter().map(|(name, value)| (name, value)));
        let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = started.map_err(ExportError::io(&process.program))?;
        let orders = child.stdin.take();
        let mut sink = Self { child, orders, frame: Vec::with_capacity(2 * FRAME), format: wanted.format };
        let order = Order::new(path, wanted, layer, columns, crs);
        sink.say(&Told::Order(order))?;
        Ok(sink)
    }

    pub(super) fn write(&mut self, row: OutRow) -> Result<(), ExportError> {
        self.say(&Told::Row(row))
    }

    /// Ends the file; what the process says of it.
    pub(super) fn finish(mut self) -> Result<(), ExportError> {
        self.frame = add(&Told::End, std::mem::take(&mut self.frame)).map_err(|e| self.broken(&e))?;
        self.flush()?;
        drop(self.orders.take());
        self.answer()
    }

    fn say(&mut self, told: &Told) -> Result<(), ExportError> {
        self.frame = add(told, std::mem::take(&mut self.frame)).map_err(|e| self.broken(&e))?;
        if self.frame.len() >= FRAME { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), ExportError> {
        let sent = match self.orders.as_mut() {
            Some(orders) => send(orders, &mut self.frame),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        };
        match sent {
            Ok(()) => Ok(()),
            // it no longer listens: what it said before that tells more
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => match self.answer() {
                Ok(()) => Err(self.broken(&error)),
                Err(why) => Err(why),
            },
            Err(error) => Err(self.broken(&error)),
        }
    }

    fn answer(&mut self) -> Result<(), ExportError> {
        let mut frame = Vec::new();
        let heard = match self.child.stdout.take() {
            Some(mut out) => receive(&mut out, &mut frame),
            None => Ok(false),
        };
        let status = self.child.wait();
        match heard.and_then(|heard| if heard { first::<Said>(&frame).map(|(said, _)| Some(said)) } else { Ok(None) }) {
            Ok(Some(Said::Done)) => Ok(()),
            Ok(Some(Said::Failed(why))) => Err(self.writer(format!("can't write it: {}", why.trim()))),
            _ => {
                let mut words = String::new();
                let _ = self.child.stderr.take().map(|e| e.take(2048).read_to_string(&mut words));
                let ended = status.map_or_else(|e| e.to_string(), |status| status.to_string());
                Err(self.writer(format!("ended ({ended}) {}", words.trim()).trim().to_owned()))
            }
        }
    }

    fn broken(&self, error: &io::Error) -> ExportError {
        self.writer(format!("takes no more rows ({error})"))
    }

    fn writer(&self, why: String) -> ExportError {
        ExportError::Writer { format: self.format.title(), why }
    }
}

impl Drop for ProcessSink {
    fn drop(&mut self) {
        drop(self.orders.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
