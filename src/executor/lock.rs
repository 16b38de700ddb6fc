//! Keeps two runs from taking down one rack at the same time: two of one user on one machine. AWS
//! has nothing that would keep two machines apart; there each call finds what the other has done.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

use crate::text;

/// A rack that is being taken down, until this is dropped or the process ends.
#[derive(Debug)]
pub struct Held {
    /// Its lock goes with it.
    _file: File,
}

/// Why a rack cannot be held.
#[derive(Debug, thiserror::Error)]
pub enum NotHeld {
    #[error("another run of racklens takes this rack down at this moment; its lock is {0}")]
    Taken(PathBuf),
    #[error("cannot lock {path}: {why}")]
    Failed { path: PathBuf, why: io::Error },
}

/// Holds a rack in `folder`, which is made where it is not there.
///
/// # Errors
/// When another process holds it, or the folder cannot be written to.
pub fn hold(folder: &Path, account: &str, region: &str, rack: &str) -> Result<Held, NotHeld> {
    let path = folder.join(name(account, region, rack));
    let failed = |why| NotHeld::Failed {
        path: path.clone(),
        why,
    };
    fs::create_dir_all(folder).map_err(failed)?;
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let file = options.open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(Held { _file: file }),
        Err(TryLockError::WouldBlock) => Err(NotHeld::Taken(path)),
        Err(TryLockError::Error(why)) => Err(failed(why)),
    }
}

/// A file name that no name of a rack can lead elsewhere with, and that two racks never share.
fn name(account: &str, region: &str, rack: &str) -> String {
    let plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_');
    let readable: String = rack.chars().filter(|it| plain(*it)).take(60).collect();
    let whole = format!("{account}/{region}/{rack}");
    format!("{readable}-{}.lock", text::digest(whole.as_bytes(), 16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rack_is_held_once_and_is_free_again_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let hold = || hold(folder.path(), "123456789012", "us-east-1", "shop");
        let held = hold().unwrap();
        assert!(matches!(hold(), Err(NotHeld::Taken(_))));
        drop(held);
        assert!(hold().is_ok());
    }

    #[test]
    fn racks_of_two_regions_do_not_wait_for_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let hold = |region| hold(folder.path(), "123456789012", region, "../shop");
        let _one = hold("us-east-1").unwrap();
        assert!(hold("eu-west-1").is_ok());
    }
}
