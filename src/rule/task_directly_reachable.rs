//! Containers that the internet reaches without the load balancer.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Case, Evidence, Rule, Severity, Status, Verdict, Words, exposure::Answer, internet, origin,
    served,
};
use crate::{
    id::ResourceId,
    kind::{
        Kind,
        load_balancer::LoadBalancer,
        service::{Service, ServiceTarget},
        target_group::TargetGroup,
        task::Task,
    },
    snapshot::{Gap, Resource},
};

pub const RULE: Rule = Rule {
    id: "task-directly-reachable",
    words: include_str!("../../rules/task-directly-reachable.toml"),
    needs: &[
        Kind::Cluster,
        Kind::Service,
        Kind::Task,
        Kind::NetworkInterface,
        Kind::SecurityGroup,
    ],
    check,
};

/// One verdict for each service, and for each task that no service keeps.
fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let mut by_subject: BTreeMap<ResourceId, Vec<&Task>> = BTreeMap::new();
    for (resource, task) in case.ours::<Task>().filter(|(_, it)| !it.is_stopped()) {
        let subject = origin::of(case, &resource.id);
        by_subject.entry(subject).or_default().push(task);
    }
    let judged = by_subject.iter();
    let judged = judged.map(|(it, tasks)| judge(case, words, it, tasks));
    // Of whose service a task is only the service tells.
    super::unsure(
        judged.collect(),
        case.gap_among(&[Kind::Cluster, Kind::Service]),
    )
}

fn judge(case: &Case<'_>, words: &Words, id: &ResourceId, tasks: &[&Task]) -> Verdict {
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    let service = case.graph.get_as::<Service>(&id.key);
    let service = service.filter(|_| id.kind == Kind::Service);
    let service = service.map(|(_, it)| it);
    let kept = service.map(|it| keeping_addresses(case, it));
    let kept = kept.unwrap_or_default();
    let (mut open, mut evidence) = (BTreeSet::new(), Vec::new());
    // The load balancer for which the rest of what is open has to be.
    let mut needed: Option<&ResourceId> = None;
    // What is not known, with why, where that is known.
    let mut unknown: Option<Option<&Gap>> = None;
    for task in tasks {
        let interfaces = served::interfaces(case, task);
        if interfaces.is_none() {
            unknown.get_or_insert_with(|| internet::gap(case, None));
        }
        // Where a task has an interface of its own, only its definition tells its ports.
        let definition = ResourceId::new(Kind::TaskDefinition, &task.task_definition);
        if !task.interfaces.is_empty() && case.graph.get(&definition).is_none() {
            let listing = || case.gap_in_listing(Kind::TaskDefinition);
            unknown.get_or_insert_with(|| case.gap_about(&definition).or_else(listing));
        }
        for (resource, interface) in interfaces.into_iter().flatten() {
            for ports in served::of_task(case, task) {
                let run = ports.from..=ports.to;
                match internet::reaches_any(case, interface, ports.protocol, run) {
                    Answer::Open => {
                        let meant = kept.iter().find(|(_, it)| sends_to(it, &ports));
                        if let Some((balancer, _)) = meant {
                            needed = needed.or(Some(balancer));
                            continue;
                        }
                        evidence.push(path(resource, interface.public_ip.as_deref(), &ports));
                        open.insert(ports.container);
                    }
                    Answer::Unknown => {
                        unknown.get_or_insert_with(|| internet::gap(case, Some(interface)));
                    }
                    Answer::Closed => {}
                }
            }
        }
    }
    if open.is_empty() {
        if let Some(gap) = unknown {
            let why = "whether the internet gets in is not known: an interface, a route, a network \
                       ACL, a security group or a task definition was not seen, or a prefix list \
                       decides";
            return verdict(Status::Unknown, why.to_owned()).gap(gap);
        }
        if let Some(balancer) = needed {
            let why = format!(
                "{balancer} has no security group and keeps the clients' addresses, so the ports \
                 that it sends to have to be open to them"
            );
            return verdict(Status::NotApplicable, why);
        }
        let why = "the internet reaches none of its ports except through a load balancer";
        return verdict(Status::Pass, why.to_owned());
    }
    let names: Vec<String> = open.into_iter().collect();
    let names = names.join(", ");
    let has_balancer = service.is_some_and(|it| !it.load_balancers.is_empty());
    let (severity, way) = if has_balancer {
        (words.severity, "past its load balancer")
    } else {
        (Severity::Medium, "and no load balancer stands before it")
    };
    let why = format!("the internet reaches {names} directly, {way}");
    verdict(Status::Fail, why)
        .severity(severity)
        .evidence(evidence)
}

fn path(interface: &Resource, address: Option<&str>, ports: &served::Ports) -> Evidence {
    let protocol = ports.protocol.name();
    let run = if ports.from == ports.to {
        ports.from.to_string()
    } else {
        format!("{}-{}", ports.from, ports.to)
    };
    let value = format!(
        "internet → {} → {protocol} {run} of {}",
        address.unwrap_or("IPv6"),
        ports.container
    );
    Evidence::new(&interface.id, "Association.PublicIp", value)
}

/// The network load balancers that face the internet and whose clients the tasks of a service see
/// themselves, each with the port that it sends to.
fn keeping_addresses<'a>(
    case: &Case<'a>,
    service: &'a Service,
) -> Vec<(&'a ResourceId, &'a ServiceTarget)> {
    let mut kept = Vec::new();
    for target in &service.load_balancers {
        let groups = [&target.target_group, &target.alternate].into_iter();
        let groups = groups.flatten();
        let groups = groups.filter_map(|it| case.graph.get_as::<TargetGroup>(it));
        let balancers = groups.flat_map(|(_, it)| &it.load_balancers);
        let balancers = balancers.filter_map(|it| case.graph.get_as::<LoadBalancer>(it));
        let balancers = balancers.filter(|(_, it)| {
            it.lb_type == "network" && it.security_groups.is_empty() && it.is_internet_facing()
        });
        kept.extend(balancers.map(|(it, _)| (&it.id, target)));
    }
    kept
}

/// Whether it is to these ports that a load balancer sends; the others have no need to be open.
fn sends_to(target: &ServiceTarget, ports: &served::Ports) -> bool {
    target.container == ports.container && ports.inside.is_none_or(|it| target.port == Some(it))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kind::{
            AsKind as _,
            security_group::SecurityGroup,
            task_definition::{ContainerDefinition, PortMapping, TaskDefinition},
        },
        rule::internet::tests,
        testing,
    };

    /// A service behind a load balancer of that type whose task has a public address; the group
    /// opens port 22, at which the container listens.
    fn rack(lb_type: &str) -> Vec<Resource> {
        let port = PortMapping {
            container_port: 22,
            protocol: "tcp".to_owned(),
            ..PortMapping::default()
        };
        let container = ContainerDefinition {
            name: "web".to_owned(),
            ports: vec![port],
            ..ContainerDefinition::default()
        };
        let definition = TaskDefinition {
            containers: vec![container],
            ..TaskDefinition::default()
        };
        let task = Task {
            cluster: "prod".to_owned(),
            group: "service:web".to_owned(),
            task_definition: "web:1".to_owned(),
            last_status: "RUNNING".to_owned(),
            interfaces: vec!["eni-1".to_owned()],
            ..Task::default()
        };
        let target = ServiceTarget {
            target_group: Some("web".to_owned()),
            container: "web".to_owned(),
            port: Some(22),
            ..ServiceTarget::default()
        };
        let service = Service {
            status: "ACTIVE".to_owned(),
            load_balancers: vec![target],
            ..Service::default()
        };
        let group = TargetGroup {
            load_balancers: vec!["front".to_owned()],
            ..TargetGroup::default()
        };
        let balancer = LoadBalancer {
            lb_type: lb_type.to_owned(),
            scheme: "internet-facing".to_owned(),
            ..LoadBalancer::default()
        };
        let mut all = tests::public_subnet();
        all.push(Resource::new("web:1", definition));
        all.push(Resource::new("prod/1", task));
        all.push(Resource::new("prod/web", service));
        all.push(Resource::new("web", group));
        all.push(Resource::new("front", balancer));
        all.push(Resource::new("eni-1", tests::interface()));
        all
    }

    fn judged(resources: &[Resource]) -> (String, Status, Severity) {
        let words = RULE.words().unwrap();
        let verdicts = testing::owned(resources, &[], |_| true, |case| check(case, &words));
        let [it] = &verdicts[..] else {
            panic!("{verdicts:?}")
        };
        (it.subject.to_string(), it.status, it.severity)
    }

    #[test]
    fn a_task_with_a_public_address_and_an_open_group_is_reached_past_its_load_balancer() {
        let said = judged(&rack("application"));
        let service = "service/prod/web".to_owned();
        assert_eq!(said, (service, Status::Fail, Severity::High));
    }

    #[test]
    fn a_prefix_list_that_was_not_read_is_named_with_its_call() {
        let mut resources = rack("application");
        for group in resources
            .iter_mut()
            .filter_map(|it| SecurityGroup::of_mut(&mut it.attrs))
        {
            group.ingress[0].cidrs.clear();
            group.ingress[0].prefix_lists = vec!["pl-1".to_owned()];
        }
        let gap = Gap {
            resource: Some(ResourceId::new(Kind::SecurityGroup, "sg-1")),
            ..testing::gap(Kind::SecurityGroup, "ec2:GetManagedPrefixListEntries")
        };
        let words = RULE.words().unwrap();
        let gaps = [gap.clone()];
        let said = testing::owned(&resources, &gaps, |_| true, |case| check(case, &words));
        assert_eq!(
            (said[0].status, said[0].gap.as_deref()),
            (Status::Unknown, Some(&gap))
        );
    }

    #[test]
    fn a_task_of_which_no_definition_tells_the_ports_is_unknown() {
        let mut resources = rack("application");
        resources.retain(|it| it.id.kind != Kind::TaskDefinition);
        let gap = Gap {
            resource: Some(ResourceId::new(Kind::TaskDefinition, "web:1")),
            ..testing::gap(Kind::TaskDefinition, "ecs:DescribeTaskDefinition")
        };
        let words = RULE.words().unwrap();
        let gaps = [gap.clone()];
        let said = testing::owned(&resources, &gaps, |_| true, |case| check(case, &words));
        assert_eq!(
            (said[0].status, said[0].gap.as_deref()),
            (Status::Unknown, Some(&gap))
        );
    }

    #[test]
    fn a_network_load_balancer_without_a_group_needs_its_targets_open() {
        assert_eq!(judged(&rack("network")).1, Status::NotApplicable);
    }

    #[test]
    fn only_the_port_that_it_sends_to_has_to_be_open_and_only_to_those_who_come() {
        let changed = |change: fn(&mut Resource)| {
            let mut resources = rack("network");
            resources.iter_mut().for_each(change);
            judged(&resources).1
        };
        // The container listens for administrators at port 22, and for clients elsewhere.
        let other_port = changed(|it| {
            if let Some(service) = Service::of_mut(&mut it.attrs) {
                service.load_balancers[0].port = Some(80);
            }
        });
        let other_container = changed(|it| {
            if let Some(service) = Service::of_mut(&mut it.attrs) {
                service.load_balancers[0].container = "proxy".to_owned();
            }
        });
        let internal = changed(|it| {
            if let Some(balancer) = LoadBalancer::of_mut(&mut it.attrs) {
                balancer.scheme = "internal".to_owned();
            }
        });
        assert_eq!([other_port, other_container, internal], [Status::Fail; 3]);
    }

    #[test]
    fn a_public_subnet_with_a_closed_group_is_no_exposure() {
        let mut resources = rack("application");
        resources.retain(|it| it.id.kind != Kind::SecurityGroup);
        resources.push(Resource::new("sg-1", SecurityGroup::default()));
        assert_eq!(judged(&resources).1, Status::Pass);
    }
}
