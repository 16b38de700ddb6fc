//! Every verb in every format, run on one snapshot file: for what must hold of all output.

use std::{fs, path::Path};

use serde_json::Value;

use super::program::{racklens, run};

/// Verbs that show nothing of a snapshot file, and why.
const WITHOUT_A_SNAPSHOT: &[(&str, &str)] = &[
    ("completions", "knows no rack"),
    ("demo", "writes the report of our own example"),
    ("help", "knows no rack"),
    ("policy", "knows no rack"),
    (
        "rules",
        "knows no rack: what it says of resources is said by `audit`",
    ),
    (
        "snapshot",
        "reads from AWS only, and writes what the others read",
    ),
];

/// What a verb was told and what it said.
pub struct Said {
    pub args: Vec<String>,
    /// `None` where the verb has no formats.
    pub format: Option<String>,
    pub stdout: String,
    pub stderr: String,
}

/// Runs every verb in every format on the snapshot, in its folder; the report goes to `out`.
///
/// # Panics
/// When a verb is not known here: it must be, for what is asked of all verbs to be asked of it.
pub fn run_all(snapshot: &Path, out: &Path) -> Vec<Said> {
    let mut all = Vec::new();
    for verb in verbs() {
        if WITHOUT_A_SNAPSHOT.iter().any(|it| it.0 == verb) {
            continue;
        }
        let (_, help, _) = run(racklens().args([&*verb, "-h"]));
        let formats = formats(&help);
        for args in runs(&verb, snapshot, out) {
            if formats.is_empty() {
                all.push(said(&verb, None, &args, snapshot));
            }
            for format in &formats {
                all.push(said(&verb, Some(format), &args, snapshot));
            }
        }
    }
    all.extend(differences(snapshot));
    all
}

/// `cost diff` from a rack of ours to this one: all that it has is new.
fn differences(snapshot: &Path) -> Vec<Said> {
    let old = fs::canonicalize("samples/karim-test/snapshot.json").unwrap();
    let (_, help, _) = run(racklens().args(["cost", "diff", "-h"]));
    let formats = formats(&help).into_iter();
    let differences = formats.map(|format| {
        let args = [
            "cost",
            "diff",
            old.to_str().unwrap(),
            snapshot.to_str().unwrap(),
        ];
        let mut args: Vec<String> = args.map(ToOwned::to_owned).to_vec();
        args.extend(["--format".to_owned(), format.clone()]);
        let mut command = racklens();
        let (_, stdout, stderr) = run(command.args(&args).current_dir(snapshot.parent().unwrap()));
        Said {
            args,
            format: Some(format),
            stdout,
            stderr,
        }
    });
    differences.collect()
}

/// What each verb is run with, besides the file and the format.
fn runs(verb: &str, snapshot: &Path, out: &Path) -> Vec<Vec<String>> {
    let of = |args: &[&str]| args.iter().map(|it| (*it).to_owned()).collect();
    let json: Value = serde_json::from_slice(&fs::read(snapshot).unwrap()).unwrap();
    let rack = json["rack"].as_str().unwrap();
    match verb {
        "audit" => {
            // A rule of one's own writes what AWS says into its sentences.
            let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules/hostile");
            let own = own.to_str().unwrap();
            vec![
                of(&["--all", "--fail-on", "never"]),
                of(&["--teardown", "--all", "--fail-on", "never"]),
                of(&["--all", "--fail-on", "never", "--rules", own]),
            ]
        }
        "cost" => ["service", "stack", "resource", "app"]
            .into_iter()
            .map(|it| of(&["--by", it]))
            .chain([of(&["--free-tier"])])
            .collect(),
        "diagram" => vec![of(&["--detail", "all"]), of(&["--detail", "architecture"])],
        // As if a third of it had come, and as if it had gone.
        "diff" => vec![of(&["came", "--all"]), of(&["went", "--all"])],
        "list" => {
            let tables = ["containers", "target-health"];
            let kinds = racklens::kind::Kind::ALL.iter().map(|it| it.name());
            let all = kinds.chain(tables);
            all.map(|it| of(&[it, "--all"])).collect()
        }
        "racks" => vec![Vec::new()],
        "report" => {
            let review = out.join("review");
            vec![
                of(&["--out", out.to_str().unwrap()]),
                of(&["--review", "--out", review.to_str().unwrap()]),
            ]
        }
        "show" => {
            let ids = json["resources"].as_array().unwrap().iter();
            let mut ids: Vec<&str> = ids.map(|it| it["id"].as_str().unwrap()).collect();
            // One of each kind, and what is not there.
            ids.dedup_by_key(|it| it.split('/').next().unwrap());
            let all = ids.into_iter().chain([rack, "vpc/none-of-these"]);
            all.map(|it| of(&["--all", "--", it])).collect()
        }
        "teardown" => [
            &[][..],
            &[
                "--delete",
                "all",
                "--disable-protection",
                "all",
                "--include",
                "inferred",
                "--backup",
            ],
        ]
        .into_iter()
        .map(of)
        .collect(),
        "trace" => ["http://web.karim-httpd", "https://nobody.test/", rack]
            .into_iter()
            .map(|it| of(&["--", it]))
            .collect(),
        other => panic!("`{other}` is new: say here how it is run on a snapshot file"),
    }
}

fn said(verb: &str, format: Option<&str>, args: &[String], snapshot: &Path) -> Said {
    let elsewhere = tempfile::tempdir().unwrap();
    let part = elsewhere.path().join("part.json");
    let (whole_rack, part) = (snapshot.to_str().unwrap(), part.to_str().unwrap());
    let mut args: Vec<&str> = args.iter().map(String::as_str).collect();
    let mut whole = vec![verb];
    if verb == "diff" {
        write_part(snapshot, part);
        match args.remove(0) {
            "came" => whole.extend([part, whole_rack]),
            _ => whole.extend([whole_rack, part]),
        }
    } else {
        whole.extend(["--from", whole_rack]);
    }
    whole.extend(format.into_iter().flat_map(|it| ["--format", it]));
    whole.extend(args);
    let mut command = racklens();
    let folder = snapshot.parent().unwrap();
    let (_, stdout, stderr) = run(command.args(&whole).current_dir(folder));
    Said {
        args: whole.into_iter().map(ToOwned::to_owned).collect(),
        format: format.map(ToOwned::to_owned),
        stdout,
        stderr,
    }
}

/// Writes the snapshot without a third of its resources, and with other names on the rest.
fn write_part(snapshot: &Path, part: &str) {
    let mut json: Value = serde_json::from_slice(&fs::read(snapshot).unwrap()).unwrap();
    let resources = json["resources"].as_array_mut().unwrap();
    let mut number = 0;
    resources.retain(|it| {
        number += 1;
        number % 3 > 0 || it["id"].as_str().unwrap().starts_with("stack/")
    });
    for it in resources {
        it["name"] = "another".into();
    }
    fs::write(part, json.to_string()).unwrap();
}

/// The verbs that the program itself names.
fn verbs() -> Vec<String> {
    let (_, help, _) = run(racklens().arg("--help"));
    let (_, rest) = help.split_once("Commands:\n").unwrap();
    let lines = rest.lines().take_while(|it| !it.is_empty());
    let verbs = lines.filter_map(|it| it.split_whitespace().next());
    verbs.map(ToOwned::to_owned).collect()
}

/// The formats that a verb's short help names.
fn formats(help: &str) -> Vec<String> {
    let Some((_, rest)) = help.split_once("--format <FORMAT>") else {
        return Vec::new();
    };
    let (_, rest) = rest.split_once("[possible values:").unwrap();
    let (values, _) = rest.split_once(']').unwrap();
    let values = values.split(',').map(|it| it.trim().to_owned());
    values.collect()
}
