//! The daily mail, by a real mail server.

mod daily;
mod peer;
mod sending;
