//! What a rack is compared with: an earlier snapshot of it.

use std::path::Path;

use crate::{
    diff,
    failure::{Exit, Failure},
    file,
    snapshot::Snapshot,
    text, ui,
};

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
