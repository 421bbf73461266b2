//! Calls of the server: how is the agent, send what waits, stop, begin anew.
//!
//! They come over the agent's stream while it is attached, and else to a port of this computer,
//! which [`listener`] opens once the computer is enrolled. [`tls`] takes there nobody but the server
//! that the agent is enrolled with. [`calls`] has them carried out by the service. Recording needs
//! none of it: a port that cannot be opened is told, and nothing else.

mod calls;
mod listener;
mod tls;

pub(crate) use calls::Calls;
pub(crate) use listener::{ListenerParts, run};
