//! Why a store failed, by what the caller does about it.

/// A failure of a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no room left. Nothing was stored; tell the administrator, try again later.
    #[error("no space left to store {what}")]
    Full {
        /// What was to be stored.
        what: &'static str,
    },
    /// More records of one moment than can be kept apart. No more of that moment are taken; those
    /// of other moments are.
    #[error("too many activity records of one moment")]
    TooManyOfOneMoment,
    /// What is stored cannot be read as what it should be. Report.
    #[error("stored {what} is damaged: {reason}")]
    Damaged {
        /// What is damaged.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The data was written by a newer version of the server. Upgrade the server.
    #[error("{what} has format {found}, this server reads up to {newest}: upgrade the server")]
    TooNew {
        /// What has the format.
        what: String,
        /// Its format's version.
        found: u32,
        /// The newest that can be read.
        newest: u32,
    },
    /// Anything else. Try again, then report.
    #[error("failed to {attempt}")]
    Failed {
        /// What was tried.
        attempt: &'static str,
        /// Why it failed.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
