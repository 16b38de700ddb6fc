//! Names that mean harm: whatever AWS lets a person write, no output does what it says.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use racklens::text;
use serde_json::{Value, json};

use crate::support::verbs;

/// A formula, escape sequences, an element, marks that turn text around, quotes, a line end.
///
/// Without a slash, as it takes the place of names in ARNs, which are taken apart there.
const NAME: &str =
    "=cmd|' !A0\u{1b}[2J\u{9b}31m\u{7}<script>alert(1)<img src=x onerror=alert(2)>\u{202e}\"\r\nx";
/// The same as a way out of a folder and out of a script, for texts that nothing is made of.
const FREE: &str = "@SUM(A1)../../../../tmp/out\u{1b}]0;x\u{7}</script></style>--><script>alert(3)</script>\u{2066}\u{200f}'";

/// What in a description is free text of a person's or of AWS's.
const TEXTS: &[&str] = &[
    "description",
    "health_check",
    "host_path",
    "image",
    "path",
    "reason",
    "requester",
    "rollout_reason",
    "started_by",
];

/// The sample, every name and text in it hostile.
fn hostile(folder: &Path) -> PathBuf {
    let kept = fs::read_to_string("samples/karim-test/snapshot.json").unwrap();
    let mut snapshot: Value = serde_json::from_str(&kept).unwrap();
    for resource in snapshot["resources"].as_array_mut().unwrap() {
        soil(&mut resource["attrs"]);
        if let Some(name) = resource.get_mut("name") {
            *name = format!("{FREE}{}", name.as_str().unwrap()).into();
        }
        if let Some(tags) = resource.get_mut("tags").and_then(Value::as_object_mut) {
            let ours = |key: &str| ["Name", "Type", "Team", "Generation"].contains(&key);
            for (_, value) in tags.iter_mut().filter(|(key, _)| ours(key)) {
                *value = FREE.into();
            }
            tags.insert(FREE.to_owned(), NAME.into());
        }
    }
    let some = snapshot["resources"][0]["id"].clone();
    snapshot["gaps"] = json!([{
        "kind": "bucket", "resource": some, "call": "s3:GetBucketTagging",
        "action": "s3:GetBucketTagging", "reason": "failed", "code": NAME, "message": FREE,
    }]);
    snapshot["identity"] = FREE.into();
    snapshot["money"] = money();
    // Of everything's id and name that has it, of tags and of the rack itself, all alike.
    let quoted = Value::from(NAME).to_string();
    let name = &quoted[1..quoted.len() - 1];
    let text = snapshot.to_string().replace("karim-test", name);
    let path = folder.join("hostile.json");
    fs::write(&path, text).unwrap();
    path
}

/// What AWS may have told about money, every text in it hostile.
fn money() -> Value {
    let offer = json!({
        "service": format!("Amazon Elastic Compute Cloud {FREE}"), "usage_type": "EBS:VolumeUsage",
        "operation": FREE, "region": "global", "kind": FREE, "actual": "25", "forecast": "31",
        "limit": "30", "unit": FREE, "description": NAME,
    });
    json!({
        "prices": {"chosen": FREE, "rows": [{
            "service": "AmazonEC2", "region": "us-east-1", "usage": "BoxUsage:t2.small",
            "unit": "hour", "tiers": [{"from": "0", "price": "0.023"}], "source": FREE,
            "as_of": "2026-11-05", "standing": "unverified",
        }]},
        "free_tier": {
            "asked": "2018-05-01T00:00:00Z", "offers": {"known": [offer]},
            "plan": {"known": {"kind": FREE, "status": NAME, "credits": "1"}},
            "budgets": {"known": [{"name": NAME, "kind": FREE, "period": FREE, "unit": NAME}]},
        },
        "spent": {
            "from": FREE, "to": NAME, "tags": {NAME: [FREE]}, "estimated": true, "currency": NAME,
            "services": {FREE: "1.5", NAME: "2"}, "requests": 1,
        },
        "unheard": [{
            "what": FREE, "call": "ce:GetCostAndUsage", "action": NAME, "reason": "denied",
            "code": NAME, "message": FREE,
        }],
    })
}

/// Makes every free text in a description hostile.
fn soil(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                if TEXTS.contains(&key.as_str()) && value.is_string() {
                    *value = FREE.into();
                } else {
                    soil(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(soil),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Every text in a JSON value, keys included.
fn texts(value: &Value, all: &mut BTreeSet<String>) {
    match value {
        Value::String(it) => drop(all.insert(it.clone())),
        Value::Array(it) => it.iter().for_each(|it| texts(it, all)),
        Value::Object(it) => {
            for (key, value) in it {
                all.insert(key.clone());
                texts(value, all);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn assert_harmless_text(what: &str, said: &str) {
    let bad = said.chars().find(|it| *it != '\n' && text::is_harmful(*it));
    assert_eq!(bad, None, "{what}: {said}");
}

fn assert_harmless_csv(what: &str, said: &str) {
    let bad = |it: &char| !matches!(it, '\n' | '\r') && text::is_harmful(*it);
    assert_eq!(said.chars().find(bad), None, "{what}: {said}");
    let mut rows = csv::Reader::from_reader(said.as_bytes());
    for row in rows.records() {
        for cell in row.unwrap().iter() {
            let begins = cell.trim_start().chars().next();
            let formula = begins.is_some_and(|it| "=+-@\t\r＝＋－＠".contains(it));
            // A number of our own may be less than none.
            let ours = cell.parse::<rust_decimal::Decimal>().is_ok();
            assert!(!formula || ours, "{what}: {cell:?}");
        }
    }
}

fn assert_json(what: &str, said: &str) -> Value {
    let bad = |it: &char| *it != '\n' && it.is_ascii_control();
    assert_eq!(said.chars().find(bad), None, "{what}: {said}");
    serde_json::from_str(said).unwrap_or_else(|it| panic!("{what}: {it}"))
}

fn assert_true_json(what: &str, said: &str) {
    let value = assert_json(what, said);
    let mut all = BTreeSet::new();
    texts(&value, &mut all);
    // What is told of the hostile name is told as it is.
    for text in all.iter().filter(|it| it.contains("alert(1)")) {
        assert!(text.contains(NAME), "{what}: {text:?}");
    }
}

/// The names of all elements and their `on…` attributes, comments aside.
fn elements(html: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for tag in html.split('<').skip(1) {
        let name = tag.split(|it: char| !it.is_ascii_alphanumeric() && it != '!' && it != '/');
        all.insert(name.into_iter().next().unwrap_or_default().to_owned());
        let (inside, _) = tag.split_once('>').unwrap_or((tag, ""));
        if let Some(at) = inside.find(" on") {
            all.insert(inside[at..].chars().take(12).collect());
        }
    }
    all
}

fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    entries
        .flat_map(|it| {
            if it.is_dir() {
                files(&it)
            } else {
                BTreeSet::from([it])
            }
        })
        .collect()
}

#[test]
fn hostile_names_and_texts_do_nothing_in_any_output_of_any_verb() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("a/b/c/d");
    fs::create_dir_all(&inner).unwrap();
    let snapshot = hostile(&inner);
    let out = inner.join("report");
    let all = verbs::run_all(&snapshot, &out);
    let mut told = BTreeSet::new();
    for said in &all {
        let what = format!("{:?}", said.args);
        assert!(
            !(said.stdout.is_empty() && said.stderr.is_empty()),
            "{what}"
        );
        assert_harmless_text(&what, &said.stderr);
        match said.format.as_deref() {
            // The labels of a picture are for eyes, in JSON too.
            Some("json") if said.args[0] == "diagram" => drop(assert_json(&what, &said.stdout)),
            Some("json") if !said.stdout.is_empty() => assert_true_json(&what, &said.stdout),
            Some("csv" | "focus") => assert_harmless_csv(&what, &said.stdout),
            // What a viewer shows is harmless to its reader, too.
            Some("sarif") => {
                assert_json(&what, &said.stdout);
                assert_harmless_text(&what, &said.stdout);
            }
            _ => assert_harmless_text(&what, &said.stdout),
        }
        if said.stdout.contains("alert(1)") {
            told.insert((said.args[0].clone(), said.format.clone()));
        }
    }
    // It was there to be told: else nothing of this means anything.
    for verb in ["audit", "diff", "list", "racks", "show"] {
        assert!(told.iter().any(|it| it.0 == verb), "{verb}: {told:?}");
    }
    let written = files(folder.path());
    for file in written.iter().filter(|it| **it != snapshot) {
        let folder = file.parent().unwrap();
        let ours = folder == out || folder == out.join("review");
        assert!(ours, "a file where none should be: {}", file.display());
        let what = file.display().to_string();
        let content = fs::read_to_string(file).unwrap();
        match file.extension().and_then(|it| it.to_str()) {
            Some("csv") => assert_harmless_csv(&what, &content),
            Some("json") => assert_true_json(&what, &content),
            Some("html") => {
                let kept = fs::read_to_string("samples/karim-test/index.html").unwrap();
                let new: Vec<String> = elements(&content)
                    .difference(&elements(&kept))
                    .cloned()
                    .collect();
                assert!(new.is_empty(), "{what}: {new:?}");
                let scripts = |it: &str| it.matches("<script").count();
                assert_eq!(scripts(&content), scripts(&kept), "{what}");
                let bad = |it: &char| *it != '\n' && text::is_harmful(*it);
                assert_eq!(content.chars().find(bad), None, "{what}");
            }
            Some("md") => {
                assert_harmless_text(&what, &content);
                let tags = content.replace("<br>", "").replace("\\<", "");
                assert!(!tags.contains('<'), "{what}: {tags}");
            }
            Some("mmd" | "dot") => assert_harmless_text(&what, &content),
            other => panic!("{what}: say here what must hold of {other:?}"),
        }
    }
}
