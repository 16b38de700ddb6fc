//! How requests come in: from a load balancer's port through its rules to the container.

use std::collections::BTreeMap;

use containers::Containers;

use crate::{
    graph::Graph,
    id::ResourceId,
    kind::{
        Fact, Kind,
        classic_load_balancer::ClassicLoadBalancer,
        listener::Listener,
        listener_rule::{Action, ListenerRule, when},
        load_balancer::LoadBalancer,
        target_group::{self, TargetGroup},
    },
    rule::{Case, Status},
    snapshot::Resource,
};

pub mod containers;

/// One way that a request can take, to a container or to where it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrafficPath {
    pub load_balancer: ResourceId,
    pub dns_name: String,
    /// AWS's word: `HTTP`, `HTTPS`, `TCP`.
    pub protocol: String,
    pub port: u16,
    pub rule: String,
    pub conditions: String,
    pub action: String,
    pub target_group: Option<ResourceId>,
    pub target: Option<Target>,
    pub container: Option<Container>,
    /// Where it ends when there is no container at its end.
    pub end: Option<End>,
}

/// Why a path goes no further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// `Pass` where the request is answered there, `Fail` where it is lost, `Unknown` where what
    /// comes next was not read.
    pub verdict: Status,
    /// A sentence without its full stop.
    pub why: String,
}

impl End {
    fn answered(why: impl Into<String>) -> Self {
        Self {
            verdict: Status::Pass,
            why: why.into(),
        }
    }

    fn lost(why: impl Into<String>) -> Self {
        Self {
            verdict: Status::Fail,
            why: why.into(),
        }
    }

    fn unread(why: impl Into<String>) -> Self {
        Self {
            verdict: Status::Unknown,
            why: why.into(),
        }
    }
}

/// What a target group or a classic load balancer sends to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// AWS's name for it: an instance's id, an address, an ARN.
    pub name: String,
    pub id: Option<ResourceId>,
    pub port: Option<u16>,
    /// AWS's word for its health, or `unknown`.
    pub health: String,
    pub verdict: Status,
    pub reason: String,
}

/// The container at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    pub task: ResourceId,
    pub service: String,
    pub name: String,
    pub port: u16,
    pub image: String,
}

/// All paths through the rack's load balancers, by load balancer, port and precedence.
pub fn paths(case: &Case<'_>) -> Vec<TrafficPath> {
    let containers = Containers::index(case.graph);
    let mut paths = Vec::new();
    for (resource, lb) in case.ours::<LoadBalancer>() {
        through_listeners(case, &containers, resource, lb, &mut paths);
    }
    for (resource, lb) in case.ours::<ClassicLoadBalancer>() {
        through_classic(&containers, resource, lb, &mut paths);
    }
    let telling = [Kind::Task, Kind::ContainerInstance, Kind::Service];
    if telling.iter().any(|it| case.gap_in_listing(*it).is_some()) {
        paths.iter_mut().for_each(doubt);
    }
    paths
}

/// Where tasks were not read, that nobody seems to own a port says nothing.
fn doubt(path: &mut TrafficPath) {
    if let (Some(_), Some(end)) = (&path.target, &mut path.end)
        && end.verdict == Status::Fail
    {
        *end = End::unread("whose port it is is not known: not all tasks were read");
    }
}

fn through_listeners(
    case: &Case<'_>,
    containers: &Containers<'_>,
    resource: &Resource,
    lb: &LoadBalancer,
    paths: &mut Vec<TrafficPath>,
) {
    let start = TrafficPath {
        load_balancer: resource.id.clone(),
        dns_name: lb.dns_name.clone(),
        protocol: String::new(),
        port: 0,
        rule: String::new(),
        conditions: String::new(),
        action: String::new(),
        target_group: None,
        target: None,
        container: None,
        end: None,
    };
    let mut listeners = case.graph.parts::<Listener>(&resource.id);
    listeners.sort_by_key(|(_, it)| it.port);
    if listeners.is_empty() {
        let end = match case.gap_about(&resource.id) {
            Some(gap) => End::unread(format!("its listeners are not known: {} failed", gap.call)),
            None => End::lost("it has no listener: nothing comes in"),
        };
        let end = Some(end);
        paths.push(TrafficPath { end, ..start });
        return;
    }
    for (id, listener) in listeners {
        let start = TrafficPath {
            protocol: listener.protocol.clone(),
            port: listener.port,
            ..start.clone()
        };
        let mut rules = case.graph.parts::<ListenerRule>(&id.id);
        rules.sort_by_key(|(_, it)| it.priority.unwrap_or(u32::MAX));
        for (_, rule) in &rules {
            let number = rule.priority.map(|it| format!("rule {it}"));
            let start = TrafficPath {
                rule: number.unwrap_or_else(|| "default rule".to_owned()),
                conditions: when(&rule.conditions),
                ..start.clone()
            };
            through_actions(case, containers, &start, &rule.actions, paths);
        }
        if rules.is_empty() {
            let rule = match case.gap_about(&id.id) {
                Some(_) => "default rule; the others are not known",
                None => "default rule",
            };
            let start = TrafficPath {
                rule: rule.to_owned(),
                conditions: when(&[]),
                ..start
            };
            through_actions(case, containers, &start, &listener.actions, paths);
        }
    }
}

fn through_actions(
    case: &Case<'_>,
    containers: &Containers<'_>,
    start: &TrafficPath,
    actions: &[Action],
    paths: &mut Vec<TrafficPath>,
) {
    let said: Vec<String> = actions.iter().map(Action::verb).collect();
    let start = TrafficPath {
        action: said.join(", then "),
        ..start.clone()
    };
    let forwards: Vec<_> = actions.iter().flat_map(|it| &it.targets).collect();
    if forwards.is_empty() {
        let end = Some(End::answered("answered by the load balancer itself"));
        paths.push(TrafficPath { end, ..start });
        return;
    }
    let several = forwards.len() > 1;
    for forward in forwards {
        let weight = forward.weight.filter(|_| several);
        let weight = weight
            .map(|it| format!(" (weight {it})"))
            .unwrap_or_default();
        let start = TrafficPath {
            action: format!("{}{weight}", start.action),
            ..start.clone()
        };
        through_group(case, containers, &start, &forward.target_group, paths);
    }
}

fn through_group(
    case: &Case<'_>,
    containers: &Containers<'_>,
    start: &TrafficPath,
    group: &str,
    paths: &mut Vec<TrafficPath>,
) {
    let start = TrafficPath {
        target_group: Some(ResourceId::new(Kind::TargetGroup, group)),
        ..start.clone()
    };
    let ends = |end: End| TrafficPath {
        end: Some(end),
        ..start.clone()
    };
    let Some((_, told)) = case.graph.get_as::<TargetGroup>(group) else {
        paths.push(ends(End::unread("this target group was not seen")));
        return;
    };
    let targets = match &told.targets {
        Fact::Unread => return paths.push(ends(End::unread("its targets were not read"))),
        Fact::Known(it) if it.is_empty() => {
            return paths.push(ends(End::lost("it has no targets")));
        }
        Fact::Known(it) => it,
    };
    let mut targets: Vec<_> = targets.iter().collect();
    targets.sort_by(|a, b| (&a.id, a.port).cmp(&(&b.id, b.port)));
    for it in targets {
        paths.push(at_target(containers, &start, target(case.graph, told, it)));
    }
}

/// One of a group's targets, as it is known here.
pub fn target(graph: &Graph<'_>, group: &TargetGroup, told: &target_group::Target) -> Target {
    let reason = [&told.reason, &told.description];
    let reason: Vec<&str> = reason.into_iter().filter_map(|it| it.as_deref()).collect();
    Target {
        name: told.id.clone(),
        id: known(graph, group, &told.id),
        port: told.port.or(group.port),
        health: told.state.clone(),
        verdict: verdict(&told.state),
        reason: reason.join(": "),
    }
}

fn through_classic(
    containers: &Containers<'_>,
    resource: &Resource,
    lb: &ClassicLoadBalancer,
    paths: &mut Vec<TrafficPath>,
) {
    let mut listeners: Vec<_> = lb.listeners.iter().collect();
    listeners.sort_by_key(|it| it.port);
    for listener in listeners {
        let start = TrafficPath {
            load_balancer: resource.id.clone(),
            dns_name: lb.dns_name.clone(),
            protocol: listener.protocol.clone(),
            port: listener.port,
            rule: String::new(),
            conditions: when(&[]),
            action: "forward".to_owned(),
            target_group: None,
            target: None,
            container: None,
            end: None,
        };
        if lb.instances.is_empty() {
            let end = Some(End::lost("no instance is registered with it"));
            paths.push(TrafficPath { end, ..start });
            continue;
        }
        for it in registered(lb, listener.instance_port) {
            paths.push(at_target(containers, &start, it));
        }
    }
}

/// The instances that are registered with a classic load balancer, in its order.
pub fn registered(lb: &ClassicLoadBalancer, port: u16) -> Vec<Target> {
    let health: BTreeMap<&str, (&str, &str)> = match &lb.health {
        Fact::Unread => BTreeMap::new(),
        Fact::Known(it) => it
            .iter()
            .map(|it| {
                let why = it.description.as_deref().unwrap_or_default();
                (it.instance.as_str(), (it.state.as_str(), why))
            })
            .collect(),
    };
    let target = |instance: &String| {
        let (state, why) = health
            .get(instance.as_str())
            .copied()
            .unwrap_or(("unknown", ""));
        Target {
            name: instance.clone(),
            id: Some(ResourceId::new(Kind::Instance, instance)),
            port: Some(port),
            health: state.to_owned(),
            verdict: verdict(state),
            reason: if why == "N/A" { "" } else { why }.to_owned(),
        }
    };
    lb.instances.iter().map(target).collect()
}

fn at_target(containers: &Containers<'_>, start: &TrafficPath, target: Target) -> TrafficPath {
    let container = containers.behind(&target);
    let end = match (&container, target.id.as_ref().map(|it| it.kind)) {
        (Some(_), _) => None,
        (None, Some(Kind::Function | Kind::LoadBalancer)) => {
            Some(End::answered(format!("{} answers", target.name)))
        }
        (None, _) => Some(End::lost("no running task that was seen owns this port")),
    };
    TrafficPath {
        target: Some(target),
        container,
        end,
        ..start.clone()
    }
}

/// Whether AWS's word for a target's health is good, bad, or neither.
fn verdict(state: &str) -> Status {
    match state {
        "healthy" | "InService" => Status::Pass,
        "unhealthy" | "unavailable" | "OutOfService" => Status::Fail,
        _ => Status::Unknown,
    }
}

/// The resource that a target's name means, as its group's type says.
fn known(graph: &Graph<'_>, group: &TargetGroup, name: &str) -> Option<ResourceId> {
    let id = match group.target_type.as_str() {
        "instance" => ResourceId::new(Kind::Instance, name),
        _ => crate::arn::resource(name)?,
    };
    graph.get(&id).map(|it| it.id.clone())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{
        belonging,
        kind::{
            container_instance::ContainerInstance,
            instance::Instance,
            listener_rule::{Condition, Forward, Redirect},
            task::{Binding, Container as Running, Task},
            task_definition::{ContainerDefinition, PortMapping, TaskDefinition},
        },
        rack::{Maker, Rack},
        snapshot::Gap,
        testing::gap,
    };

    /// One line for each path through an account of which everything is the rack's.
    fn said(resources: &[Resource]) -> Vec<String> {
        said_with(resources, &[])
    }

    fn said_with(resources: &[Resource], gaps: &[Gap]) -> Vec<String> {
        let graph = Graph::build(resources);
        let rack = Rack {
            name: "prod".to_owned(),
            made_by: Maker::Unknown,
            roots: resources
                .iter()
                .map(|it| (it.id.clone(), String::new()))
                .collect(),
        };
        let case = Case {
            graph: &graph,
            rack: &rack,
            belongings: &belonging::decide(&graph, &rack),
            gaps,
            taken: Timestamp::UNIX_EPOCH,
        };
        paths(&case).iter().map(sentence).collect()
    }

    fn sentence(it: &TrafficPath) -> String {
        let target = it.target.as_ref().map(|it| {
            let port = it.port.unwrap_or_default();
            format!(" > {}:{port} {}", it.name, it.health)
        });
        let end = match (&it.container, &it.end) {
            (Some(it), _) => format!("{} {}:{}", it.service, it.name, it.port),
            (None, Some(end)) => format!("{}: {}", end.verdict, end.why),
            (None, None) => String::new(),
        };
        format!(
            ":{} {}, {}: {}{} > {end}",
            it.port,
            it.rule,
            it.conditions,
            it.action,
            target.unwrap_or_default()
        )
    }

    fn forward(group: &str) -> Action {
        Action {
            kind: "forward".to_owned(),
            targets: vec![Forward {
                target_group: group.to_owned(),
                ..Forward::default()
            }],
            ..Action::default()
        }
    }

    fn rule(priority: Option<u32>, host: Option<&str>, action: Action) -> Resource {
        let condition = host.map(|it| Condition {
            field: "host-header".to_owned(),
            values: vec![it.to_owned()],
            ..Condition::default()
        });
        let attrs = ListenerRule {
            listener: "lb/443".to_owned(),
            priority,
            conditions: condition.into_iter().collect(),
            actions: vec![action],
        };
        let name = priority.map_or("default".to_owned(), |it| it.to_string());
        Resource::new(format!("lb/443/{name}"), attrs)
    }

    fn entrance() -> Vec<Resource> {
        let listener = Listener {
            load_balancer: "lb".to_owned(),
            port: 443,
            protocol: "HTTPS".to_owned(),
            ..Listener::default()
        };
        vec![
            Resource::new("lb", LoadBalancer::default()),
            Resource::new("lb/443", listener),
        ]
    }

    fn group(target_type: &str, id: &str, port: u16) -> Resource {
        let target = target_group::Target {
            id: id.to_owned(),
            port: Some(port),
            state: "healthy".to_owned(),
            ..target_group::Target::default()
        };
        let attrs = TargetGroup {
            target_type: target_type.to_owned(),
            targets: Fact::Known(vec![target]),
            ..TargetGroup::default()
        };
        Resource::new("web", attrs)
    }

    fn task(container: Running, machine: Option<&str>) -> Resource {
        let attrs = Task {
            cluster: "c".to_owned(),
            group: "service:web".to_owned(),
            task_definition: "web:1".to_owned(),
            container_instance: machine.map(ToOwned::to_owned),
            containers: vec![container],
            ..Task::default()
        };
        Resource::new("c/t1", attrs)
    }

    #[test]
    fn a_bridge_task_is_found_by_the_machine_and_its_host_port() {
        let container = Running {
            name: "web".to_owned(),
            bindings: vec![Binding {
                container_port: 80,
                host_port: 32768,
                ..Binding::default()
            }],
            ..Running::default()
        };
        let machine = ContainerInstance {
            instance: Some("i-1".to_owned()),
            ..ContainerInstance::default()
        };
        let mut resources = entrance();
        resources.extend([
            rule(Some(10), Some("a.example"), forward("web")),
            group("instance", "i-1", 32768),
            task(container, Some("c/m1")),
            Resource::new("c/m1", machine),
            Resource::new("i-1", Instance::default()),
        ]);
        assert_eq!(
            said(&resources),
            [":443 rule 10, host a.example: forward > i-1:32768 healthy > web web:80"]
        );
    }

    #[test]
    fn an_awsvpc_task_is_found_by_its_address_and_its_own_port() {
        let container = Running {
            name: "web".to_owned(),
            private_ips: vec!["10.0.0.7".to_owned()],
            ..Running::default()
        };
        let definition = TaskDefinition {
            containers: vec![ContainerDefinition {
                name: "web".to_owned(),
                ports: vec![PortMapping {
                    container_port: 3000,
                    ..PortMapping::default()
                }],
                ..ContainerDefinition::default()
            }],
            ..TaskDefinition::default()
        };
        let mut resources = entrance();
        resources.extend([
            rule(None, None, forward("web")),
            group("ip", "10.0.0.7", 3000),
            task(container, None),
            Resource::new("web:1", definition),
        ]);
        assert_eq!(
            said(&resources),
            [":443 default rule, any request: forward > 10.0.0.7:3000 healthy > web web:3000"]
        );
    }

    #[test]
    fn rules_come_in_the_order_in_which_aws_tries_them() {
        let redirect = Action {
            kind: "redirect".to_owned(),
            redirect: Some(Redirect {
                protocol: Some("HTTPS".to_owned()),
                ..Redirect::default()
            }),
            ..Action::default()
        };
        let mut resources = entrance();
        resources.extend([
            rule(None, None, redirect.clone()),
            rule(Some(200), Some("b"), redirect.clone()),
            rule(Some(10), Some("a"), redirect),
        ]);
        let order: Vec<String> = said(&resources)
            .iter()
            .map(|it| it.split(',').next().unwrap().to_owned())
            .collect();
        assert_eq!(
            order,
            [":443 rule 10", ":443 rule 200", ":443 default rule"]
        );
    }

    #[test]
    fn every_dead_end_says_why() {
        let no_listener = said(&entrance()[..1]);
        assert!(no_listener[0].ends_with("fail: it has no listener: nothing comes in"));

        let mut no_group = entrance();
        no_group.push(rule(None, None, forward("gone")));
        assert!(said(&no_group)[0].ends_with("unknown: this target group was not seen"));

        let mut unread = no_group.clone();
        unread.push(Resource::new("gone", TargetGroup::default()));
        assert!(said(&unread)[0].ends_with("unknown: its targets were not read"));

        let mut nobody = entrance();
        nobody.extend([
            rule(None, None, forward("web")),
            group("instance", "i-1", 80),
        ]);
        assert!(said(&nobody)[0].ends_with("fail: no running task that was seen owns this port"));

        let gaps = [gap(Kind::Task, "ecs:ListTasks")];
        let unread = said_with(&nobody, &gaps);
        assert!(
            unread[0].ends_with("unknown: whose port it is is not known: not all tasks were read")
        );
    }
}
