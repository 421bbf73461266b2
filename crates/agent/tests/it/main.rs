//! The agent as a whole: the real program on a virtual display, with a server that keeps
//! everything in memory.

mod agent;
mod enrolment;
mod faults;
mod gateway;
mod recording;
