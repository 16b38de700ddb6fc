//! Racks that a person defines: `racklens.toml`, Terraform states, and what is wrong with them.

use std::{fs, path::Path};

use serde_json::json;

use crate::support::program::{racklens, run};

const SAMPLE: &str = "samples/cruddur/snapshot.json";

/// Shows a resource of the sample, with this text as `racklens.toml`.
fn show(text: &str, resource: &str) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("racklens.toml");
    fs::write(&config, text).unwrap();
    run(racklens()
        .args(["show", resource, "--from", SAMPLE, "--config"])
        .arg(&config))
}

#[test]
fn what_a_rack_is_said_to_own_is_declared() {
    let text = "[rack.cruddur]\nown = [\"repository/cruddur-python\"]\n";
    let (code, said, stderr) = show(text, "repository/cruddur-python");
    assert_eq!(code, 0, "{stderr}");
    assert!(said.contains("declared: racklens.toml says"), "{said}");
}

#[test]
fn what_is_to_be_kept_goes_by_nothing() {
    let text =
        "[rack.cruddur]\ncluster = \"cruddur\"\nkeep = [\"db-instance/cruddur-db-instance\"]\n";
    let (_, said, _) = show(text, "db-instance/cruddur-db-instance");
    assert!(
        said.contains("goes by      never: the definition"),
        "{said}"
    );
}

#[test]
fn what_a_definition_names_and_nobody_saw_is_said() {
    let text = "[rack.cruddur]\ncluster = \"cruddur\"\nown = [\"bucket/gone\"]\n";
    let (code, _, stderr) = show(text, "cluster/cruddur");
    assert_eq!(code, 0);
    assert!(
        stderr.contains("bucket/gone, which the definition"),
        "{stderr}"
    );
}

#[test]
fn the_file_in_the_current_folder_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let text = "[rack.cruddur]\nown = [\"repository/cruddur-python\"]\n";
    fs::write(folder.path().join("racklens.toml"), text).unwrap();
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join(SAMPLE);
    let (_, said, _) = run(racklens()
        .current_dir(folder.path())
        .args(["show", "repository/cruddur-python", "--from"])
        .arg(sample));
    assert!(said.contains("declared"), "{said}");
}

#[test]
fn a_bad_configuration_is_refused_with_its_line() {
    for (text, said, line) in [
        (
            "[rack.cruddur]\nclutser = \"cruddur\"\n",
            "line 2: unknown field `clutser`",
            "clutser = \"cruddur\"",
        ),
        (
            "[rack.cruddur]\nstacks = \"cruddur\"\n",
            "line 2: invalid type: string",
            "stacks = \"cruddur\"",
        ),
        (
            "[racks.cruddur]\n",
            "line 1: unknown field `racks`",
            "[racks.cruddur]",
        ),
        ("[rack.cruddur\n", "line 1: ", "[rack.cruddur"),
    ] {
        let (code, stdout, stderr) = show(text, "cluster/cruddur");
        assert_eq!(code, 2, "{stderr}");
        assert!(stdout.is_empty(), "{stdout}");
        assert!(stderr.contains(said), "{stderr}");
        assert!(stderr.contains(&format!("the line is: {line}")), "{stderr}");
    }
}

#[test]
fn a_configuration_that_is_named_must_be_there() {
    let (code, _, stderr) = run(racklens().args([
        "audit",
        "--from",
        SAMPLE,
        "--config",
        "/nonexistent/racklens.toml",
    ]));
    assert_eq!(code, 2);
    assert!(
        stderr.contains("cannot read /nonexistent/racklens.toml"),
        "{stderr}"
    );
}

/// Audits the sample with this text as a Terraform state.
fn with_state(text: &str) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("terraform.tfstate");
    fs::write(&state, text).unwrap();
    run(racklens()
        .args([
            "show",
            "repository/cruddur-python",
            "--from",
            SAMPLE,
            "--tfstate",
        ])
        .arg(&state))
}

fn repository(account: &str) -> String {
    let arn = format!("arn:aws:ecr:us-east-1:{account}:repository/cruddur-python");
    let attributes =
        json!({"arn": arn, "name": "cruddur-python", "secret": "planted-secret-state"});
    json!({"version": 4, "resources": [{
        "mode": "managed", "type": "aws_ecr_repository", "name": "base",
        "instances": [{"attributes": attributes}],
    }]})
    .to_string()
}

#[test]
fn what_terraform_manages_is_declared_by_its_address() {
    let (code, said, stderr) = with_state(&repository("123456789012"));
    assert_eq!(code, 0, "{stderr}");
    let evidence = "declared: aws_ecr_repository.base of the Terraform state";
    assert!(said.contains(evidence), "{said}");
    assert!(!said.contains("planted-secret"), "{said}");
}

#[test]
fn a_state_that_is_none_or_anothers_is_refused() {
    for (text, why) in [
        (repository("210987654321"), "describes account 210987654321"),
        ("{\"version\": 3}".to_owned(), "format 3"),
        ("resource {}".to_owned(), "is no Terraform state"),
    ] {
        let (code, _, stderr) = with_state(&text);
        assert_eq!(code, 2, "{stderr}");
        assert!(stderr.contains(why), "{stderr}");
        assert!(stderr.contains("help: "), "{stderr}");
    }
}

#[test]
fn a_state_in_a_bucket_is_not_read_where_no_network_is_asked() {
    let (code, _, stderr) = run(racklens().args([
        "audit",
        "--from",
        SAMPLE,
        "--tfstate",
        "s3://states/terraform.tfstate",
    ]));
    assert_eq!(code, 2);
    assert!(stderr.contains("--from asks no network"), "{stderr}");
}

#[test]
fn the_demo_leads_to_every_report() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("demo");
    let (code, _, stderr) = run(racklens().args(["demo", "--out"]).arg(&out));
    assert_eq!(code, 0, "{stderr}");
    let page = fs::read_to_string(out.join("index.html")).unwrap();
    let links: Vec<&str> = page
        .split("<h2><a href=\"")
        .skip(1)
        .filter_map(|it| it.split('"').next())
        .collect();
    assert_eq!(links.len(), 5);
    for link in links {
        assert!(out.join(link).is_file(), "{link}");
    }
}
