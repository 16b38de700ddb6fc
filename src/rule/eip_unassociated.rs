//! Elastic IPs that are paid for and used by nothing.

use super::{Case, Evidence, Rule, Severity, Status, Verdict, Words};
use crate::{
    kind::{Kind, elastic_ip::ElasticIp, instance::Instance},
    snapshot::Resource,
};

pub const RULE: Rule = Rule {
    id: "eip-unassociated",
    words: include_str!("../../rules/eip-unassociated.toml"),
    needs: &[Kind::ElasticIp],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let judge = |(resource, ip)| judge(case, words, resource, ip);
    case.ours::<ElasticIp>().map(judge).collect()
}

fn judge(case: &Case<'_>, words: &Words, resource: &Resource, ip: &ElasticIp) -> Verdict {
    let id = &resource.id;
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    if let Some(pool) = ip.pool.as_deref().filter(|it| *it != "amazon") {
        let why = format!("it is of the account's own pool {pool}");
        return verdict(Status::NotApplicable, why);
    }
    if let Some(service) = &ip.managed_by {
        let why = format!("service {service} took it and releases it");
        return verdict(Status::NotApplicable, why);
    }
    if ip.is_idle() {
        // A NAT gateway that is being made has it already.
        let users = case.graph.users(id).into_iter();
        let mut users = users.filter(|(it, _)| it.id.kind == Kind::NatGateway);
        if let Some((user, _)) = users.next() {
            return verdict(Status::Pass, format!("{} is to have it", user.id));
        }
        let why = format!(
            "nothing has {}, and it is paid for by the hour",
            ip.public_ip
        );
        let evidence = Evidence::new(id, "AssociationId", "absent");
        return verdict(Status::Fail, why).evidence([evidence]);
    }
    let machine = ip.instance.as_deref();
    let machine = machine.and_then(|it| case.graph.get_as::<Instance>(it));
    if let Some((machine, _)) = machine.filter(|(_, it)| it.status == "stopped") {
        let why = format!(
            "{}, which has it, is stopped, and it is paid for all the same",
            machine.id
        );
        let evidence = Evidence::new(&machine.id, "State.Name", "stopped");
        return verdict(Status::Fail, why)
            .severity(Severity::Info)
            .evidence([evidence]);
    }
    verdict(Status::Pass, "something has it".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn the_address_of_a_stopped_instance_is_only_worth_a_note() {
        let ip = ElasticIp {
            association: Some("eipassoc-1".to_owned()),
            instance: Some("i-1".to_owned()),
            ..ElasticIp::default()
        };
        let instance = Instance {
            status: "stopped".to_owned(),
            ..Instance::default()
        };
        let resources = [
            Resource::new("eipalloc-1", ip),
            Resource::new("i-1", instance),
        ];
        let words = RULE.words().unwrap();
        let said = testing::owned(&resources, &[], |_| true, |case| check(case, &words));
        assert_eq!(
            (said[0].status, said[0].severity),
            (Status::Fail, Severity::Info)
        );
    }
}
