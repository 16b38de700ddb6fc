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
mod outputs;
mod page;
mod racks;
mod rules;
mod samples;
mod story;
