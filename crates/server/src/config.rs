//! The configuration file and what it becomes.
