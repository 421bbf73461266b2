//! A client of the server's REST API (`docs/openapi.json`), for every command that asks a server.
//!
//! [`arguments`] is what the command line says about the server and the user, [`connection`] the
//! signed-in connection, [`answers`] the shapes of what the server tells.

pub mod answers;
mod arguments;
mod connection;
mod error;
mod password;

pub use arguments::ServerArguments;
pub use connection::Connection;
pub use error::ClientError;
