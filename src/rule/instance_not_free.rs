//! Instances of a type that the account's free tier does not cover.

use super::{Case, Evidence, Rule, Status, Verdict, Words, account};
use crate::kind::{Fact, Kind, instance::Instance};

pub const RULE: Rule = Rule {
    id: "instance-not-free",
    words: include_str!("../../rules/instance-not-free.toml"),
    needs: &[Kind::Instance],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let free_plan = account::on_free_plan(case);
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
        .collect()
}
