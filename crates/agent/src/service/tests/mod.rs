//! The promises of the service.

mod computer;
mod promises;
