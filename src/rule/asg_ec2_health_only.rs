//! Auto Scaling groups that keep instances to which their load balancer sends nothing.

use super::{Case, Evidence, Rule, Status, Verdict, Words};
use crate::kind::{Kind, auto_scaling_group::AutoScalingGroup};

pub const RULE: Rule = Rule {
    id: "asg-ec2-health-only",
    words: include_str!("../../rules/asg-ec2-health-only.toml"),
    needs: &[Kind::AutoScalingGroup],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let groups = case.ours::<AutoScalingGroup>();
    let judge = groups.map(|(resource, group)| {
        let id = &resource.id;
        let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
        let targets = group.target_groups.iter();
        let goals: Vec<&str> = targets
            .chain(&group.classic_load_balancers)
            .map(String::as_str)
            .collect();
        if goals.is_empty() {
            let why = "it registers its instances with no load balancer itself";
            return verdict(Status::NotApplicable, why.to_owned());
        }
        let asked = &group.health_check_type;
        if asked.split(',').any(|it| it.trim() == "ELB") {
            let why = "it replaces instances that its load balancer finds sick";
            return verdict(Status::Pass, why.to_owned());
        }
        let why = format!(
            "it registers its instances with {}, and does not ask how they are there",
            goals.join(", ")
        );
        let evidence = Evidence::new(id, "HealthCheckType", asked.as_str());
        verdict(Status::Fail, why).evidence([evidence])
    });
    judge.collect()
}
