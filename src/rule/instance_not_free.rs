//! Instances of a type that the account's free tier does not cover.

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
    let next = launch::empty_groups(case).filter_map(|it| judge_next(case, words, &it));
    let instances = case.ours::<Instance>().filter(|(_, it)| !it.is_gone());
    instances
        .map(|(resource, instance)| {
            let id = &resource.id;
            if free_plan != Some(true) {
                return account::aside(&RULE, words, id, case);
            }
            let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
            let kind = &instance.instance_type;
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

/// A group without machines is judged by what its next one would be, where any machine that was read
/// is of that type. What a fleet of several types would start is not guessed at.
fn judge_next(case: &Case<'_>, words: &Words, next: &Next<'_>) -> Option<Verdict> {
    let id = &next.group.id;
    let kind = next.instance_type?;
    if account::on_free_plan(case) != Some(true) {
        return Some(account::aside(&RULE, words, id, case));
    }
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    let mut like = case.graph.of::<Instance>();
    let covered = like.find_map(|(_, it)| {
        let of_type = it.instance_type == kind;
        it.free_tier.known().copied().filter(|_| of_type)
    });
    Some(match covered {
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
