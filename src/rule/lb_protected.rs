//! Load balancers that AWS refuses to delete.

use super::{Case, Evidence, Rule, Status, Verdict, Words, going};
use crate::kind::{Kind, load_balancer::LoadBalancer};

pub const RULE: Rule = Rule {
    id: "lb-protected",
    words: include_str!("../../rules/lb-protected.toml"),
    needs: &[Kind::LoadBalancer],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let balancers = going::of::<LoadBalancer>(case);
    balancers
        .map(|(resource, balancer)| {
            let id = &resource.id;
            let verdict = |status, why: &str| Verdict::new(&RULE, words, id, status, why);
            let Some(settings) = balancer.settings.known() else {
                let gap = case.gap_of_call(id, "DescribeLoadBalancerAttributes");
                let why = "whether deletion protection is on was not read";
                return verdict(Status::Unknown, why).gap(gap);
            };
            if !settings.deletion_protection {
                return verdict(Status::Pass, "deletion protection is off");
            }
            let evidence = Evidence::new(id, "deletion_protection.enabled", "true");
            let why = "deletion protection is on: AWS refuses to delete it, and its subnets and \
                       security groups stay with it";
            verdict(Status::Fail, why).evidence([evidence])
        })
        .collect()
}
