//! The agent on Windows, under Wine: installed as a service, with a server on this computer and a
//! program whose windows have known colours and titles.

mod bench;
mod fixture;
mod service;
mod wine;

pub use bench::{Arguments as BenchArguments, run as bench};
pub use service::{Arguments, run};
