//! Buckets: old versions go with theirs, so only what is copied to another bucket outlives one.

use super::{
    super::{Severity, going, written::Writers},
    Case, Evidence, RULE, Status, Verdict, Words,
};
use crate::{
    id::ResourceId,
    kind::{
        Kind,
        bucket::{Bucket, Replication},
    },
    snapshot::Resource,
};

/// What is said where S3 cannot know it, either.
const BESIDES: &str = "whether AWS Backup or somebody by hand copies it was not read";

pub(super) fn judge(
    case: &Case<'_>,
    words: &Words,
    writers: &Writers<'_>,
    resource: &Resource,
    bucket: &Bucket,
) -> Verdict {
    let id = &resource.id;
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
    let why = format!("{why}{versions}; {BESIDES}");
    let evidence = Evidence::new(id, path, found);
    // Logs are written anew wherever the next load balancer is.
    match writers.logs(case, resource, bucket) {
        Some((writes, seen)) => {
            let why = format!("{why}; {writes}, which lowers the severity");
            verdict(Status::Fail, why)
                .severity(words.severity.min(Severity::Low))
                .evidence([evidence, seen])
        }
        None => verdict(Status::Fail, why).evidence([evidence]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kind::{
            Fact,
            vpc::{FlowLog, Vpc},
        },
        testing,
    };

    #[test]
    fn logs_are_a_small_loss_whoever_writes_them() {
        let flow_log = FlowLog {
            destination: Some("arn:aws:s3:::flows/prod".to_owned()),
            ..FlowLog::default()
        };
        let vpc = Vpc {
            flow_logs: Fact::Known(vec![flow_log]),
            ..Vpc::default()
        };
        let bucket = || Bucket {
            versioning: Fact::Known("Off".to_owned()),
            ..Bucket::default()
        };
        let resources = [
            Resource::new("vpc-1", vpc),
            Resource::new("flows", bucket()),
            Resource::new("settings", bucket()),
        ];
        let words = RULE.words().unwrap();
        let said = testing::owned(
            &resources,
            &[],
            |_| true,
            |case| {
                let writers = Writers::of(case);
                [1, 2].map(|it| judge(case, &words, &writers, &resources[it], &bucket()))
            },
        );
        assert_eq!(said[0].severity, Severity::Low);
        assert!(
            said[0]
                .why
                .contains("vpc/vpc-1 writes its flow logs into it")
        );
        assert_eq!(said[1].severity, words.severity);
    }
}
