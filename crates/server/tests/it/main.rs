//! The server's parts as the outside sees them.

mod api;
mod gateway;
