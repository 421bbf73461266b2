//! Where reports go.

use std::io::Write;

use crate::channel::{FramingError, Report, write_blocking};

/// Takes reports, in order.
pub(crate) trait Reports: Send {
    /// Hands over a report. Waits while the other side is behind.
    fn report(&mut self, report: Report) -> Result<(), FramingError>;
}

/// Writes reports to a pipe.
#[derive(Debug)]
pub(super) struct Pipe<W>(pub(super) W);

impl<W: Write + Send> Reports for Pipe<W> {
    fn report(&mut self, report: Report) -> Result<(), FramingError> {
        write_blocking(&mut self.0, &report.encode())
    }
}
