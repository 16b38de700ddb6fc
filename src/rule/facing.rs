//! Whether the internet comes to what runs: to tasks and machines, straight or through a load
//! balancer.

use super::{
    Case,
    exposure::{self, Answer, Protocol},
    internet::{self, Family},
    revision, served,
};
use crate::{
    id::ResourceId,
    kind::{
        AsKind as _, Kind, classic_load_balancer::ClassicLoadBalancer, instance::Instance,
        listener::Listener, listener_rule::ListenerRule, load_balancer::LoadBalancer,
        network_interface::NetworkInterface, security_group::SecurityGroup, service::Service,
        target_group::TargetGroup, task::Task,
    },
    snapshot::Resource,
};

/// How the internet comes to what runs from a revision, in words. `None` where it does not, as far
/// as is known.
pub fn of_definition(case: &Case<'_>, id: &ResourceId) -> Option<String> {
    let users = revision::users(case, id).into_iter();
    let mut ways = users.filter_map(|it| {
        if let Some(service) = Service::of(&it.attrs) {
            return through_balancer(case, service);
        }
        let task = Task::of(&it.attrs).filter(|it| !it.is_stopped())?;
        straight(case, task)
    });
    ways.next()
}

/// The same of a machine.
pub fn of_machine(case: &Case<'_>, resource: &Resource, machine: &Instance) -> Option<String> {
    let interfaces = machine.interfaces.iter();
    let interfaces = interfaces.filter_map(|it| case.graph.get_as::<NetworkInterface>(it));
    let mut straight = interfaces.filter_map(|(_, it)| {
        let groups = it.security_groups.iter();
        let groups = groups.filter_map(|it| case.graph.get_as::<SecurityGroup>(it));
        let runs = groups.flat_map(|(_, group)| {
            let protocols = [Protocol::Tcp, Protocol::Udp].into_iter();
            protocols.flat_map(|it| exposure::runs(group, it))
        });
        let mut open = runs.filter(|run| {
            internet::reaches_any(case, it, run.protocol, run.from..=run.to) == Answer::Open
        });
        open.next()
            .map(|run| format!("the internet reaches {} at {run}", resource.id))
    });
    straight.next().or_else(|| {
        let senders = case.graph.users(&resource.id).into_iter();
        let mut senders = senders.filter_map(|(it, _)| {
            if it.id.kind == Kind::TargetGroup {
                return behind(case, &it.id.key);
            }
            let balancer = ClassicLoadBalancer::of(&it.attrs)?;
            lets_in_old_style(case, balancer).then(|| it.id.clone())
        });
        senders.next().map(|it| sends(&it))
    })
}

fn through_balancer(case: &Case<'_>, service: &Service) -> Option<String> {
    let mut balancers = service.load_balancers.iter().filter_map(|it| {
        let classic = it.classic.as_deref();
        let classic = classic.and_then(|it| case.graph.get_as::<ClassicLoadBalancer>(it));
        let classic = classic.filter(|(_, it)| lets_in_old_style(case, it));
        let mut groups = [&it.target_group, &it.alternate].into_iter().flatten();
        let modern = groups.find_map(|it| behind(case, it));
        modern.or_else(|| classic.map(|(it, _)| it.id.clone()))
    });
    balancers.next().map(|it| sends(&it))
}

fn sends(balancer: &ResourceId) -> String {
    format!("{balancer} brings the internet to it")
}

/// The load balancer that faces the internet and, at a port that it lets in, sends to a target group.
fn behind(case: &Case<'_>, group: &str) -> Option<ResourceId> {
    let (resource, group) = case.graph.get_as::<TargetGroup>(group)?;
    let senders = case.graph.users(&resource.id).into_iter();
    // Who gets nothing of what comes is not reached by it.
    let senders = senders.filter(|(_, edge)| edge.weight != Some(0));
    let mut listeners = senders.filter_map(|(it, _)| match ListenerRule::of(&it.attrs) {
        Some(rule) => case.graph.get_as::<Listener>(&rule.listener),
        None => Listener::of(&it.attrs).map(|listener| (it, listener)),
    });
    let facing = |balancer: &str, ports: &[u16]| {
        let (resource, it) = case.graph.get_as::<LoadBalancer>(balancer)?;
        let open = lets_in(case, &it.security_groups, ports.iter().copied());
        (it.is_internet_facing() && open).then(|| resource.id.clone())
    };
    let seen = listeners.find_map(|(_, it)| facing(&it.load_balancer, &[it.port]));
    // What its rules are was not read: any of them may send there.
    let unread = |balancer: &String| {
        let id = ResourceId::new(Kind::LoadBalancer, balancer);
        let listeners = case.graph.parts::<Listener>(&id).into_iter();
        let closed = |id: &ResourceId| case.gap_of_call(id, "DescribeRules").is_some();
        let ports = listeners.filter(|(it, _)| closed(&it.id));
        let ports: Vec<u16> = ports.map(|(_, it)| it.port).collect();
        facing(balancer, &ports)
    };
    seen.or_else(|| group.load_balancers.iter().find_map(unread))
}

fn lets_in_old_style(case: &Case<'_>, it: &ClassicLoadBalancer) -> bool {
    let ports = it.listeners.iter().map(|it| it.port);
    it.is_internet_facing() && lets_in(case, &it.security_groups, ports)
}

/// Whether a load balancer's groups let the internet of either family in at one of these ports; one
/// without groups lets everybody in.
fn lets_in(case: &Case<'_>, groups: &[String], mut ports: impl Iterator<Item = u16>) -> bool {
    ports.any(|port| {
        let mut families = [Family::V4, Family::V6].into_iter();
        let open = |it| internet::groups(case, groups, it, Protocol::Tcp, port) == Answer::Open;
        groups.is_empty() || families.any(open)
    })
}

fn straight(case: &Case<'_>, task: &Task) -> Option<String> {
    let interfaces = served::interfaces(case, task)?;
    let mut open = interfaces.into_iter().flat_map(|(resource, interface)| {
        let ports = served::of_task(case, task).into_iter();
        let ports = ports.filter(|it| {
            internet::reaches_any(case, interface, it.protocol, it.from..=it.to) == Answer::Open
        });
        ports.map(|it| format!("the internet reaches {} at {}", it.container, resource.id))
    });
    open.next()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{
        kind::{
            listener_rule::{Action, Forward},
            security_group::Permission,
            service::ServiceTarget,
            task_definition::{ContainerDefinition, PortMapping, TaskDefinition},
        },
        rule::internet::tests,
        testing,
    };

    fn web() -> ResourceId {
        ResourceId::new(Kind::TaskDefinition, "web:1")
    }

    fn said(resources: &[Resource]) -> Option<String> {
        testing::owned(resources, &[], |_| true, |case| of_definition(case, &web()))
    }

    fn world(port: i32) -> SecurityGroup {
        SecurityGroup {
            ingress: vec![Permission {
                protocol: "tcp".to_owned(),
                from: Some(port),
                to: Some(port),
                cidrs: vec!["0.0.0.0/0".to_owned()],
                ..Permission::default()
            }],
            ..SecurityGroup::default()
        }
    }

    fn forward(group: &str, weight: Option<u32>) -> Action {
        Action {
            kind: "forward".to_owned(),
            targets: vec![Forward {
                target_group: group.to_owned(),
                weight,
            }],
            ..Action::default()
        }
    }

    /// A service behind a load balancer of that scheme, whose group opens that port.
    pub(in crate::rule) fn rack(scheme: &str, opened: i32) -> Vec<Resource> {
        let balancer = LoadBalancer {
            scheme: scheme.to_owned(),
            security_groups: vec!["sg-lb".to_owned()],
            ..LoadBalancer::default()
        };
        let listener = Listener {
            load_balancer: "router".to_owned(),
            port: 443,
            actions: vec![forward("web", None)],
            ..Listener::default()
        };
        let group = TargetGroup {
            load_balancers: vec!["router".to_owned()],
            ..TargetGroup::default()
        };
        let service = Service {
            task_definition: "web:1".to_owned(),
            status: "ACTIVE".to_owned(),
            load_balancers: vec![ServiceTarget {
                target_group: Some("web".to_owned()),
                ..ServiceTarget::default()
            }],
            ..Service::default()
        };
        vec![
            Resource::new("router", balancer),
            Resource::new("router/443", listener),
            Resource::new("sg-lb", world(opened)),
            Resource::new("web", group),
            Resource::new("prod/web", service),
            Resource::new("web:1", TaskDefinition::default()),
        ]
    }

    #[test]
    fn a_service_is_reached_through_a_load_balancer_that_faces_the_internet_and_lets_it_in() {
        let told = "load-balancer/router brings the internet to it".to_owned();
        assert_eq!(said(&rack("internet-facing", 443)), Some(told));
        assert_eq!(said(&rack("internal", 443)), None);
        assert_eq!(said(&rack("internet-facing", 80)), None);
    }

    #[test]
    fn only_a_listener_that_sends_there_brings_the_internet() {
        // The world may use port 443, but only port 8443 sends to the service.
        let rack = |weight| {
            let mut all = rack("internet-facing", 443);
            let mut listeners = all.iter_mut();
            let open = listeners.find_map(|it| Listener::of_mut(&mut it.attrs));
            open.unwrap().actions = vec![forward("other", None), forward("web", weight)];
            let office = Listener {
                load_balancer: "router".to_owned(),
                port: 8443,
                actions: vec![forward("web", None)],
                ..Listener::default()
            };
            all.push(Resource::new("router/8443", office));
            all
        };
        assert_eq!(said(&rack(Some(0))), None);
        assert!(said(&rack(Some(1))).is_some());
    }

    #[test]
    fn a_rule_of_a_listener_brings_it_and_one_that_was_not_read_may() {
        let mut all = rack("internet-facing", 443);
        for it in &mut all {
            if let Some(listener) = Listener::of_mut(&mut it.attrs) {
                listener.actions.clear();
            }
        }
        assert_eq!(said(&all), None);
        let gap = crate::snapshot::Gap {
            resource: Some(ResourceId::new(Kind::Listener, "router/443")),
            ..testing::gap(Kind::ListenerRule, "elbv2:DescribeRules")
        };
        let unread = |case: &Case<'_>| of_definition(case, &web());
        assert!(testing::owned(&all, &[gap], |_| true, unread).is_some());
        let rule = ListenerRule {
            listener: "router/443".to_owned(),
            actions: vec![forward("web", None)],
            ..ListenerRule::default()
        };
        all.push(Resource::new("router/443/1", rule));
        assert!(said(&all).is_some());
    }

    #[test]
    fn a_machine_is_reached_where_only_a_part_of_what_its_groups_open_is() {
        use crate::kind::network_acl::NetworkAcl;
        let mut resources = tests::public_subnet();
        for it in &mut resources {
            if let Some(acl) = NetworkAcl::of_mut(&mut it.attrs) {
                let web = acl.entries.iter_mut().find(|it| !it.egress).unwrap();
                web.protocol = "6".to_owned();
                (web.from, web.to) = (Some(443), Some(443));
            }
        }
        let mut group = world(0);
        group.ingress[0].to = Some(65535);
        let mut interface = tests::interface();
        interface.security_groups = vec!["sg-box".to_owned()];
        let machine = Instance {
            interfaces: vec!["eni-1".to_owned()],
            ..Instance::default()
        };
        resources.extend([
            Resource::new("i-1", machine),
            Resource::new("eni-1", interface),
            Resource::new("sg-box", group),
        ]);
        let way = |case: &Case<'_>| {
            let (it, machine) = case.graph.get_as::<Instance>("i-1")?;
            of_machine(case, it, machine)
        };
        assert!(testing::owned(&resources, &[], |_| true, way).is_some());
    }

    #[test]
    fn a_task_with_a_public_address_is_reached_straight() {
        let container = ContainerDefinition {
            name: "web".to_owned(),
            ports: vec![PortMapping {
                container_port: 22,
                protocol: "tcp".to_owned(),
                ..PortMapping::default()
            }],
            ..ContainerDefinition::default()
        };
        let definition = TaskDefinition {
            containers: vec![container],
            ..TaskDefinition::default()
        };
        let task = Task {
            task_definition: "web:1".to_owned(),
            last_status: "RUNNING".to_owned(),
            interfaces: vec!["eni-1".to_owned()],
            ..Task::default()
        };
        let mut resources = tests::public_subnet();
        let mut interface = tests::interface();
        interface.security_groups = vec!["sg-task".to_owned()];
        resources.extend([
            Resource::new("web:1", definition),
            Resource::new("prod/1", task),
            Resource::new("eni-1", interface),
            Resource::new("sg-task", world(22)),
        ]);
        let way = said(&resources).unwrap();
        assert!(way.contains("the internet reaches web at"), "{way}");
    }

    #[test]
    fn a_machine_is_reached_at_what_its_groups_open() {
        let mut resources = tests::public_subnet();
        let mut interface = tests::interface();
        interface.security_groups = vec!["sg-box".to_owned()];
        let machine = Instance {
            interfaces: vec!["eni-1".to_owned()],
            ..Instance::default()
        };
        resources.extend([
            Resource::new("i-1", machine),
            Resource::new("eni-1", interface),
            Resource::new("sg-box", world(22)),
        ]);
        let way = |resources: &[Resource]| {
            testing::owned(
                resources,
                &[],
                |_| true,
                |case| {
                    let (it, machine) = case.graph.get_as::<Instance>("i-1").unwrap();
                    of_machine(case, it, machine)
                },
            )
        };
        let told = "the internet reaches instance/i-1 at tcp 22".to_owned();
        assert_eq!(way(&resources), Some(told));
        resources.pop();
        assert_eq!(way(&resources), None);
    }
}
