//! Buckets that can only grow: old versions, or logs, that nothing ever removes.

use super::{Case, Evidence, Rule, Status, Verdict, Words};
use crate::{
    kind::{
        Kind,
        bucket::{Bucket, LifecycleRule},
        classic_load_balancer::ClassicLoadBalancer,
        load_balancer::LoadBalancer,
    },
    relation::RelationKind,
    snapshot::{Gap, Resource},
};

pub const RULE: Rule = Rule {
    id: "bucket-unbounded",
    words: include_str!("../../rules/bucket-unbounded.toml"),
    needs: &[Kind::Bucket, Kind::LoadBalancer, Kind::ClassicLoadBalancer],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let judge = |(resource, bucket)| judge(case, words, resource, bucket);
    let judged = case.ours::<Bucket>().flat_map(judge).collect();
    super::unsure(judged, writers_gap(case))
}

/// What hides that a load balancer writes its logs into a bucket.
fn writers_gap<'a>(case: &Case<'a>) -> Option<&'a Gap> {
    let listings = case.gap_among(&[Kind::LoadBalancer, Kind::ClassicLoadBalancer]);
    listings.or_else(|| {
        let unread = case.graph.of::<LoadBalancer>();
        let unread = unread.filter(|(_, it)| it.settings.known().is_none());
        let classic = case.graph.of::<ClassicLoadBalancer>();
        let classic = classic.filter(|(_, it)| it.access_log_bucket.known().is_none());
        let ids = unread.map(|it| &it.0.id).chain(classic.map(|it| &it.0.id));
        ids.filter_map(|it| case.gap_about(it)).next()
    })
}

/// One failure for each way in which it grows.
fn judge(case: &Case<'_>, words: &Words, resource: &Resource, bucket: &Bucket) -> Vec<Verdict> {
    let id = &resource.id;
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    let (Some(versioning), Some(rules)) = (bucket.versioning.known(), bucket.lifecycle.known())
    else {
        let why = "its versioning or its lifecycle rules were not read".to_owned();
        let gap = case.gap_of_call(id, "Lifecycle");
        let gap = gap.or_else(|| case.gap_of_call(id, "Versioning"));
        return vec![verdict(Status::Unknown, why).gap(gap)];
    };
    if !matches!(versioning.as_str(), "Enabled" | "Suspended" | "Off") {
        let why = format!("its versioning is {versioning}, which is new to us");
        return vec![verdict(Status::Unknown, why)];
    }
    let some = |has: fn(&LifecycleRule) -> bool| rules.iter().any(|it| it.enabled && has(it));
    let mut verdicts = Vec::new();
    if versioning == "Enabled" && !some(|it| it.noncurrent_days.is_some()) {
        let why = "it keeps each version of each object for ever".to_owned();
        let evidence = Evidence::new(id, "Versioning.Status", versioning.as_str());
        let failure = verdict(Status::Fail, why).evidence([evidence]);
        verdicts.push(failure.detail("versions"));
    }
    let users = case.graph.users(id).into_iter();
    let writer = users.filter(|(_, edge)| edge.kind == RelationKind::WritesTo);
    if let Some((writer, edge)) = writer.into_iter().next()
        && !some(|it| it.expiration_days.is_some())
    {
        let why = format!(
            "{} writes its logs into it, and nothing removes them",
            writer.id
        );
        let evidence = Evidence::new(&writer.id, edge.evidence, id.key.as_str());
        let failure = verdict(Status::Fail, why).evidence([evidence]);
        verdicts.push(failure.detail("logs"));
    }
    if verdicts.is_empty() {
        let why = "neither old versions nor logs pile up in it".to_owned();
        verdicts.push(verdict(Status::Pass, why));
    }
    verdicts
}
