//! STUB

use crate::aws::read::{Reading, Source};

pub const READING: Reading = Reading {
    calls: &[],
    source: Source::Along,
    deepen: None,
};
