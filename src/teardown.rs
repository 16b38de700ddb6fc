//! How one rack is taken down: what goes, in which order and why, and what stays.
//!
//! Nothing here changes an account: a [`Plan`] is data, made from a snapshot alone, and whoever
//! runs it does what stands in it and nothing else.

pub mod plan;
pub mod protection;

pub use {
    plan::{Act, Blocker, Consent, Goal, Identity, Month, Plan, Stay, Step, Why},
    protection::Protection,
};
