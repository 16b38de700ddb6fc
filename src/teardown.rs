//! How one rack is taken down: what goes, in which order and why, and what stays.
//!
//! Nothing here changes an account: a [`Plan`] is data, made from a snapshot alone, and whoever
//! runs it does what stands in it and nothing else.

mod act;
mod elsewhere;
mod fate;
mod hold;
pub mod kept;
mod make;
mod notes;
mod order;
pub mod plan;
pub mod protection;
mod refuse;
pub mod size;
mod stacks;
pub mod sums;
pub mod tell;
mod words;

pub use {
    make::make,
    plan::{Act, Blocker, Consent, Goal, Identity, Loss, Month, Plan, Stay, Step, Why},
    protection::Protection,
};

#[cfg(test)]
mod tests;
