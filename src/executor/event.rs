//! What a run tells while it goes on.

use crate::{aws::refusal::Refusal, teardown::plan::Step};

/// Something that happened to a step, or that a step waits for.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// A step is done.
    Done {
        step: &'a Step,
        how: How,
    },
    /// AWS said no for now; the call is made again.
    Refused {
        step: &'a Step,
        refusal: &'a Refusal,
    },
    /// Who holds on to a thing that AWS refuses to delete.
    HeldBy {
        step: &'a Step,
        holders: &'a [String],
    },
    /// What was tried once more, and why.
    Again {
        step: &'a Step,
        why: &'a str,
    },
    /// The thing is not what the plan means, and was left alone.
    Left {
        step: &'a Step,
        why: &'a str,
    },
    Failed {
        step: &'a Step,
        why: &'a str,
    },
    /// A protection was switched on again.
    Restored {
        step: &'a Step,
    },
    /// A protection could not be switched on again.
    NotRestored {
        step: &'a Step,
        why: &'a str,
    },
    /// What is waited for, every now and then.
    Waiting {
        for_what: &'a [Waiting<'a>],
        done: usize,
        of: usize,
        /// By the plan's own estimates.
        seconds_left: u32,
    },
}

/// How a step came to its goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// By our own call.
    Made,
    /// It was so already.
    Found,
}

/// One step that is under way.
#[derive(Clone, Debug)]
pub struct Waiting<'a> {
    pub step: &'a Step,
    pub what: String,
    /// For how long, in the plan's seconds.
    pub seconds: u32,
}
