//! Who writes into buckets: services of AWS with their logs, and S3 with copies of other buckets.

use std::collections::BTreeMap;

use super::{Case, Evidence};
use crate::{
    id::ResourceId,
    kind::{Kind, bucket::Bucket, vpc::Vpc},
    relation::RelationKind,
    snapshot::{Gap, Resource},
};

/// Services that write logs and nothing else, whatever region they are asked for.
const LOGGING: [&str; 5] = [
    "cloudtrail.amazonaws.com",
    "config.amazonaws.com",
    "delivery.logs.amazonaws.com",
    "logdelivery.elasticloadbalancing.amazonaws.com",
    "logging.s3.amazonaws.com",
];

/// What is not told of buckets but of those that write into them: gathered once, asked of each.
pub struct Writers<'a> {
    /// By the bucket's name, the first VPC whose flow logs come into it, and the ARN that says so.
    flow_logs: BTreeMap<&'a str, (&'a ResourceId, &'a str)>,
    /// By the bucket's name, the first bucket of which objects are copied into it.
    sources: BTreeMap<&'a str, &'a ResourceId>,
    /// What hides flow logs.
    gap: Option<&'a Gap>,
}

impl<'a> Writers<'a> {
    pub fn of(case: &Case<'a>) -> Self {
        let mut flow_logs = BTreeMap::new();
        for (vpc, it) in case.graph.of::<Vpc>() {
            for log in it.flow_logs.known().into_iter().flatten() {
                let arn = log.destination.as_deref();
                if let Some((name, arn)) = arn.and_then(|it| Some((name_in(it)?, it))) {
                    flow_logs.entry(name).or_insert((&vpc.id, arn));
                }
            }
        }
        let mut sources = BTreeMap::new();
        for (resource, it) in case.graph.of::<Bucket>() {
            let rules = it.copied_by().into_iter().flatten();
            for rule in rules.filter(|it| it.to != resource.id.key) {
                sources.entry(&*rule.to).or_insert(&resource.id);
            }
        }
        let mut gaps = case.gaps.of_kind(Kind::Vpc);
        Self {
            flow_logs,
            sources,
            gap: gaps.find(|it| it.call.contains("DescribeFlowLogs")),
        }
    }

    /// Who writes logs into a bucket: what to say, and where that was seen. A load balancer or a VPC,
    /// else a service that its policy lets, as nobody else would.
    pub fn logs(
        &self,
        case: &Case<'_>,
        resource: &Resource,
        bucket: &Bucket,
    ) -> Option<(String, Evidence)> {
        let id = &resource.id;
        let users = case.graph.users(id).into_iter();
        let mut users = users.filter(|(_, edge)| edge.kind == RelationKind::WritesTo);
        let seen = users.next().map(|(writer, edge)| {
            let evidence = Evidence::new(&writer.id, edge.evidence, id.key.as_str());
            (format!("{} writes its logs into it", writer.id), evidence)
        });
        seen.or_else(|| self.flow_logs(id)).or_else(|| {
            let service = *admitted(bucket).first()?;
            let evidence = Evidence::new(id, "Policy.Statement.Principal.Service", service);
            let writes = format!("{service} may write its logs into it, as its policy says");
            Some((writes, evidence))
        })
    }

    /// A VPC whose flow logs come into it, likewise.
    pub fn flow_logs(&self, bucket: &ResourceId) -> Option<(String, Evidence)> {
        let (vpc, arn) = self.flow_logs.get(bucket.key.as_str())?;
        let evidence = Evidence::new(vpc, "FlowLogs.LogDestination", *arn);
        Some((format!("{vpc} writes its flow logs into it"), evidence))
    }

    /// Why it is not known whether flow logs come into a bucket.
    pub fn gap(&self) -> Option<&'a Gap> {
        self.gap
    }

    /// A bucket of which objects are copied into this one.
    pub fn source(&self, bucket: &ResourceId) -> Option<&'a ResourceId> {
        self.sources.get(bucket.key.as_str()).copied()
    }
}

/// The services that its policy lets write logs into it.
pub fn admitted(bucket: &Bucket) -> Vec<&str> {
    let policy = bucket.policy.known().and_then(Option::as_ref);
    let says = policy.and_then(|it| it.says.known());
    let writers = says.map(|it| it.writers.as_slice()).unwrap_or_default();
    let writers = writers.iter().map(String::as_str);
    writers.filter(|it| LOGGING.contains(it)).collect()
}

/// The bucket's name in an ARN, which may go on with a folder: `arn:aws:s3:::logs/vpc`.
fn name_in(arn: &str) -> Option<&str> {
    arn.rsplit_once(":::")?.1.split('/').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_found_in_an_arn_with_or_without_a_folder() {
        assert_eq!(name_in("arn:aws:s3:::logs/vpc/"), Some("logs"));
        assert_eq!(name_in("arn:aws:s3:::logs"), Some("logs"));
        assert_eq!(
            name_in("arn:aws:firehose:us-east-1:1:deliverystream/x"),
            None
        );
    }
}
