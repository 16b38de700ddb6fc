//! Repositories that keep every image that was ever pushed.

use super::{Case, Evidence, Rule, Status, Verdict, Words};
use crate::{
    kind::{Fact, Kind, repository::Repository},
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
            return verdict(Status::Unknown, why.to_owned()).gap(case.gap_about(id));
        }
        Fact::Known(false) => {}
    }
    let holds = match repository.images.known() {
        None => "what is in it was not read".to_owned(),
        Some(it) => format!(
            "it holds {} of {} MB together, {} of them without a tag",
            text::count(usize::try_from(it.count).unwrap_or(usize::MAX), "image"),
            it.bytes / 1_000_000,
            it.untagged
        ),
    };
    let evidence = Evidence::new(id, "lifecyclePolicyText", "absent");
    verdict(Status::Fail, format!("no image ever expires; {holds}")).evidence([evidence])
}
