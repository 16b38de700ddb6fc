//! What a plan needs before it is run, and how a run is stopped, gone on with and proved.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    thread,
    time::Duration,
};

use assert_cmd::Command;
use racklens::teardown::Plan;
use serde_json::{Value, json};

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
        self.command_at(20)
    }

    /// With seconds of so many milliseconds.
    fn command_at(&self, second: u32) -> Command {
        command(&self.account.emulator, self.folder.path(), second)
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

    /// Refused because of the plan or its approval, with nothing done.
    fn assert_refused(&self, (code, stdout, stderr): (i32, String, String), why: &str) {
        assert_eq!(code, 20, "{stdout}{stderr}");
        assert!(stderr.contains(why), "{stderr}");
        assert!(stderr.contains("help: "), "{stderr}");
        assert_eq!(self.account.writes(), [], "{stderr}");
    }
}

fn command(emulator: &Emulator, folder: &Path, second: u32) -> Command {
    let mut command = racklens();
    command
        .envs(emulator.env())
        .env("XDG_STATE_HOME", folder)
        .current_dir(folder)
        .args(["teardown", "--second", &second.to_string()]);
    command
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
    let (code, _, stderr) = site.resume();
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("PLAN.journal.jsonl"), "{stderr}");
    site.assert_refused(
        site.execute_as(site.rack, &["--max-age", "0m"]),
        "was made from what was there",
    );
    site.assert_refused(
        site.execute_as(site.rack, &["--region", "eu-west-1"]),
        "is for region us-east-1",
    );
    // Sealed anew, as whoever means to would.
    let sealed = |change: &dyn Fn(&mut Plan)| {
        let mut plan = Plan::parse(plan.to_string().as_bytes()).unwrap();
        change(&mut plan);
        fs::write(site.plan_file(), plan.sealed().to_json()).unwrap();
    };
    sealed(&|it| it.account = "999999999999".to_owned());
    site.assert_refused(site.execute(), "is for account 999999999999");
    sealed(&|it| it.racklens = "0.0.1".to_owned());
    site.assert_refused(site.execute(), "was made by racklens 0.0.1");
    let eve = "arn:aws:iam::123456789012:user/eve";
    sealed(&|it| it.identity = Some(eve.to_owned()));
    site.assert_refused(site.execute(), "user/eve");
    sealed(&|it| it.steps[0].acts[0].on = it.neighbours[0].clone());
    site.assert_refused(site.execute(), "and does something to");
    let edited = plan
        .to_string()
        .replace("\"rack\":\"ecs-cluster\"", "\"rack\":\"other\"");
    fs::write(site.plan_file(), edited).unwrap();
    site.assert_refused(site.execute(), "was changed after");
    fs::write(site.plan_file(), "{}").unwrap();
    assert_eq!(site.execute().0, 2);
}

#[test]
fn a_run_in_an_account_of_the_list_is_proved_later_and_what_came_back_is_found() {
    let site = Site::new(&["ecs_cluster"], "ecs-cluster");
    site.plan();
    let list = format!("[teardown]\naccounts = [\"{ACCOUNT}\"]\n");
    fs::write(site.folder.path().join("racklens.toml"), list).unwrap();
    // Longer than a run may take, by a second that is none.
    let mut hasty = site.command_at(0);
    hasty.arg("--execute").arg(site.plan_file());
    let (code, _, stderr) = run(hasty.args(["--confirm", site.rack]));
    assert_eq!(code, 21, "{stderr}");
    assert!(stderr.contains("longer than a run may"), "{stderr}");
    assert!(stderr.contains("--resume"), "{stderr}");
    let mut resumed = site.command_at(5);
    let (code, stdout, stderr) = run(resumed.arg("--resume").arg(site.journal_file()));
    assert_eq!(code, 0, "{stdout}{stderr}");
    let verify = || run(site.command().arg("--verify").arg(site.journal_file()));
    let (code, stdout, stderr) = verify();
    assert_eq!(code, 0, "{stdout}{stderr}");
    // A later version looks, too: it changes nothing.
    let journal = fs::read_to_string(site.journal_file()).unwrap();
    let (head, rest) = journal.split_once('\n').unwrap();
    let mut head: Value = serde_json::from_str(head).unwrap();
    let mut plan = Plan::parse(head["entry"]["begun"]["plan"].to_string().as_bytes()).unwrap();
    plan.racklens = "0.0.1".to_owned();
    plan.identity = Some("arn:aws:iam::123456789012:user/eve".to_owned());
    head["entry"]["begun"]["plan"] = serde_json::from_str(&plan.sealed().to_json()).unwrap();
    fs::write(site.journal_file(), format!("{head}\n{rest}")).unwrap();
    assert_eq!(verify().0, 0);
    assert_eq!(site.resume().0, 20);
    site.account.somebody_else(&json!([
        {"service": "ec2", "call": "create_key_pair", "with": {"KeyName": "ecs-cluster-pem"}},
        {"service": "logs", "call": "create_log_group",
         "with": {"logGroupName": "amazon-ecs-cli-setup-ecs-cluster-agent"}},
    ]));
    let (code, stdout, stderr) = verify();
    assert_eq!(code, 22, "{stdout}{stderr}");
    let line = |start: &str| stdout.lines().any(|it| it.starts_with(start));
    assert!(line("still there  key-pair/ecs-cluster-pem"), "{stdout}");
    let new = "new          log-group/amazon-ecs-cli-setup-ecs-cluster-agent, not in the plan";
    assert!(line(new), "{stdout}");
    // And the rack that was to be planned for is not there any more.
    fs::rename(site.journal_file(), site.folder.path().join("old")).unwrap();
    let (code, _, stderr) = site.execute();
    assert_eq!(code, 3, "{stderr}");
    assert!(stderr.contains("teardown --verify JOURNAL"), "{stderr}");
}

#[cfg(unix)]
#[test]
fn asked_to_stop_it_finishes_what_is_under_way_and_is_gone_on_with() {
    let site = Site::new(&["ecs_cluster"], "ecs-cluster");
    site.plan();
    let other_plan = site.folder.path().join("other.json");
    fs::copy(site.plan_file(), &other_plan).unwrap();
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_racklens"))
        .env_clear()
        .envs(site.account.emulator.env())
        .env("XDG_STATE_HOME", site.folder.path())
        .args(["teardown", "--second", "2000", "--confirm", site.rack])
        .args(["--accounts", ACCOUNT, "--execute"])
        .arg(site.plan_file())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while fs::read_to_string(site.journal_file()).map_or(0, |it| it.lines().count()) < 4 {
        assert!(child.try_wait().unwrap().is_none());
        thread::sleep(Duration::from_millis(10));
    }
    // Nobody else takes the rack down meanwhile, with this journal or with another.
    let (code, _, stderr) = site.resume();
    assert_eq!(code, 20, "{stderr}");
    assert!(stderr.contains("another run has it open"), "{stderr}");
    let again = run(site.command().arg("--execute").arg(&other_plan).args([
        "--confirm",
        site.rack,
        "--accounts",
        ACCOUNT,
    ]));
    assert_eq!(again.0, 20, "{}", again.2);
    assert!(again.2.contains("another run of racklens"), "{}", again.2);
    let signal = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(signal.unwrap().success());
    let ended = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(130), "{stderr}");
    assert!(stderr.contains("finishing what is under way"), "{stderr}");
    assert!(stderr.contains("--resume"), "{stderr}");
    // Every call that was meant has its answer.
    let journal = fs::read_to_string(site.journal_file()).unwrap();
    let count = |what: &str| journal.matches(what).count();
    assert_eq!(count("\"intent\""), count("\"result\""));
    // Long after, nobody goes on with it unasked.
    let stale = || {
        let mut command = site.command();
        command.arg("--resume").arg(site.journal_file());
        command.args(["--max-age", "0m"]);
        command
    };
    thread::sleep(Duration::from_secs(1));
    let (code, _, stderr) = run(&mut stale());
    assert_eq!(code, 20, "{stderr}");
    assert!(stderr.contains("nobody confirmed"), "{stderr}");
    let confirmed = ["--confirm", site.rack, "--accounts", ACCOUNT];
    let (code, stdout, stderr) = run(stale().args(confirmed));
    assert_eq!(code, 0, "{stdout}{stderr}");
    assert!(stderr.contains("is looked at anew"), "{stderr}");
    assert_eq!(site.account.refusals(), []);
}

#[test]
fn a_plan_is_run_once_and_its_journal_gone_on_with() {
    let site = Site::new(&["ecs_cluster"], "ecs-cluster");
    site.plan();
    assert_eq!(site.execute().0, 0);
    let (code, _, stderr) = site.execute();
    assert_eq!(code, 20, "{stderr}");
    assert!(stderr.contains("--resume"), "{stderr}");
    let whole = fs::read_to_string(site.journal_file()).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    // Everything is gone, whatever the journal still tells of it, and nothing more is called.
    let writes = site.account.writes().len();
    for kept in [1, 2, lines.len() / 2, lines.len()] {
        fs::write(site.journal_file(), lines[..kept].concat()).unwrap();
        let (code, stdout, stderr) = site.resume();
        assert_eq!(code, 0, "{kept}: {stdout}{stderr}");
    }
    assert_eq!(site.account.writes().len(), writes);
    // A last line that was cut short is forgotten and said so, one in the middle is an error.
    fs::write(site.journal_file(), &whole[..whole.len() - 5]).unwrap();
    let (code, _, stderr) = site.resume();
    assert_eq!(code, 0, "{stderr}");
    assert!(stderr.contains("cut short"), "{stderr}");
    let damaged = format!("{}{{\n{}", lines[0], lines[1..].concat());
    fs::write(site.journal_file(), damaged).unwrap();
    assert_eq!(site.resume().0, 2);
}
