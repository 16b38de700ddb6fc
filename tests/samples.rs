//! `samples/`: shown to users, embedded for the demo, and made anew here so that they stay true.
//!
//! `UPDATE=1 cargo test samples` writes them; the diff then shows what a change does to output.

use std::{fs, path::Path};

use crate::support::program::{racklens, run};

const SAMPLE: &str = "samples/karim-test";

#[test]
fn samples_are_what_the_program_writes() {
    #[cfg(feature = "aws")]
    compare_or_update("snapshot.json", &taken::snapshot());
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("report");
    let (code, _, stderr) = run(racklens()
        .args([
            "report",
            "--from",
            &format!("{SAMPLE}/snapshot.json"),
            "--out",
        ])
        .arg(&out));
    assert_eq!(code, 0, "{stderr}");
    for name in [
        "index.html",
        "resources.csv",
        "edges.csv",
        "findings.csv",
        "diagram.mmd",
        "diagram.dot",
        "manifest.json",
    ] {
        compare_or_update(name, &fs::read_to_string(out.join(name)).unwrap());
    }
    let (_, audit, _) =
        run(racklens().args(["audit", "--from", &format!("{SAMPLE}/snapshot.json")]));
    compare_or_update("audit.txt", &audit);
}

fn compare_or_update(name: &str, made: &str) {
    let path = Path::new(SAMPLE).join(name);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, made).unwrap();
        return;
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    let differing = kept.lines().zip(made.lines()).find(|(a, b)| a != b);
    let (old, new) = differing.unwrap_or(("(end of file)", "(end of file)"));
    assert!(
        kept == made,
        "{} is stale, first at:\n  kept {old}\n  made {new}\nrun UPDATE=1 cargo test samples, read the diff, commit it",
        path.display()
    );
}

/// The sample's snapshot, taken from the emulator and told with the names and times of the story.
#[cfg(feature = "aws")]
mod taken {
    use jiff::{SignedDuration, Timestamp};
    use racklens::snapshot::Snapshot;
    use serde_json::Value;

    use crate::support::{
        emulator::Emulator,
        program::{racklens, run},
    };

    /// An hour after the app was deployed, as the story has it.
    const TAKEN: &str = "2018-05-01T17:53:44Z";

    pub fn snapshot() -> String {
        let emulator = Emulator::shared();
        let (code, json, stderr) = run(racklens().envs(emulator.env()).args([
            "snapshot",
            "--rack",
            "karim-test",
            "-o",
            "-",
        ]));
        assert_eq!(code, 0, "{stderr}");
        let mut snapshot: Value = serde_json::from_str(&emulator.apply_aliases(&json)).unwrap();
        let real: Timestamp = snapshot["taken"].as_str().unwrap().parse().unwrap();
        for resource in snapshot["resources"].as_array_mut().unwrap() {
            let born = born(&resource["id"].to_string());
            retell(resource, real, born);
        }
        snapshot["taken"] = TAKEN.into();
        snapshot["took_ms"] = 4200.into();
        let snapshot = Snapshot::parse(snapshot.to_string().as_bytes()).unwrap();
        snapshot.to_json()
    }

    /// When a resource came into being, by the ages that the story's tables show.
    fn born(id: &str) -> Timestamp {
        let of_the_app = ["karim-httpd", "karim-regis", "karim-Balan", "a41421cf"];
        let hours_before = if of_the_app.iter().any(|it| id.contains(it)) {
            return "2018-05-01T16:54:34Z".parse().unwrap();
        } else if id.contains("old-rack") {
            150 * 24
        } else if id.contains("\"task/") {
            22
        } else if id.contains("container-instance/") || id.contains("\"instance/") {
            27
        } else {
            43
        };
        let taken: Timestamp = TAKEN.parse().unwrap();
        taken - SignedDuration::from_hours(hours_before)
    }

    /// Moves every time inside a value: what is of today becomes `born`, what is days away keeps
    /// its distance.
    fn retell(value: &mut Value, real: Timestamp, born: Timestamp) {
        match value {
            Value::String(text) => {
                let Ok(time) = text.parse::<Timestamp>() else {
                    return;
                };
                let days = time.duration_since(real).as_hours() / 24;
                let told = born + SignedDuration::from_hours(days * 24);
                *text = told.to_string();
            }
            Value::Array(list) => list.iter_mut().for_each(|it| retell(it, real, born)),
            Value::Object(map) => map.values_mut().for_each(|it| retell(it, real, born)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}
