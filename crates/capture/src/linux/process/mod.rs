//! The programs that windows belong to.

mod accounts;
mod applications;
mod inspector;
mod run_as;

pub(super) use accounts::Accounts;
pub use applications::ApplicationCatalog;
pub(super) use inspector::ProcessInspector;
