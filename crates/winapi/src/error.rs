//! A call that failed.

/// A function of Windows failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{function} failed: {source}")]
pub struct CallFailed {
    /// The function.
    function: &'static str,
    /// What Windows says.
    source: windows::core::Error,
}

/// What a call gives.
pub type Result<T> = std::result::Result<T, CallFailed>;

impl CallFailed {
    /// The code of what Windows says: an `HRESULT`.
    pub fn code(&self) -> u32 {
        self.source.code().0.cast_unsigned()
    }

    /// The error that the last call on this thread left.
    pub(crate) fn last(function: &'static str) -> Self {
        Self {
            function,
            source: windows::core::Error::from_thread(),
        }
    }

    /// What a call answered.
    pub(crate) fn of(function: &'static str) -> impl FnOnce(windows::core::Error) -> Self {
        move |source| Self { function, source }
    }
}
