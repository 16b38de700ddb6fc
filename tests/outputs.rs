//! What audits and diffs are written as, held against the schemas of each.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::support::{
    parsers,
    program::{racklens, run},
};

const SAMPLES: &[&str] = &[
    "karim-test",
    "cruddur",
    "ecs-cluster",
    "ecstest",
    "karim-staging",
];

fn sample(name: &str) -> String {
    format!("samples/{name}/snapshot.json")
}

/// The snapshot with a port opened, a log group kept for a while, and a listing refused.
pub fn later(folder: &Path) -> PathBuf {
    let text = fs::read_to_string(sample("karim-test")).unwrap();
    let mut snapshot: Value = serde_json::from_str(&text).unwrap();
    snapshot["taken"] = "2018-05-08T17:53:44Z".into();
    snapshot["gaps"] = json!([{
        "kind": "file-system", "call": "elasticfilesystem:DescribeFileSystems",
        "action": "elasticfilesystem:DescribeFileSystems", "reason": "denied",
        "code": "AccessDenied", "message": "not [allowed](https://evil.test) {0}",
    }]);
    let resources = snapshot["resources"].as_array_mut().unwrap();
    resources.retain(|it| !it["id"].as_str().unwrap().starts_with("file-system/"));
    for it in resources {
        if it["id"] == "security-group/sg-035b4f34a054d3787" {
            let port = json!({
                "protocol": "tcp", "from": 3306, "to": 3306, "cidrs": ["0.0.0.0/0"],
            });
            let ingress = it["attrs"]["security-group"]["ingress"].as_array_mut();
            ingress.unwrap().push(port);
        }
        if it["id"].as_str().unwrap().starts_with("log-group/") {
            it["attrs"]["log-group"]["retention_days"] = 30.into();
        }
    }
    let path = folder.join("later.json");
    fs::write(&path, snapshot.to_string()).unwrap();
    path
}

fn audit(format: &str, args: &[&str]) -> String {
    let usual = ["audit", "--fail-on", "never", "--format", format];
    let (_, stdout, stderr) = run(racklens().args(usual).args(args));
    assert!(!stdout.is_empty(), "{stderr}");
    stdout
}

/// All that is written in a format: of each sample, and of one with what changed.
fn audits(format: &str) -> Vec<String> {
    let mut all: Vec<String> = SAMPLES
        .iter()
        .map(|it| audit(format, &["--all", "--from", &sample(it)]))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let new = later(folder.path());
    let since = ["--from", new.to_str().unwrap(), "--since"];
    for more in ["--strict", "--new-only"] {
        let old = sample("karim-test");
        let args = [since.as_slice(), &[&old, more]].concat();
        all.push(audit(format, &args));
    }
    all.push(muted(folder.path(), format));
    all
}

/// An audit with rules of one's own and three mutes: one that holds, one that has ended, and one
/// that matches nothing.
fn muted(folder: &Path, format: &str) -> String {
    let mute = |rule: &str, resource: &str, until: &str| {
        format!(
            "[[mute]]\nrule = \"{rule}\"\nresource = \"{resource}\"\nowner = \"jane\"\n\
             reason = \"the <bastion> & its door\"\nuntil = {until}\n"
        )
    };
    let config = [
        mute("sg-world-admin-port", "security-group/*", "2018-12-31"),
        mute("efs-plain", "file-system/*", "2018-01-31"),
        mute("rds-public", "db-instance/none", "2018-12-31"),
    ];
    let path = folder.join("racklens.toml");
    fs::write(&path, config.concat()).unwrap();
    let sample = sample("karim-test");
    let config = path.to_str().unwrap();
    let own = "tests/rules/own";
    let args = [
        "--all", "--from", &sample, "--config", config, "--rules", own,
    ];
    audit(format, &args)
}

#[test]
fn json_tells_who_accepted_what_and_which_mutes_are_of_no_use() {
    let folder = tempfile::tempdir().unwrap();
    let document: Value = serde_json::from_str(&muted(folder.path(), "json")).unwrap();
    let verdicts = document["verdicts"].as_array().unwrap();
    let muted = verdicts.iter().filter(|it| !it["muted"].is_null());
    let muted: Vec<&Value> = muted.collect();
    assert!(!muted.is_empty());
    assert!(muted.iter().all(|it| it["rule"] == "sg-world-admin-port"));
    let notices = document["notices"].as_array().unwrap();
    let about: Vec<&str> = notices
        .iter()
        .filter_map(|it| it["about"].as_str())
        .collect();
    assert_eq!(about, ["mute-expired", "mute-matches-nothing"]);
}

#[test]
fn sarif_says_of_each_muted_finding_who_accepted_it_and_why() {
    let folder = tempfile::tempdir().unwrap();
    let document: Value = serde_json::from_str(&muted(folder.path(), "sarif")).unwrap();
    let results = document["runs"][0]["results"].as_array().unwrap();
    let (mut held, mut open) = (0, 0);
    for it in results {
        let suppressions = it["suppressions"].as_array().unwrap();
        let muted = it["ruleId"] == "sg-world-admin-port" && it["kind"] == "fail";
        assert_eq!(!suppressions.is_empty(), muted, "{it}");
        match suppressions.first() {
            Some(first) => {
                held += 1;
                assert_eq!(first["kind"], "external");
                let why = first["justification"].as_str().unwrap();
                assert!(why.contains("jane") && why.contains("bastion"), "{why}");
            }
            None => open += 1,
        }
    }
    assert!(held > 0 && open > 0);
}

#[test]
fn junit_skips_what_is_muted_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let document = muted(folder.path(), "junit");
    let suite = document
        .split("<testsuite ")
        .find(|it| it.starts_with("name=\"sg-world-admin-port\""));
    let suite = suite.unwrap();
    assert!(suite.contains("failures=\"0\""), "{suite}");
    assert!(
        suite.contains("<skipped message=\"muted until 2018-12-31 by jane"),
        "{suite}"
    );
}

fn assert_valid(schema: &str, document: &str) {
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let schema = fs::read_to_string(schema).unwrap();
    // SARIF's own schema has a bracket too many in the pattern of a language.
    let schema = read(&schema.replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}$"));
    if let Some(wrong) = parsers::against_schema(&schema, &read(document)) {
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

#[test]
fn an_audit_as_json_is_what_its_schema_says() {
    for document in audits("json") {
        assert_valid("samples/schema/audit-1.json", &document);
    }
}

#[test]
fn a_diff_as_json_is_what_its_schema_says() {
    let folder = tempfile::tempdir().unwrap();
    let new = later(folder.path());
    let (old, new) = (sample("karim-test"), new.to_str().unwrap().to_owned());
    for pair in [[&old, &new], [&new, &old]] {
        let (_, document, _) = run(racklens()
            .args(["diff", "--format", "json", "--all"])
            .args(pair));
        assert_valid("samples/schema/diff-1.json", &document);
    }
}

#[test]
fn a_schema_that_knows_nothing_would_be_noticed() {
    let document = audit("json", &["--from", &sample("karim-test")]);
    let schema: Value =
        serde_json::from_str(&fs::read_to_string("samples/schema/audit-1.json").unwrap()).unwrap();
    let mut wrong: Value = serde_json::from_str(&document).unwrap();
    wrong["verdicts"][0]["severity"] = "dire".into();
    let told = parsers::against_schema(&schema, &wrong);
    assert!(told.is_none_or(|it| !it.is_empty()));
}

#[test]
fn an_audit_as_sarif_is_what_the_standard_s_schema_says() {
    for document in audits("sarif") {
        assert_valid("tests/schema/sarif-2.1.0.json", &document);
    }
}

#[test]
fn sarif_tells_what_became_of_each_finding_and_links_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let new = later(folder.path());
    let old = sample("karim-test");
    let document = audit("sarif", &["--from", new.to_str().unwrap(), "--since", &old]);
    let document: Value = serde_json::from_str(&document).unwrap();
    let run = &document["runs"][0];
    let mut states: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for it in run["results"].as_array().unwrap() {
        let rule = it["ruleId"].as_str().unwrap();
        let index = usize::try_from(it["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(run["tool"]["driver"]["rules"][index]["id"], rule);
        let state = it["baselineState"].as_str().unwrap();
        states.entry(state).or_default().insert(rule);
    }
    assert_eq!(states["new"], BTreeSet::from(["sg-world-data-port"]));
    assert_eq!(states["absent"], BTreeSet::from(["logs-no-retention"]));
    assert!(states["updated"].contains("efs-plain"), "{states:?}");
    assert!(states["unchanged"].contains("sg-world-admin-port"));
    let notice = &run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"];
    assert!(
        notice
            .as_str()
            .unwrap()
            .contains("DescribeFileSystems was denied")
    );
}

#[test]
fn an_audit_as_junit_is_xml_and_its_counts_are_those_of_its_cases() {
    for document in audits("junit") {
        let Some(read) = parsers::read("xml", &document) else {
            return;
        };
        assert_eq!(read["name"], "testsuites");
        let suites = read["children"].as_array().unwrap();
        let mut all = 0;
        for suite in suites {
            let cases = suite["children"].as_array().unwrap();
            assert_eq!(suite["attributes"]["tests"], cases.len().to_string());
            let of = |name: &str| {
                let has = |it: &&Value| it["children"][0]["name"] == name;
                cases.iter().filter(has).count().to_string()
            };
            assert_eq!(suite["attributes"]["failures"], of("failure"));
            assert_eq!(suite["attributes"]["errors"], of("error"));
            assert_eq!(suite["attributes"]["skipped"], of("skipped"));
            all += cases.len();
        }
        assert_eq!(read["attributes"]["tests"], all.to_string());
    }
}

#[test]
fn an_audit_as_markdown_tells_every_finding_in_a_row() {
    let document = audit("markdown", &["--from", &sample("karim-test")]);
    let rows = document.lines().filter(|it| it.starts_with("| ")).count();
    assert_eq!(rows, 49 + 2, "{document}");
    assert!(document.contains("| critical | sg-world-admin-port |"));
}

#[test]
fn the_same_input_makes_the_same_bytes_in_every_format() {
    for format in ["table", "json", "csv", "markdown", "sarif", "junit"] {
        let args = ["--all", "--from", &sample("cruddur")];
        assert_eq!(audit(format, &args), audit(format, &args), "{format}");
    }
}

#[test]
fn only_news_is_shown_and_counted_when_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let new = later(folder.path());
    let code = |args: &[&str]| {
        let usual = ["audit", "--since", &sample("karim-test"), "--new-only"];
        run(racklens().args(usual).args(args)).0
    };
    let old = sample("karim-test");
    assert_eq!(code(&["--from", &old]), 0, "its old failures are no news");
    let new = new.to_str().unwrap();
    assert_eq!(code(&["--from", new]), 10);
    // The file systems that can no longer be judged are news of their own.
    assert_eq!(code(&["--from", new, "--fail-on", "never"]), 4);
}

#[test]
fn only_news_shows_nothing_that_was_fixed() {
    let folder = tempfile::tempdir().unwrap();
    let new = later(folder.path());
    let old = sample("karim-test");
    let since = ["--from", new.to_str().unwrap(), "--since", &old];
    let all = audit("table", &since);
    assert!(all.contains("logs-no-retention"), "{all}");
    let news = audit("table", &[&since[..], &["--new-only"]].concat());
    assert!(!news.contains("logs-no-retention"), "{news}");
    assert!(news.contains("sg-world-data-port"), "{news}");
}

#[test]
fn strict_counts_what_could_not_be_judged_as_a_finding() {
    let folder = tempfile::tempdir().unwrap();
    let new = later(folder.path());
    let code = |args: &[&str]| {
        let usual = [
            "audit",
            "--since",
            &sample("karim-test"),
            "--new-only",
            "--from",
        ];
        let (code, ..) = run(racklens().args(usual).arg(&new).args(args));
        code
    };
    // What is new fails anyway at critical; the lost ones are medium.
    assert_eq!(code(&["--fail-on", "never", "--strict"]), 4);
    assert_eq!(code(&["--fail-on", "medium", "--strict"]), 10);
}

#[test]
fn last_needs_a_place_to_look_in() {
    let old = sample("karim-test");
    let (code, _, stderr) = run(racklens().args(["audit", "--from", &old, "--since", "last"]));
    assert_eq!(code, 2);
    assert!(stderr.contains("help: give --reports DIR"), "{stderr}");
}

#[test]
fn news_of_nothing_is_a_wrong_use() {
    let old = sample("karim-test");
    let (code, _, stderr) = run(racklens().args(["audit", "--from", &old, "--new-only"]));
    assert_eq!(code, 2);
    assert!(stderr.contains("--since"), "{stderr}");
}
