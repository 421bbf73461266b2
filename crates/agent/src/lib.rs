//! The agent of a monitored computer: records the sessions of its users and sends what it
//! recorded to the server.
//!
//! One program, two kinds of process. The **service** (`eidetic-agent run`) follows the sessions,
//! owns the spool, the identity and the one connection to the server. It starts a **recorder**
//! (`eidetic-agent record`) for each session, which captures and encodes and reports to it over a
//! pipe. A recorder that dies takes nothing with it: the service seals what was written, records
//! the gap and starts another.
//!
//! Start reading at `service` and `recorder`; `channel` is what they say to each other, `upload`
//! is the way to the server, `identity` how the two know each other. What differs from system to
//! system is in `os` and behind the seams of `eidetic-capture`.

mod channel;
pub mod cli;
mod connection;
mod control;
mod identity;
mod os;
mod policy_file;
mod prerequisites;
mod recorder;
mod secrets;
mod server_address;
mod service;
mod state_folder;
mod upload;
