//! Machines that give their role's credentials to whoever asks, without a token.

use std::collections::BTreeMap;

use super::{
    Case, Evidence, Rule, Severity, Status, Verdict, Words,
    launch::{self, Next},
    origin,
};
use crate::{
    id::ResourceId,
    kind::{Kind, instance::Instance},
    snapshot::Resource,
};

pub const RULE: Rule = Rule {
    id: "imdsv1-allowed",
    words: include_str!("../../rules/imdsv1-allowed.toml"),
    needs: &[Kind::AutoScalingGroup, Kind::Instance],
    check,
};

/// One verdict for each Auto Scaling group, and one for each machine that stands alone.
///
/// What runs is judged, not what a launch template says: where that says nothing the image or the
/// account decides, and the machine tells what came of it.
fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let mut by_subject: BTreeMap<ResourceId, Vec<(&Resource, &Instance)>> = BTreeMap::new();
    for (resource, instance) in case.ours::<Instance>().filter(|(_, it)| !it.is_gone()) {
        let subject = origin::of(case, &resource.id);
        let all = by_subject.entry(subject).or_default();
        all.push((resource, instance));
    }
    let judged = by_subject.iter();
    let judged = judged.map(|(it, all)| judge(words, it, all));
    let empty = launch::empty_groups(case).filter(|it| !by_subject.contains_key(&it.group.id));
    judged
        .chain(empty.map(|it| judge_next(words, &it)))
        .collect()
}

/// A group without machines is judged by what its next one would be told.
fn judge_next(words: &Words, next: &Next<'_>) -> Verdict {
    let id = &next.group.id;
    let verdict = |status, why: &str| Verdict::new(&RULE, words, id, status, why);
    match (next.metadata_endpoint, next.metadata_tokens) {
        (Some("disabled"), _) | (_, Some("required")) => {
            let why = "its next machine will ask for a token, or give no metadata at all";
            verdict(Status::Pass, why)
        }
        (_, Some(tokens)) => {
            let why = "its next machine will answer questions for metadata without a token; it has \
                       none now, which lowers the severity";
            let evidence = Evidence::new(next.from, "MetadataOptions.HttpTokens", tokens);
            verdict(Status::Fail, why)
                .severity(words.severity.min(Severity::Medium))
                .evidence([evidence])
        }
        (_, None) => {
            let why = "it has no machine, and the image or the account decides for the next one";
            verdict(Status::NotApplicable, why)
        }
    }
}

fn judge(words: &Words, subject: &ResourceId, all: &[(&Resource, &Instance)]) -> Verdict {
    let one = all.iter().all(|(it, _)| it.id == *subject);
    let verdict = |status, why: String| Verdict::new(&RULE, words, subject, status, why);
    let of = |wanted: Option<bool>| -> Vec<&(&Resource, &Instance)> {
        let those = all.iter();
        those.filter(|(_, it)| answers(it) == wanted).collect()
    };
    let (open, unread) = (of(Some(true)), of(None));
    let evidence = |those: Vec<&(&Resource, &Instance)>| {
        let value = |it: &Instance| it.metadata_tokens.clone().unwrap_or("absent".to_owned());
        those
            .into_iter()
            .map(|(id, it)| Evidence::new(&id.id, "MetadataOptions.HttpTokens", value(it)))
            .collect::<Vec<_>>()
    };
    if !open.is_empty() {
        let role = open.iter().any(|(_, it)| it.profile.is_some());
        let who = if one {
            "it answers questions for metadata without a token".to_owned()
        } else {
            format!(
                "machines that answer questions for metadata without a token: {} of {}",
                open.len(),
                all.len()
            )
        };
        let (severity, what) = if role {
            (words.severity, "among the answers are a role's credentials")
        } else {
            (
                Severity::Low,
                "there is no role to give away, which lowers the severity",
            )
        };
        let why = format!("{who}; {what}");
        return verdict(Status::Fail, why)
            .severity(severity)
            .evidence(evidence(open));
    }
    if !unread.is_empty() {
        let why = "whether a token is needed was not told".to_owned();
        return verdict(Status::Unknown, why).evidence(evidence(unread));
    }
    let why = if one {
        "it asks for a token, or gives no metadata at all".to_owned()
    } else {
        format!(
            "machines that answer questions for metadata without a token: 0 of {}",
            all.len()
        )
    };
    verdict(Status::Pass, why)
}

/// Whether it answers without a token. `None` when AWS did not tell.
fn answers(it: &Instance) -> Option<bool> {
    let endpoint = it.metadata_endpoint.as_deref();
    match (endpoint, it.metadata_tokens.as_deref()) {
        (Some("disabled"), _) | (_, Some("required")) => Some(false),
        (Some(_), Some(_)) => Some(true),
        (None, _) | (_, None) => None,
    }
}
