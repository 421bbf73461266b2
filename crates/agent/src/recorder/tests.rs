//! The promises of a recorder.
