//! Repositories whose images are lost with them.

use super::{Case, Evidence, Rule, Status, Verdict, Words, going};
use crate::{
    kind::{Kind, repository::Repository},
    snapshot::Resource,
    text,
};

pub const RULE: Rule = Rule {
    id: "repository-not-empty",
    words: include_str!("../../rules/repository-not-empty.toml"),
    needs: &[Kind::Repository],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let judge = |(resource, repository)| judge(case, words, resource, repository);
    going::of::<Repository>(case).map(judge).collect()
}

fn judge(case: &Case<'_>, words: &Words, resource: &Resource, held: &Repository) -> Verdict {
    let id = &resource.id;
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    let Some(images) = held.images.known() else {
        let gap = case.gap_of_call(id, "DescribeImages");
        return verdict(Status::Unknown, "its images were not read".to_owned()).gap(gap);
    };
    if images.count == 0 {
        return verdict(Status::Pass, "no image is in it".to_owned());
    }
    let number = usize::try_from(images.count).unwrap_or(usize::MAX);
    let pushed = images.newest_push.map(|it| {
        let age = text::age(it, case.taken);
        format!(", the newest pushed {age} ago")
    });
    let why = format!(
        "it holds {} of {}{}: ECR deletes it only by force, and they go with it",
        text::count(number, "image"),
        text::bytes(images.bytes),
        pushed.unwrap_or_default()
    );
    let evidence = Evidence::new(id, "imageDetails", images.count.to_string());
    verdict(Status::Fail, why).evidence([evidence])
}
