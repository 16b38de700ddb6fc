//! Auto Scaling groups all of whose machines stand in one zone.

use std::collections::BTreeSet;

use super::{Case, Evidence, Rule, Status, Verdict, Words};
use crate::kind::{Kind, auto_scaling_group::AutoScalingGroup};

pub const RULE: Rule = Rule {
    id: "asg-single-az",
    words: include_str!("../../rules/asg-single-az.toml"),
    needs: &[Kind::AutoScalingGroup],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let groups = case.ours::<AutoScalingGroup>();
    let judge = groups.map(|(resource, group)| {
        let id = &resource.id;
        let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
        let zones: BTreeSet<&str> = group.zones.iter().map(String::as_str).collect();
        let zones: Vec<&str> = zones.into_iter().collect();
        if group.status.is_some() {
            return verdict(Status::NotApplicable, "it is being deleted".to_owned());
        }
        if group.max == 0 {
            return verdict(Status::NotApplicable, "it may have no instance".to_owned());
        }
        match zones[..] {
            [] => verdict(Status::Unknown, "AWS named no zone of it".to_owned()),
            [one] => {
                let why = format!("it launches in {one} alone");
                let evidence = Evidence::new(id, "AvailabilityZones", one);
                verdict(Status::Fail, why).evidence([evidence])
            }
            _ => verdict(Status::Pass, format!("it launches in {}", zones.join(", "))),
        }
    });
    judge.collect()
}
