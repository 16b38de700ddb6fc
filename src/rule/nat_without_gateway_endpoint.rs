//! Traffic to S3 and DynamoDB that is paid for because it takes the way through a NAT gateway.

use std::collections::BTreeSet;

use super::{Case, Cost, Evidence, Rule, Status, Verdict, Words, measured::Counts};
use crate::{
    id::ResourceId,
    kind::{
        AsKind, Kind, nat_gateway::NatGateway, route_table::RouteTable, table::Table, vpc::Vpc,
        vpc_endpoint::VpcEndpoint,
    },
    snapshot::Resource,
};

pub const RULE: Rule = Rule {
    id: "nat-without-gateway-endpoint",
    words: include_str!("../../rules/nat-without-gateway-endpoint.toml"),
    needs: &[Kind::Vpc],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    // Who has no table has no traffic to DynamoDB worth an endpoint.
    let dynamo = case.ours::<Table>().next().is_some();
    let services = [("s3", "S3"), ("dynamodb", "DynamoDB")];
    let services = &services[..if dynamo { 2 } else { 1 }];
    let counts = Counts::of(case);
    let vpcs = case.ours::<Vpc>();
    vpcs.flat_map(|(vpc, _)| {
        let services = services.iter();
        services.map(|(service, name)| judge(case, words, &counts, vpc, service, name))
    })
    .collect()
}

fn judge(
    case: &Case<'_>,
    words: &Words,
    counts: &Counts<'_>,
    vpc: &Resource,
    service: &str,
    name: &str,
) -> Verdict {
    let id = &vpc.id;
    let verdict = |status, why: String| {
        Verdict::new(&RULE, words, id, status, why).detail(service.to_owned())
    };
    let inside = case.graph.users(id);
    let tables = inside.iter();
    let tables = tables.filter_map(|(it, _)| Some((*it, RouteTable::of(&it.attrs)?)));
    let tables: Vec<_> = tables.filter(|(_, it)| it.vpc == id.key).collect();
    let led: BTreeSet<&str> = tables
        .iter()
        .flat_map(|(_, it)| it.subnets.iter().map(String::as_str))
        .collect();
    let mut subnets = inside.iter().map(|it| &it.0.id);
    // The main table leads those subnets that have no table of their own.
    let follows = |it: &&ResourceId| it.kind == Kind::Subnet && !led.contains(it.key.as_str());
    let main_leads = subnets.any(|it| follows(&it)) || case.gap_in_listing(Kind::Subnet).is_some();
    let private: Vec<(&Resource, &str)> = tables
        .into_iter()
        .filter(|(_, it)| (it.is_main && main_leads) || !it.subnets.is_empty())
        .filter_map(|(resource, table)| Some((resource, nat(case, table)?)))
        .collect();
    let gap = [Kind::RouteTable, Kind::NatGateway];
    let gap = gap.into_iter().find_map(|it| case.gap_in_listing(it));
    if let Some(gap) = gap.filter(|_| private.is_empty()) {
        let why = "whether packets go through a NAT gateway was not read".to_owned();
        return verdict(Status::Unknown, why).gap(Some(gap));
    }
    if private.is_empty() {
        let why = "no subnet's packets go through a NAT gateway".to_owned();
        return verdict(Status::NotApplicable, why);
    }
    let suffix = format!(".{service}");
    let endpoints: Vec<&VpcEndpoint> = inside
        .iter()
        .filter_map(|(it, _)| VpcEndpoint::of(&it.attrs))
        .filter(|it| it.vpc == id.key && it.endpoint_type == "Gateway" && !it.is_gone())
        .filter(|it| {
            it.service
                .as_deref()
                .is_some_and(|it| it.ends_with(&suffix))
        })
        .collect();
    let bare: Vec<&(&Resource, &str)> = private
        .iter()
        .filter(|(table, _)| {
            let mut served = endpoints.iter().flat_map(|it| &it.route_tables);
            !served.any(|it| *it == table.id.key)
        })
        .collect();
    if bare.is_empty() {
        let why = format!("traffic to {name} takes a gateway endpoint, which costs nothing");
        return verdict(Status::Pass, why);
    }
    if let Some(gap) = case.gap_in_listing(Kind::VpcEndpoint) {
        let why = format!("whether there is a gateway endpoint for {name} was not read");
        return verdict(Status::Unknown, why).gap(Some(gap));
    }
    let gateways: BTreeSet<&str> = bare.iter().map(|(_, nat)| *nat).collect();
    let gateways = gateways.into_iter();
    let gateways = gateways.map(|it| ResourceId::new(Kind::NatGateway, it));
    let gateways: Vec<ResourceId> = gateways.collect();
    let measured = match counts.gigabytes(&gateways) {
        Some((gigabytes, days)) => format!(
            "; {gigabytes} GB went through in {days} days, to whatever goal: what they cost is the \
             most that it can be"
        ),
        None => "; how much that is was not measured".to_owned(),
    };
    let why = format!(
        "traffic to {name} goes through a NAT gateway, which is paid for by the gigabyte; a gateway \
         endpoint would cost nothing{measured}"
    );
    let cost = Cost::Part {
        of: gateways,
        usage: "NatGateway-Bytes",
    };
    let evidence = bare.iter().map(|(table, nat)| {
        let value = format!("{nat}, and no gateway endpoint for {name}");
        Evidence::new(&table.id, "Routes.NatGatewayId", value)
    });
    verdict(Status::Fail, why).evidence(evidence).cost(cost)
}

/// The NAT gateway that a table leads the internet's addresses to.
fn nat<'c>(case: &Case<'c>, table: &'c RouteTable) -> Option<&'c str> {
    let mut routes = table.routes.iter();
    let route = routes.find(|it| it.to == "0.0.0.0/0" && it.state == "active")?;
    let (nat, gateway) = case.graph.get_as::<NatGateway>(&route.via)?;
    (!gateway.is_gone()).then_some(&nat.id.key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kind::{route_table::Route, subnet::Subnet},
        testing,
    };

    fn failed(more: Option<Resource>) -> Vec<String> {
        let nat = NatGateway {
            status: "available".to_owned(),
            vpc: "vpc-1".to_owned(),
            ..NatGateway::default()
        };
        let table = RouteTable {
            vpc: "vpc-1".to_owned(),
            is_main: true,
            routes: vec![Route {
                to: "0.0.0.0/0".to_owned(),
                via: "nat-1".to_owned(),
                state: "active".to_owned(),
            }],
            ..RouteTable::default()
        };
        let subnet = Subnet {
            vpc: "vpc-1".to_owned(),
            ..Subnet::default()
        };
        let fixed = [
            Resource::new("vpc-1", Vpc::default()),
            Resource::new("nat-1", nat),
            Resource::new("rtb-1", table),
            Resource::new("subnet-1", subnet),
        ];
        let resources: Vec<Resource> = fixed.into_iter().chain(more).collect();
        let words = RULE.words().unwrap();
        let said = testing::owned(&resources, &[], |_| true, |case| check(case, &words));
        let failed = said.into_iter().filter(|it| it.status == Status::Fail);
        failed.map(|it| it.detail).collect()
    }

    #[test]
    fn an_endpoint_for_dynamodb_is_asked_only_of_who_has_a_table() {
        assert_eq!(failed(None), ["s3"]);
        let table = Resource::new("builds", Table::default());
        assert_eq!(failed(Some(table)), ["s3", "dynamodb"]);
    }

    #[test]
    fn a_main_table_that_leads_no_subnet_sends_nothing() {
        let own = RouteTable {
            vpc: "vpc-1".to_owned(),
            subnets: vec!["subnet-1".to_owned()],
            ..RouteTable::default()
        };
        assert!(failed(Some(Resource::new("rtb-2", own))).is_empty());
    }
}
