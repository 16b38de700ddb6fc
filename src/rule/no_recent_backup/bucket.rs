//! Buckets: old versions go with theirs, so only what is copied to another bucket outlives one.

use super::{
    super::{Severity, going},
    Case, Evidence, RULE, Status, Verdict, Words,
};
use crate::{
    id::ResourceId,
    kind::{
        Kind,
        bucket::{Bucket, Replication},
    },
    relation::RelationKind,
};

/// What is said where S3 cannot know it, either.
const BESIDES: &str = "whether AWS Backup or somebody by hand copies it was not read";

pub(super) fn judge(case: &Case<'_>, words: &Words, id: &ResourceId, bucket: &Bucket) -> Verdict {
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    if bucket.is_empty() == Some(true) {
        return verdict(Status::Pass, "nothing is in it".to_owned());
    }
    let Some(rules) = bucket.copied_by() else {
        let gap = case.gap_of_call(id, "GetBucketReplication");
        let gap = gap.or_else(|| case.gap_of_call(id, "GetBucketVersioning"));
        let why = "whether S3 copies it to another bucket was not read";
        return verdict(Status::Unknown, why.to_owned()).gap(gap);
    };
    let goes = |it: &Replication| going::goes(case, &ResourceId::new(Kind::Bucket, &it.to));
    let (lost, lasting): (Vec<&Replication>, Vec<&Replication>) =
        rules.into_iter().partition(|it| goes(it));
    if let Some(whole) = lasting.iter().find(|it| !it.filtered) {
        let why = format!(
            "S3 copies what is written into it to bucket {}; not what was there before that began",
            whole.to
        );
        return verdict(Status::Pass, why);
    }
    let path = "ReplicationConfiguration.Rules";
    let (why, found) = match (lasting.first(), lost.first()) {
        (Some(part), _) => (
            format!("S3 copies only a part of it, to bucket {}", part.to),
            "Filter",
        ),
        (None, Some(lost)) => (
            format!("S3 copies it to bucket {} alone, which goes, too", lost.to),
            "Destination",
        ),
        (None, None) => ("S3 copies it to no other bucket".to_owned(), "none"),
    };
    let versions = bucket.versioning.known().is_some_and(|it| it != "Off");
    let versions = if versions {
        ", and its old versions go with it"
    } else {
        ""
    };
    // Logs are written anew wherever the next load balancer is.
    let severity = if holds_logs(case, id) {
        Severity::Low
    } else {
        words.severity
    };
    verdict(Status::Fail, format!("{why}{versions}; {BESIDES}"))
        .severity(severity)
        .evidence([Evidence::new(id, path, found)])
}

/// Whether something of AWS writes its logs into it.
fn holds_logs(case: &Case<'_>, id: &ResourceId) -> bool {
    let users = case.graph.users(id).into_iter();
    users
        .into_iter()
        .any(|(_, edge)| edge.kind == RelationKind::WritesTo)
}
