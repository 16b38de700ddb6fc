//! Buckets that a deleted stack left behind and that nothing uses.

use jiff::Timestamp;

use super::{
    Case, Cost, Evidence, Rule, Status, Verdict, Words,
    written::{self, Writers},
};
use crate::{
    belonging,
    charge::gigabytes,
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
    let writers = Writers::of(case);
    let buckets = case.graph.of::<Bucket>();
    buckets
        .filter_map(|(resource, bucket)| judge(case, words, &writers, resource, bucket))
        .collect()
}

/// `None` for a neighbour's bucket that no stack left: it is nobody's business here.
fn judge(
    case: &Case<'_>,
    words: &Words,
    writers: &Writers<'_>,
    resource: &Resource,
    bucket: &Bucket,
) -> Option<Verdict> {
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
    let never = words.texts("never");
    let name = id.key.as_str();
    if let Some(pattern) = never.iter().find(|it| text::glob(it, name)) {
        let why = format!(
            "stack {stack}, which made it, is gone, but its name is like {pattern}: tools keep \
             such buckets for what comes next"
        );
        return verdict(Status::Pass, why);
    }
    let gone = format!("stack {stack}, which made it, is gone, but");
    if let Some(source) = writers.source(id) {
        let why = format!("{gone} the objects of {source} are copied into it");
        return verdict(Status::Pass, why);
    }
    if let Some((writes, evidence)) = writers.flow_logs(id) {
        let why = format!("{gone} {writes}");
        return verdict(Status::Pass, why).map(|it| it.evidence([evidence]));
    }
    if let Some(newest) = newest(bucket)
        && case.hours_since(newest) < words.number("silent-days").saturating_mul(24)
    {
        let age = text::age(newest, case.taken);
        let why = format!("{gone} something was written into it only {age} ago");
        let evidence = Evidence::new(id, "Contents.LastModified", newest.to_string());
        return verdict(Status::Pass, why).map(|it| it.evidence([evidence]));
    }
    if let Some(service) = written::admitted(bucket).first()
        && !is_whole(bucket)
    {
        let why = format!(
            "{gone} its policy lets {service} write into it, and whether that still does was not \
             seen"
        );
        return verdict(Status::Unknown, why);
    }
    if let Some(gap) = writers.gap() {
        let why = format!("{gone} whether flow logs come into it was not read");
        return verdict(Status::Unknown, why).map(|it| it.gap(Some(gap)));
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
    let failure = verdict(Status::Fail, why)?.evidence(evidence);
    Some(match bucket.contents.known() {
        Some(it) if it.complete => failure.cost(Cost::Stored {
            usage: "TimedStorage-ByteHrs",
            gigabytes: gigabytes(it.bytes),
        }),
        _ => failure,
    })
}

/// Whether all of its objects were seen.
fn is_whole(bucket: &Bucket) -> bool {
    bucket.contents.known().is_some_and(|it| it.complete)
}

/// When something was last written into it, as far as is known: the newest object on the first
/// page is the newest of all only where that is the only page, but it is no older than that.
fn newest(bucket: &Bucket) -> Option<Timestamp> {
    bucket.contents.known()?.newest
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kind::vpc::Vpc, snapshot::Gap, testing};

    #[test]
    fn where_flow_logs_were_not_read_they_may_come_into_it() {
        let tags = [(STACK_ID_TAG, "arn:gone"), (STACK_NAME_TAG, "gone")];
        let bucket = Bucket {
            contents: Fact::Known(Default::default()),
            ..Bucket::default()
        };
        let resources = [
            testing::tagged(Resource::new("logs", bucket), tags),
            Resource::new("vpc-1", Vpc::default()),
        ];
        let gap = Gap {
            resource: Some(resources[1].id.clone()),
            ..testing::gap(Kind::Vpc, "ec2:DescribeFlowLogs")
        };
        let words = RULE.words().unwrap();
        let said = |gaps: &[Gap]| {
            let said = testing::owned(&resources, gaps, |_| true, |case| check(case, &words));
            (said[0].status, said[0].gap.as_deref().cloned())
        };
        assert_eq!(said(&[]), (Status::Fail, None));
        assert_eq!(
            said(std::slice::from_ref(&gap)),
            (Status::Unknown, Some(gap))
        );
    }
}
