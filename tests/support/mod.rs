//! What the integration tests stand on.

pub mod browser;
#[cfg(feature = "aws")]
pub mod emulator;
pub mod parsers;
pub mod program;
#[cfg(feature = "aws")]
pub mod proxy;
