//! The promises of the service.

mod computer;
mod control;
mod full_disk;
mod plan;
mod promises;
