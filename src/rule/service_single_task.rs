//! Services behind a load balancer that one task carries alone.

use super::{Case, Evidence, Rule, Status, Verdict, Words};
use crate::{
    kind::{Kind, scalable_target::ScalableTarget, service::Service},
    snapshot::Resource,
    text,
};

pub const RULE: Rule = Rule {
    id: "service-single-task",
    words: include_str!("../../rules/service-single-task.toml"),
    needs: &[Kind::Cluster, Kind::Service],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let judge = |(resource, service)| judge(case, words, resource, service);
    case.ours::<Service>().map(judge).collect()
}

fn judge(case: &Case<'_>, words: &Words, resource: &Resource, service: &Service) -> Verdict {
    let id = &resource.id;
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    if !service.has_known_state() {
        let why = format!("its state is {}, which is new to us", service.status);
        return verdict(Status::Unknown, why);
    }
    let beside = if service.status != "ACTIVE" {
        Some("it is being deleted")
    } else if service.load_balancers.is_empty() {
        Some("no load balancer sends to it")
    } else if service.scheduling == "DAEMON" {
        Some("it runs one task on each machine")
    } else if service.desired == 0 {
        Some("it is switched off: it wants no task")
    } else {
        None
    };
    if let Some(why) = beside {
        return verdict(Status::NotApplicable, why.to_owned());
    }
    let mut enough = words.texts("enough").into_iter();
    if enough.any(|it| text::glob(it, &case.rack.name)) {
        let why = "in this rack one task is enough, as is set".to_owned();
        return verdict(Status::NotApplicable, why);
    }
    if service.desired > 1 {
        return verdict(Status::Pass, format!("it wants {} tasks", service.desired));
    }
    let desired = Evidence::new(id, "desiredCount", "1");
    let scaled = case.graph.parts::<ScalableTarget>(id).into_iter();
    let mut scaled = scaled.filter(|(_, it)| it.dimension.ends_with(":DesiredCount"));
    let (why, bound) = match scaled.next() {
        None => ("it wants one task".to_owned(), None),
        Some((_, target)) if target.min > 1 => {
            let why = format!("Auto Scaling will raise it to {} tasks", target.min);
            return verdict(Status::Pass, why);
        }
        Some((resource, target)) => (
            format!(
                "it wants one task now; Auto Scaling keeps it between {} and {}",
                target.min, target.max
            ),
            Some(Evidence::new(
                &resource.id,
                "MinCapacity",
                target.min.to_string(),
            )),
        ),
    };
    verdict(Status::Fail, why)
        .evidence([desired])
        .evidence(bound)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kind::service::ServiceTarget, testing};

    #[test]
    fn in_a_rack_for_trying_things_out_one_task_is_enough() {
        let service = Service {
            status: "ACTIVE".to_owned(),
            desired: 1,
            load_balancers: vec![ServiceTarget::default()],
            ..Service::default()
        };
        let resources = [Resource::new("prod/web", service)];
        let said = |racks: &[&str]| {
            let mut words = RULE.words().unwrap();
            let racks = racks.iter().map(|it| toml::Value::from(*it)).collect();
            let value = toml::Value::Array(racks);
            words.parameters.insert("enough".to_owned(), value);
            let said = testing::owned(&resources, &[], |_| true, |case| check(case, &words));
            said[0].status
        };
        assert_eq!(said(&["dev-*"]), Status::Fail);
        assert_eq!(said(&["dev-*", "pro?"]), Status::NotApplicable);
    }
}
