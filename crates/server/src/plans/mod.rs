//! Monitoring plans: which computers are monitored, and how.
//!
//! A plan has [`settings`] and items; a computer belongs to the first plan, in the plans' order,
//! of which an item means it, and to the default plan if there is none. [`book`] holds all plans
//! and is only ever replaced as a whole; [`document`] is a plan as an administrator writes it;
//! [`stored`] keeps the book in the control data.

mod book;
mod computer;
mod deployment;
mod document;
mod resolve;
mod settings;
mod stored;

pub use book::{ContainerMembers, Plan, PlanBook, PlanError};
pub use computer::facts_of;
pub use deployment::{DeploymentDocument, ItemAccount};
pub(crate) use document::is_distinguished_name;
pub use document::{
    AddressesItem, ComputerItem, ComputerType, DirectoryItem, ItemDocument, PlanDocument,
    RangeDocument,
};
pub use settings::PlanSettings;
pub use stored::{load, save};
