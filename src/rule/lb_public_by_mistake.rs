//! Load balancers that face the internet although their name or tags call them internal.

use super::{Case, Evidence, Rule, Status, Verdict, Words};
use crate::{
    kind::{Kind, classic_load_balancer::ClassicLoadBalancer, load_balancer::LoadBalancer},
    snapshot::Resource,
};

pub const RULE: Rule = Rule {
    id: "lb-public-by-mistake",
    words: include_str!("../../rules/lb-public-by-mistake.toml"),
    needs: &[Kind::LoadBalancer, Kind::ClassicLoadBalancer],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let new = case.ours::<LoadBalancer>();
    let new = new.map(|(it, lb)| judge(words, it, &lb.scheme));
    let classic = case.ours::<ClassicLoadBalancer>();
    let classic = classic.map(|(it, lb)| judge(words, it, &lb.scheme));
    new.chain(classic).collect()
}

fn judge(words: &Words, resource: &Resource, scheme: &str) -> Verdict {
    let id = &resource.id;
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    if scheme != "internet-facing" {
        return verdict(Status::Pass, "only the network can reach it".to_owned());
    }
    let internal = words.texts("internal");
    let wanted = |text: &str| {
        let text = text.to_ascii_lowercase();
        let mut parts = text.split(|it: char| !it.is_ascii_alphanumeric());
        parts.any(|it| internal.contains(&it))
    };
    let evidence = Evidence::new(id, "Scheme", scheme);
    if wanted(&id.key) {
        let why = format!(
            "it faces the internet, and its name {} says otherwise",
            id.key
        );
        return verdict(Status::Fail, why).evidence([evidence]);
    }
    // CloudFormation's own tags tell names of stacks, in which other things may stand.
    let tags = resource.tags.iter();
    let mut tags = tags.filter(|(key, value)| !key.starts_with("aws:") && wanted(value));
    if let Some((key, value)) = tags.next() {
        let why = format!("it faces the internet, and its tag {key} = {value} says otherwise");
        let tag = Evidence::new(id, "Tags", format!("{key} = {value}"));
        return verdict(Status::Fail, why).evidence([evidence, tag]);
    }
    let why = "it faces the internet, and nothing says that it should not";
    verdict(Status::Pass, why.to_owned())
}
