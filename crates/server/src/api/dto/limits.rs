//! Limits and marks that clients send.

use eidetic_search::Mark;

use crate::api::problem::{ApiError, ApiResult};

/// A mark that a client sent.
///
/// # Errors
///
/// If it is not one of ours.
pub fn read_mark(text: &str) -> ApiResult<Mark> {
    Mark::from_text(text).map_err(|error| ApiError::field("after", error.to_string()))
}

/// A limit that a client sent.
///
/// # Errors
///
/// If it is 0 or over `max`.
pub fn read_limit(limit: usize, max: usize) -> ApiResult<usize> {
    if (1..=max).contains(&limit) {
        Ok(limit)
    } else {
        Err(ApiError::field("limit", format!("must be 1 to {max}")))
    }
}

/// The most records in one page.
pub const MAX_RECORDS: usize = 1000;
