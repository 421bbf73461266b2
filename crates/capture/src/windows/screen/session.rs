//! The screen of the session that this process runs in, behind the seam.

use std::time::Duration;

use eidetic_model::DisplayIndex;
use eidetic_winapi::{desktop::use_users_desktop, display::use_real_pixels};
use tracing::info;

use super::{
    Found,
    duplication::{DuplicatedScreen, Stop, ThisSession},
    gdi::CopiedScreen,
    layout::Numbers,
};
use crate::{Capture, CaptureError, Frame, Screen};

/// The screen of this session.
pub struct SessionScreen(Way);

/// How its pictures are got.
enum Way {
    Duplicated(Box<DuplicatedScreen<ThisSession>>),
    Copied(CopiedScreen),
}

impl SessionScreen {
    /// Opens the screen of this session.
    ///
    /// # Errors
    ///
    /// [`CaptureError::Failed`] if there is none.
    pub fn open() -> Result<Self, CaptureError> {
        use_users_desktop();
        use_real_pixels();
        let duplicated = DuplicatedScreen::new(ThisSession::new(), Numbers::default());
        Ok(Self(Way::Duplicated(Box::new(duplicated))))
    }

    fn find(&mut self, wait: Duration) -> Result<Found, CaptureError> {
        match &mut self.0 {
            Way::Duplicated(screen) => match screen.next(wait) {
                Ok(found) => Ok(found),
                Err(Stop::Failed(error)) => Err(error),
                Err(Stop::NotOffered(reason)) => {
                    info!(
                        reason,
                        "the screen is copied and compared: it is not duplicated"
                    );
                    let mut copied = CopiedScreen::new(screen.numbers());
                    let found = copied.next(wait);
                    self.0 = Way::Copied(copied);
                    found
                }
            },
            Way::Copied(screen) => match screen.next(wait)? {
                // Somebody may have come from elsewhere, where it is offered.
                Found::Layout(displays) => {
                    let mut duplicated =
                        DuplicatedScreen::new(ThisSession::new(), screen.numbers());
                    match duplicated.next(Duration::ZERO) {
                        Ok(found) => {
                            info!("the screen is duplicated");
                            self.0 = Way::Duplicated(Box::new(duplicated));
                            Ok(found)
                        }
                        Err(_) => Ok(Found::Layout(displays)),
                    }
                }
                found => Ok(found),
            },
        }
    }

    fn frame(&self, view: usize) -> Frame<'_> {
        match &self.0 {
            Way::Duplicated(screen) => screen.frame(view),
            Way::Copied(screen) => screen.frame(view),
        }
    }
}

impl Screen for SessionScreen {
    fn next(&mut self, wait: Duration) -> Result<Capture<'_>, CaptureError> {
        Ok(match self.find(wait)? {
            Found::Unchanged => Capture::Unchanged,
            Found::Layout(displays) => Capture::Layout(displays),
            Found::Frame(view) => Capture::Frame(self.frame(view)),
        })
    }

    fn shown(&self, display: DisplayIndex) -> Option<Frame<'_>> {
        match &self.0 {
            Way::Duplicated(screen) => screen.shown(display),
            Way::Copied(screen) => screen.shown(display),
        }
    }
}
