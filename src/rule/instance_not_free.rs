//! Instances of a type that the account's free tier does not cover.

use std::collections::BTreeMap;

use super::{
    Case, Evidence, Rule, Severity, Status, Verdict, Words, account,
    launch::{self, Next},
};
use crate::kind::{Fact, Kind, instance::Instance};

pub const RULE: Rule = Rule {
    id: "instance-not-free",
    words: include_str!("../../rules/instance-not-free.toml"),
    needs: &[Kind::Instance],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let free_plan = account::on_free_plan(case);
    let types = types(case);
    let next = launch::empty_groups(case).filter_map(|it| judge_next(case, words, &types, &it));
    let instances = case.ours::<Instance>().filter(|(_, it)| !it.is_gone());
    instances
        .map(|(resource, instance)| {
            let id = &resource.id;
            if free_plan != Some(true) {
                return account::aside(&RULE, words, id, case);
            }
            let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
            let kind = &instance.instance_type;
            if matches!(instance.status.as_str(), "stopping" | "stopped") {
                let why = format!("it is {}: its hours are not counted", instance.status);
                return verdict(Status::NotApplicable, why);
            }
            match instance.free_tier {
                Fact::Known(true) => verdict(
                    Status::Pass,
                    format!("the account's free tier covers {kind}"),
                ),
                Fact::Known(false) => {
                    let why = format!(
                        "the account's free tier does not cover {kind}: it draws on the credits"
                    );
                    let evidence = Evidence::new(id, "FreeTierEligible", "false");
                    verdict(Status::Fail, why).evidence([evidence])
                }
                Fact::Unread => {
                    let why = format!("whether the account's free tier covers {kind} was not read");
                    let gap = case.gap_of_call(id, "DescribeInstanceTypes");
                    verdict(Status::Unknown, why).gap(gap)
                }
            }
        })
        .chain(next)
        .collect()
}

/// Whether the free tier covers a type, as far as a machine of it was read.
fn types<'a>(case: &Case<'a>) -> BTreeMap<&'a str, bool> {
    let told = case.graph.of::<Instance>().filter_map(|(_, it)| {
        let free = *it.free_tier.known()?;
        Some((it.instance_type.as_str(), free))
    });
    told.collect()
}

/// A group without machines is judged by what its next one would be, where any machine that was read
/// is of that type. What a fleet of several types would start is not guessed at.
fn judge_next(
    case: &Case<'_>,
    words: &Words,
    types: &BTreeMap<&str, bool>,
    next: &Next<'_>,
) -> Option<Verdict> {
    let id = &next.group.id;
    let kind = next.instance_type?;
    if account::on_free_plan(case) != Some(true) {
        return Some(account::aside(&RULE, words, id, case));
    }
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    Some(match types.get(kind) {
        Some(true) => verdict(
            Status::Pass,
            format!("the account's free tier covers {kind}, which its next machine is"),
        ),
        Some(false) => {
            let why = format!(
                "the account's free tier does not cover {kind}, which its next machine is; it has \
                 none now, which lowers the severity"
            );
            let evidence = Evidence::new(next.from, "InstanceType", kind);
            verdict(Status::Fail, why)
                .severity(words.severity.min(Severity::Low))
                .evidence([evidence])
        }
        None => {
            let why = format!(
                "whether the account's free tier covers {kind}, which its next machine is, was not \
                 asked: it has none now"
            );
            verdict(Status::Unknown, why)
        }
    })
}
