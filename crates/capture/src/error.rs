//! Why capture failed, by what the caller does about it.

/// A failure to capture.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The display, or the service that tells about it, went away. Reopen; record the gap.
    #[error("{what} is gone: {reason}")]
    Gone {
        /// What was lost, such as `X display :0`.
        what: String,
        /// The system's own words.
        reason: String,
    },
    /// The system cannot do what is needed. Report; do not try again.
    #[error("{what} does not offer {feature}")]
    Unsupported {
        /// What was asked.
        what: String,
        /// What it lacks.
        feature: &'static str,
    },
    /// Something failed once. Try again.
    #[error("failed to {attempt}: {reason}")]
    Failed {
        /// What was tried.
        attempt: &'static str,
        /// The system's own words.
        reason: String,
    },
}
