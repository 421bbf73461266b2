//! Sends what is in the spool to the server, and takes the policy from it.
//!
//! What to send when is decided by [`eidetic_wire::AgentLink`], which knows no I/O; [`attachment`]
//! carries out what it says on one connection, [`uplink`] makes the connections and answers for
//! the spool. Before the first one, [`enrolment`] does what an installer asked for.

mod attachment;
mod enrolment;
mod known_as;
mod spool_side;
mod uplink;

pub(crate) use uplink::{UplinkParts, run};
