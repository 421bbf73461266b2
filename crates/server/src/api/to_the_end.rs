//! Work that must not be left half done.

use std::future::Future;

use super::problem::{ApiError, ApiResult};

/// Does something to its end, also when whoever asked for it goes away meanwhile: a handler's
/// future is dropped then.
pub async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = ApiResult<T>> + Send + 'static,
) -> ApiResult<T> {
    tokio::spawn(work).await.map_err(ApiError::inside)?
}
