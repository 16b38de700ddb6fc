//! Buckets that can only grow: old versions, logs, or uploads, that nothing ever removes.

use super::{Case, Evidence, Rule, Status, Verdict, Words, written::Writers};
use crate::{
    id::ResourceId,
    kind::{
        Kind,
        bucket::{Bucket, LifecycleRule, Uploads},
        classic_load_balancer::ClassicLoadBalancer,
        load_balancer::LoadBalancer,
    },
    snapshot::{Gap, Resource},
    text,
};

pub const RULE: Rule = Rule {
    id: "bucket-unbounded",
    words: include_str!("../../rules/bucket-unbounded.toml"),
    needs: &[Kind::Bucket, Kind::LoadBalancer, Kind::ClassicLoadBalancer],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let writers = Writers::of(case);
    let judge = |(resource, bucket)| judge(case, words, &writers, resource, bucket);
    let judged = case.ours::<Bucket>().flat_map(judge).collect();
    super::unsure(judged, balancers_gap(case).or(writers.gap()))
}

/// What hides that a load balancer writes its logs into a bucket.
fn balancers_gap<'a>(case: &Case<'a>) -> Option<&'a Gap> {
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

/// What is to be said of uploads that were begun long ago, and that no rule ends.
fn left(case: &Case<'_>, words: &Words, id: &ResourceId, bucket: &Bucket) -> Option<Verdict> {
    let verdict =
        |status, why: String| Verdict::new(&RULE, words, id, status, why).detail("uploads");
    if bucket.ends_uploads() != Some(false) {
        return None;
    }
    let Some(Uploads {
        count,
        oldest,
        complete,
    }) = bucket.uploads.known()
    else {
        // A snapshot of an earlier racklens holds nothing about it.
        let gap = case.gap_of_call(id, "ListMultipartUploads")?;
        let why = "whether uploads that nobody ended lie in it was not read".to_owned();
        return Some(verdict(Status::Unknown, why).gap(Some(gap)));
    };
    let days = words.number("upload-days");
    let oldest = (*oldest)?;
    if case.hours_since(oldest) < days.saturating_mul(24) {
        return None;
    }
    let least = if *complete { "" } else { "at least " };
    let number = text::count(usize::try_from(*count).unwrap_or(usize::MAX), "upload");
    let age = text::age(oldest, case.taken);
    let why = format!(
        "{least}{number} that nobody ended lie in it, the oldest begun {age} ago, and no rule ends \
         them"
    );
    let evidence = Evidence::new(id, "Uploads.Initiated", oldest.to_string());
    Some(verdict(Status::Fail, why).evidence([evidence]))
}

/// One failure for each way in which it grows.
fn judge(
    case: &Case<'_>,
    words: &Words,
    writers: &Writers<'_>,
    resource: &Resource,
    bucket: &Bucket,
) -> Vec<Verdict> {
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
    if let Some((writes, evidence)) = writers.logs(case, resource, bucket)
        && !some(|it| it.expiration_days.is_some())
    {
        let why = format!("{writes}, and nothing removes them");
        let failure = verdict(Status::Fail, why).evidence([evidence]);
        verdicts.push(failure.detail("logs"));
    }
    verdicts.extend(left(case, words, id, bucket));
    if verdicts.is_empty() {
        let why = "neither old versions nor logs nor uploads pile up in it".to_owned();
        verdicts.push(verdict(Status::Pass, why));
    }
    verdicts
}
