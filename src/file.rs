//! Files that are there whole or not at all, and that only their owner can read.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use flate2::{Compression, GzBuilder, read::GzDecoder};
use tempfile::{Builder, NamedTempFile, TempDir};

use crate::{
    failure::{Exit, Failure},
    snapshot::{BadSnapshot, Snapshot},
    text,
};

pub mod kept;

/// A snapshot file may unpack to no more than this.
const LARGEST: u64 = 4 << 30;

/// Reads a snapshot, packed or not; `-` is standard input.
///
/// # Errors
/// When the file cannot be read, or is not a snapshot that this version can use.
pub fn read_snapshot(path: &Path) -> Result<Snapshot, Failure> {
    let bytes = read(path).map_err(|it| {
        Failure::new(
            Exit::Failed,
            format!("cannot read {}: {it}", path.display()),
        )
        .hint("`racklens snapshot --rack NAME -o FILE` writes one")
    })?;
    Snapshot::parse(&bytes).map_err(|it| {
        let failure = Failure::new(Exit::Failed, format!("{}: {it}", path.display()));
        match it {
            BadSnapshot::Foreign(_) => failure.hint("give a file that `racklens snapshot` wrote"),
            BadSnapshot::Newer { .. } | BadSnapshot::Later { .. } => {
                failure.hint("update racklens, or take a new snapshot")
            }
            BadSnapshot::Damaged { .. } => {
                failure.hint("take the snapshot again: a part of it cannot be trusted")
            }
        }
    })
}

/// Reads a file that someone wrote by hand.
///
/// # Errors
/// When it cannot be read, is larger than `limit` bytes, or is not UTF-8.
pub fn read_text(path: &Path, limit: u64) -> Result<String, Failure> {
    let bytes = read_bytes(path, limit)?;
    String::from_utf8(bytes).map_err(|_| {
        let message = format!("{} is not a text in UTF-8", path.display());
        Failure::new(Exit::Usage, message)
    })
}

/// Reads a file of another program.
///
/// # Errors
/// When it cannot be read, or is larger than `limit` bytes.
pub fn read_bytes(path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    let failed = |why: String| {
        let message = format!("cannot read {}: {why}", path.display());
        Failure::new(Exit::Usage, message)
    };
    let file = fs::File::open(path).map_err(|it| failed(it.to_string()))?;
    let mut bytes = Vec::new();
    let read = file.take(limit + 1).read_to_end(&mut bytes);
    read.map_err(|it| failed(it.to_string()))?;
    if bytes.len() as u64 > limit {
        return Err(failed(format!("it has more than {} MiB", limit >> 20)));
    }
    Ok(bytes)
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        io::stdin().read_to_end(&mut bytes)?;
    } else {
        bytes = fs::read(path)?;
    }
    // Gzip announces itself: what a file is called does not matter.
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes);
    }
    let mut unpacked = Vec::new();
    GzDecoder::new(&bytes[..])
        .take(LARGEST)
        .read_to_end(&mut unpacked)
        .map_err(|it| {
            io::Error::other(format!(
                "its compressed data is cut short or damaged ({it})"
            ))
        })?;
    Ok(unpacked)
}

/// The folder in which a path lies.
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(it) if !it.as_os_str().is_empty() => it,
        _ => Path::new("."),
    }
}

/// A temporary file in the folder of a path, from which it can be renamed to it. Only its owner can
/// read it.
///
/// # Errors
/// When the folder cannot be written to.
pub fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(".racklens-").tempfile_in(folder_of(path))
}

/// Writes a file by way of a temporary one beside it; packs it when its name ends in `.gz`.
///
/// # Errors
/// When the folder cannot be written to; then nothing was changed.
pub fn write(path: &Path, content: &str) -> Result<(), Failure> {
    let failed = |it: io::Error| cannot_write(path, &it);
    let mut file = beside(path).map_err(failed)?;
    if path.extension().is_some_and(|it| it == "gz") {
        // No name and no time inside, so that the same content makes the same bytes.
        let mut packer = GzBuilder::new().write(&mut file, Compression::default());
        packer.write_all(content.as_bytes()).map_err(failed)?;
        packer.finish().map_err(failed)?;
    } else {
        file.write_all(content.as_bytes()).map_err(failed)?;
    }
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|it| failed(it.error))?;
    Ok(())
}

/// What to tell of a place that cannot be written to.
pub fn cannot_write(path: &Path, why: &io::Error) -> Failure {
    Failure::new(
        Exit::Failed,
        format!("cannot write {}: {why}", path.display()),
    )
    .hint("choose another place, or make this one writable")
}

/// The file that tells a folder of ours from any other.
pub const MANIFEST: &str = "manifest.json";

/// The snapshot inside a report's folder, from which the report can be made again.
pub const SNAPSHOT: &str = "snapshot.json";

/// A folder of files that appears as one.
pub struct Folder {
    path: PathBuf,
    staging: TempDir,
    names: Vec<String>,
}

impl Folder {
    /// Prepares to write into `path`, which must not exist, be empty, or hold an earlier report.
    ///
    /// # Errors
    /// When it holds something else, or when its parent cannot be written to.
    pub fn prepare(path: &Path) -> Result<Self, Failure> {
        refuse_foreign(path)?;
        let parent = folder_of(path);
        fs::create_dir_all(parent).map_err(|it| cannot_write(path, &it))?;
        // Beside the goal, so that moving the files there is a rename.
        let staging = Builder::new()
            .prefix(".racklens-")
            .tempdir_in(parent)
            .map_err(|it| cannot_write(path, &it))?;
        Ok(Self {
            path: path.to_owned(),
            staging,
            names: Vec::new(),
        })
    }

    /// Adds a file.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn add(&mut self, name: &str, content: &str) -> Result<(), Failure> {
        write(&self.staging.path().join(name), content)?;
        self.names.push(name.to_owned());
        Ok(())
    }

    /// Moves everything into place, the manifest last.
    ///
    /// # Errors
    /// When a file cannot be moved.
    pub fn publish(mut self) -> Result<(), Failure> {
        let failed = |it: io::Error| cannot_write(&self.path, &it);
        create_private(&self.path).map_err(failed)?;
        self.names.sort_by_key(|it| it == MANIFEST);
        for name in &self.names {
            let from = self.staging.path().join(name);
            fs::rename(from, self.path.join(name)).map_err(failed)?;
        }
        Ok(())
    }
}

/// Makes a folder that only its owner can look into; one that is there stays as it is.
fn create_private(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    match builder.create(path) {
        Err(it) if it.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        other => other,
    }
}

fn refuse_foreign(path: &Path) -> Result<(), Failure> {
    let refuse = |what: &str| {
        Failure::new(
            Exit::Usage,
            format!("{} {what}: it will not be written over", path.display()),
        )
        .hint("give --out a folder that does not exist, is empty, or holds an earlier report")
    };
    let entries = match fs::read_dir(path) {
        Ok(it) => it,
        Err(it) if it.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(_) if path.is_file() => return Err(refuse("is a file")),
        Err(it) => return Err(cannot_write(path, &it)),
    };
    let manifest = fs::read_to_string(path.join(MANIFEST)).unwrap_or_default();
    let ours = manifest.contains(MANIFEST_MARK);
    if entries.count() > 0 && !ours {
        return Err(refuse("holds something else"));
    }
    Ok(())
}

/// What every manifest of ours says of itself.
pub const MANIFEST_MARK: &str = "\"racklens-report\"";

/// What the manifest tells of a file.
pub fn listed(name: &str, content: &str) -> serde_json::Value {
    serde_json::json!({
        "name": name,
        "bytes": content.len(),
        "sha256": text::digest(content.as_bytes(), text::SHA256),
    })
}

/// The manifest: what is in the folder, with digests.
pub fn manifest(
    mut manifest: serde_json::Map<String, serde_json::Value>,
    files: Vec<serde_json::Value>,
) -> String {
    manifest.insert("kind".to_owned(), "racklens-report".into());
    manifest.insert("files".to_owned(), files.into());
    text::json(&manifest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packed_snapshot_has_no_time_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json.gz");
        write(&path, "{}").unwrap();
        let once = fs::read(&path).unwrap();
        write(&path, "{}").unwrap();
        assert_eq!(once, fs::read(&path).unwrap());
        assert_eq!(read(&path).unwrap(), b"{}");
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_what_was_written() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        write(&path, "{}").unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }

    #[test]
    fn a_folder_with_something_else_in_it_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("thesis.txt"), "years of work").unwrap();
        let refused = Folder::prepare(folder.path()).err().unwrap();
        assert_eq!(refused.exit, Exit::Usage);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_is_published_whole_and_can_be_written_again() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("report");
        for content in ["one", "two"] {
            let mut folder = Folder::prepare(&path).unwrap();
            folder.add("a.csv", content).unwrap();
            folder.add(MANIFEST, MANIFEST_MARK).unwrap();
            assert_ne!(
                fs::read_to_string(path.join("a.csv")).ok().as_deref(),
                Some(content)
            );
            folder.publish().unwrap();
        }
        assert_eq!(fs::read_to_string(path.join("a.csv")).unwrap(), "two");
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
    }
}
