//! The edge to AWS: clients that can only read, and the engine that reads a rack with them.

pub mod call;
pub mod client;
pub mod found;
pub mod money;
pub mod read;
pub mod session;
pub mod shape;
pub mod state;
pub mod store;

pub use call::{Call, Service};
pub use client::Aws;
pub use found::Found;
