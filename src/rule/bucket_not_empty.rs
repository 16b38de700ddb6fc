//! Buckets that hold something, which is lost with them or keeps them.

use super::{Case, Evidence, Rule, Severity, Status, Verdict, Words, going};
use crate::{
    kind::{
        Kind,
        bucket::{Bucket, Lock},
    },
    snapshot::Resource,
    text,
};

pub const RULE: Rule = Rule {
    id: "bucket-not-empty",
    words: include_str!("../../rules/bucket-not-empty.toml"),
    needs: &[Kind::Bucket],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let judge = |(resource, bucket)| judge(case, words, resource, bucket);
    going::of::<Bucket>(case).map(judge).collect()
}

fn judge(case: &Case<'_>, words: &Words, resource: &Resource, bucket: &Bucket) -> Verdict {
    let id = &resource.id;
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    match bucket.is_empty() {
        Some(true) => return verdict(Status::Pass, "nothing is in it".to_owned()),
        None => {
            let (what, call) = match (bucket.contents.known(), bucket.versioning.known()) {
                (None, _) => ("what is in it", "ListObjectsV2"),
                (Some(_), None) => ("whether it kept old versions", "GetBucketVersioning"),
                (Some(_), Some(_)) => ("whether it holds old versions", "ListObjectVersions"),
            };
            let gap = case.gap_of_call(id, call);
            return verdict(Status::Unknown, format!("{what} was not read")).gap(gap);
        }
        Some(false) => {}
    }
    let mut evidence = Vec::new();
    let mut why = holds(case, bucket);
    if let Some(contents) = bucket.contents.known() {
        let number = contents.objects.to_string();
        evidence.push(Evidence::new(id, "Contents", number));
    }
    let mut severity = words.severity;
    if let Some(Some(lock)) = bucket.lock.known() {
        severity = Severity::Critical;
        why.push_str(&format!("; {}", keeps(lock)));
        let path = "ObjectLockConfiguration.Rule.DefaultRetention.Mode";
        let mode = lock.mode.as_deref().unwrap_or("none");
        evidence.push(Evidence::new(id, path, mode));
    }
    if bucket.mfa_delete {
        why.push_str("; deleting its versions takes the root user's MFA device");
        evidence.push(Evidence::new(id, "MFADelete", "Enabled"));
    }
    if bucket.denies_deleting() {
        why.push_str("; its policy denies deleting");
        evidence.push(Evidence::new(id, "Policy.Statement.Effect", "Deny"));
    }
    verdict(Status::Fail, why)
        .severity(severity)
        .evidence(evidence)
}

fn holds(case: &Case<'_>, bucket: &Bucket) -> String {
    let Some(contents) = bucket.contents.known().filter(|it| it.objects > 0) else {
        return "no object is in it, but old versions or delete markers are".to_owned();
    };
    let least = if contents.complete { "" } else { "at least " };
    let number = usize::try_from(contents.objects).unwrap_or(usize::MAX);
    let number = text::count(number, "object");
    let written = contents.newest.map(|it| {
        // Of more than one page the newest may be on another.
        let at_least = if contents.complete {
            ""
        } else {
            "at the latest "
        };
        let age = text::age(it, case.taken);
        format!(", the newest written {at_least}{age} ago")
    });
    format!("it holds {least}{number}{}", written.unwrap_or_default())
}

/// What Object Lock does to whoever wants to delete.
fn keeps(lock: &Lock) -> String {
    let days = lock.days.map(|it| (it, "day"));
    let years = lock.years.map(|it| (it, "year"));
    let long = days.or(years).map(|(number, unit)| {
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        format!(" for {}", text::count(number, unit))
    });
    let long = long.unwrap_or_default();
    match lock.mode.as_deref() {
        Some("COMPLIANCE") => format!("Object Lock keeps each version{long}, against everybody"),
        Some(mode) => format!("Object Lock keeps each version{long} (mode {mode})"),
        None => "Object Lock is on, and keeps what was written with a date".to_owned(),
    }
}
