//! The gateway, spoken to as agents do: gRPC over TLS on the loopback interface.

mod admission;
mod agent;
mod checks;
mod clock;
mod control;
mod crash;
mod duplicates;
mod faults;
mod full_disk;
mod plans;
mod secrecy;
mod server;
mod storing;
mod things;
