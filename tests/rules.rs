//! Users' rules, what they set and what they mute, from the command line on.

use std::{fs, path::Path};

use serde_json::Value;

use crate::support::{
    parsers,
    program::{racklens, run},
};

const SAMPLE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/samples/karim-test/snapshot.json"
);
const OWN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/rules/own");

/// Runs racklens in a folder of its own that holds these files.
fn among(files: &[(&str, &str)], args: &[&str]) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let said = run(racklens().args(args).current_dir(folder.path()));
    let left = fs::read_dir(folder.path()).unwrap();
    let left = left.map(|it| it.unwrap().file_name().into_string().unwrap());
    let mut left: Vec<String> = left.collect();
    left.retain(|it| !files.iter().any(|(name, _)| name.starts_with(it.as_str())));
    assert_eq!(left, [""; 0], "nothing is written");
    said
}

/// An audit of the sample, as JSON.
fn audited(files: &[(&str, &str)], more: &[&str]) -> Value {
    let mut args = vec!["audit", "--from", SAMPLE, "--format", "json"];
    args.extend(more);
    let (_, stdout, stderr) = among(files, &args);
    serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stderr}"))
}

fn of_rule<'v>(audit: &'v Value, rule: &str) -> Vec<&'v Value> {
    let all = audit["verdicts"].as_array().unwrap().iter();
    all.filter(|it| it["rule"] == rule).collect()
}

/// What is said of a rule's file that cannot be used, by a report that is not written.
fn refused(content: &str) -> String {
    let files = [("mine/a.yaml", content)];
    let args = [
        "report", "--from", SAMPLE, "--rules", "mine", "--out", "out",
    ];
    let (code, stdout, stderr) = among(&files, &args);
    assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
    stderr
}

fn bucket_owner() -> String {
    fs::read_to_string(Path::new(OWN).join("bucket-owner.yaml")).unwrap()
}

#[test]
fn a_rule_of_ones_own_is_judged_beside_ours() {
    let audit = audited(&[], &["--rules", OWN, "--all"]);
    let verdicts = of_rule(&audit, "bucket-owner");
    assert!(!verdicts.is_empty());
    assert_eq!(verdicts[0]["status"], "fail");
    let why = verdicts[0]["why"].as_str().unwrap();
    assert!(
        why.ends_with("has none of the tags Owner, owner, Team"),
        "{why}"
    );
    assert!(!of_rule(&audit, "service-image-pinned").is_empty());
}

#[test]
fn an_audit_of_the_teardown_asks_other_rules() {
    let audit = audited(&[], &["--teardown", "--all"]);
    assert!(!of_rule(&audit, "cluster-not-empty").is_empty());
    assert!(of_rule(&audit, "env-plain-secret").is_empty());
}

#[test]
fn a_folder_of_rules_is_named_in_the_configuration_and_set_there() {
    let rule = bucket_owner();
    let config = "rules = \"mine\"\n[rule.bucket-owner]\nseverity = \"high\"\nparameters = { tags = [\"Type\"] }\n";
    let files = [("racklens.toml", config), ("mine/a.yml", &*rule)];
    let audit = audited(&files, &["--all"]);
    let verdicts = of_rule(&audit, "bucket-owner");
    assert_eq!(verdicts[0]["severity"], "high");
    let (code, page, _) = among(&files, &["rules", "explain", "bucket-owner"]);
    assert_eq!(code, 0);
    assert!(
        page.contains("its severity is set in racklens.toml:3; it would be low"),
        "{page}"
    );
    assert!(
        page.contains("Set in racklens.toml:4; it would be [\"Owner\""),
        "{page}"
    );
    assert!(page.contains("its file is mine/a.yml"), "{page}");
}

#[test]
fn wrong_yaml_is_refused_with_file_and_line() {
    let said = refused("id: [a\ntitle: b\n");
    assert!(said.starts_with("error: mine/a.yaml, line "), "{said}");
    assert!(said.contains("racklens rules schema rule"), "{said}");
}

#[test]
fn an_unknown_field_is_refused_with_file_and_line() {
    let said = refused(&bucket_owner().replace("category:", "categroy:"));
    assert!(
        said.starts_with("error: mine/a.yaml, line 4: unknown field `categroy`"),
        "{said}"
    );
}

#[test]
fn a_syntax_error_is_refused_with_file_line_and_what_to_do() {
    let said = refused(&bucket_owner().replace("tag in tags)", "tag in tags"));
    assert!(
        said.starts_with("error: mine/a.yaml, line 7: `pass`: "),
        "{said}"
    );
    assert!(said.contains("help: "), "{said}");
}

#[test]
fn an_endless_condition_is_refused() {
    let numbers = vec!["1"; 400].join(", ");
    let endless = format!("[{numbers}].all(a, [{numbers}].all(b, a == b))");
    let huge = bucket_owner().replace(
        "params.tags.exists(tag, tag in tags)",
        &format!("'{endless} && params.tags.size() > 0'"),
    );
    let said = refused(&huge);
    assert!(
        said.contains("line 7: `pass`: the condition has more than 2000 characters"),
        "{said}"
    );
    let numbers = vec!["1"; 400].join(",");
    let endless = format!("[[{numbers}]].all(n, n.all(a, n.all(b, n.size() > 1)))");
    let pass = format!("'{endless} && params.tags.size() > 0'");
    let said = refused(&bucket_owner().replace("params.tags.exists(tag, tag in tags)", &pass));
    assert!(
        said.contains("its condition goes through more than 1000000 values"),
        "{said}"
    );
}

#[test]
fn an_id_that_is_there_already_is_refused() {
    let said = refused(&bucket_owner().replace("id: bucket-owner", "id: cert-expiring"));
    assert!(
        said.starts_with("error: mine/a.yaml, line 1: the id `cert-expiring`"),
        "{said}"
    );
    let rule = bucket_owner();
    let files = [("mine/a.yaml", &*rule), ("mine/b.yaml", &*rule)];
    let (code, _, said) = among(&files, &["audit", "--from", SAMPLE, "--rules", "mine"]);
    assert_eq!(code, 2);
    assert!(
        said.contains(
            "mine/b.yaml, line 1: the id `bucket-owner` is that of the rule in mine/a.yaml"
        ),
        "{said}"
    );
}

#[test]
fn a_folder_without_rules_is_no_silence() {
    let (code, _, said) = among(
        &[("mine/a.txt", "")],
        &["audit", "--from", SAMPLE, "--rules", "mine"],
    );
    assert_eq!(code, 2);
    assert!(said.contains("mine holds no rule"), "{said}");
    let (code, _, said) = among(&[], &["audit", "--from", SAMPLE, "--rules", "nowhere"]);
    assert_eq!(code, 2);
    assert!(said.contains("cannot read the rules in nowhere"), "{said}");
}

#[test]
fn every_bad_rule_is_told_by_rules_test() {
    let (good, bad) = (
        bucket_owner(),
        bucket_owner().replace("verdict: pass", "verdict: fail"),
    );
    let files = [
        ("mine/a.yaml", &*bad),
        ("mine/b.yaml", "id: b\n"),
        ("mine/c.yaml", &*good),
    ];
    let (code, said, _) = among(&files, &["rules", "test", "mine"]);
    assert_eq!(code, 2);
    assert!(
        said.contains("mine/a.yaml, line 18: no example is meant to pass"),
        "{said}"
    );
    assert!(
        said.contains("mine/b.yaml, line 1: missing field `title`"),
        "{said}"
    );
    assert!(
        said.contains("mine/c.yaml: bucket-owner, 2 examples right"),
        "{said}"
    );
    assert!(said.ends_with("2 rules cannot be used\n"), "{said}");
    let (code, said, _) = among(&[], &["rules", "test", OWN]);
    assert_eq!(code, 0);
    assert!(said.ends_with("2 rules fine\n"), "{said}");
}

/// A mute of the sample's open SSH until that day.
fn mute(until: &str) -> String {
    format!(
        "[[mute]]\nrule = \"no-logging\"\nresource = \"*\"\nowner = \"jane\"\nreason = \"the machines collect it\"\nuntil = {until}\n"
    )
}

#[test]
fn a_muted_finding_stays_visible_and_does_not_fail() {
    let open = audited(&[], &[]);
    let rule = of_rule(&open, "no-logging");
    let config = mute("2018-06-01");
    if rule.is_empty() {
        panic!("the sample has no such finding: choose another rule");
    }
    let muted = audited(&[("racklens.toml", &config)], &[]);
    let still = of_rule(&muted, "no-logging");
    assert_eq!(still.len(), rule.len());
    assert_eq!(still[0]["status"], "fail");
    assert_eq!(still[0]["muted"]["reason"], "the machines collect it");
    assert_eq!(still[0]["muted"]["place"], "racklens.toml:2");
    assert_eq!(muted["notices"], Value::Array(Vec::new()));
    let args = ["audit", "--from", SAMPLE];
    let (_, table, _) = among(&[("racklens.toml", &config)], &args);
    assert!(
        table.contains("muted until 2018-06-01 by jane: the machines collect it"),
        "{table}"
    );
    assert!(
        table
            .lines()
            .last()
            .unwrap()
            .contains(&format!(", {} muted", still.len())),
        "{table}"
    );
    let args = ["audit", "--from", SAMPLE, "--format", "csv"];
    let (_, csv, _) = among(&[("racklens.toml", &config)], &args);
    assert!(csv.contains("true,the machines collect it"), "{csv}");
}

#[test]
fn a_mute_that_is_over_brings_its_finding_back_and_says_so_once() {
    let config = mute("2018-04-30");
    let files = [("racklens.toml", &*config)];
    let audit = audited(&files, &[]);
    assert!(
        of_rule(&audit, "no-logging")
            .iter()
            .all(|it| it["muted"].is_null())
    );
    let notices = audit["notices"].as_array().unwrap();
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0]["about"], "mute-expired");
    let (_, _, stderr) = among(&files, &["audit", "--from", SAMPLE]);
    assert!(stderr.contains("ended on 2018-04-30"), "{stderr}");
    assert!(stderr.contains("ask jane (racklens.toml:2)"), "{stderr}");
}

#[test]
fn a_mute_whose_day_is_malformed_is_refused() {
    let config = mute("\"next spring\"");
    let args = ["report", "--from", SAMPLE, "--out", "out"];
    let (code, _, said) = among(&[("racklens.toml", &config)], &args);
    assert_eq!(code, 2);
    assert!(
        said.starts_with("error: racklens.toml, line 6: `until` is no day"),
        "{said}"
    );
    assert!(
        said.contains("help: the line is: until = \"next spring\""),
        "{said}"
    );
}

#[test]
fn an_unknown_key_of_a_rule_is_refused_with_its_line() {
    let config = "[rule.cert-expiring]\nseverty = \"low\"\n";
    let (code, _, said) = among(&[("racklens.toml", config)], &["audit", "--from", SAMPLE]);
    assert_eq!(code, 2);
    assert!(
        said.starts_with("error: racklens.toml, line 2: unknown field `severty`"),
        "{said}"
    );
}

#[test]
fn every_rule_is_explained_and_an_unknown_one_is_answered_with_the_nearest() {
    let (code, stdout, _) = among(&[], &["rules", "list", "--format", "json"]);
    assert_eq!(code, 0);
    let rules: Vec<Value> = serde_json::from_str(&stdout).unwrap();
    for rule in rules {
        let id = rule["id"].as_str().unwrap();
        let (code, page, _) = among(&[], &["rules", "explain", id]);
        assert_eq!(code, 0, "{id}");
        for head in ["What it means", "How to fix it", "Examples"] {
            assert!(page.contains(head), "{id}: {head}");
        }
    }
    let (code, _, said) = among(&[], &["rules", "explain", "cert-expire"]);
    assert_eq!(code, 2);
    assert!(said.contains("did you mean cert-expiring?"), "{said}");
}

/// The schemas under `samples/schema`, as the program writes them.
fn schema(of: &str) -> Value {
    let (code, text, _) = among(&[], &["rules", "schema", of]);
    assert_eq!(code, 0);
    let path = Path::new("samples/schema").join(format!("{of}.schema.json"));
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all("samples/schema").unwrap();
        fs::write(&path, &text).unwrap();
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == text,
        "{} is old: UPDATE=1 cargo test rules",
        path.display()
    );
    serde_json::from_str(&text).unwrap()
}

#[test]
fn the_schema_of_rules_takes_rules_and_refuses_others() {
    let schema = schema("rule");
    for name in [
        "own/bucket-owner.yaml",
        "own/service-image-pinned.yaml",
        "hostile/all-names.yaml",
    ] {
        let text = fs::read_to_string(Path::new("tests/rules").join(name)).unwrap();
        let rule: Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(
            parsers::against_schema(&schema, &rule).unwrap_or_default(),
            [""; 0],
            "{name}"
        );
    }
    let good: Value = serde_saphyr::from_str(&bucket_owner()).unwrap();
    for (pointer, wrong) in [
        ("/severity", Value::from("bad")),
        ("/kind", Value::from("bucke")),
        ("/id", Value::from("A b")),
        ("/examples", Value::Array(Vec::new())),
        (
            "/examples/0/resources/0/attrs",
            serde_json::json!({ "bucket": { "zone": 1 } }),
        ),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = wrong;
        let told = parsers::against_schema(&schema, &bad);
        assert!(told.is_none_or(|it| !it.is_empty()), "{pointer}");
    }
}

#[test]
fn the_schema_of_the_configuration_takes_what_the_program_takes() {
    let schema = schema("config");
    let text = "rules = [\"mine\"]\n[rack.shop]\ncluster = \"shop\"\nterraform = \"a.tfstate\"\n\
                [rule.cert-expiring]\nseverity = \"low\"\nparameters = { soon = 60 }\n\
                [rule.mine]\nenabled = false\n\
                [rack.shop.usage]\nqueue = { requests = \"0.5\" }\n\
                [usage]\n\"bucket/uploads\" = { storage = 120, reads = 3_000_000 }\n\
                [cost]\nweights = { cpu = 3, memory = 0.5 }\n\
                [account]\nopened = \"2018-04-29\"\ncredits = 99.5\n";
    let text = format!("{text}{}", mute("\"2027-01-31\""));
    let config: toml::Value = toml::from_str(&text).unwrap();
    let config = serde_json::to_value(config).unwrap();
    assert_eq!(
        parsers::against_schema(&schema, &config).unwrap_or_default(),
        [""; 0]
    );
    assert!(racklens::config::Config::parse(&text).is_ok());
    for wrong in [
        "rack.shop.stack = [\"shop\"]",
        "rule.cert-expiring.parameters.soon = \"x\"",
        "rule.cert-expiring.parameters.later = 1",
        "mute = [{ rule = \"a\" }]",
        "cost.weight = { cpu = 3, memory = 0.5 }",
        "account.credits = -1",
        "usage.bucket.storage = true",
    ] {
        let config: toml::Value = toml::from_str(wrong).unwrap();
        let config = serde_json::to_value(config).unwrap();
        let told = parsers::against_schema(&schema, &config);
        assert!(told.is_none_or(|it| !it.is_empty()), "{wrong}");
    }
}
