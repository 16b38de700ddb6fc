//! The command line as a user meets it: wiring, exit codes, and errors that say what to do.

use std::{fs, path::Path};

use crate::support::program::{racklens, run};

const SAMPLE: &str = "samples/karim-test/snapshot.json";

fn report(out: &Path) -> (i32, String, String) {
    run(racklens()
        .args(["report", "--from", SAMPLE, "--out"])
        .arg(out))
}

#[test]
fn demo_needs_nothing_and_says_where_it_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("demo");
    let (code, stdout, _) = run(racklens().args(["demo", "--out"]).arg(&out));
    assert_eq!(code, 0);
    assert!(stdout.ends_with(&format!("all: {}\n", out.join("index.html").display())));
    let out = out.join("karim-test");
    assert!(stdout.contains(&format!("report={}", out.join("index.html").display())));
    for file in [
        "index.html",
        "resources.csv",
        "edges.csv",
        "findings.csv",
        "traffic_paths.csv",
        "diagram.mmd",
        "diagram.dot",
        "snapshot.json",
        "manifest.json",
    ] {
        assert!(out.join(file).is_file(), "{file} is missing");
    }
}

#[test]
fn a_report_can_be_made_again_from_the_snapshot_inside_it() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("1"), folder.path().join("2"));
    report(&first);
    run(racklens()
        .args(["report", "--from"])
        .arg(first.join("snapshot.json"))
        .arg("--out")
        .arg(&second));
    for file in ["index.html", "resources.csv", "edges.csv", "manifest.json"] {
        let read = |it: &Path| fs::read(it.join(file)).unwrap();
        assert_eq!(read(&first), read(&second), "{file}");
    }
}

#[test]
fn the_manifest_tells_the_digest_of_every_file() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("report");
    report(&out);
    let manifest = fs::read_to_string(out.join("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let files = manifest["files"].as_array().unwrap();
    assert_eq!(files.len(), fs::read_dir(&out).unwrap().count() - 1);
    for file in files {
        let content = fs::read(out.join(file["name"].as_str().unwrap())).unwrap();
        assert_eq!(file["sha256"], racklens::text::digest(&content, 64));
    }
}

#[test]
fn a_file_cut_short_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let whole = fs::read(SAMPLE).unwrap();
    let path = folder.path().join("cut.json");
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let (code, stdout, stderr) = run(racklens().args(["audit", "--from"]).arg(&path));
    assert_eq!((code, stdout.as_str()), (1, ""));
    assert!(
        stderr.contains("cut.json: damaged or cut short"),
        "{stderr}"
    );
    assert!(stderr.contains("help: take the snapshot again"), "{stderr}");
}

#[test]
fn a_packed_file_cut_short_is_no_snapshot_either() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.json.gz");
    racklens::file::write(&path, &fs::read_to_string(SAMPLE).unwrap()).unwrap();
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 20]).unwrap();
    let (code, _, stderr) = run(racklens().args(["audit", "--from"]).arg(&path));
    assert_eq!(code, 1);
    assert!(stderr.contains("cut short or damaged"), "{stderr}");
}

#[test]
fn a_packed_snapshot_reads_like_a_plain_one() {
    let folder = tempfile::tempdir().unwrap();
    // What a file is called does not matter; what it holds does.
    let packed = folder.path().join("rack.json.gz");
    let renamed = folder.path().join("rack");
    racklens::file::write(&packed, &fs::read_to_string(SAMPLE).unwrap()).unwrap();
    fs::rename(&packed, &renamed).unwrap();
    let plain = run(racklens().args(["audit", "--from", SAMPLE]));
    let unpacked = run(racklens().args(["audit", "--from"]).arg(&renamed));
    assert_eq!(plain, unpacked);
}

#[test]
fn a_file_of_something_else_is_refused() {
    let (code, _, stderr) = run(racklens().args(["audit", "--from", "Cargo.toml"]));
    assert_eq!(code, 1);
    assert!(stderr.contains("Cargo.toml: not a snapshot"), "{stderr}");
}

#[test]
fn a_newer_snapshot_is_refused_with_its_version() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.json");
    fs::write(&path, r#"{"format":99,"tool":"9.0.0","novelty":true}"#).unwrap();
    let (code, _, stderr) = run(racklens().args(["audit", "--from"]).arg(&path));
    assert_eq!(code, 1);
    assert!(
        stderr.contains("format 99, written by a newer racklens (9.0.0)"),
        "{stderr}"
    );
    assert!(stderr.contains("help: update racklens"), "{stderr}");
}

#[test]
fn a_missing_file_is_said_to_be_missing() {
    let (code, _, stderr) = run(racklens().args(["audit", "--from", "nowhere.json"]));
    assert_eq!(code, 1);
    assert!(stderr.contains("cannot read nowhere.json"), "{stderr}");
}

#[test]
fn a_folder_that_holds_something_else_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("thesis.txt"), "years of work").unwrap();
    let (code, _, stderr) = report(folder.path());
    assert_eq!(code, 2);
    assert!(stderr.contains("holds something else"), "{stderr}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_place_that_cannot_be_written_to_is_an_error_before_anything_else() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let (code, _, stderr) = report(&file.join("report"));
    assert_eq!(code, 1);
    assert!(stderr.contains("cannot write"), "{stderr}");
    assert!(stderr.contains("help: choose another place"), "{stderr}");
}

#[test]
fn a_wrong_command_line_is_exit_code_2() {
    for args in [
        &["audit"] as &[&str],
        &["frobnicate"],
        &["report", "--from", SAMPLE],
    ] {
        let (code, stdout, stderr) = run(racklens().args(args));
        assert_eq!((code, stdout.as_str()), (2, ""), "{args:?}");
        assert!(stderr.contains("Usage:"), "{stderr}");
    }
}

#[test]
fn findings_at_the_threshold_are_exit_code_10_and_below_it_0() {
    let audit = |level| run(racklens().args(["audit", "--from", SAMPLE, "--fail-on", level])).0;
    assert_eq!(audit("info"), 10);
    assert_eq!(audit("never"), 0);
}

#[test]
fn audit_writes_json_that_names_its_schema() {
    let (_, stdout, _) = run(racklens().args(["audit", "--from", SAMPLE, "--format", "json"]));
    let document: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(document["schema_version"], 1);
    assert_eq!(document["rack"], "karim-test");
}

#[test]
fn show_finds_a_resource_by_its_name_alone() {
    let show = |it: &str| run(racklens().args(["show", it, "--from", SAMPLE]));
    let (code, by_name, _) = show("karim-Route-1B7H2GIJW6LEN");
    assert_eq!(code, 0);
    assert!(
        by_name.starts_with("load-balancer/karim-Route-1B7H2GIJW6LEN  active"),
        "{by_name}"
    );
    assert!(
        by_name.contains("belongs      declared: Router of stack/karim-test"),
        "{by_name}"
    );
    assert_eq!(by_name, show("load-balancer/karim-Route-1B7H2GIJW6LEN").1);
}

#[test]
fn show_lists_the_choices_when_a_name_means_several() {
    let (code, _, stderr) = run(racklens().args(["show", "karim-test", "--from", SAMPLE]));
    assert_eq!(code, 2);
    assert!(
        stderr.contains("help: racklens show stack/karim-test"),
        "{stderr}"
    );
    assert!(
        stderr.contains("help: racklens show classic-load-balancer/karim-test"),
        "{stderr}"
    );
}

#[test]
fn show_suggests_what_is_nearly_right() {
    let (code, _, stderr) =
        run(racklens().args(["show", "karim-Route-1B7H2GIJW6LEM", "--from", SAMPLE]));
    assert_eq!(code, 1);
    assert!(
        stderr.contains("did you mean load-balancer/karim-Route-1B7H2GIJW6LEN?"),
        "{stderr}"
    );
}

fn list(args: &[&str]) -> (i32, String, String) {
    run(racklens().arg("list").args(args).args(["--from", SAMPLE]))
}

/// The words of each line, runs of spaces between them taken for one.
fn words(table: &str) -> Vec<Vec<&str>> {
    let lines = table.lines();
    lines.map(|it| it.split_whitespace().collect()).collect()
}

#[test]
fn list_tells_what_the_storys_tables_tell_under_their_names() {
    for (table, head, row) in [
        (
            "instances",
            "ID ZONE NAME STATE TYPE",
            "i-007670c6b3c8e2ee0 us-east-1a karim-test running t2.small",
        ),
        (
            "vpcs",
            "ID NAME DEFAULT STATE CIDR",
            "vpc-0c1755355d04959e2 karim-test false available 10.0.0.0/16",
        ),
        (
            "containers",
            "NAME DEPLOYMENT STATE CREATED LAUNCHED",
            "monitor service:karim-test-ApiMonitorService-OT03DZYYOGON RUNNING 22 hours 22 hours",
        ),
        (
            "containerclusters",
            "NAME STATE SERVICES PENDING-TASKS CONTAINER-INSTANCES RUNNING-TASKS",
            "karim-test-Cluster-15PZO1CID2K5Q ACTIVE 3 0 3 4",
        ),
        (
            "containerinstances",
            "ID INSTANCE CLUSTER STATE RUNNING-TASKS PENDING-TASKS CREATED AGENT-CONNECTED",
            "9addec39-5f24-4b48-94aa-3de902d45095 i-007670c6b3c8e2ee0 \
             karim-test-Cluster-15PZO1CID2K5Q ACTIVE 2 0 27 hours true",
        ),
        (
            "containertasks",
            "NAME VERSION STATE IMAGES SERVICES",
            "karim-test-web 1 1 service, 2 tasks running web:convox/rack:20180425154137 \
             karim-test-ApiWebService-UDRJX1DMZ2EV",
        ),
        (
            "loadbalancers",
            "NAME VPC STATE DNS-NAME CREATED SCHEME",
            "karim-Route-1B7H2GIJW6LEN vpc-0c1755355d04959e2 active \
             karim-Route-1B7H2GIJW6LEN-502343295.us-east-1.elb.amazonaws.com 43 hours \
             internet-facing",
        ),
        (
            "listeners",
            "ID PROTOCOL PORT LOAD-BALANCER TARGET-GROUPS",
            "karim-Route-1B7H2GIJW6LEN/75f1f36d5d4a6f76 HTTP 80 karim-Route-1B7H2GIJW6LEN \
             karim-Route-MEXGH7ABK6U",
        ),
        (
            "rules",
            "LISTENER PRIORITY CONDITIONS ACTIONS TARGET-GROUP",
            "HTTP:80 18108 host web.karim-httpd.karim-test.convox forward karim-Balan-6O2Y7D0PHCFF",
        ),
        (
            "target-health",
            "TARGET-GROUP TARGET PORT HEALTH-CHECK-PORT STATE",
            "karim-Balan-6O2Y7D0PHCFF i-007670c6b3c8e2ee0 32768 32768 healthy",
        ),
    ] {
        let (code, stdout, stderr) = list(&[table]);
        assert_eq!((code, stderr.as_str()), (0, ""), "{table}");
        let lines = words(&stdout);
        assert_eq!(lines[0].join(" "), head);
        assert!(lines.iter().any(|it| it.join(" ") == row), "{stdout}");
    }
}

#[test]
fn list_has_a_table_for_every_kind() {
    for kind in racklens::kind::Kind::ALL {
        let (code, stdout, stderr) = list(&[kind.name()]);
        assert_eq!(code, 0, "{stderr}");
        assert_ne!(stdout.is_empty(), stderr.is_empty(), "{}", kind.name());
    }
}

#[test]
fn list_filters_by_the_other_tools_word_for_a_column() {
    let (_, stdout, _) = list(&["containers", "--filter", "DeploymentName~httpd"]);
    assert_eq!(words(&stdout).len(), 2, "{stdout}");
    let (code, stdout, stderr) = list(&["containers", "--filter", "DeploymentName=httpd"]);
    assert_eq!((code, stdout.as_str()), (0, ""));
    assert!(stderr.contains("none of 4 containers"), "{stderr}");
}

#[test]
fn list_shows_fields_and_tags_and_sorts_numbers_as_numbers() {
    let args = [
        "volumes",
        "--columns",
        "size-gib,attrs.volume_type,tag:Type",
    ];
    let (_, stdout, _) = list(&[&args[..], &["--sort", "-size-gib", "--format", "csv"]].concat());
    let rows: Vec<&str> = stdout.lines().collect();
    assert_eq!(rows[0], "size-gib,attrs.volume_type,tag:Type,unread");
    assert_eq!(rows[1..3], ["200,gp2,,", "50,gp2,,"]);
    assert_eq!(rows[rows.len() - 1], "5,gp2,,");
}

#[test]
fn list_names_what_it_does_not_know() {
    for (args, said) in [
        (&["instancs"] as &[&str], "did you mean instances"),
        (&["vpcs", "--columns", "cdir"], "did you mean cidr?"),
        (&["vpcs", "--sort", "size"], "columns: "),
        (&["vpcs", "--filter", "cidr"], "`cidr` is no filter"),
        (&["vpcs", "--columns", "id,id"], "asked for twice"),
    ] {
        let (code, stdout, stderr) = list(args);
        assert_eq!((code, stdout.as_str()), (2, ""), "{args:?}");
        assert!(stderr.contains(said), "{stderr}");
    }
}

#[test]
fn list_says_what_was_not_read_and_ends_with_exit_code_4() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gap.json");
    let mut snapshot: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(SAMPLE).unwrap()).unwrap();
    snapshot["gaps"] = serde_json::json!([{
        "kind": "service", "call": "ecs:ListServices", "action": "ecs:ListServices",
        "resource": "cluster/karim-test-Cluster-15PZO1CID2K5Q",
        "reason": "denied", "code": "AccessDenied", "message": "not allowed",
    }]);
    fs::write(&path, snapshot.to_string()).unwrap();
    let gap = |table: &str| run(racklens().args(["list", table, "--from"]).arg(&path));
    for table in ["services", "task-definitions"] {
        let (code, _, stderr) = gap(table);
        assert_eq!(code, 4, "{stderr}");
        assert!(stderr.contains("ecs:ListServices"), "{stderr}");
    }
    // A service that was not seen may run it, so nobody knows what does.
    assert!(gap("task-definitions").1.contains("not read"));
    assert_eq!(gap("vpcs").0, 0);
}

#[test]
fn list_writes_json_that_tells_an_unread_value_from_an_empty_one() {
    let args = [
        "buckets",
        "--all",
        "--columns",
        "attrs.versioning,tag:Rack",
        "--format",
        "json",
    ];
    let (code, stdout, _) = list(&args);
    let document: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &document["schema_version"]), (4, &1.into()));
    let row = &document["rows"][0];
    assert_eq!(row["resource"], "bucket/karim-test-backups");
    assert_eq!(row["unread"], serde_json::json!(["attrs.versioning"]));
    assert!(row["values"]["tag:Rack"].is_null() && !document["whole"].as_bool().unwrap());
}

/// The host by which the story's author reached the app.
const APP: &str = "karim-httpd-web.karim-Route-1B7H2GIJW6LEN-502343295.us-east-1.convox.site";

fn trace(args: &[&str]) -> (i32, String, String) {
    run(racklens().args(["trace", "--from", SAMPLE]).args(args))
}

#[test]
fn trace_ends_in_the_container_that_the_author_found_by_hand() {
    let (code, stdout, _) = trace(&[APP]);
    assert_eq!(code, 0);
    let lines: Vec<&str> = stdout.lines().map(str::trim).collect();
    assert_eq!(lines[0], format!("{APP}:443"));
    assert!(
        lines[1].contains("host named by rule 23081; no record of it was seen"),
        "{stdout}"
    );
    assert!(
        lines[5].starts_with("→ instance/i-007670c6b3c8e2ee0 :32768  healthy"),
        "{stdout}"
    );
    assert!(lines[6].contains("a41421cf-18f7-493f-9701-625f5656bc83  container web :80"));
}

#[test]
fn trace_goes_through_a_private_zones_wildcard() {
    let (code, stdout, _) = trace(&["http://web.karim-httpd.karim-test.convox"]);
    assert_eq!(code, 0);
    assert!(stdout.contains("*.karim-test.convox CNAME"), "{stdout}");
    assert!(
        stdout.contains("answered only within vpc-0c1755355d04959e2"),
        "{stdout}"
    );
    assert!(stdout.contains("→ rule 18108"), "{stdout}");
}

#[test]
fn trace_ends_dead_at_a_door_that_lets_nobody_in() {
    let (code, stdout, _) = trace(&["http://karim-test-1783902541.us-east-1.elb.amazonaws.com"]);
    assert_eq!(code, 1);
    assert!(
        stdout.contains("✗ listener :80 TCP  security group sg-0261e90a51dbc4359 lets nobody in"),
        "{stdout}"
    );
}

#[test]
fn trace_says_what_it_cannot_know() {
    let (code, stdout, _) = trace(&["www.karim-test.example.com"]);
    assert_eq!(code, 4);
    assert!(
        stdout.contains("a neighbour's, of which the records are not read"),
        "{stdout}"
    );
}

#[test]
fn trace_suggests_names_that_are_nearly_right() {
    let (code, stdout, _) = trace(&[APP.strip_suffix("ite").unwrap()]);
    assert_eq!(code, 1);
    assert!(
        stdout.contains(&format!("help: did you mean {APP}?")),
        "{stdout}"
    );
}

#[test]
fn trace_refuses_what_is_no_request() {
    for (args, why) in [
        (&["ftp://a.test"] as &[&str], "neither http nor https"),
        (&["a.test:99999"], "not a port"),
        (&["a.test", "--header", "nonsense"], "'Name: value'"),
    ] {
        let (code, stdout, stderr) = trace(args);
        assert_eq!((code, stdout.as_str()), (2, ""), "{args:?}");
        assert!(stderr.contains(why), "{stderr}");
    }
}

#[test]
fn trace_writes_the_same_steps_as_json() {
    let (code, stdout, _) = trace(&[APP, "--format", "json"]);
    assert_eq!(code, 0);
    let document: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(document["schema_version"], 1);
    assert_eq!(document["outcome"], "answered");
    let mut step = &document["steps"][0];
    let mut steps = Vec::new();
    while let Some(name) = step["step"].as_str() {
        steps.push(name);
        if name == "container" {
            assert_eq!((&step["name"], &step["port"]), (&"web".into(), &80.into()));
        }
        step = &step["then"][0];
    }
    assert_eq!(
        steps,
        [
            "load-balancer",
            "listener",
            "rule",
            "target-group",
            "target",
            "container"
        ]
    );
}

/// The sample a week later: a port is open, a machine was replaced.
fn later(folder: &Path) -> std::path::PathBuf {
    let text = fs::read_to_string(SAMPLE).unwrap();
    let text = text.replace("i-007670c6b3c8e2ee0", "i-0aaaaaaaaaaaaaaaa");
    let mut snapshot: serde_json::Value = serde_json::from_str(&text).unwrap();
    snapshot["taken"] = "2018-05-08T17:53:44Z".into();
    let groups = snapshot["resources"].as_array_mut().unwrap().iter_mut();
    for it in groups.filter(|it| it["id"] == "security-group/sg-035b4f34a054d3787") {
        let port = serde_json::json!({
            "protocol": "tcp", "from": 3306, "to": 3306, "cidrs": ["0.0.0.0/0"],
        });
        let ingress = it["attrs"]["security-group"]["ingress"].as_array_mut();
        ingress.unwrap().push(port);
    }
    let path = folder.join("later.json");
    fs::write(&path, snapshot.to_string()).unwrap();
    path
}

#[test]
fn a_diff_tells_what_is_new_and_folds_what_was_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let new = later(folder.path());
    let (code, stdout, stderr) = run(racklens().args(["diff", SAMPLE]).arg(&new));
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert!(stdout.contains("sg-world-data-port"), "{stdout}");
    assert!(
        stdout.contains("findings: 1 new, 49 still there; resources: 1 changed, 1 replaced"),
        "{stdout}"
    );
    let (code, ..) = run(racklens()
        .args(["diff", SAMPLE, "--fail-on", "critical"])
        .arg(&new));
    assert_eq!(code, 10);
}

#[test]
fn a_diff_of_a_snapshot_with_itself_tells_of_no_change() {
    let (code, stdout, _) = run(racklens().args(["diff", SAMPLE, SAMPLE, "--fail-on", "info"]));
    assert_eq!(code, 0);
    assert!(stdout.ends_with(
        "findings: 49 still there; resources: none changed \
         (2018-05-01T17:53:44Z to 2018-05-01T17:53:44Z)\n"
    ));
}

#[test]
fn a_snapshot_of_another_rack_is_no_baseline() {
    let other = "samples/cruddur/snapshot.json";
    let (code, stdout, stderr) = run(racklens().args(["diff", other, SAMPLE]));
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert!(
        stderr.contains("snapshot.json cannot be compared with: it is of"),
        "{stderr}"
    );
    assert!(
        stderr.contains("help: give an earlier snapshot"),
        "{stderr}"
    );
}

#[test]
fn a_snapshot_of_another_account_is_no_baseline() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.json");
    let text = fs::read_to_string(SAMPLE).unwrap();
    let mut snapshot: serde_json::Value = serde_json::from_str(&text).unwrap();
    snapshot["account"] = "210987654321".into();
    fs::write(&other, snapshot.to_string()).unwrap();
    let other = other.to_str().unwrap();
    for args in [
        vec!["diff", other, SAMPLE],
        vec!["audit", "--from", SAMPLE, "--since", other],
    ] {
        let (code, stdout, stderr) = run(racklens().args(&args));
        assert_eq!((code, stdout.as_str()), (2, ""), "{args:?}");
        assert!(stderr.contains("cannot be compared with"), "{stderr}");
        assert!(stderr.contains("210987654321"), "{stderr}");
    }
}

#[test]
fn a_baseline_of_another_format_is_a_wrong_input() {
    let folder = tempfile::tempdir().unwrap();
    let newer = folder.path().join("newer.json");
    let text = fs::read_to_string(SAMPLE).unwrap();
    fs::write(&newer, text.replacen("\"format\": 1", "\"format\": 99", 1)).unwrap();
    for (file, why) in [
        (newer.to_str().unwrap(), "written by a newer racklens"),
        ("Cargo.toml", "not a snapshot"),
        ("samples", "cannot read samples/snapshot.json"),
    ] {
        let (code, stdout, stderr) = run(racklens().args(["diff", file, SAMPLE]));
        assert_eq!((code, stdout.as_str()), (2, ""), "{file}");
        assert!(stderr.contains(why), "{stderr}");
    }
}

#[test]
fn completions_know_the_verbs() {
    for shell in ["bash", "zsh", "fish"] {
        let (code, stdout, _) = run(racklens().args(["completions", shell]));
        assert_eq!(code, 0);
        assert!(stdout.contains("report"), "{shell}");
    }
}

#[test]
fn help_begins_with_examples_of_use() {
    let (code, stdout, _) = run(racklens().arg("--help"));
    assert_eq!(code, 0);
    assert!(
        stdout.contains("racklens report --rack NAME --out DIR"),
        "{stdout}"
    );
    assert!(stdout.contains("Exit codes:"), "{stdout}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_racklens"))
        .args([
            "audit",
            "--from",
            SAMPLE,
            "--format",
            "json",
            "--all",
            "--fail-on",
            "never",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[cfg(feature = "aws")]
mod access {
    use std::{
        io::{Read as _, Write as _},
        net::TcpListener,
        thread,
    };

    use super::*;

    fn racks() -> assert_cmd::Command {
        let mut command = racklens();
        command.arg("racks");
        command
    }

    #[test]
    fn no_region_is_a_usage_error() {
        let (code, _, stderr) = run(&mut racks());
        assert_eq!(code, 2);
        assert!(stderr.contains("no region is set"), "{stderr}");
        assert!(stderr.contains("help: give --region"), "{stderr}");
    }

    #[test]
    fn an_endpoint_that_is_set_to_nothing_is_a_usage_error() {
        let nothing = run(racks().args(["--region", "us-east-1", "--endpoint-url", ""]));
        let unset = run(racks()
            .env("AWS_ENDPOINT_URL", "")
            .args(["--region", "us-east-1"]));
        for (code, _, stderr) in [nothing, unset] {
            assert_eq!(code, 2, "{stderr}");
            assert!(stderr.contains("set to nothing"), "{stderr}");
            assert!(stderr.contains("help: unset AWS_ENDPOINT_URL"), "{stderr}");
        }
    }

    #[test]
    fn no_credentials_is_said_before_anything_is_asked() {
        let (code, _, stderr) = run(racks().args(["--region", "us-east-1"]));
        assert_eq!(code, 1);
        assert!(stderr.contains("no credentials were found"), "{stderr}");
        assert!(stderr.contains("aws sso login"), "{stderr}");
    }

    fn with_credentials() -> assert_cmd::Command {
        let mut command = racks();
        command
            .env("AWS_ACCESS_KEY_ID", "testing")
            .env("AWS_SECRET_ACCESS_KEY", "testing")
            .args(["--region", "us-east-1", "--endpoint-url"]);
        command
    }

    #[test]
    fn an_endpoint_that_does_not_answer_is_named() {
        let (code, _, stderr) = run(with_credentials().arg("http://127.0.0.1:9"));
        assert_eq!(code, 1);
        assert!(
            stderr.contains("no answer from http://127.0.0.1:9"),
            "{stderr}"
        );
    }

    #[test]
    fn a_refused_identity_call_ends_the_run() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let body = "<ErrorResponse><Error><Code>AccessDenied</Code>\
                        <Message>explicit deny</Message></Error></ErrorResponse>";
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut request = [0; 4096];
                let _read = stream.read(&mut request).unwrap();
                let head = format!(
                    "HTTP/1.1 403 Forbidden\r\ncontent-length: {}\r\n\r\n",
                    body.len()
                );
                stream.write_all((head + body).as_bytes()).unwrap();
            }
        });
        let (code, _, stderr) = run(with_credentials().arg(format!("http://{address}")));
        assert_eq!(code, 1);
        assert!(stderr.contains("AccessDenied: explicit deny"), "{stderr}");
        assert!(stderr.contains("aws sts get-caller-identity"), "{stderr}");
    }
}

#[test]
fn a_cost_says_the_total_first_then_what_it_leaves_out() {
    let (code, stdout, stderr) = run(racklens().args(["cost", "--from", SAMPLE]));
    assert_eq!((code, stderr.as_str()), (0, ""));
    let mut lines = stdout.lines();
    // The 200.03 of all that the rack does, without 0.21 for what it asks of its queues.
    assert_eq!(
        lines.next(),
        Some("karim-test: 199.82 USD a month of 730 hours")
    );
    assert!(
        stdout.contains("priced by the unit, not in the total"),
        "{stdout}"
    );
    assert!(
        stdout.contains("no free tier, no discounts, no data transfer"),
        "{stdout}"
    );
}

#[test]
fn a_month_of_the_calendar_has_its_own_hours() {
    let total = |more: &[&str]| {
        let cost = ["cost", "--from", SAMPLE];
        let (_, stdout, _) = run(racklens().args(cost).args(more));
        stdout.lines().next().unwrap_or_default().to_owned()
    };
    // The snapshot is of May: 202.908672 less 744 × 720 × 0.0000004 = 0.214272.
    assert_eq!(
        total(&["--hours", "calendar"]),
        "karim-test: 202.69 USD in 2018-05, 744 hours"
    );
    // 197.97936 less 720 × 720 × 0.0000004 = 0.20736.
    assert_eq!(
        total(&["--hours", "calendar", "--month", "2018-04"]),
        "karim-test: 197.77 USD in 2018-04, 720 hours"
    );
}

#[test]
fn a_month_without_the_calendar_is_refused() {
    let usual = ["cost", "--from", SAMPLE, "--month", "2018-04"];
    let (code, _, stderr) = run(racklens().args(usual));
    assert_eq!(code, 2);
    assert!(stderr.contains("help: add --hours calendar"), "{stderr}");
    let wrong = [
        "cost", "--from", SAMPLE, "--hours", "calendar", "--month", "may",
    ];
    let (code, _, stderr) = run(racklens().args(wrong));
    assert_eq!(code, 2);
    assert!(stderr.contains("help: write it as 2026-02"), "{stderr}");
}

#[test]
fn a_pipeline_fails_over_its_limit_and_only_over_it() {
    let code = |snapshot: &str, limit: &str| {
        run(racklens().args(["cost", "--from", snapshot, "--fail-over", limit])).0
    };
    // The exact total is 199.823.
    assert_eq!(code(SAMPLE, "199.82"), 10);
    assert_eq!(code(SAMPLE, "$199.823"), 0);
    let unknown = "samples/karim-staging/snapshot.json";
    assert_eq!(code(unknown, "1"), 10);
    assert_eq!(
        code(unknown, "100000"),
        4,
        "nobody knows what its database costs"
    );
    assert_eq!(code(SAMPLE, "-1"), 2);
}

#[test]
fn a_cost_with_a_gap_is_at_least_so_much_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gap.json");
    let snapshot = fs::read_to_string(SAMPLE).unwrap();
    let mut snapshot: serde_json::Value = serde_json::from_str(&snapshot).unwrap();
    snapshot["gaps"] = serde_json::json!([{
        "kind": "nat-gateway",
        "call": "ec2:DescribeNatGateways",
        "action": "ec2:DescribeNatGateways",
        "reason": "denied",
        "code": "UnauthorizedOperation",
        "message": "not allowed",
    }]);
    fs::write(&path, snapshot.to_string()).unwrap();
    let (code, stdout, stderr) = run(racklens().args(["cost", "--from"]).arg(&path));
    assert_eq!(code, 4);
    assert!(
        stdout.starts_with("karim-test: at least 199.82 USD"),
        "{stdout}"
    );
    assert!(
        stderr.contains("a nat-gateway may be missing, and it may cost"),
        "{stderr}"
    );
}

#[test]
fn every_format_of_a_cost_tells_the_same_total() {
    let told = |format: &str, by: &str| {
        let cost = ["cost", "--from", SAMPLE, "--format", format, "--by", by];
        let (code, stdout, stderr) = run(racklens().args(cost));
        assert_eq!(code, 0, "{stderr}");
        stdout
    };
    let json: serde_json::Value = serde_json::from_str(&told("json", "service")).unwrap();
    assert_eq!(json["total"], "199.82");
    assert_eq!(
        (&json["currency"], &json["whole"]),
        (&"USD".into(), &true.into())
    );
    let exact = |rows: &serde_json::Value| -> rust_decimal::Decimal {
        let rows = rows.as_array().unwrap().iter();
        let rows = rows.filter_map(|it| it["exact_usd"].as_str());
        rows.map(|it| it.parse::<rust_decimal::Decimal>().unwrap())
            .sum()
    };
    assert_eq!(exact(&json["lines"]).to_string(), "199.823");
    assert!(told("markdown", "service").contains("| Amazon Virtual Private Cloud | 36.50 |"));
    assert!(told("csv", "service").contains("Amazon Virtual Private Cloud,36.50,0,0,false\r\n"));
    let lines = told("csv", "resource");
    let rows = lines.lines().count() - 1;
    assert_eq!(rows, json["lines"].as_array().unwrap().len());
}

#[test]
fn what_apps_cost_comes_to_the_racks_total() {
    let cost = ["cost", "--from", SAMPLE, "--by", "app", "--format", "json"];
    let (code, stdout, _) = run(racklens().args(cost));
    assert_eq!(code, 0);
    let json: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    let apps = json["apps"].as_array().unwrap().iter();
    let exact = apps.map(|it| it["exact_usd"].as_str().unwrap().to_owned());
    let exact = exact.map(|it| it.parse::<rust_decimal::Decimal>().unwrap());
    assert_eq!(
        exact.sum::<rust_decimal::Decimal>().normalize().to_string(),
        "199.823"
    );
    let names = json["apps"].as_array().unwrap().iter();
    let names: Vec<&str> = names.map(|it| it["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"stack karim-test-karim-httpd"), "{names:?}");
    assert!(names.contains(&"idle machines"), "{names:?}");
}

#[test]
fn a_free_tier_tells_the_minute_at_which_it_ends() {
    let free = |more: &[&str]| {
        let cost = ["cost", "--from", SAMPLE, "--free-tier"];
        run(racklens().args(cost).args(more))
    };
    let (code, stdout, _) = free(&["--opened", "2018-04-20"]);
    assert_eq!(code, 0);
    assert!(
        stdout.contains("EBS storage: is gone on 2018-05-03 07:31 UTC, 55.5 hours into the month"),
        "{stdout}"
    );
    assert!(
        stdout.contains("assumes that the rack is alone"),
        "{stdout}"
    );
    // Later it was.
    let (_, stdout, _) = free(&["--opened", "2018-04-20", "--at", "2018-05-20"]);
    assert!(stdout.contains("EBS storage: was gone on"), "{stdout}");
    let (_, stdout, _) = free(&["--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    let free_tier = &json["free_tier"];
    assert_eq!(free_tier["programme"], "unknown");
    assert_eq!(free_tier["allowances"][0]["gone"], "2018-05-03T07:31:20Z");
    assert_eq!(free_tier["allowances"][0]["sure"], false);
}

#[test]
fn a_free_tier_that_cannot_be_is_refused() {
    for (more, why) in [
        (
            ["--opened", "2018-06-01"],
            "cannot have been opened on 2018-06-01",
        ),
        (["--opened", "spring"], "expected a day such as 2018-04-29"),
        (
            ["--at", "noon"],
            "expected a day such as 2018-05-01, or a moment",
        ),
        (["--credits", "-5"], "unexpected argument"),
        (["--format", "focus"], "the free tier is none"),
    ] {
        let cost = ["cost", "--from", SAMPLE, "--free-tier"];
        let (code, stdout, stderr) = run(racklens().args(cost).args(more));
        assert_eq!((code, stdout.as_str()), (2, ""), "{more:?}");
        assert!(stderr.contains(why), "{stderr}");
    }
    // A moment of another month than the one that is asked for.
    let other = ["--free-tier", "--month", "2018-04", "--at", "2018-05-02"];
    let (code, _, stderr) = run(racklens().args(["cost", "--from", SAMPLE]).args(other));
    assert_eq!(code, 2);
    assert!(stderr.contains("does not lie in 2018-04"), "{stderr}");
}

/// A book of one's own with these rows.
fn own_prices(rows: &[&str]) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("prices.csv");
    let head = "service,region,usage,unit,from,to,price,currency,source,as_of,standing";
    fs::write(&path, format!("{head}\n{}\n", rows.join("\n"))).unwrap();
    (folder, path)
}

#[test]
fn prices_of_ones_own_count() {
    // 4 × 730 × 0.003 less: 199.823 − 8.76
    let row = "AmazonEC2,us-east-1,BoxUsage:t2.small,Hrs,0,Inf,0.02,USD,contract,2026,verified";
    let (_folder, path) = own_prices(&[row]);
    let (code, stdout, _) = run(racklens()
        .args(["cost", "--from", SAMPLE, "--prices"])
        .arg(path));
    assert_eq!(code, 0);
    assert!(stdout.starts_with("karim-test: 191.06 USD"), "{stdout}");
    // A name that is misspelt is not missed without a word.
    let wrong = row.replace("t2.small", "t2.smal");
    let (_folder, path) = own_prices(&[&wrong]);
    let cost = ["cost", "--from", SAMPLE, "--prices"];
    let (_, stdout, stderr) = run(racklens().args(cost).arg(path));
    assert!(stdout.starts_with("karim-test: 199.82 USD"), "{stdout}");
    assert!(
        stderr.contains("not billed for: AmazonEC2 us-east-1 BoxUsage:t2.smal"),
        "{stderr}"
    );
}

#[test]
fn prices_that_could_make_a_wrong_bill_are_refused_with_their_line() {
    let row = |unit: &str, from: &str, to: &str, price: &str, currency: &str| {
        let what = "AmazonEC2,us-east-1,BoxUsage:t2.small";
        format!("{what},{unit},{from},{to},{price},{currency},own,2026,verified")
    };
    let one = |it: String| vec![it];
    for (rows, why) in [
        (Vec::new(), "line 1, all of it: there is no price in it"),
        (
            one(row("Hrs", "0", "Inf", "0.02", "USD").replace("2026", "2026-13-45")),
            "`2026-13-45` is no date, month or year",
        ),
        (
            one(row("Hrs", "0", "Inf", "-0.02", "USD")),
            "line 2, AmazonEC2 us-east-1 BoxUsage:t2.small: the price -0.02 is negative",
        ),
        (
            one(row("Fortnights", "0", "Inf", "0.02", "USD")),
            "the unit `Fortnights` is unknown",
        ),
        (
            one(row("Hrs", "0", "Inf", "0.02", "CNY")),
            "prices are in CNY, not in USD",
        ),
        (
            vec![
                row("Hrs", "0", "100", "0.02", "USD"),
                row("Hrs", "50", "Inf", "0.01", "USD"),
            ],
            "the prices from 50 on overlap",
        ),
    ] {
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        let (_folder, path) = own_prices(&rows);
        let cost = ["cost", "--from", SAMPLE, "--prices"];
        let (code, stdout, stderr) = run(racklens().args(cost).arg(path));
        assert_eq!((code, stdout.as_str()), (2, ""));
        assert!(stderr.contains(why), "{stderr}");
    }
}

#[test]
fn a_usage_table_is_priced_and_a_wrong_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("racklens.toml");
    let cost = |text: &str| {
        fs::write(&path, text).unwrap();
        run(racklens()
            .args(["cost", "--from", SAMPLE, "--config"])
            .arg(&path))
    };
    // Two queues of 262,800 requests: 0.21024 in all, the 200.03 of the story.
    let (code, stdout, stderr) = cost("[usage]\nqueue = { requests = 262_800 }\n");
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert!(stdout.starts_with("karim-test: 200.03 USD"), "{stdout}");
    let (code, stdout, stderr) = cost("[rack.karim-test.usage.queue]\nrequest = 262_800\n");
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert!(
        stderr.contains("line 2: `request` of a queue is unknown; known: requests"),
        "{stderr}"
    );
    let (_, _, stderr) = cost("[usage]\n\"queue/gone\" = { requests = 1 }\n");
    assert!(
        stderr.contains("a usage table tells of queue/gone, for which this rack is not billed"),
        "{stderr}"
    );
}

#[test]
fn use_of_what_is_not_billed_by_use_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("racklens.toml");
    fs::write(
        &path,
        "[usage]\n\"table/karim-test-builds\" = { reads = 5 }\n",
    )
    .unwrap();
    let cost = ["cost", "--from", SAMPLE, "--config"];
    let (code, stdout, stderr) = run(racklens().args(cost).arg(&path));
    assert_eq!(code, 0);
    assert!(stdout.starts_with("karim-test: 199.82 USD"), "{stdout}");
    let said = "tells the reads of table/karim-test-builds, which are not billed by use";
    assert!(stderr.contains(said), "{stderr}");
}

#[test]
fn an_opening_in_the_future_is_refused_by_every_cost() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("racklens.toml");
    fs::write(&path, "[account]\nopened = 2030-01-01\n").unwrap();
    let cost = ["cost", "--from", SAMPLE, "--config"];
    let (code, _, stderr) = run(racklens().args(cost).arg(&path));
    assert_eq!(code, 2);
    assert!(
        stderr.contains("cannot have been opened on 2030-01-01"),
        "{stderr}"
    );
}

#[test]
fn a_report_keeps_the_prices_that_it_was_counted_with() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("report");
    let report = ["report", "--from", SAMPLE, "--out"];
    let (code, _, stderr) = run(racklens().args(report).arg(&out));
    assert_eq!(code, 0, "{stderr}");
    let kept = out.join("snapshot.json");
    let cost = ["cost", "--format", "json", "--from"];
    let (_, stdout, _) = run(racklens().args(cost).arg(&kept));
    let json: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(json["total"], "199.82");
    assert_eq!(json["prices"]["chosen"], "stored");
    // Another rack has things that this one has no prices of: they are not unknown for that.
    let staging = "samples/karim-staging/snapshot.json";
    let diff = ["cost", "diff", staging];
    let (_, stdout, _) = run(racklens().args(diff).arg(&kept));
    assert!(stdout.contains("at least 111.40 before"), "{stdout}");
}

#[test]
fn a_bill_of_a_month_in_which_addresses_were_free_says_so() {
    let said = |month: &str| {
        let cost = [
            "cost", "--from", SAMPLE, "--hours", "calendar", "--month", month,
        ];
        let (_, stdout, _) = run(racklens().args(cost));
        stdout.contains("addresses in use cost nothing before 2024-02-01")
    };
    assert!(said("2018-05") && said("2024-01") && !said("2024-02"));
}

#[test]
fn rows_of_each_table_add_up_to_the_total_that_is_shown() {
    for rack in [
        "cruddur",
        "ecs-cluster",
        "ecstest",
        "karim-staging",
        "karim-test",
    ] {
        for by in ["service", "stack", "app"] {
            let file = format!("samples/{rack}/snapshot.json");
            let cost = ["cost", "--from", &file, "--by", by, "--format", "json"];
            let (_, stdout, stderr) = run(racklens().args(cost));
            let json: serde_json::Value = serde_json::from_str(&stdout).expect(&stderr);
            let rows = json["rows"].as_array().unwrap().iter();
            let shown = rows.filter_map(|it| it["usd"].as_str());
            let sum: rust_decimal::Decimal = shown
                .map(|it| it.parse::<rust_decimal::Decimal>().unwrap())
                .sum();
            assert_eq!(json["total"], sum.to_string(), "{rack} by {by}");
        }
    }
}

#[test]
fn a_difference_in_cost_is_told_and_can_fail_a_pipeline() {
    let staging = "samples/karim-staging/snapshot.json";
    let diff = |args: &[&str]| run(racklens().args(["cost", "diff"]).args(args));
    let (code, stdout, _) = diff(&[SAMPLE, SAMPLE, "--fail-over", "0"]);
    assert_eq!(code, 0);
    assert!(
        stdout.contains("Nothing that costs has changed."),
        "{stdout}"
    );
    // 111.395 − 199.823 = −88.428
    let (code, stdout, _) = diff(&[SAMPLE, staging, "--format", "csv"]);
    assert_eq!(code, 0);
    assert!(
        stdout
            .contains("removed,volume/vol-f12a1865c64413da0,storage,20.00,,-20.00,USD,known,\r\n")
    );
    let (code, stdout, _) = diff(&[staging, SAMPLE, "--fail-over", "80"]);
    assert_eq!(code, 10);
    assert!(stdout.contains("+88.43"), "{stdout}");
    assert_eq!(diff(&[SAMPLE]).0, 2);
    assert_eq!(diff(&[SAMPLE, "samples/none.json"]).0, 1);
}

#[test]
fn a_focus_table_says_what_it_leaves_out() {
    let cost = ["cost", "--from", SAMPLE, "--format", "focus"];
    let (code, stdout, stderr) = run(racklens().args(cost));
    assert_eq!(code, 0);
    assert!(stdout.starts_with("AvailabilityZone,BilledCost,BillingAccountId,"));
    assert!(
        stderr.contains("28 lines without a known amount left out"),
        "{stderr}"
    );
}

#[test]
fn the_dearest_rows_can_be_had_alone() {
    let cost = ["cost", "--from", SAMPLE, "--top", "1", "--format", "csv"];
    let (_, stdout, _) = run(racklens().args(cost));
    let rows: Vec<&str> = stdout.lines().map(str::trim_end).collect();
    // 40.20 + 36.50 + 34.675 + 11.388 + 8.40 + 1.00 + 0.50
    assert_eq!(
        rows,
        [
            "Group,MonthlyCost,ByUse,Unknown,Shared",
            "Amazon Elastic Compute Cloud,67.16,0,0,false",
            "12 others,132.66,28,0,false",
        ]
    );
}
