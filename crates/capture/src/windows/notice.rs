//! A message to the user of this session.
//!
//! It is the recorder's box, not one of the service's (`WTSSendMessage`): it is shown with the
//! user's own rights, on the user's own desktop, by the process that also records it, as on Linux;
//! and that it is there can be seen from here.

use std::time::Duration;

use eidetic_winapi::message_box::MessageBox;

use super::failed;
use crate::{CaptureError, Notice, NoticeEnding, NoticeWatcher, deadline::Deadline};

/// Shows a message until it is closed.
///
/// # Errors
///
/// [`CaptureError::Failed`] if it cannot be shown.
pub fn show_notice(
    notice: &Notice,
    watcher: &mut dyn NoticeWatcher,
) -> Result<NoticeEnding, CaptureError> {
    let cannot = |reason: &str| CaptureError::Failed {
        attempt: SHOW,
        reason: reason.to_owned(),
    };
    let shown = MessageBox::show(&notice.title, &notice.text);
    let shown = shown.ok_or_else(|| cannot("there is no thread for it"))?;
    let comes_by = Deadline::after(COMES_WITHIN);
    while !shown.is_shown() {
        if let Some(closed) = shown.wait(LOOK_FOR_IT) {
            closed.map_err(failed(SHOW))?;
            watcher.shown();
            return Ok(NoticeEnding::Acknowledged);
        }
        if comes_by.is_over() {
            return Err(cannot("its window does not come"));
        }
    }
    watcher.shown();
    let closes = Deadline::after(notice.closes_after);
    loop {
        if let Some(closed) = shown.wait(LOOK_AGAIN) {
            return closed
                .map_err(failed(SHOW))
                .map(|()| NoticeEnding::Acknowledged);
        }
        let ending = if closes.is_over() {
            NoticeEnding::TimedOut
        } else if !watcher.is_wanted() {
            NoticeEnding::Withdrawn
        } else {
            continue;
        };
        shown.close();
        return Ok(ending);
    }
}

const SHOW: &str = "show a message";

const COMES_WITHIN: Duration = Duration::from_secs(30);

const LOOK_FOR_IT: Duration = Duration::from_millis(50);

const LOOK_AGAIN: Duration = Duration::from_millis(250);
