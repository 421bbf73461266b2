//! The promises of the service.

mod computer;
mod full_disk;
mod plan;
mod promises;
