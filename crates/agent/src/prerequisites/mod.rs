//! The prerequisites of this computer: looked at all the time, told to the server, and mended if the
//! plan says so.
//!
//! [`facts`] finds out what the agent knows of itself, [`keeper`] decides what is mended and told,
//! [`notes`] keeps on the disk what the server does not have yet, [`task`] does it all for as long as
//! the service runs. What has to be, and how it is found out, is in `eidetic-checks`.

mod facts;
mod keeper;
mod notes;
mod task;

pub(crate) use facts::{gather, installation};
pub(crate) use notes::Notes;
pub(crate) use task::{PrerequisiteParts, Told, run};
