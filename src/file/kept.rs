//! Reports that are kept: a folder for each rack, in it one for each time, and a link to the last.
//!
//! `ROOT/RACK/2026-11-21T161808Z/`, `ROOT/RACK/latest`. A report appears whole, by one rename. Runs
//! that overlap wait for each other. Only what is a whole report of the same rack is ever removed.

use std::{
    fs, io,
    path::{Component, Path, PathBuf},
};

use jiff::Timestamp;
use serde::Deserialize;
use tempfile::{Builder, TempDir};

use super::{MANIFEST, cannot_write, create_private, write};
use crate::{failure::Failure, snapshot::Snapshot, text};

/// The link to the newest report.
const LATEST: &str = "latest";
/// Held while a report is put in place.
const LOCK: &str = ".racklens.lock";
/// What is being removed is called so, and nobody takes it for a report.
const GOING: &str = ".racklens-old-";

/// Where the reports of one rack are kept.
pub struct Kept {
    root: PathBuf,
    folder: PathBuf,
    rack: String,
    account: String,
    region: String,
}

/// A whole report.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeptReport {
    pub taken: Timestamp,
    pub path: PathBuf,
}

/// Other runs wait until this is dropped.
pub struct Turn(#[expect(dead_code, reason = "holds the lock by being open")] fs::File);

/// What a report's manifest must tell for us to touch the report.
#[derive(Deserialize)]
struct Manifest {
    kind: String,
    rack: String,
    account: String,
    region: String,
    taken: Timestamp,
    files: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    name: String,
    bytes: u64,
}

impl Listed {
    /// Whether it is the name of a file and no way to another place.
    fn is_name(&self) -> bool {
        let mut parts = Path::new(&self.name).components();
        matches!(
            (parts.next(), parts.next()),
            (Some(Component::Normal(_)), None)
        )
    }
}

/// `2026-11-21T161808Z`: sorts by time, and no file system minds it.
pub fn folder_name(taken: Timestamp) -> String {
    taken.strftime("%Y-%m-%dT%H%M%SZ").to_string()
}

/// Whether reports can be kept in a folder, before a minute is spent on reading.
///
/// # Errors
/// When it is a file, or cannot be made or written to.
pub fn check(root: &Path) -> Result<(), Failure> {
    let failed = |it: io::Error| cannot_write(root, &it);
    fs::create_dir_all(root).map_err(failed)?;
    let probe = Builder::new().prefix(".racklens-").tempdir_in(root);
    probe.map_err(failed)?.close().map_err(failed)
}

/// The files of a report that is not in its place yet; they go with this.
pub struct Begun(TempDir);

impl Begun {
    /// Adds a file.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn add(&mut self, name: &str, content: &str) -> Result<(), Failure> {
        write(&self.0.path().join(name), content)
    }
}

impl Kept {
    /// The reports below `root` of the rack that a snapshot is of.
    pub fn of(root: &Path, snapshot: &Snapshot) -> Self {
        Self {
            root: root.to_owned(),
            folder: root.join(text::path_part(&snapshot.rack)),
            rack: snapshot.rack.clone(),
            account: snapshot.account.clone(),
            region: snapshot.region.clone(),
        }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The whole reports taken before a moment, the newest first.
    pub fn before(&self, moment: Timestamp) -> Vec<KeptReport> {
        let mut all = self.reports();
        all.retain(|it| it.taken < moment);
        all
    }

    /// All whole reports of this rack, the newest first.
    fn reports(&self) -> Vec<KeptReport> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut all: Vec<KeptReport> = entries
            .filter(|it| !it.file_name().to_string_lossy().starts_with('.'))
            .map(|it| it.path())
            .filter_map(|path| {
                let manifest = self.manifest(&path)?;
                let is_whole = manifest.files.iter().all(|it| {
                    let file = it.is_name().then(|| path.join(&it.name));
                    let file = file.and_then(|it| fs::symlink_metadata(it).ok());
                    file.is_some_and(|file| file.is_file() && file.len() == it.bytes)
                });
                let taken = manifest.taken;
                is_whole.then_some(KeptReport { taken, path })
            })
            .collect();
        all.sort_by(|a, b| b.cmp(a));
        all
    }

    /// What a folder says of itself, where that is that it is a report of this rack.
    fn manifest(&self, path: &Path) -> Option<Manifest> {
        // A link leads to what someone else may own.
        if !fs::symlink_metadata(path).ok()?.is_dir() {
            return None;
        }
        let text = fs::read(path.join(MANIFEST)).ok()?;
        let manifest: Manifest = serde_json::from_slice(&text).ok()?;
        let is_ours = manifest.kind == "racklens-report"
            && manifest.rack == self.rack
            && manifest.account == self.account
            && manifest.region == self.region;
        is_ours.then_some(manifest)
    }

    /// Waits until no other run puts a report here.
    ///
    /// # Errors
    /// When the folder cannot be made or written to.
    pub fn turn(&self) -> Result<Turn, Failure> {
        let failed = |it: io::Error| cannot_write(&self.folder, &it);
        fs::create_dir_all(&self.root).map_err(failed)?;
        create_private(&self.folder).map_err(failed)?;
        let mut open = fs::OpenOptions::new();
        let file = open.create(true).append(true).open(self.folder.join(LOCK));
        let file = file.map_err(failed)?;
        file.lock().map_err(failed)?;
        Ok(Turn(file))
    }

    /// Begins a report, which nobody sees before it is put in place.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn begin(&self, _: &Turn) -> Result<Begun, Failure> {
        let failed = |it: io::Error| cannot_write(&self.folder, &it);
        let mut builder = Builder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            builder.permissions(fs::Permissions::from_mode(0o700));
        }
        let staging = builder.prefix(".racklens-").tempdir_in(&self.folder);
        staging.map(Begun).map_err(failed)
    }

    /// Puts a report in place, which appears whole, and lets `latest` lead to the newest.
    ///
    /// # Errors
    /// When the folder cannot be written to; then nothing was changed.
    pub fn put(&self, _: &Turn, taken: Timestamp, report: Begun) -> Result<PathBuf, Failure> {
        let failed = |it: io::Error| cannot_write(&self.folder, &it);
        let path = self.free(taken);
        fs::rename(report.0.path(), &path).map_err(failed)?;
        // Its folder has another name now: there is nothing left to clear away.
        drop(report.0.keep());
        self.link().map_err(failed)?;
        Ok(path)
    }

    /// A name that nothing has: two racks may be of one name, and two snapshots of one second.
    fn free(&self, taken: Timestamp) -> PathBuf {
        let name = folder_name(taken);
        let mut path = self.folder.join(&name);
        let mut number = 1;
        while fs::symlink_metadata(&path).is_ok() {
            number += 1;
            path = self.folder.join(format!("{name}-{number}"));
        }
        path
    }

    /// Lets `latest` lead to the newest report; a link is put in place by a rename.
    #[cfg(unix)]
    fn link(&self) -> io::Result<()> {
        let reports = self.reports();
        let Some(name) = reports.first().and_then(|it| it.path.file_name()) else {
            return Ok(());
        };
        let latest = self.folder.join(LATEST);
        let is_ours = match fs::symlink_metadata(&latest) {
            Ok(it) => it.is_symlink(),
            Err(_) => true,
        };
        if !is_ours {
            let why = format!("{LATEST} is there and no link of ours");
            return Err(io::Error::other(why));
        }
        let place = Builder::new()
            .prefix(".racklens-")
            .tempdir_in(&self.folder)?;
        let link = place.path().join(LATEST);
        std::os::unix::fs::symlink(name, &link)?;
        fs::rename(link, latest)
    }

    /// Where there are no links anybody may make, the newest name is the latest.
    #[cfg(not(unix))]
    fn link(&self) -> io::Result<()> {
        Ok(())
    }

    /// Removes all but the `keep` newest reports, and tells how many it removed.
    ///
    /// # Errors
    /// When a report cannot be removed.
    pub fn prune(&self, _: &Turn, keep: usize) -> Result<usize, Failure> {
        let mut removed = 0;
        for report in self.reports().into_iter().skip(keep) {
            let Some(name) = report.path.file_name() else {
                continue;
            };
            let mut going = std::ffi::OsString::from(GOING);
            going.push(name);
            let going = self.folder.join(going);
            let failed = |it: io::Error| cannot_write(&report.path, &it);
            fs::rename(&report.path, &going).map_err(failed)?;
            removed += 1;
        }
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        for entry in entries.filter(|it| it.file_name().to_string_lossy().starts_with(GOING)) {
            self.remove(&entry.path())
                .map_err(|it| cannot_write(&entry.path(), &it))?;
        }
        Ok(removed)
    }

    /// Removes a report's own files, the manifest last; what else is in its folder stays with it.
    fn remove(&self, path: &Path) -> io::Result<()> {
        let Some(manifest) = self.manifest(path) else {
            return Ok(());
        };
        let gone_is_fine = |it: io::Result<()>| match it {
            Err(it) if it.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        };
        for file in manifest.files.iter().filter(|it| it.is_name()) {
            gone_is_fine(fs::remove_file(path.join(&file.name)))?;
        }
        let others = fs::read_dir(path)?.flatten();
        let mut others = others.filter(|it| it.file_name() != MANIFEST);
        if others.next().is_none() {
            gone_is_fine(fs::remove_file(path.join(MANIFEST)))?;
            gone_is_fine(fs::remove_dir(path))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        file,
        snapshot::{FORMAT, Money, Origin},
    };

    fn snapshot(rack: &str, region: &str) -> Snapshot {
        Snapshot {
            format: FORMAT,
            tool: "0.1.0".to_owned(),
            taken: Timestamp::UNIX_EPOCH,
            took_ms: 0,
            account: "123456789012".to_owned(),
            region: region.to_owned(),
            identity: String::new(),
            rack: rack.to_owned(),
            definition: None,
            calls: std::collections::BTreeMap::new(),
            gaps: Vec::new(),
            resources: Vec::new(),
            origin: Origin::default(),
            money: Money::default(),
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// Keeps a report of that moment.
    fn add(kept: &Kept, second: i64) -> PathBuf {
        let head = serde_json::json!({
            "rack": kept.rack, "account": kept.account, "region": kept.region,
            "taken": at(second).to_string(),
        });
        let head = head.as_object().unwrap().clone();
        let manifest = file::manifest(head, vec![file::listed("a.csv", "one")]);
        let turn = kept.turn().unwrap();
        let mut begun = kept.begin(&turn).unwrap();
        begun.add("a.csv", "one").unwrap();
        begun.add(MANIFEST, &manifest).unwrap();
        kept.put(&turn, at(second), begun).unwrap()
    }

    fn prune(kept: &Kept, keep: usize) -> usize {
        kept.prune(&kept.turn().unwrap(), keep).unwrap()
    }

    /// What can be seen in the rack's folder.
    fn names(kept: &Kept) -> Vec<String> {
        let entries = fs::read_dir(&kept.folder).unwrap();
        let mut names: Vec<String> = entries
            .map(|it| it.unwrap().file_name().into_string().unwrap())
            .filter(|it| it != LOCK && it != LATEST)
            .collect();
        names.sort();
        names
    }

    #[test]
    fn reports_are_laid_out_by_rack_and_time_and_the_newest_is_the_latest() {
        let root = tempfile::tempdir().unwrap();
        let kept = Kept::of(root.path(), &snapshot("prod", "us-east-1"));
        let newest = add(&kept, 60);
        // An older snapshot that is looked at later is not the latest.
        add(&kept, 0);
        assert_eq!(names(&kept), ["1970-01-01T000000Z", "1970-01-01T000100Z"]);
        assert_eq!(newest, root.path().join("prod/1970-01-01T000100Z"));
        #[cfg(unix)]
        assert_eq!(
            fs::read_link(root.path().join("prod/latest")).unwrap(),
            Path::new("1970-01-01T000100Z")
        );
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_look_into_a_report() {
        use std::os::unix::fs::PermissionsExt as _;
        let root = tempfile::tempdir().unwrap();
        let path = add(&Kept::of(root.path(), &snapshot("prod", "us-east-1")), 0);
        let mode = |it: &Path| fs::metadata(it).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o700);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        assert_eq!(mode(&path.join("a.csv")), 0o600);
    }

    #[test]
    fn only_as_many_as_wanted_are_kept() {
        let root = tempfile::tempdir().unwrap();
        let kept = Kept::of(root.path(), &snapshot("prod", "us-east-1"));
        for second in [0, 60, 120] {
            add(&kept, second);
        }
        assert_eq!(prune(&kept, 2), 1);
        assert_eq!(names(&kept), ["1970-01-01T000100Z", "1970-01-01T000200Z"]);
    }

    #[test]
    fn what_is_not_a_whole_report_of_the_same_rack_is_never_removed() {
        let root = tempfile::tempdir().unwrap();
        let kept = Kept::of(root.path(), &snapshot("prod", "us-east-1"));
        let elsewhere = Kept::of(root.path(), &snapshot("prod", "eu-west-1"));
        add(&elsewhere, 0);
        let cut = add(&kept, 60);
        fs::remove_file(cut.join("a.csv")).unwrap();
        fs::create_dir(kept.folder.join("thesis")).unwrap();
        fs::write(kept.folder.join("thesis/1.txt"), "years of work").unwrap();
        add(&kept, 120);
        assert_eq!(prune(&kept, 0), 1);
        assert_eq!(
            names(&kept),
            ["1970-01-01T000000Z", "1970-01-01T000100Z", "thesis"]
        );
    }

    #[test]
    fn what_a_person_put_into_a_report_s_folder_stays() {
        let root = tempfile::tempdir().unwrap();
        let kept = Kept::of(root.path(), &snapshot("prod", "us-east-1"));
        let path = add(&kept, 0);
        fs::write(path.join("notes.txt"), "mine").unwrap();
        prune(&kept, 0);
        let note = kept
            .folder
            .join(".racklens-old-1970-01-01T000000Z/notes.txt");
        assert_eq!(fs::read_to_string(note).unwrap(), "mine");
    }

    #[test]
    fn a_manifest_that_names_files_elsewhere_removes_nothing_there() {
        let root = tempfile::tempdir().unwrap();
        let kept = Kept::of(root.path(), &snapshot("prod", "us-east-1"));
        let path = add(&kept, 0);
        let valued = root.path().join("valued.txt");
        fs::write(&valued, "one").unwrap();
        let manifest = fs::read_to_string(path.join(MANIFEST)).unwrap();
        fs::write(
            path.join(MANIFEST),
            manifest.replace("a.csv", "../../valued.txt"),
        )
        .unwrap();
        assert_eq!(prune(&kept, 0), 0);
        assert!(valued.is_file());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_a_report_is_no_report() {
        let root = tempfile::tempdir().unwrap();
        let kept = Kept::of(root.path(), &snapshot("prod", "us-east-1"));
        let moved = root.path().join("archive");
        fs::rename(add(&kept, 0), &moved).unwrap();
        std::os::unix::fs::symlink(&moved, kept.folder.join("1970-01-01T000000Z")).unwrap();
        assert_eq!(prune(&kept, 0), 0);
        assert!(moved.join("a.csv").is_file());
    }

    #[test]
    fn the_last_report_is_of_the_same_account_and_region_and_of_before() {
        let root = tempfile::tempdir().unwrap();
        let kept = Kept::of(root.path(), &snapshot("prod", "us-east-1"));
        let first = add(&kept, 0);
        add(&kept, 120);
        add(&Kept::of(root.path(), &snapshot("prod", "eu-west-1")), 30);
        let before: Vec<PathBuf> = kept.before(at(60)).into_iter().map(|it| it.path).collect();
        assert_eq!(before, [first]);
    }

    #[test]
    fn two_reports_of_one_second_do_not_share_a_folder() {
        let root = tempfile::tempdir().unwrap();
        let kept = Kept::of(root.path(), &snapshot("prod", "us-east-1"));
        assert_ne!(add(&kept, 0), add(&kept, 0));
    }

    #[test]
    fn a_rack_s_name_leads_nowhere_else() {
        let root = tempfile::tempdir().unwrap();
        let kept = Kept::of(root.path(), &snapshot("../../etc", "us-east-1"));
        let path = add(&kept, 0);
        assert!(path.starts_with(root.path().join("%2E.%2F..%2Fetc")));
    }

    #[test]
    fn runs_that_overlap_lose_nothing() {
        let root = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for second in 0..8 {
                let root = root.path();
                scope.spawn(move || {
                    let kept = Kept::of(root, &snapshot("prod", "us-east-1"));
                    add(&kept, second);
                    prune(&kept, 3);
                });
            }
        });
        let kept = Kept::of(root.path(), &snapshot("prod", "us-east-1"));
        assert_eq!(names(&kept).len(), 3);
        assert_eq!(kept.reports().len(), 3);
    }
}
