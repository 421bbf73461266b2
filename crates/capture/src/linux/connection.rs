//! A connection to an X display: opening it, waiting on it, telling its failures apart.

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};
use x11rb::{
    connection::Connection,
    errors::{ConnectionError, ReplyError, ReplyOrIdError},
    protocol::{Event, xproto::Screen},
    reexports::x11rb_protocol::parse_display::parse_display,
    rust_connection::RustConnection,
};

use crate::CaptureError;
use crate::deadline::Deadline;

/// A connection to an X display.
pub(super) struct XConnection {
    raw: RustConnection,
    screen: Screen,
    name: String,
}

impl XConnection {
    /// Opens `display`, such as `:0`, with the key in the file that `XAUTHORITY` names.
    pub(super) fn open(display: &str) -> Result<Self, CaptureError> {
        let gone = |reason: String| CaptureError::Gone {
            what: format!("X display {display}"),
            reason,
        };
        // The library adds a display's number to the port of X and does not mind its size.
        let parsed = parse_display(Some(display)).map_err(|error| gone(error.to_string()))?;
        if parsed.display > u16::MAX - FIRST_PORT {
            return Err(gone("there are no displays of such numbers".to_owned()));
        }
        let (raw, number) =
            RustConnection::connect(Some(display)).map_err(|error| gone(error.to_string()))?;
        let screen = raw
            .setup()
            .roots
            .get(number)
            .cloned()
            .ok_or_else(|| gone(format!("it has no screen {number}")))?;
        Ok(Self {
            raw,
            screen,
            name: display.to_owned(),
        })
    }

    /// The connection, for requests.
    pub(super) fn raw(&self) -> &RustConnection {
        &self.raw
    }

    /// The screen that all windows are on.
    pub(super) fn screen(&self) -> &Screen {
        &self.screen
    }

    /// The root window.
    pub(super) fn root(&self) -> u32 {
        self.screen.root
    }

    /// The next event that is there, without waiting.
    pub(super) fn poll_event(&self) -> Result<Option<Event>, CaptureError> {
        self.raw
            .poll_for_event()
            .map_err(|error| self.gone(error.to_string()))
    }

    /// Sends what is to be sent and waits until the server says something, or the deadline.
    /// Whether it said something. To be called when [`Self::poll_event`] has nothing more.
    pub(super) fn wait(&self, deadline: Deadline) -> Result<bool, CaptureError> {
        self.raw
            .flush()
            .map_err(|error| self.gone(error.to_string()))?;
        let mut fds = [PollFd::new(self.raw.stream(), PollFlags::IN)];
        match poll(&mut fds, timespec(deadline).as_ref()) {
            Ok(0) => Ok(false),
            Ok(_) | Err(Errno::INTR) => Ok(true),
            Err(error) => Err(self.gone(error.to_string())),
        }
    }

    /// Gives a failed request its meaning for the caller of the seam.
    pub(super) fn explain<T>(
        &self,
        attempt: &'static str,
        result: Result<T, ReplyError>,
    ) -> Result<T, CaptureError> {
        result.map_err(|error| match error {
            ReplyError::ConnectionError(error) => self.gone(error.to_string()),
            ReplyError::X11Error(error) => CaptureError::Failed {
                attempt,
                reason: format!("X error {:?}", error.error_kind),
            },
        })
    }

    /// An id for a new object of the server's.
    pub(super) fn new_id(&self) -> Result<u32, CaptureError> {
        self.raw.generate_id().map_err(|error| match error {
            ReplyOrIdError::ConnectionError(error) => self.gone(error.to_string()),
            ReplyOrIdError::IdsExhausted | ReplyOrIdError::X11Error(_) => CaptureError::Failed {
                attempt: "get an X resource id",
                reason: error.to_string(),
            },
        })
    }

    /// Whether the server has an extension.
    pub(super) fn has(&self, extension: &'static str) -> Result<bool, CaptureError> {
        use x11rb::connection::RequestConnection as _;
        self.raw
            .extension_information(extension)
            .map(|information| information.is_some())
            .map_err(|error: ConnectionError| self.gone(error.to_string()))
    }

    /// The failure of a display that lacks what is needed.
    pub(super) fn lacks(&self, feature: &'static str) -> CaptureError {
        CaptureError::Unsupported {
            what: format!("X display {}", self.name),
            feature,
        }
    }

    /// The failure of a display that went away.
    fn gone(&self, reason: String) -> CaptureError {
        CaptureError::Gone {
            what: format!("X display {}", self.name),
            reason,
        }
    }
}

/// Waits until the deadline, whatever happens in between.
pub(super) fn pause(deadline: Deadline) {
    while !deadline.is_over() {
        let _interrupted = poll(&mut [], timespec(deadline).as_ref());
    }
}

fn timespec(deadline: Deadline) -> Option<Timespec> {
    // Longer than the type can hold is the same as for ever.
    Timespec::try_from(deadline.left()?).ok()
}

/// The TCP port of display 0.
const FIRST_PORT: u16 = 6_000;
