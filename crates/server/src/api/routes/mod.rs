//! The handlers, by what they are about. Each takes the right that it needs as an argument.

pub mod account;
pub mod campaigns;
pub mod computers;
pub mod control;
pub mod dashboard;
pub mod deployments;
pub mod directories;
pub mod health;
pub mod health_log;
pub mod live;
pub mod mail;
pub mod plans;
pub mod prerequisites;
pub mod search;
pub mod segments;
pub mod sessions;
pub mod storage;
pub mod thumbnails;
pub mod viewings;
