//! The filters of a search: what they mean, and the reference that every engine must agree with.
//!
//! "Contains" means inside a word, case-insensitively in full Unicode, on every engine. Text is
//! folded once, here, by [`fold()`]; engines store or index folded text and compare folded terms.
//! [`Filter::matches`] is the meaning; engines are tested against it. [`Wildcard`] is what `*` and
//! `?` mean in the rules of monitoring plans.

mod filter;
mod fold;
mod mark;
mod record;
mod wildcard;

pub use filter::{Condition, Field, Filter, Operator, Searchable};
pub use fold::fold;
pub use mark::{Mark, MarkError};
pub use record::{application_text, details_text};
pub use wildcard::Wildcard;
