//! Each prerequisite is broken in turn, on a computer that plays a script: it is found, explained,
//! and mended where that is promised.

mod agent;
mod server;
