//! What the agent and the server share to run: the system's clock, random ids, tasks that stop
//! together, logging.

mod clock;
mod ids;
mod log_files;
mod logging;
mod shutdown;
mod task;

pub use clock::SystemClock;
pub use ids::RandomIds;
pub use log_files::init_logging_to_files;
pub use logging::{init_logging, init_logging_to};
pub use shutdown::{Shutdown, ShutdownSignal};
pub use task::Task;
