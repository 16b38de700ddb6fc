//! Whole runs against an emulated AWS in which the rack of the story stands.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::Stdio,
    time::Duration,
};

use serde_json::Value;

use crate::support::{
    emulator::Emulator,
    program::{racklens, run},
    proxy::{self, Fault, What},
    verbs,
};

const DENIED: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>\
    <Message>User is not authorized to perform this action</Message></Error></ErrorResponse>";
const DENIED_JSON: &str = r#"{"__type":"AccessDeniedException","message":"User is not authorized to perform this action"}"#;

/// A command that reads from the emulator.
fn live() -> assert_cmd::Command {
    let mut command = racklens();
    command.envs(Emulator::shared().env());
    command
}

/// A command that reads from the emulator through a proxy with these faults.
fn faulty(faults: Vec<Fault>) -> assert_cmd::Command {
    let endpoint = proxy::start(&Emulator::shared().endpoint, faults);
    let mut command = live();
    command.env("AWS_ENDPOINT_URL", endpoint);
    command
}

fn report(mut command: assert_cmd::Command, out: &Path) -> (i32, String, String) {
    run(command
        .args(["report", "--rack", "karim-test", "--out"])
        .arg(out))
}

fn column(csv: &str, name: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let at = reader.headers().unwrap().iter().position(|it| it == name);
    let at = at.unwrap_or_else(|| panic!("no column {name}"));
    reader
        .records()
        .map(|it| it.unwrap()[at].to_owned())
        .collect()
}

#[test]
fn racks_lists_the_rack_with_its_age_and_size() {
    let (code, stdout, stderr) = run(live().args(["racks", "--format", "json"]));
    assert_eq!(code, 0, "{stderr}");
    let document: Value = serde_json::from_str(&stdout).unwrap();
    let racks = document["racks"].as_array().unwrap();
    let rack = racks.iter().find(|it| it["name"] == "karim-test").unwrap();
    assert_eq!(rack["made_by"], "Convox");
    assert_eq!(rack["clusters"], 2);
    assert_eq!(rack["services"], 3);
    assert_eq!(rack["tasks"], 4);
    assert_eq!(rack["machines"], 4);
    // The app and the resource stack are parts of it, not racks of their own.
    let names: Vec<&str> = racks.iter().filter_map(|it| it["name"].as_str()).collect();
    assert!(!names.contains(&"convox-events"), "{names:?}");
}

/// What the emulator's S3 answers to a stranger, or to someone with credentials.
fn asked(emulator: &Emulator, method: &str, path: &str, who: &str) -> String {
    let address = emulator.endpoint.trim_start_matches("http://");
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let request = format!(
        "{method} {path} HTTP/1.0\r\nHost: {address}\r\n{who}x-amz-checksum-mode: ENABLED\r\n\r\n"
    );
    std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

const STRANGER: &str = "";
/// The emulator does not check a signature, only whether there is one.
const OWNER: &str = "Authorization: AWS testing:signature\r\n";

#[test]
fn a_report_can_be_put_into_a_bucket() {
    // Of its own, as it is written to.
    let emulator = Emulator::start(&["ecstest"]);
    let bucket = "encompass-terraform-state";
    let (code, stdout, stderr) = run(racklens()
        .envs(emulator.env())
        .args([
            "report",
            "--from",
            "samples/karim-test/snapshot.json",
            "--out",
        ])
        .arg(format!("s3://{bucket}/reports/")));
    assert_eq!(code, 0, "{stderr}");
    let place = format!("{bucket}/reports/karim-test/2018-05-01T175344Z");
    let last = stdout.lines().last().unwrap();
    assert!(
        last.ends_with(&format!(" report=s3://{place}/index.html")),
        "{last}"
    );
    let answer = asked(&emulator, "GET", &format!("/{place}/manifest.json"), OWNER);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let head = head.to_lowercase();
    assert!(head.contains("content-type: application/json"), "{head}");
    let manifest: Value = serde_json::from_str(body).unwrap();
    for file in manifest["files"].as_array().unwrap() {
        let name = file["name"].as_str().unwrap();
        let answer = asked(&emulator, "GET", &format!("/{place}/{name}"), OWNER);
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        assert_eq!(
            file["sha256"],
            racklens::text::digest(body.as_bytes(), 64),
            "{name}"
        );
    }
    let latest = asked(
        &emulator,
        "GET",
        &format!("/{bucket}/reports/karim-test/latest.json"),
        OWNER,
    );
    assert!(latest.contains("2018-05-01T175344Z/index.html"), "{latest}");
    let manifest = format!("/{place}/manifest.json");
    let head = asked(&emulator, "HEAD", &manifest, OWNER).to_lowercase();
    assert!(head.contains("x-amz-checksum-sha256:"), "{head}");
    let refused = asked(&emulator, "GET", &format!("/{place}/index.html"), STRANGER);
    assert!(refused.starts_with("HTTP/1.1 403"), "{refused}");
}

#[test]
fn a_bucket_that_takes_nothing_is_told_with_what_to_allow() {
    let (code, stdout, stderr) = run(live().args([
        "report",
        "--from",
        "samples/karim-test/snapshot.json",
        "--out",
        "s3://there-is-no-such-bucket/reports",
    ]));
    assert_eq!((code, stdout.as_str()), (1, ""));
    assert!(stderr.contains("NoSuchBucket"), "{stderr}");
    assert!(stderr.contains("help: it takes s3:PutObject"), "{stderr}");
}

#[test]
fn a_bucket_is_not_read_and_nothing_in_it_is_removed() {
    for wish in [["--keep", "3"], ["--since", "last"]] {
        let (code, _, stderr) = run(live()
            .args(["report", "--from", "samples/karim-test/snapshot.json"])
            .args(["--out", "s3://reports"])
            .args(wish));
        assert_eq!(code, 2, "{stderr}");
        assert!(stderr.contains("in a bucket racklens"), "{stderr}");
    }
}

#[test]
fn an_unknown_rack_is_exit_code_3_with_near_names() {
    let (code, _, stderr) = run(live().args(["snapshot", "--rack", "karim-tset", "-o", "-"]));
    assert_eq!(code, 3);
    assert!(stderr.contains("no rack `karim-tset`"), "{stderr}");
    assert!(stderr.contains("did you mean karim-test"), "{stderr}");
}

#[test]
fn a_snapshot_counts_its_calls_and_all_of_them_read() {
    let (code, json, stderr) = run(live().args(["snapshot", "--rack", "karim-test", "-o", "-"]));
    assert_eq!(code, 0, "{stderr}");
    let snapshot: Value = serde_json::from_str(&json).unwrap();
    let calls: BTreeMap<String, u64> = serde_json::from_value(snapshot["calls"].clone()).unwrap();
    assert!(calls.len() > 30, "{calls:?}");
    for call in calls.keys() {
        let operation = call.split_once(':').unwrap().1;
        let reads = ["Describe", "List", "Get", "Head"];
        assert!(reads.iter().any(|it| operation.starts_with(it)), "{call}");
    }
    assert_eq!(snapshot["gaps"], Value::Array(Vec::new()));
    assert_eq!(snapshot["account"], "123456789012");
}

#[test]
fn no_planted_secret_reaches_any_output() {
    let folder = tempfile::tempdir().unwrap();
    let (out, live_out) = (folder.path().join("report"), folder.path().join("live"));
    let file = folder.path().join("rack.json");
    let mut outputs = Vec::new();
    let mut keep = |(_, stdout, stderr): (i32, String, String)| outputs.extend([stdout, stderr]);
    keep(report(live(), &live_out));
    // What is said about every request is output, too.
    keep(run(live()
        .args(["-vv", "snapshot", "--rack", "karim-test", "-o"])
        .arg(&file)));
    for said in verbs::run_all(&file, &out) {
        outputs.extend([said.stdout, said.stderr]);
    }
    for folder in [folder.path(), &out, &out.join("review"), &live_out] {
        let entries = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
        let files = entries.filter(|it| it.is_file());
        outputs.extend(files.map(|it| fs::read_to_string(it).unwrap()));
    }
    assert!(outputs.len() > 100);
    // The names of what holds them are told, so they were there to be found.
    assert!(outputs.iter().any(|it| it.contains("DATABASE_URL")));
    for output in outputs {
        let at = output.find("planted-secret");
        let around = at.map(|it| &output[it.saturating_sub(200)..it + 40]);
        assert_eq!(around, None);
    }
}

#[cfg(unix)]
#[test]
fn what_is_written_only_its_owner_can_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rack.json.gz");
    let (code, stdout, _) = run(live()
        .args(["snapshot", "--rack", "karim-test", "-o"])
        .arg(&file));
    assert_eq!(code, 0);
    assert!(stdout.contains("0 gaps, snapshot="), "{stdout}");
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(fs::read(&file).unwrap()[..2], [0x1f, 0x8b]);
}

#[test]
fn a_refused_call_is_a_gap_in_every_output_and_exit_code_4() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("report");
    let fault = Fault {
        when: "Action=DescribeTargetHealth",
        what: What::Answer(403, DENIED),
    };
    let (code, stdout, stderr) = report(faulty(vec![fault]), &out);
    assert_eq!(code, 4, "{stderr}");
    assert!(stderr.contains("could not be read"), "{stderr}");
    assert!(!stdout.contains(" 0 gaps"), "{stdout}");
    let read = |name: &str| fs::read_to_string(out.join(name)).unwrap();
    assert!(read("index.html").contains("elasticloadbalancing:DescribeTargetHealth"));
    assert!(
        column(&read("resources.csv"), "Unread").contains(&"elbv2:DescribeTargetHealth".into())
    );
    let findings = read("findings.csv");
    let unknown = column(&findings, "Status");
    let actions = column(&findings, "MissingAction");
    let rules = column(&findings, "RuleId");
    let said = unknown
        .iter()
        .zip(actions)
        .zip(rules)
        .any(|((status, action), rule)| {
            status == "unknown"
                && action == "elasticloadbalancing:DescribeTargetHealth"
                && rule == "no-healthy-target"
        });
    assert!(said, "{findings}");
    let manifest: Value = serde_json::from_str(&read("manifest.json")).unwrap();
    assert!(manifest["gaps"].as_u64().unwrap() > 0);
}

#[test]
fn a_refused_listing_makes_its_rules_unknown_not_fine() {
    let fault = Fault {
        when: "Logs_20140328.DescribeLogGroups",
        what: What::Answer(400, DENIED_JSON),
    };
    let (code, stdout, _) = run(faulty(vec![fault]).args([
        "audit",
        "--rack",
        "karim-test",
        "--format",
        "json",
        "--fail-on",
        "never",
    ]));
    assert_eq!(code, 4);
    let document: Value = serde_json::from_str(&stdout).unwrap();
    let verdicts = document["verdicts"].as_array().unwrap();
    let unknown = verdicts
        .iter()
        .find(|it| it["rule"] == "logs-no-retention")
        .unwrap();
    assert_eq!(unknown["status"], "unknown");
    assert_eq!(unknown["gap"]["action"], "logs:DescribeLogGroups");
}

/// What an audit of the rack says of the account's budgets.
fn said_of_budgets(mut command: assert_cmd::Command, more: &[&str]) -> (i32, Value) {
    let (code, stdout, stderr) = run(command
        .args(["audit", "--rack", "karim-test", "--all", "--format", "json"])
        .args(["--fail-on", "never"])
        .args(more));
    let document: Value = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stderr}"));
    let verdicts = document["verdicts"].as_array().unwrap();
    let said = verdicts.iter().find(|it| it["rule"] == "no-budget");
    (code, said.unwrap().clone())
}

#[test]
fn the_account_is_asked_of_itself_unless_somebody_says_no() {
    let (code, said) = said_of_budgets(live(), &[]);
    assert_eq!((code, &said["status"]), (0, &Value::from("fail")));
    let (code, said) = said_of_budgets(live(), &["--no-free-tier"]);
    assert_eq!((code, &said["status"]), (0, &Value::from("not-applicable")));
    let fault = Fault {
        when: "AWSBudgetServiceGateway.DescribeBudgets",
        what: What::Answer(400, DENIED_JSON),
    };
    let (code, said) = said_of_budgets(faulty(vec![fault]), &[]);
    assert_eq!((code, &said["status"]), (4, &Value::from("unknown")));
    assert_eq!(said["gap"]["action"], "budgets:ViewBudget");
}

#[test]
fn when_stacks_cannot_be_listed_the_rack_is_unknown_not_absent() {
    let fault = Fault {
        when: "Action=DescribeStacks",
        what: What::Answer(403, DENIED),
    };
    let (code, _, stderr) =
        run(faulty(vec![fault]).args(["snapshot", "--rack", "karim-test", "-o", "-"]));
    assert_eq!(code, 4);
    assert!(
        stderr.contains("allow cloudformation:DescribeStacks"),
        "{stderr}"
    );
}

#[test]
fn an_answer_that_is_a_web_page_is_a_gap() {
    let fault = Fault {
        when: "AmazonSQS.ListQueues",
        what: What::Answer(404, "<!doctype html><title>404</title>"),
    };
    let (code, json, stderr) =
        run(faulty(vec![fault]).args(["snapshot", "--rack", "karim-test", "-o", "-"]));
    assert_eq!(code, 4, "{stderr}");
    let snapshot: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(snapshot["gaps"][0]["call"], "sqs:ListQueues");
}

#[cfg(unix)]
#[test]
fn an_interrupted_snapshot_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let fault = Fault {
        when: "Action=DescribeVpcs",
        what: What::Delay(Duration::from_secs(20)),
    };
    let endpoint = proxy::start(&Emulator::shared().endpoint, vec![fault]);
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_racklens"))
        .envs(Emulator::shared().env())
        .env("AWS_ENDPOINT_URL", endpoint)
        .args(["snapshot", "--rack", "karim-test", "-o"])
        .arg(folder.path().join("rack.json"))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It tells who it is once it is reading; then it is in the middle of things.
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    while !said.contains("reading account") {
        assert_ne!(stderr.read_line(&mut said).unwrap(), 0, "{said}");
    }
    let killed = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(killed.unwrap().success());
    stderr.read_to_string(&mut said).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    assert!(said.contains("nothing was written"), "{said}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn list_and_trace_read_from_aws_as_they_do_from_a_file() {
    let (code, stdout, stderr) =
        run(live().args(["list", "target-health", "--rack", "karim-test"]));
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("32768"), "{stdout}");
    let host = "karim-httpd-web.karim-Route-1B7H2GIJW6LEN-502343295.us-east-1.convox.site";
    let (code, stdout, stderr) = run(live().args(["trace", host, "--rack", "karim-test"]));
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("container web :80"), "{stdout}");
}
