//! All integration tests in one binary: each one would link the whole AWS SDK.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by failing")]
#![expect(unreachable_pub, reason = "everything here is one binary's own")]

mod support;

mod cli;
mod defined;
mod diagram;
#[cfg(feature = "aws")]
mod emulated;
#[cfg(feature = "aws")]
mod faults;
mod hostile;
mod kept;
mod layers;
#[cfg(feature = "aws")]
mod money;
mod outputs;
mod page;
mod racks;
mod rules;
mod samples;
mod story;
#[cfg(feature = "aws")]
mod strict;
#[cfg(feature = "aws")]
mod teardown;
#[cfg(feature = "aws")]
mod teardown_strict;
