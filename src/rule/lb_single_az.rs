//! Load balancers that stand in one zone.

use std::collections::BTreeSet;

use super::{Case, Evidence, Rule, Status, Verdict, Words};
use crate::{
    id::ResourceId,
    kind::{Kind, classic_load_balancer::ClassicLoadBalancer, load_balancer::LoadBalancer},
};

pub const RULE: Rule = Rule {
    id: "lb-single-az",
    words: include_str!("../../rules/lb-single-az.toml"),
    needs: &[Kind::LoadBalancer, Kind::ClassicLoadBalancer],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let (new, classic) = (
        case.ours::<LoadBalancer>(),
        case.ours::<ClassicLoadBalancer>(),
    );
    let new = new.map(|(it, lb)| judge(words, &it.id, &lb.zones));
    let classic = classic.map(|(it, lb)| judge(words, &it.id, &lb.zones));
    new.chain(classic).collect()
}

fn judge(words: &Words, id: &ResourceId, zones: &[String]) -> Verdict {
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    let zones: BTreeSet<&str> = zones.iter().map(String::as_str).collect();
    let zones: Vec<&str> = zones.into_iter().collect();
    match zones[..] {
        [] => verdict(Status::Unknown, "AWS named no zone of it".to_owned()),
        [one] => {
            let why = format!("it stands in {one} alone");
            let evidence = Evidence::new(id, "AvailabilityZones", one);
            verdict(Status::Fail, why).evidence([evidence])
        }
        _ => verdict(Status::Pass, format!("it stands in {}", zones.join(", "))),
    }
}
