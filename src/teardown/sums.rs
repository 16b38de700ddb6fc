//! A plan in a few sentences: whether it may be run, what it costs those who run it, and what they
//! agreed to.

use std::collections::BTreeMap;

use super::{
    plan::{Goal, Loss, Plan, Stay, Why},
    protection::Guard,
    tell,
};
use crate::{price::grouped, removal::Data, text};

/// The words that begin a plan: may it be run, what is lost, how much of the rack goes.
pub fn verdict(plan: &Plan) -> String {
    let blockers = plan.blockers.len();
    if blockers > 0 {
        let things = if blockers == 1 {
            "one thing stands".to_owned()
        } else {
            format!("{blockers} things stand")
        };
        return format!("NOT SAFE: {things} in the way. Nothing of it may be run.");
    }
    if plan.steps.is_empty() {
        return "Nothing goes: see below for what stays, and why.".to_owned();
    }
    format!("SAFE for others. {}", price(plan))
}

/// What is lost, and whether all goes. Whole sentences.
pub fn price(plan: &Plan) -> String {
    let mut said = Vec::new();
    let (copied, lost): (Vec<&Loss>, Vec<&Loss>) = plan.losses.iter().partition(|it| it.copied);
    if !lost.is_empty() {
        said.push(format!("It loses {}, with no copy.", by_class(&lost)));
    }
    if !copied.is_empty() {
        said.push(format!(
            "{} copied first.",
            tell::capital(&match copied.len() {
                1 => format!("{} is", by_class(&copied)),
                _ => format!("{} are", by_class(&copied)),
            })
        ));
    }
    if plan.losses.is_empty() {
        said.push("No data is lost.".to_owned());
    }
    let left = left(plan).len();
    if left > 0 {
        let things = match left {
            1 => "one thing of it stays".to_owned(),
            _ => format!("{left} things of it stay"),
        };
        let held = plan.stays.iter();
        let held = held.filter(|it| matches!(it.why, Why::GoesWith { .. }));
        let things = match held.count() {
            0 => things,
            more => format!("{things} and keep {more} more there"),
        };
        said.push(format!(
            "Only part of the rack goes: {things}, and what stays costs $ {} a month.",
            grouped(plan.month.kept)
        ));
    }
    said.push("Whoever may decide has to approve it.".to_owned());
    said.join(" ")
}

/// What of the rack stays that could go, if somebody said so.
pub fn left(plan: &Plan) -> Vec<&Stay> {
    let could_go = |it: &&Stay| match &it.why {
        Why::NoConsent { .. }
        | Why::Protected { .. }
        | Why::Inferred { .. }
        | Why::Retained { .. }
        | Why::Kept { .. }
        | Why::Unread { .. } => true,
        Why::Shared { .. }
        | Why::Foreign { .. }
        | Why::NeverDeletable { .. }
        | Why::GoesWith { .. }
        | Why::Going { .. } => false,
    };
    plan.stays.iter().filter(could_go).collect()
}

/// "1 database, 2 log groups".
fn by_class(losses: &[&Loss]) -> String {
    let mut classes: BTreeMap<Data, usize> = BTreeMap::new();
    for it in losses {
        *classes.entry(it.data).or_default() += 1;
    }
    let counted = classes
        .into_iter()
        .map(|(data, number)| counted(number, noun(data)));
    tell::listed(&counted.collect::<Vec<_>>())
}

/// "2 databases", "2 image repositories".
fn counted(number: usize, noun: &str) -> String {
    match noun.strip_suffix("ory") {
        Some(stem) if number != 1 => format!("{number} {stem}ories"),
        Some(_) | None => text::count(number, noun),
    }
}

/// One thing with data of that class.
fn noun(data: Data) -> &'static str {
    match data {
        Data::Buckets => "bucket",
        Data::Caches => "cache",
        Data::Databases => "database",
        Data::Dns => "DNS zone",
        Data::FileSystems => "file system",
        Data::Images => "image repository",
        Data::Keys => "key",
        Data::Logs => "log group",
        Data::Queues => "queue",
        Data::Secrets => "secret",
        Data::Tables => "table",
        Data::Volumes => "disk",
    }
}

/// What was agreed to, as options of the command line.
pub fn agreed(plan: &Plan) -> String {
    consents(plan).join("; ")
}

/// What was agreed to, each as its option of the command line, or a clause where that was not said.
pub fn consents(plan: &Plan) -> Vec<String> {
    let consent = &plan.consent;
    let mut said = Vec::new();
    let list = |them: Vec<&str>, of: usize| {
        if them.len() == of {
            "all".to_owned()
        } else {
            them.join(",")
        }
    };
    said.push(if consent.delete.is_empty() {
        "no data may be lost".to_owned()
    } else {
        let classes = consent.delete.iter().map(|it| it.name()).collect();
        format!("--delete {}", list(classes, Data::ALL.len()))
    });
    said.push(if consent.disable.is_empty() {
        "no protection may be switched off".to_owned()
    } else {
        let guards = consent.disable.iter().map(|it| it.name()).collect();
        format!("--disable-protection {}", list(guards, Guard::ALL.len()))
    });
    said.push(if consent.inferred {
        "--include inferred".to_owned()
    } else {
        "what only its use ties to the rack stays".to_owned()
    });
    said.push(if consent.backup {
        "--backup".to_owned()
    } else {
        "no copy is made first".to_owned()
    });
    if consent.retain {
        said.push("--retain-resources".to_owned());
    }
    said.extend(consent.keep.iter().map(|it| format!("--spare {it}")));
    said
}

/// The copies that the plan makes, which stay and cost.
pub fn copies(plan: &Plan) -> usize {
    let saved = plan.steps.iter().filter(|it| it.goal == Goal::Saved);
    let last = |parameter: &str| parameter == "FinalDBSnapshotIdentifier";
    let acts = plan.steps.iter().flat_map(|it| &it.acts);
    let finals = acts.filter(|it| it.with.keys().any(|it| last(it)));
    saved.count() + finals.count()
}
