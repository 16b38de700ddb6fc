//! Reports that are kept night after night.

use std::{fs, path::Path, process::Stdio};

use crate::{
    outputs::later,
    support::program::{racklens, run},
};

const SAMPLE: &str = "samples/karim-test/snapshot.json";

fn report(snapshot: &Path, root: &Path, args: &[&str]) -> (i32, String, String) {
    run(racklens()
        .args(["report", "--from"])
        .arg(snapshot)
        .arg("--out")
        .arg(root)
        .args(args))
}

#[test]
fn the_second_night_tells_what_changed_since_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("reports");
    let nightly = ["--keep", "30", "--since", "last"];
    let (code, stdout, stderr) = report(Path::new(SAMPLE), &root, &nightly);
    assert_eq!(code, 0);
    assert!(
        stderr.contains("no earlier report of karim-test"),
        "{stderr}"
    );
    let last = stdout.lines().last().unwrap();
    let place = root.join("karim-test/2018-05-01T175344Z/index.html");
    assert_eq!(
        last,
        format!(
            "racklens: rack=karim-test findings=46 new=- worse=- fixed=- lost=- unknown=3 muted=0 gaps=0 report={}",
            place.display()
        )
    );
    let (code, stdout, _) = report(&later(folder.path()), &root, &nightly);
    assert_eq!(code, 4, "something was not read");
    let last = stdout.lines().last().unwrap();
    assert!(last.contains(" new=1 worse=0 fixed=1 lost=6 "), "{last}");
    let latest = root.join("karim-test/latest");
    assert!(latest.join("changes.csv").is_file());
    let page = fs::read_to_string(latest.join("index.html")).unwrap();
    assert!(page.contains("sg-world-data-port"));
    let (_, stdout, _) = run(racklens()
        .args(["diff", "--format", "csv"])
        .args([root.join("karim-test/2018-05-01T175344Z"), latest]));
    assert!(stdout.contains("new,security-group/sg-035b4f34a054d3787"));
}

#[test]
fn an_audit_finds_the_last_report_by_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("reports");
    report(Path::new(SAMPLE), &root, &["--keep", "3"]);
    let (code, stdout, _) = run(racklens()
        .args([
            "audit",
            "--since",
            "last",
            "--new-only",
            "--fail-on",
            "critical",
            "--from",
        ])
        .arg(later(folder.path()))
        .env("RACKLENS_REPORTS", &root));
    assert_eq!(code, 10);
    assert!(
        stdout.contains("since 2018-05-01T17:53:44Z 1 new"),
        "{stdout}"
    );
}

#[test]
fn older_reports_go_when_there_are_more_than_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("reports");
    for _ in 0..3 {
        report(Path::new(SAMPLE), &root, &["--keep", "2"]);
    }
    let reports = fs::read_dir(root.join("karim-test")).unwrap();
    let reports = reports.filter(|it| {
        let name = it.as_ref().unwrap().file_name();
        name.to_string_lossy().starts_with("2018")
    });
    assert_eq!(reports.count(), 2);
}

#[test]
fn runs_that_overlap_each_leave_a_whole_report() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("reports");
    let runs: Vec<_> = (0..4)
        .map(|_| {
            std::process::Command::new(env!("CARGO_BIN_EXE_racklens"))
                .args(["report", "--from", SAMPLE, "--keep", "9", "--out"])
                .arg(&root)
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for it in runs {
        let output = it.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{said}");
    }
    let folders = fs::read_dir(root.join("karim-test")).unwrap();
    let whole = folders.filter(|it| it.as_ref().unwrap().path().join("manifest.json").is_file());
    // Four reports and the link to one of them.
    assert_eq!(whole.count(), if cfg!(unix) { 5 } else { 4 });
}

#[test]
fn a_damaged_last_report_does_not_keep_the_next_from_being_written() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("reports");
    report(Path::new(SAMPLE), &root, &["--keep", "3"]);
    let kept = root.join("karim-test/latest/snapshot.json");
    let size = fs::metadata(&kept).unwrap().len();
    fs::write(&kept, "x".repeat(usize::try_from(size).unwrap())).unwrap();
    let nightly = ["--keep", "3", "--since", "last"];
    let (code, stdout, stderr) = report(&later(folder.path()), &root, &nightly);
    assert_eq!(code, 4);
    assert!(stderr.contains("not a snapshot"), "{stderr}");
    assert!(stdout.contains(" new=- "), "{stdout}");
}

#[test]
fn a_report_in_one_folder_can_be_compared_with_the_one_it_replaces() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("report");
    report(Path::new(SAMPLE), &out, &[]);
    let (_, stdout, _) = report(&later(folder.path()), &out, &["--since", "last"]);
    assert!(
        stdout.contains(" new=1 worse=0 fixed=1 lost=6 "),
        "{stdout}"
    );
}

#[test]
fn a_baseline_of_another_rack_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("report");
    let other = ["--since", "samples/cruddur/snapshot.json"];
    let (code, stdout, _) = report(Path::new(SAMPLE), &out, &other);
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert!(!out.exists());
}
