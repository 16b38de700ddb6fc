//! What no free tier covers, in an account on the Free plan.

use super::{Case, Cost, Evidence, Rule, Status, Verdict, Words, account, going};
use crate::{
    id::ResourceId,
    kind::{
        Kind, elastic_ip::ElasticIp, key::Key, load_balancer::LoadBalancer,
        nat_gateway::NatGateway, network_interface::NetworkInterface, secret::Secret, task::Task,
        vpc_endpoint::VpcEndpoint,
    },
};

pub const RULE: Rule = Rule {
    id: "never-free",
    words: include_str!("../../rules/never-free.toml"),
    needs: &[
        Kind::NatGateway,
        Kind::ElasticIp,
        Kind::NetworkInterface,
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
    // An address of the account's own costs nothing.
    let ips = ips.filter(|(_, it)| it.pool.as_deref().is_none_or(|it| it == "amazon"));
    found.extend(ips.filter(|(_, it)| it.is_idle()).map(|it| &it.0.id));
    // One address is what a rack cannot do without; a NAT gateway's is told with the gateway.
    let addresses = case.ours::<NetworkInterface>().filter(|(_, it)| {
        let of_nat = it.owner().is_some_and(|it| it.kind == Kind::NatGateway);
        it.public_ip.is_some() && !of_nat
    });
    found.extend(addresses.skip(1).map(|it| &it.0.id));
    let endpoints = case.ours::<VpcEndpoint>();
    let endpoints = endpoints.filter(|(_, it)| it.endpoint_type == "Interface" && !it.is_gone());
    found.extend(endpoints.map(|it| &it.0.id));
    let keys = case.ours::<Key>();
    // One that is to be deleted is billed no more.
    let going = |it: &Key| it.facts.known().is_some_and(|it| it.is_going());
    let keys = keys.filter(|(_, it)| it.is_aws_managed() == Some(false) && !going(it));
    found.extend(keys.map(|it| &it.0.id));
    found.extend(case.ours::<Secret>().map(|it| &it.0.id));
    let tasks = case.ours::<Task>();
    let tasks =
        tasks.filter(|(_, it)| it.launch_type.as_deref() == Some("FARGATE") && !it.is_stopped());
    found.extend(tasks.map(|it| &it.0.id));
    let balancers = case.ours::<LoadBalancer>();
    let balancers = balancers.filter(|(_, it)| matches!(&*it.lb_type, "network" | "gateway"));
    found.extend(balancers.map(|it| &it.0.id));
    found.into_iter().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kind::Fact,
        snapshot::{
            Resource,
            money::{Account, Plan},
        },
        testing,
    };

    #[test]
    fn each_address_after_the_first_draws_on_the_credits() {
        let interface = |address: Option<&str>| NetworkInterface {
            public_ip: address.map(str::to_owned),
            ..NetworkInterface::default()
        };
        let said = |second: Option<&str>| {
            let resources = [
                testing::cluster("prod"),
                Resource::new("eni-1", interface(Some("203.0.113.1"))),
                Resource::new("eni-2", interface(second)),
                Resource::new("eni-3", interface(None)),
            ];
            let account = Account {
                plan: Fact::Known(Some(Plan {
                    kind: "FREE".to_owned(),
                    status: "ACTIVE".to_owned(),
                    ..Plan::default()
                })),
                ..Account::default()
            };
            let words = RULE.words().unwrap();
            let mut said = testing::owned(
                &resources,
                &[],
                |_| true,
                |case| {
                    let account = Some(&account);
                    check(&Case { account, ..*case }, &words)
                },
            );
            said.remove(0)
        };
        assert_eq!(said(None).status, Status::Pass);
        let dear = said(Some("203.0.113.2"));
        assert_eq!(dear.status, Status::Fail);
        assert!(
            dear.why.starts_with("network-interface/eni-2 "),
            "{}",
            dear.why
        );
    }
}
