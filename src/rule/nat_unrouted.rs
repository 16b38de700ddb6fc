//! NAT gateways that are paid for and that no subnet's packets go to.

use super::{Case, Evidence, Rule, Status, Verdict, Words};
use crate::{
    id::ResourceId,
    kind::{Kind, nat_gateway::NatGateway, route_table::RouteTable},
    snapshot::Resource,
    text,
};

pub const RULE: Rule = Rule {
    id: "nat-unrouted",
    words: include_str!("../../rules/nat-unrouted.toml"),
    needs: &[Kind::NatGateway],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let judge = |(resource, nat)| judge(case, words, resource, nat);
    case.ours::<NatGateway>().map(judge).collect()
}

fn judge(case: &Case<'_>, words: &Words, resource: &Resource, nat: &NatGateway) -> Verdict {
    let id = &resource.id;
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    if nat.status != "available" {
        return verdict(Status::NotApplicable, format!("it is {}", nat.status));
    }
    if let Some(table) = leading(case, id) {
        return verdict(Status::Pass, format!("{} leads to it", table.id));
    }
    if let Some(gap) = case.gap_in_listing(Kind::RouteTable) {
        let why = "no route table that was read leads to it";
        return verdict(Status::Unknown, why.to_owned()).gap(Some(gap));
    }
    let evidence = Evidence::new(id, "State", nat.status.as_str());
    let why = "no route table leads to it";
    let Some(created) = resource.created else {
        let why = format!("{why}, but how old it is was not told");
        return verdict(Status::Unknown, why).evidence([evidence]);
    };
    let age = text::age(created, case.taken);
    if case.hours_since(created) < words.number("hours") {
        return verdict(Status::Pass, format!("{why} yet; it was made {age} ago"));
    }
    let why = format!("{why}; it is paid for by the hour, and was made {age} ago");
    verdict(Status::Fail, why).evidence([evidence])
}

/// The first route table of which a route leads to a NAT gateway.
pub(super) fn leading<'a>(case: &Case<'a>, nat: &ResourceId) -> Option<&'a Resource> {
    let table = case.run.index.leading_to(case.graph, &nat.key)?;
    case.graph.get_as::<RouteTable>(table).map(|it| it.0)
}
