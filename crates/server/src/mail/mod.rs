//! The daily mail: how the system is doing, for those who do not look every day.
//!
//! [`settings`] is how mail is sent and to whom, its password sealed; [`smtp`] hands a mail over and
//! tells what exactly went wrong. [`summary`] gathers what a mail tells, `plain` and `html` write
//! it. [`daily`] sends it once a day, also over restarts, and tries again what failed. Nothing that
//! was captured is in a mail.

pub mod daily;
mod html;
mod letter;
mod plain;
pub mod settings;
pub mod smtp;
pub mod summary;

pub use daily::{Daily, DailyState, Turn};
pub use letter::{Letter, test_letter};
pub use settings::{KeptMail, Mail, MailSettings, NotKept, PasswordChange, Security};
pub use smtp::{MailError, Sent, Stage, send};
pub use summary::Summary;
