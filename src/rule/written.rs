//! Who of AWS's services writes into a bucket, load balancers aside, of which the graph tells.

use super::{Case, Evidence};
use crate::{
    kind::{bucket::Bucket, vpc::Vpc},
    snapshot::Resource,
};

/// Services that write logs and nothing else, whatever region they are asked for.
const LOGGING: [&str; 5] = [
    "cloudtrail.amazonaws.com",
    "config.amazonaws.com",
    "delivery.logs.amazonaws.com",
    "logdelivery.elasticloadbalancing.amazonaws.com",
    "logging.s3.amazonaws.com",
];

/// A VPC whose flow logs come into it: what to say, and where that was seen.
pub fn by_flow_logs(case: &Case<'_>, bucket: &Resource) -> Option<(String, Evidence)> {
    let mut vpcs = case.graph.of::<Vpc>().filter_map(|(vpc, it)| {
        let logs = it.flow_logs.known().into_iter().flatten();
        let mut here = logs.filter_map(|it| it.destination.as_deref());
        let here = here.find(|it| name_in(it) == Some(bucket.id.key.as_str()))?;
        let evidence = Evidence::new(&vpc.id, "FlowLogs.LogDestination", here);
        Some((format!("{} writes its flow logs into it", vpc.id), evidence))
    });
    vpcs.next()
}

/// The services that its policy lets write logs into it.
pub fn admitted(bucket: &Bucket) -> Vec<&str> {
    let policy = bucket.policy.known().and_then(Option::as_ref);
    let says = policy.and_then(|it| it.says.known());
    let writers = says.map(|it| it.writers.as_slice()).unwrap_or_default();
    let writers = writers.iter().map(String::as_str);
    writers.filter(|it| LOGGING.contains(it)).collect()
}

/// A bucket of which objects are copied into this one.
pub fn by_replication<'a>(case: &Case<'a>, bucket: &Resource) -> Option<&'a Resource> {
    let mut others = case.graph.of::<Bucket>();
    let source = others.find(|(it, other)| {
        let rules = other.copied_by().into_iter().flatten();
        it.id != bucket.id && rules.into_iter().any(|it| it.to == bucket.id.key)
    });
    source.map(|(it, _)| it)
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
