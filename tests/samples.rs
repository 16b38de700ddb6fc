//! `samples/`: shown to users, embedded for the demo, and made anew here so that they stay true.
//!
//! `UPDATE=1 cargo test samples` writes them; the diff then shows what a change does to output.

use std::{fs, path::Path};

use crate::support::program::{racklens, run};

/// An example: a rack of a story, told with the story's names and times.
struct Sample {
    /// Below `samples/`.
    folder: &'static str,
    /// What stands in the emulator, by module of `tests/emulator/racks`.
    #[cfg(feature = "aws")]
    racks: &'static [&'static str],
    #[cfg(feature = "aws")]
    rack: &'static str,
    /// What the rack is said to be, beyond its name.
    #[cfg(feature = "aws")]
    said: &'static [&'static str],
    #[cfg(feature = "aws")]
    taken: &'static str,
    /// Seconds for which things had been there: of those whose id holds one of these texts, the
    /// first that fits; of all others.
    #[cfg(feature = "aws")]
    ages: (&'static [(&'static str, i64)], i64),
}

#[cfg(feature = "aws")]
const HOUR: i64 = 3600;
#[cfg(feature = "aws")]
const DAY: i64 = 24 * HOUR;

macro_rules! sample {
    ($test:ident: $folder:literal, racks $racks:expr, rack $rack:literal $($said:literal)*, taken $taken:literal, ages $ages:expr, else $age:expr) => {
        #[test]
        fn $test() {
            let sample = Sample {
                folder: $folder,
                #[cfg(feature = "aws")]
                racks: &$racks,
                #[cfg(feature = "aws")]
                rack: $rack,
                #[cfg(feature = "aws")]
                said: &[$($said),*],
                #[cfg(feature = "aws")]
                taken: $taken,
                #[cfg(feature = "aws")]
                ages: (&$ages, $age),
            };
            sample.is_what_the_program_writes();
        }
    };
}

// An hour after the app was deployed, as the story has it.
sample! {
    karim_test: "karim-test",
    racks ["karim_test", "neighbours"], rack "karim-test",
    taken "2018-05-01T17:53:44Z",
    ages [
        ("karim-httpd", 3550), ("karim-regis", 3550), ("karim-Balan", 3550), ("a41421cf", 3550),
        ("old-rack", 150 * DAY), ("\"task/", 22 * HOUR), ("container-instance/", 27 * HOUR),
        ("\"instance/", 27 * HOUR),
    ],
    else 43 * HOUR
}

// The bootcamp's seventh week, a day after its services were deployed.
sample! {
    cruddur: "cruddur",
    racks ["cruddur"], rack "cruddur",
    taken "2023-04-08T09:00:00Z",
    ages [
        ("service/cruddur", 26 * HOUR), ("\"task/", 26 * HOUR), ("task-definition", 26 * HOUR),
        ("load-balancer", 28 * HOUR), ("target-group", 28 * HOUR), ("listener", 28 * HOUR),
        ("db-instance", 27 * DAY), ("ledger", 90 * DAY),
    ],
    else 9 * DAY
}

// The evening of the chapter in which the book deploys its web application.
sample! {
    ecs_cluster: "ecs-cluster",
    racks ["ecs_cluster"], rack "ecs-cluster",
    taken "2016-12-20T20:00:00Z",
    ages [
        ("service/", HOUR), ("\"task/", HOUR), ("task-definition", HOUR),
        ("classic-load-balancer", 2 * HOUR), ("reporting", 200 * DAY), ("db-", 5 * HOUR),
    ],
    else 8 * HOUR
}

// The day of the post.
sample! {
    ecstest: "ecstest",
    racks ["ecstest"],
    rack "ECSTEST" "--tfstate" "s3://encompass-terraform-state/ecstest/terraform.tfstate",
    taken "2017-03-11T03:00:00Z",
    ages [("consul", 300 * DAY), ("haproxy", 300 * DAY), ("\"vpc/", 300 * DAY), ("\"subnet/", 300 * DAY)],
    else 94 * HOUR
}

// A second rack in the first one's network, two weeks later.
sample! {
    karim_staging: "karim-staging",
    racks ["karim_test", "karim_staging"], rack "karim-staging",
    taken "2018-05-15T09:00:00Z",
    ages [("karim-staging-shop", 3 * DAY), ("karim-staging", 6 * DAY), ("\"task/", 3 * DAY)],
    else 15 * DAY
}

impl Sample {
    fn is_what_the_program_writes(&self) {
        #[cfg(feature = "aws")]
        self.compare_or_update("snapshot.json", &taken::snapshot(self));
        let snapshot = format!("samples/{}/snapshot.json", self.folder);
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("report");
        let (code, _, stderr) = run(racklens()
            .args(["report", "--from", &snapshot, "--out"])
            .arg(&out));
        assert_eq!(code, 0, "{stderr}");
        for entry in fs::read_dir(&out).unwrap() {
            let entry = entry.unwrap();
            if entry.file_name() != "snapshot.json" {
                let name = entry.file_name().into_string().unwrap();
                self.compare_or_update(&name, &fs::read_to_string(entry.path()).unwrap());
            }
        }
        let (_, audit, _) = run(racklens().args(["audit", "--from", &snapshot]));
        self.compare_or_update("audit.txt", &audit);
        let cost = ["cost", "--by", "resource", "--from", &snapshot];
        let (code, cost, stderr) = run(racklens().args(cost));
        assert_eq!(code, 0, "{stderr}");
        self.compare_or_update("cost.txt", &cost);
        let whole = [
            "--delete",
            "all",
            "--disable-protection",
            "all",
            "--include",
            "inferred",
        ];
        let plan = ["teardown", "--from", &snapshot];
        let (code, plan, stderr) = run(racklens().args(plan).args(whole));
        // A rack in another's network is held up by what that one uses of it.
        let held_up = self.folder == "karim-staging";
        assert_eq!(code, if held_up { 20 } else { 0 }, "{stderr}");
        self.compare_or_update("teardown.txt", &plan);
    }

    fn compare_or_update(&self, name: &str, made: &str) {
        let path = Path::new("samples").join(self.folder).join(name);
        if std::env::var_os("UPDATE").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
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
}

/// The sample's snapshot, taken from the emulator and told with the names and times of the story.
#[cfg(feature = "aws")]
mod taken {
    use jiff::{SignedDuration, Timestamp};
    use racklens::snapshot::Snapshot;
    use serde_json::Value;

    use super::Sample;
    use crate::support::{
        emulator::Emulator,
        program::{racklens, run},
    };

    pub fn snapshot(sample: &Sample) -> String {
        let own;
        let emulator = if sample.racks == Emulator::SHARED {
            Emulator::shared()
        } else {
            own = Emulator::start(sample.racks);
            &own
        };
        let (code, json, stderr) = run(racklens()
            .envs(emulator.env())
            .args(["snapshot", "--rack", sample.rack, "--teardown", "-o", "-"])
            .args(sample.said));
        assert_eq!(code, 0, "{stderr}");
        let mut snapshot: Value = serde_json::from_str(&emulator.apply_aliases(&json)).unwrap();
        let real: Timestamp = snapshot["taken"].as_str().unwrap().parse().unwrap();
        for resource in snapshot["resources"].as_array_mut().unwrap() {
            let born = born(sample, &resource["id"].to_string());
            retell(resource, real, born);
        }
        snapshot["taken"] = sample.taken.into();
        snapshot["took_ms"] = 4200.into();
        let mut snapshot = Snapshot::parse(snapshot.to_string().as_bytes()).unwrap();
        snapshot.sort();
        snapshot.to_json()
    }

    /// When a resource came into being, by the ages that the story tells.
    fn born(sample: &Sample, id: &str) -> Timestamp {
        let (told, others) = sample.ages;
        let told = told.iter().find(|(text, _)| id.contains(text));
        let taken: Timestamp = sample.taken.parse().unwrap();
        taken - SignedDuration::from_secs(told.map_or(others, |it| it.1))
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
