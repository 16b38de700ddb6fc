//! All integration tests in one binary: each one would link the whole AWS SDK.

mod support;

mod cli;
#[cfg(feature = "aws")]
mod emulated;
mod layers;
mod page;
mod samples;
