//! How a run ends: the documented exit codes, and failures that say what to do.

use std::process::ExitCode;

use crate::{rack::NoSuchRack, text};

/// How a run ended, as its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, and nothing at or above `--fail-on`.
    Fine = 0,
    Failed = 1,
    /// The command line or an input file is wrong.
    Usage = 2,
    NoSuchRack = 3,
    /// Done, but a gap matters to what was asked.
    Incomplete = 4,
    /// Done, with findings at or above `--fail-on`, or a cost over `--fail-over`.
    Findings = 10,
    /// A teardown that must not be run as it is.
    Refused = 20,
    /// A teardown did all that it could; AWS still deletes some of it.
    StillDeleting = 21,
    /// Some of what a teardown was to delete is still there.
    NotDeleted = 22,
    /// Stopped by Ctrl-C or by a signal that asks to end.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a run came to nothing.
#[derive(Debug)]
pub struct Failure {
    pub exit: Exit,
    /// Finishes the sentence "error: …"; says what, where and why.
    pub message: String,
    /// What the user can do.
    pub hints: Vec<String>,
}

impl Failure {
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            hints: Vec::new(),
        }
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl From<NoSuchRack> for Failure {
    fn from(error: NoSuchRack) -> Self {
        let failure = Self::new(Exit::NoSuchRack, error.to_string());
        match error {
            NoSuchRack::Absent { near, all, .. } if near.is_empty() && all.is_empty() => failure
                .hint("no rack was seen in this region: is it the right --region and account?"),
            NoSuchRack::Absent { near, all, .. } => {
                let mut failure = failure;
                if !near.is_empty() {
                    failure = failure.hint(format!("did you mean {}?", near.join(" or ")));
                }
                failure
                    .hint(format!("racks in this region: {}", all.join(", ")))
                    .hint("`racklens racks` lists them; another region is `--region NAME`")
            }
            NoSuchRack::Unseen { .. } => failure
                .hint("is it the right --region and account? Does its definition still hold?"),
            NoSuchRack::Ambiguous { choices, .. } => failure.hint(format!(
                "say which one: --rack {}",
                choices.join(" or --rack ")
            )),
            NoSuchRack::Unread { gaps, .. } => {
                let actions: Vec<&str> = gaps.iter().map(|it| it.action.as_str()).collect();
                Self {
                    exit: Exit::Incomplete,
                    ..failure
                }
                .hint(format!("allow {}", actions.join(", ")))
                .hint("`racklens policy --for snapshot` prints all that reading needs")
            }
        }
    }
}

impl Failure {
    /// The lines that a user sees.
    pub fn lines(&self) -> Vec<String> {
        let hints = self.hints.iter().map(|it| format!("  help: {it}"));
        let lines = std::iter::once(format!("error: {}", self.message)).chain(hints);
        lines.map(|it| text::harmless(&it).into_owned()).collect()
    }
}
