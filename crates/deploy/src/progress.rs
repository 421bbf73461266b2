//! What is being done on a computer, told to who watches.

use tokio_util::sync::CancellationToken;

use crate::HostKey;

/// What is being done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The network is asked for the computer.
    Connecting,
    /// It answered, and this is its key.
    HostKey(HostKey),
    /// The account signs in.
    SigningIn,
    /// Its system, its space and the account's rights are looked at.
    LookingAround,
    /// The package is copied there: so many bytes of so many.
    Uploading {
        /// Bytes copied.
        done: u64,
        /// Bytes of the package.
        total: u64,
    },
    /// The package is installed.
    Installing,
    /// The agent is told its server and its token.
    HandingOver,
    /// The service is started.
    Starting,
    /// The agent is removed.
    Removing,
}

/// Is told of each step.
pub trait Observer: Sync {
    /// This is being done now.
    fn at(&self, step: Step);
}

impl<F: Fn(Step) + Sync> Observer for F {
    fn at(&self, step: Step) {
        self(step);
    }
}

/// Says that work is to end early. It does, at the next moment at which nothing is left half done.
#[derive(Clone, Debug, Default)]
pub struct Cancel(CancellationToken);

impl Cancel {
    /// The work is to end.
    pub fn cancel(&self) {
        self.0.cancel();
    }

    /// Whether it is to end.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Returns once it is to end.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn cancelled(&self) {
        self.0.cancelled().await;
    }
}
