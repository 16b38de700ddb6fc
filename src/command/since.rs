//! What a rack is compared with: an earlier snapshot of it.

use std::path::{Path, PathBuf};

use super::ruleset::RuleSet;
use crate::{
    diff::{self, Diff, Scope},
    failure::{Exit, Failure},
    file::{self, kept::Kept},
    report::Material,
    snapshot::Snapshot,
    text, ui,
};

/// What the command line says to compare with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Since {
    /// The newest report before this one, where reports are kept.
    Last,
    /// A snapshot, or the folder of a report.
    File(PathBuf),
}

/// Reads `last` or a path.
///
/// # Errors
/// Never; a path that is not there is found later.
pub fn since(text: &str) -> Result<Since, String> {
    Ok(match text {
        "last" => Since::Last,
        _ => Since::File(text.into()),
    })
}

/// Reads one of two snapshots: a file, or the one inside a report's folder.
///
/// # Errors
/// When there is none that this version can use: a wrong input, so a wrong use.
pub(super) fn read(path: &Path) -> Result<Snapshot, Failure> {
    let inside = path.join(file::SNAPSHOT);
    let path = if path.is_dir() { &inside } else { path };
    file::read_snapshot(path).map_err(|it| Failure {
        exit: Exit::Usage,
        ..it
    })
}

/// Reads an earlier snapshot of the same rack.
///
/// # Errors
/// As [`read`], and when it is of another account, region or rack.
pub(super) fn baseline(path: &Path, new: &Snapshot) -> Result<Snapshot, Failure> {
    let old = read(path)?;
    diff::comparable(&old, new).map_err(|it| {
        let message = format!("{} cannot be compared with: {it}", path.display());
        Failure::new(Exit::Usage, message).hint("give an earlier snapshot of the same rack")
    })?;
    if old.taken > new.taken {
        let line = format!(
            "{} was taken later than what it is compared with: is it the other way round?",
            path.display()
        );
        ui::note(&text::harmless(&line));
    }
    Ok(old)
}

/// The newest kept report before a snapshot that can be compared with it; `None`, which is said,
/// where there is none.
pub(super) fn last(kept: &Kept, new: &Snapshot) -> Option<Snapshot> {
    for report in kept.before(new.taken) {
        match baseline(&report.path, new) {
            Ok(it) => return Some(it),
            // A damaged report must not keep the next one from being written.
            Err(it) => ui::note(&text::harmless(&it.message)),
        }
    }
    let line = format!(
        "no earlier report of {} in {}: there is nothing to compare with",
        new.rack,
        kept.root().display()
    );
    ui::note(&text::harmless(&line));
    None
}

/// Judges a snapshot, compares it with an earlier one where there is one, judged by the same rules,
/// and hands both on.
pub(super) fn compared<T>(
    old: Option<&Snapshot>,
    new: &Snapshot,
    rules: &RuleSet,
    then: impl FnOnce(&Material<'_>, Option<&Diff>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let Some(old) = old else {
        return super::judge_by(new, rules, |new| then(new, None));
    };
    super::judge_quietly(old, rules, |old| {
        super::judge_by(new, rules, |new| {
            let diff = diff::compare(old, new, Scope::Rack);
            then(new, Some(&diff))
        })
    })
}
