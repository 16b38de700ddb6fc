//! The edge to AWS: clients that can only read, the engine that reads a rack with them, and the one
//! door to the calls that change an account.

pub mod call;
pub mod client;
mod connections;
pub mod found;
pub mod look;
pub mod money;
pub mod read;
pub mod refusal;
pub mod session;
pub mod shape;
pub mod state;
pub mod store;
pub mod write;

pub use call::{Call, Service};
pub use client::Aws;
pub use found::Found;
