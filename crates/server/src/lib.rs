//! The server: receives what agents record, stores it, and serves search and playback.
//!
//! Start reading at [`components`], which holds what every part shares. [`gateway`] takes in
//! what agents send (TCP 9004), [`api`] serves console and REST (HTTPS).

pub mod administrator;
pub mod api;
pub mod check;
pub mod components;
pub mod config;
mod connections;
pub mod control;
pub mod deployment;
pub mod directory;
pub mod folder;
pub mod gateway;
pub mod health;
pub mod mail;
pub mod pki;
pub mod plans;
pub mod retention;
pub mod server;
