//! Repositories that keep every image that was ever pushed.

use super::{Case, Cost, Evidence, Rule, Severity, Status, Verdict, Words};
use crate::{
    charge::gigabytes,
    kind::{
        Fact, Kind,
        repository::{Images, Repository},
    },
    snapshot::Resource,
    text,
};

pub const RULE: Rule = Rule {
    id: "ecr-no-lifecycle",
    words: include_str!("../../rules/ecr-no-lifecycle.toml"),
    needs: &[Kind::Repository],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let judge = |(resource, repository)| judge(case, words, resource, repository);
    case.ours::<Repository>().map(judge).collect()
}

fn judge(case: &Case<'_>, words: &Words, resource: &Resource, repository: &Repository) -> Verdict {
    let id = &resource.id;
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    match repository.lifecycle_policy {
        Fact::Known(true) => {
            let why = "a lifecycle policy expires old images";
            return verdict(Status::Pass, why.to_owned());
        }
        Fact::Unread => {
            let why = "whether it has a lifecycle policy was not read";
            return verdict(Status::Unknown, why.to_owned()).gap(case.gap_of_call(id, "Lifecycle"));
        }
        Fact::Known(false) => {}
    }
    let (severity, holds) = match repository.images.known() {
        None => (words.severity, "what is in it was not read".to_owned()),
        Some(it) if it.count == 0 => {
            let why = "it is empty now, which lowers the severity";
            (Severity::Info, why.to_owned())
        }
        Some(it) => (words.severity, holds(case, it)),
    };
    let evidence = Evidence::new(id, "lifecyclePolicyText", "absent");
    let failure = verdict(Status::Fail, format!("no image ever expires; {holds}"))
        .severity(severity)
        .evidence([evidence]);
    match repository.images.known() {
        Some(it) => failure.cost(Cost::Stored {
            usage: "TimedStorage-ByteHrs",
            gigabytes: gigabytes(it.bytes),
        }),
        None => failure,
    }
}

/// "it holds 120 images, 48 GB, 70 of them without a tag, the last one pulled 90 days ago"
fn holds(case: &Case<'_>, images: &Images) -> String {
    let count = usize::try_from(images.count).unwrap_or(usize::MAX);
    let untagged = match images.untagged {
        0 => String::new(),
        it => format!(", {it} of them without a tag"),
    };
    let pulled = images.last_pull.map(|it| {
        let age = text::age(it, case.taken);
        format!(", the last one pulled {age} ago")
    });
    format!(
        "it holds {}, {}{untagged}{}",
        text::count(count, "image"),
        text::bytes(images.bytes),
        pulled.unwrap_or_default()
    )
}
