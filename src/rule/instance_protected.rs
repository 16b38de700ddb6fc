//! Instances that EC2 refuses to terminate.

use super::{Case, Evidence, Rule, Status, Verdict, Words, going};
use crate::{
    kind::{Kind, instance::Instance},
    snapshot::Resource,
};

pub const RULE: Rule = Rule {
    id: "instance-protected",
    words: include_str!("../../rules/instance-protected.toml"),
    needs: &[Kind::Instance],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let instances = going::of::<Instance>(case).filter(|(_, it)| !it.is_gone());
    instances
        .map(|(resource, instance)| judge(case, words, resource, instance))
        .collect()
}

fn judge(case: &Case<'_>, words: &Words, resource: &Resource, instance: &Instance) -> Verdict {
    let id = &resource.id;
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    if let Some(group) = &instance.auto_scaling_group {
        let why = format!("Auto Scaling group {group} terminates it whatever the instance says");
        return verdict(Status::NotApplicable, why);
    }
    let Some(protection) = instance.protection.known() else {
        let gap = case.gap_of_call(id, "DescribeInstanceAttribute");
        let why = match gap {
            Some(_) => "whether it is protected from termination was not read",
            None => {
                "whether it is protected from termination is only asked for a teardown: take the \
                 snapshot with --teardown"
            }
        };
        return verdict(Status::Unknown, why.to_owned()).gap(gap);
    };
    let on: Vec<&'static str> = [
        (protection.termination, "DisableApiTermination"),
        (protection.stop, "DisableApiStop"),
    ]
    .into_iter()
    .filter_map(|(on, name)| on.then_some(name))
    .collect();
    if on.is_empty() {
        let why = "it is protected neither from being terminated nor from being stopped";
        return verdict(Status::Pass, why.to_owned());
    }
    let why = format!("EC2 refuses to terminate it: {} is on", on.join(" and "));
    let evidence = on.into_iter().map(|it| Evidence::new(id, it, "true"));
    verdict(Status::Fail, why).evidence(evidence)
}
