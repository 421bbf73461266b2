//! The spool against a model.
