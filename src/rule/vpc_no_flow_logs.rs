//! VPCs in which nobody writes down who spoke with whom.

use std::collections::{BTreeMap, BTreeSet};

use super::{Case, Evidence, Rule, Status, Verdict, Words};
use crate::{
    kind::{
        Kind,
        subnet::Subnet,
        vpc::{FlowLog, Vpc},
    },
    snapshot::Resource,
    text,
};

pub const RULE: Rule = Rule {
    id: "vpc-no-flow-logs",
    words: include_str!("../../rules/vpc-no-flow-logs.toml"),
    needs: &[Kind::Vpc],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let mut subnets: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (it, subnet) in case.graph.of::<Subnet>() {
        subnets.entry(&subnet.vpc).or_default().push(&it.id.key);
    }
    let judge = |(resource, vpc): (&Resource, &Vpc)| {
        let subnets = subnets.get(resource.id.key.as_str());
        let subnets = subnets.map(Vec::as_slice).unwrap_or_default();
        judge(case, words, resource, vpc, subnets)
    };
    case.ours::<Vpc>().map(judge).collect()
}

fn judge(
    case: &Case<'_>,
    words: &Words,
    resource: &Resource,
    vpc: &Vpc,
    subnets: &[&str],
) -> Verdict {
    let id = &resource.id;
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    let Some(logs) = vpc.flow_logs.known() else {
        let gap = case.gap_of_call(id, "DescribeFlowLogs");
        return verdict(Status::Unknown, "its flow logs were not read".to_owned()).gap(gap);
    };
    let own = |it: &&FlowLog| it.about == id.key;
    if let Some(log) = logs.iter().find(|it| own(it) && works(it)) {
        return verdict(
            Status::Pass,
            format!("flow log {} writes them down", log.id),
        );
    }
    let working = logs.iter().filter(|it| works(it));
    let logged: BTreeSet<&str> = working.map(|it| it.about.as_str()).collect();
    let number = subnets.iter().filter(|it| logged.contains(*it)).count();
    let gap = case.gap_in_listing(Kind::Subnet);
    if number > 0 && number == subnets.len() {
        let why = "each of its subnets has a flow log".to_owned();
        if gap.is_some() {
            let why = "each subnet that was read has a flow log, but there may be more".to_owned();
            return verdict(Status::Unknown, why).gap(gap);
        }
        return verdict(Status::Pass, why);
    }
    if let Some(broken) = logs.iter().find(own) {
        let delivery = broken.delivery.as_deref().unwrap_or(&broken.status);
        let evidence = Evidence::new(id, "DeliverLogsStatus", delivery);
        let why = format!(
            "flow log {} is there, but its delivery is {delivery}",
            broken.id
        );
        return verdict(Status::Fail, why).evidence([evidence]);
    }
    let some = match number {
        0 => String::new(),
        _ => format!(
            "; {number} of its {} have one",
            text::count(subnets.len(), "subnet")
        ),
    };
    let evidence = Evidence::new(id, "FlowLogs", "none");
    verdict(Status::Fail, format!("it has no flow log{some}")).evidence([evidence])
}

/// Whether it is on and its last delivery arrived.
fn works(log: &FlowLog) -> bool {
    log.status == "ACTIVE" && log.delivery.as_deref() != Some("FAILED")
}
