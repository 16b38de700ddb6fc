//! Capacity providers that take machines away from under running tasks.

use super::{Case, Evidence, Rule, Status, Verdict, Words};
use crate::kind::{Kind, capacity_provider::CapacityProvider};

pub const RULE: Rule = Rule {
    id: "managed-termination-protection-off",
    words: include_str!("../../rules/managed-termination-protection-off.toml"),
    needs: &[Kind::CapacityProvider],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let providers = case.ours::<CapacityProvider>();
    let judge = providers.map(|(resource, provider)| {
        let id = &resource.id;
        let verdict = |status, why: &str| Verdict::new(&RULE, words, id, status, why);
        let is_on = |it: &Option<String>| it.as_deref() == Some("ENABLED");
        if !provider.is_active() {
            return verdict(Status::NotApplicable, "it is deleted");
        }
        if provider.auto_scaling_group.is_none() {
            return verdict(Status::NotApplicable, "ECS manages its instances by itself");
        }
        if !is_on(&provider.managed_scaling) {
            let why = "ECS does not scale its Auto Scaling group";
            return verdict(Status::NotApplicable, why);
        }
        if is_on(&provider.managed_termination_protection) {
            return verdict(Status::Pass, "instances with tasks on them are kept");
        }
        let why = if is_on(&provider.managed_draining) {
            "when it shrinks, busy instances may go while idle ones stay; their tasks are moved first"
        } else {
            "when it shrinks, instances may go while tasks run on them"
        };
        let value = provider.managed_termination_protection.as_deref();
        let evidence = Evidence::new(
            id,
            "autoScalingGroupProvider.managedTerminationProtection",
            value.unwrap_or("not set"),
        );
        verdict(Status::Fail, why).evidence([evidence])
    });
    judge.collect()
}
