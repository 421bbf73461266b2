//! The promises of the service.
