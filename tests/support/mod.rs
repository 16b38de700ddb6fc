//! What the integration tests stand on.

pub mod browser;
#[cfg(feature = "aws")]
pub mod emulator;
pub mod parsers;
pub mod program;
#[cfg(feature = "aws")]
pub mod proxy;
#[cfg(feature = "aws")]
pub mod recorded;
#[cfg(feature = "aws")]
pub mod strict;
#[cfg(feature = "aws")]
pub mod tree;
pub mod verbs;
