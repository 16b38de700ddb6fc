//! What racklens asks of a language for conditions; which one it is, is told elsewhere.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use jiff::Timestamp;

use super::shape::Shape;

/// The names that a condition may use, and the types of what they stand for.
pub type Scope = BTreeMap<String, Shape>;

/// What the names stand for, for one resource.
pub type Facts = BTreeMap<String, Datum>;

/// A language in which conditions are written.
pub trait Language {
    /// Reads a condition and holds it against the names that there are.
    ///
    /// # Errors
    /// When it cannot be read, is too large, uses a name or a field that is not there, compares
    /// what cannot be compared, or is not a question.
    fn read(&self, text: &str, scope: &Scope) -> Result<Box<dyn Condition>, BadCondition>;
}

/// A condition that was read and found sound.
pub trait Condition: fmt::Debug {
    /// The paths that it looks at, from the names of its scope on, the longest only.
    fn paths(&self) -> &BTreeSet<Vec<String>>;

    /// Whether it is true of these facts at that moment. What it goes through is taken off the
    /// budget, which is counted in values.
    ///
    /// # Errors
    /// When that hangs on what was not read, or on something that is not there, or on more values
    /// than the budget has left.
    fn holds(&self, facts: &Facts, now: Timestamp, budget: &mut u64) -> Result<bool, Unsure>;
}

/// A value that a condition sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Datum {
    Null,
    Bool(bool),
    Number(i64),
    Text(String),
    List(Vec<Self>),
    /// Both what has fields and what maps names to values.
    Record(BTreeMap<String, Self>),
    /// It was not read.
    Unread,
}

/// Why a text is no condition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadCondition {
    /// Characters before the place, from 0.
    pub at: usize,
    /// A sentence without its full stop.
    pub message: String,
    /// What to do; empty when the message says it all.
    pub hint: String,
}

/// Why a condition has no answer for a resource.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsure {
    /// That field was not read.
    #[error("`{0}` was not read")]
    Unread(String),
    /// It looks at what is not there, or reckons with what is no number.
    #[error("{0}")]
    Failed(String),
    /// It went through more values than it may.
    #[error("its condition goes through more than {0} values")]
    Long(u64),
}
