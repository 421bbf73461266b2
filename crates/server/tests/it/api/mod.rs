//! The HTTP API, asked as a browser would, without a network in between.

mod accounts;
mod campaigns;
mod computers;
mod console_files;
mod control;
mod deployments;
mod directories;
mod document;
mod faults;
mod health;
mod https;
mod live;
mod plans;
mod prerequisites;
mod recordings;
mod retention;
mod search;
mod secrecy;
mod segments;
mod server_state;
pub mod support;
mod thumbnails;
