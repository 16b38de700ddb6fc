//! Buckets that a deleted stack left behind and that nothing uses.

use super::{Case, Evidence, Rule, Status, Verdict, Words};
use crate::{
    belonging,
    kind::{Fact, Kind, bucket::Bucket},
    rack::{STACK_ID_TAG, STACK_NAME_TAG},
    snapshot::Resource,
    text,
};

pub const RULE: Rule = Rule {
    id: "bucket-orphan",
    words: include_str!("../../rules/bucket-orphan.toml"),
    needs: &[
        Kind::Bucket,
        Kind::Stack,
        Kind::LoadBalancer,
        Kind::ClassicLoadBalancer,
    ],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let buckets = case.graph.of::<Bucket>();
    buckets
        .filter_map(|(resource, bucket)| judge(case, words, resource, bucket))
        .collect()
}

/// `None` for a neighbour's bucket that no stack left: it is nobody's business here.
fn judge(case: &Case<'_>, words: &Words, resource: &Resource, bucket: &Bucket) -> Option<Verdict> {
    let id = &resource.id;
    let ours = !case.belongings.of(id).is_foreign();
    let verdict = |status, why: String| Some(Verdict::new(&RULE, words, id, status, why));
    let unread_tags = case
        .gap_about(id)
        .filter(|it| it.call == "s3:GetBucketTagging");
    if let Some(gap) = unread_tags.filter(|_| !ours) {
        let why = "its tags were not read, so it is not known who made it".to_owned();
        return verdict(Status::Unknown, why).map(|it| it.gap(Some(gap)));
    }
    let Some(stack) = belonging::left_by(resource, case.graph) else {
        return ours
            .then(|| verdict(Status::Pass, case.belongings.of(id).evidence.clone()))
            .flatten();
    };
    if let Some(gap) = case.gap_in_listing(Kind::Stack) {
        let why = format!("whether stack {stack} still exists is not known");
        return verdict(Status::Unknown, why).map(|it| it.gap(Some(gap)));
    }
    let users = case.graph.users(id);
    if let Some((user, edge)) = users.first() {
        let why = format!(
            "stack {stack}, which made it, is gone, but {} still {} it",
            user.id,
            edge.kind.name()
        );
        return verdict(Status::Pass, why);
    }
    let why = format!(
        "stack {stack}, which made it, is gone, and nothing that was read refers to it; {}",
        contents(bucket)
    );
    let tags = [STACK_NAME_TAG, STACK_ID_TAG];
    let evidence = tags.into_iter().filter_map(|tag| {
        let value = resource.tags.get(tag)?;
        Some(Evidence::new(id, "TagSet", format!("{tag} = {value}")))
    });
    verdict(Status::Fail, why).map(|it| it.evidence(evidence))
}

fn contents(bucket: &Bucket) -> String {
    match &bucket.contents {
        Fact::Unread => "what is in it was not read".to_owned(),
        Fact::Known(it) if it.objects == 0 => match bucket.is_empty() {
            Some(true) => "it is empty".to_owned(),
            _ => "it holds no current object, but may hold old versions".to_owned(),
        },
        Fact::Known(it) => format!(
            "it holds {}{}",
            if it.complete { "" } else { "at least " },
            text::count(usize::try_from(it.objects).unwrap_or(usize::MAX), "object")
        ),
    }
}
