//! How requests come in: from a load balancer's port through its rules to the container.

use std::collections::BTreeMap;

use containers::Containers;
use jiff::Timestamp;

use crate::{
    graph::Graph,
    id::ResourceId,
    kind::{
        AsKind as _, Fact, Kind,
        certificate::Certificate,
        classic_load_balancer::{ClassicListener, ClassicLoadBalancer},
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
    /// When the first of the port's certificates ends, where it has any.
    pub certificate_expiry: Option<Timestamp>,
    pub rule: String,
    /// The rule's rank; the default rule has none.
    pub priority: Option<u32>,
    pub conditions: String,
    pub action: String,
    /// The target group's share, as AWS writes it (0–999), where the rule has several.
    pub weight: Option<u32>,
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
        through_classic(case, &containers, resource, lb, &mut paths);
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
        certificate_expiry: None,
        rule: String::new(),
        priority: None,
        conditions: String::new(),
        action: String::new(),
        weight: None,
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
            certificate_expiry: expiry(case.graph, &id.id),
            ..start.clone()
        };
        let mut rules = case.graph.parts::<ListenerRule>(&id.id);
        rules.sort_by_key(|(_, it)| it.priority.unwrap_or(u32::MAX));
        for (_, rule) in &rules {
            let number = rule.priority.map(|it| format!("rule {it}"));
            let start = TrafficPath {
                rule: number.unwrap_or_else(|| "default rule".to_owned()),
                priority: rule.priority,
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
        let said = weight.map(|it| format!(" (weight {it})"));
        let start = TrafficPath {
            action: format!("{}{}", start.action, said.unwrap_or_default()),
            weight,
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
        paths.push(at_target(
            case,
            containers,
            &start,
            target(case.graph, told, it),
        ));
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
    case: &Case<'_>,
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
            certificate_expiry: presented(case.graph, listener),
            rule: String::new(),
            priority: None,
            conditions: when(&[]),
            action: "forward".to_owned(),
            weight: None,
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
            paths.push(at_target(case, containers, &start, it));
        }
    }
}

/// When the first certificate of a listener ends.
fn expiry(graph: &Graph<'_>, listener: &ResourceId) -> Option<Timestamp> {
    let held = graph.uses(listener).into_iter();
    held.filter_map(|(it, _)| Certificate::of(&it.attrs)?.not_after)
        .min()
}

/// When the certificate of a classic listener ends, where ACM keeps it.
fn presented(graph: &Graph<'_>, listener: &ClassicListener) -> Option<Timestamp> {
    let certificate = graph.get_as::<Certificate>(listener.certificate.as_deref()?);
    certificate?.1.not_after
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

fn at_target(
    case: &Case<'_>,
    containers: &Containers<'_>,
    start: &TrafficPath,
    target: Target,
) -> TrafficPath {
    let is_neighbours = |it: &ResourceId| case.belongings.of(it).is_foreign();
    let container = containers.behind(&target);
    let end = match (&container, target.id.as_ref().map(|it| it.kind)) {
        (Some(_), _) => None,
        (None, Some(Kind::Function | Kind::LoadBalancer)) => {
            Some(End::answered(format!("{} answers", target.name)))
        }
        (None, Some(Kind::Instance)) if target.id.as_ref().is_some_and(is_neighbours) => {
            let why = "a neighbour's machine, of which the tasks are not read";
            Some(End::unread(why))
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
mod tests;
