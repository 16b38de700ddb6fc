//! Racks taken down by the program itself, in an account that refuses as AWS does.

use std::{
    fs,
    path::{Path, PathBuf},
};

use assert_cmd::Command;
use serde_json::Value;

use crate::support::{
    emulator::Emulator,
    program::{racklens, run},
    strict::Strict,
};

const ACCOUNT: &str = "123456789012";

/// A rack in an account of its own, and a folder for what is written about it.
struct Site {
    account: Strict,
    folder: tempfile::TempDir,
    rack: &'static str,
}

impl Site {
    fn new(racks: &[&str], rack: &'static str) -> Self {
        Self {
            account: Strict::start(racks),
            folder: tempfile::tempdir().unwrap(),
            rack,
        }
    }

    fn plan_file(&self) -> PathBuf {
        self.folder.path().join("plan.json")
    }

    fn journal_file(&self) -> PathBuf {
        self.folder.path().join("plan.json.journal.jsonl")
    }

    fn command(&self) -> Command {
        command(&self.account.emulator, self.folder.path())
    }

    /// A plan with every consent.
    fn plan(&self) -> Value {
        let (code, _, stderr) = run(self
            .command()
            .args(["--rack", self.rack, "--delete", "all"])
            .args(["--disable-protection", "all", "--include", "inferred"])
            .arg("--plan")
            .arg(self.plan_file()));
        assert_eq!(code, 0, "{stderr}");
        self.written()
    }

    fn written(&self) -> Value {
        serde_json::from_slice(&fs::read(self.plan_file()).unwrap()).unwrap()
    }

    /// Runs the plan with every word that it needs.
    fn execute(&self) -> (i32, String, String) {
        self.execute_as(self.rack, &["--accounts", ACCOUNT])
    }

    fn execute_as(&self, name: &str, more: &[&str]) -> (i32, String, String) {
        run(self
            .command()
            .arg("--execute")
            .arg(self.plan_file())
            .args(["--confirm", name])
            .args(more))
    }

    fn resume(&self) -> (i32, String, String) {
        run(self.command().arg("--resume").arg(self.journal_file()))
    }

    fn verify(&self) -> (i32, String, String) {
        run(self.command().arg("--verify").arg(self.journal_file()))
    }

    /// Refused because of the plan or its approval, with nothing done.
    fn assert_refused(&self, (code, stdout, stderr): (i32, String, String), why: &str) {
        assert_eq!(code, 20, "{stdout}{stderr}");
        assert!(stderr.contains(why), "{stderr}");
        assert!(stderr.contains("help: "), "{stderr}");
        assert_eq!(self.account.writes(), [], "{stderr}");
    }
}

fn command(emulator: &Emulator, folder: &Path) -> Command {
    let mut command = racklens();
    command
        .envs(emulator.env())
        .env("XDG_STATE_HOME", folder)
        .current_dir(folder)
        .args(["teardown", "--poll", "20ms"]);
    command
}

/// Everything goes, nothing is refused, and every neighbour is there to the byte.
fn assert_goes(racks: &[&str], rack: &'static str) {
    let site = Site::new(racks, rack);
    site.plan();
    let (code, stdout, stderr) = site.execute();
    assert_eq!(code, 0, "{stdout}{stderr}");
    assert!(stdout.contains(&format!("{rack} is gone")), "{stdout}");
    assert_eq!(site.account.refusals(), [], "{stdout}{stderr}");
    let (code, stdout, stderr) = site.verify();
    assert_eq!(code, 0, "{stdout}{stderr}");
}

#[test]
fn a_convox_rack_goes() {
    assert_goes(&["karim_test", "neighbours"], "karim-test");
}

#[test]
fn an_app_made_by_hand_goes() {
    assert_goes(&["cruddur"], "cruddur");
}

#[test]
fn a_cluster_of_ecs_cli_goes() {
    assert_goes(&["ecs_cluster"], "ecs-cluster");
}

#[test]
fn a_cluster_with_a_capacity_provider_goes() {
    assert_goes(&["ecstest"], "ECSTEST");
}

#[test]
fn a_plan_that_does_not_fit_is_refused_before_anything_is_deleted() {
    let site = Site::new(&["ecs_cluster"], "ecs-cluster");
    let plan = site.plan();
    site.assert_refused(site.execute_as("prod", &[]), "`prod` is not the name");
    site.assert_refused(
        site.execute_as(site.rack, &["--accounts", "999999999999"]),
        "is not among those",
    );
    site.assert_refused(
        run(site.command().arg("--execute").arg(site.plan_file())),
        "nobody confirmed",
    );
    site.assert_refused(
        site.execute_as(site.rack, &["--max-age", "0m"]),
        "was made from what was there",
    );
    site.assert_refused(
        site.execute_as(site.rack, &["--region", "eu-west-1"]),
        "is for region us-east-1",
    );
    let edited = plan
        .to_string()
        .replace("\"rack\":\"ecs-cluster\"", "\"rack\":\"other\"");
    fs::write(site.plan_file(), edited).unwrap();
    site.assert_refused(site.execute(), "was changed after");
    fs::write(site.plan_file(), "{}").unwrap();
    assert_eq!(site.execute().0, 2);
}

#[test]
fn a_plan_is_run_once_and_its_journal_gone_on_with() {
    let site = Site::new(&["ecs_cluster"], "ecs-cluster");
    site.plan();
    assert_eq!(site.execute().0, 0);
    let (code, _, stderr) = site.execute();
    assert_eq!(code, 20, "{stderr}");
    assert!(stderr.contains("--resume"), "{stderr}");
    // What is done is done: nothing more is called.
    let writes = site.account.writes().len();
    let (code, stdout, stderr) = site.resume();
    assert_eq!(code, 0, "{stdout}{stderr}");
    assert_eq!(site.account.writes().len(), writes);
}

#[test]
fn killed_after_any_line_of_its_journal_it_ends_the_same() {
    let site = Site::new(&["ecs_cluster"], "ecs-cluster");
    site.plan();
    assert_eq!(site.execute().0, 0);
    // Everything is gone by now, whatever the journal still tells of it.
    let whole = fs::read_to_string(site.journal_file()).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    for kept in [1, 2, lines.len() / 2, lines.len() - 1] {
        fs::write(site.journal_file(), lines[..kept].concat()).unwrap();
        let (code, stdout, stderr) = site.resume();
        assert_eq!(code, 0, "{kept}: {stdout}{stderr}");
    }
    // A line that was cut short is said so and forgotten, one in the middle is an error.
    fs::write(site.journal_file(), &whole[..whole.len() - 5]).unwrap();
    let (code, _, stderr) = site.resume();
    assert_eq!(code, 0, "{stderr}");
    assert!(stderr.contains("cut short"), "{stderr}");
    let damaged = format!("{}{{\n{}", lines[0], lines[1..].concat());
    fs::write(site.journal_file(), damaged).unwrap();
    assert_eq!(site.resume().0, 2);
}
