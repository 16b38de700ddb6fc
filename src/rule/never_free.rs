//! What no free tier covers, in an account on the Free plan.

use super::{Case, Cost, Evidence, Rule, Status, Verdict, Words, account, going};
use crate::{
    id::ResourceId,
    kind::{
        Kind, elastic_ip::ElasticIp, key::Key, load_balancer::LoadBalancer,
        nat_gateway::NatGateway, secret::Secret, task::Task, vpc_endpoint::VpcEndpoint,
    },
};

pub const RULE: Rule = Rule {
    id: "never-free",
    words: include_str!("../../rules/never-free.toml"),
    needs: &[
        Kind::NatGateway,
        Kind::ElasticIp,
        Kind::VpcEndpoint,
        Kind::Key,
        Kind::Secret,
        Kind::Task,
        Kind::LoadBalancer,
    ],
    check,
};

/// One verdict, told of the rack as a whole.
fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let Some(root) = case.whole() else {
        return Vec::new();
    };
    if account::on_free_plan(case) != Some(true) {
        return vec![account::aside(&RULE, words, root, case)];
    }
    let found = dear(case);
    let verdict = |status, why: String| Verdict::new(&RULE, words, root, status, why);
    if found.is_empty() {
        let why = "nothing of it is of those kinds that are never free";
        return vec![verdict(Status::Pass, why.to_owned())];
    }
    let why = format!(
        "{} draw on the account's credits from the first hour on",
        going::few(&found)
    );
    let evidence = found
        .iter()
        .map(|it| Evidence::new(it, "kind", it.kind.name()));
    let failure = verdict(Status::Fail, why).evidence(evidence);
    vec![failure.cost(Cost::Of(found))]
}

fn dear(case: &Case<'_>) -> Vec<ResourceId> {
    let mut found: Vec<&ResourceId> = Vec::new();
    let nats = case.ours::<NatGateway>();
    found.extend(
        nats.filter(|(_, it)| it.status == "available")
            .map(|it| &it.0.id),
    );
    let ips = case.ours::<ElasticIp>();
    found.extend(ips.filter(|(_, it)| it.is_idle()).map(|it| &it.0.id));
    let endpoints = case.ours::<VpcEndpoint>();
    let endpoints = endpoints.filter(|(_, it)| it.endpoint_type == "Interface" && !it.is_gone());
    found.extend(endpoints.map(|it| &it.0.id));
    let keys = case.ours::<Key>();
    let keys = keys.filter(|(_, it)| it.is_aws_managed() == Some(false));
    found.extend(keys.map(|it| &it.0.id));
    found.extend(case.ours::<Secret>().map(|it| &it.0.id));
    let tasks = case.ours::<Task>();
    let tasks =
        tasks.filter(|(_, it)| it.launch_type.as_deref() == Some("FARGATE") && !it.is_stopped());
    found.extend(tasks.map(|it| &it.0.id));
    let balancers = case.ours::<LoadBalancer>();
    let balancers = balancers.filter(|(_, it)| it.lb_type == "network");
    found.extend(balancers.map(|it| &it.0.id));
    found.into_iter().cloned().collect()
}
