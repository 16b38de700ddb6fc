//! What a node's label says below its name, and what is wrong with it.

use super::{label, look, plain, shortened};
use crate::{
    graph::Graph,
    kind::{
        AsKind as _, Fact, Kind, auto_scaling_group::AutoScalingGroup, cache_cluster::CacheCluster,
        certificate::Certificate, classic_load_balancer::ClassicLoadBalancer, cluster::Cluster,
        container_instance::ContainerInstance, db_cluster::DbCluster, db_instance::DbInstance,
        event_rule::EventRule, file_system::FileSystem, function::Function,
        hosted_zone::HostedZone, instance::Instance, internet_gateway::InternetGateway,
        listener::Listener, load_balancer::LoadBalancer, nat_gateway::NatGateway,
        schedule::Schedule, service::Service, subnet::Subnet, table::Table,
        target_group::TargetGroup, task::Task, task_definition::TaskDefinition, topic::Topic,
        vpc::Vpc, vpc_endpoint::VpcEndpoint,
    },
    relation::RelationKind,
    snapshot::Resource,
    text,
};

/// A resource's label: its name, what it is with a fact, and what else there is to know.
pub(super) fn lines(resource: &Resource, graph: &Graph<'_>) -> Vec<String> {
    let name = resource.label();
    // Of `cluster/service` the cluster is seen elsewhere; other names may have slashes of their own.
    let is_within = matches!(
        resource.id.kind,
        Kind::Service | Kind::Task | Kind::ContainerInstance
    );
    let is_key = resource.name.is_none();
    let own = name.rsplit('/').next().filter(|_| is_within && is_key);
    let domain = Some(name).filter(|_| resource.id.kind == Kind::HostedZone);
    let domain = domain.and_then(|it| it.strip_suffix('.'));
    let own = own.or(domain).unwrap_or(name);
    // A name of spaces alone is none.
    let own = Some(own).filter(|it| !it.trim().is_empty());
    let own = own.unwrap_or(&resource.id.key);
    let noun = noun(resource);
    let mut facts = facts(resource, graph);
    let first = if facts.is_empty() {
        String::new()
    } else {
        facts.remove(0)
    };
    let what = match first.as_str() {
        "" => noun,
        fact => format!("{noun} · {fact}"),
    };
    let mut lines = vec![label(own), label(&what)];
    let more = facts.iter().filter(|it| !it.is_empty());
    lines.extend(more.map(|it| label(it)));
    lines
}

/// What it is, more exactly than its kind where its description tells.
fn noun(resource: &Resource) -> String {
    let attrs = &resource.attrs;
    if let Some(it) = LoadBalancer::of(attrs)
        && !it.lb_type.is_empty()
    {
        return format!("{} load balancer", it.lb_type);
    }
    if let Some(it) = HostedZone::of(attrs) {
        let reach = if it.private { "private" } else { "public" };
        return format!("{reach} hosted zone");
    }
    look::of(resource.id.kind).noun.to_owned()
}

/// Short facts that hardly change from day to day, so that pictures can be compared.
fn facts(resource: &Resource, graph: &Graph<'_>) -> Vec<String> {
    let attrs = &resource.attrs;
    if let Some(it) = LoadBalancer::of(attrs) {
        return vec![it.scheme.clone(), ports(resource, graph)];
    }
    if let Some(it) = ClassicLoadBalancer::of(attrs) {
        let mut ports: Vec<u16> = it.listeners.iter().map(|it| it.port).collect();
        ports.sort_unstable();
        return vec![it.scheme.clone(), said_ports(&ports)];
    }
    if let Some(it) = Service::of(attrs) {
        return service(it, resource, graph);
    }
    if let Some(it) = Task::of(attrs) {
        let on = it.launch_type.clone().unwrap_or_default();
        return vec![on, it.task_definition.clone(), logs(resource, graph)];
    }
    if let Some(it) = Instance::of(attrs) {
        let id = resource.name.as_ref().map(|_| resource.id.key.clone());
        return [Some(it.instance_type.clone()), id]
            .into_iter()
            .flatten()
            .collect();
    }
    if let Some(it) = AutoScalingGroup::of(attrs) {
        return vec![format!("{} of {}", it.instances.len(), it.desired)];
    }
    if let Some(it) = NatGateway::of(attrs) {
        let addresses = it.addresses.iter();
        let public: Vec<&str> = addresses.filter_map(|it| it.public_ip.as_deref()).collect();
        return vec![public.join(", ")];
    }
    if let Some(it) = Certificate::of(attrs) {
        let until = it.not_after.map(|it| it.strftime("until %Y-%m-%d"));
        return until.map(|it| it.to_string()).into_iter().collect();
    }
    data(resource, graph)
}

fn data(resource: &Resource, graph: &Graph<'_>) -> Vec<String> {
    let attrs = &resource.attrs;
    if let Some(it) = FileSystem::of(attrs) {
        let number = usize::try_from(it.mount_targets).unwrap_or(usize::MAX);
        return vec![text::count(number, "mount target")];
    }
    if let Some(it) = Table::of(attrs) {
        let facts = match it.facts.known() {
            None => "not described".to_owned(),
            Some(it) if it.is_provisioned() => {
                format!("{} + {} units", it.read_units, it.write_units)
            }
            Some(_) => "on demand".to_owned(),
        };
        return vec![facts];
    }
    if let Some(it) = DbInstance::of(attrs) {
        return vec![it.engine.clone(), it.class.clone()];
    }
    if let Some(it) = DbCluster::of(attrs) {
        return vec![it.engine.clone()];
    }
    if let Some(it) = CacheCluster::of(attrs) {
        return vec![it.engine.clone(), it.node_type.clone()];
    }
    if let Some(it) = EventRule::of(attrs) {
        let schedule = it.schedule.clone();
        return vec![schedule.unwrap_or("on events".to_owned())];
    }
    if let Some(it) = Schedule::of(attrs) {
        let start = it.start.known();
        return start.map(|it| it.expression.clone()).into_iter().collect();
    }
    if let Some(it) = VpcEndpoint::of(attrs) {
        return it.service.iter().cloned().collect();
    }
    if let Some(it) = Topic::of(attrs) {
        return vec![subscribers(it)];
    }
    if let Some(it) = Function::of(attrs) {
        let runtime = it.runtime.clone().unwrap_or("container image".to_owned());
        return vec![runtime, logs(resource, graph)];
    }
    if let Some(it) = TargetGroup::of(attrs) {
        let port = it.port.map(|it| format!(":{it}")).unwrap_or_default();
        let protocol = it.protocol.clone().unwrap_or_default();
        return vec![format!("{protocol} {port}").trim().to_owned()];
    }
    if let Some(it) = Cluster::of(attrs) {
        let machines = usize::try_from(it.container_instances).unwrap_or(usize::MAX);
        return vec![format!("{}, no service", text::count(machines, "machine"))];
    }
    if let Some(it) = Subnet::of(attrs) {
        return vec![it.cidr.clone()];
    }
    if let Some(it) = Vpc::of(attrs) {
        return vec![it.cidr.clone()];
    }
    let telling = HostedZone::of(attrs).is_none() && InternetGateway::of(attrs).is_none();
    let is_node = look::of(resource.id.kind).part == look::Part::Node;
    // What is drawn by default has said enough; of the rest its own summary is the best there is.
    if telling && !is_node {
        return vec![String::new(), attrs.model().summary()];
    }
    Vec::new()
}

/// Subscribers that are no nodes: addresses of people, URLs.
fn subscribers(topic: &Topic) -> String {
    let Fact::Known(subscriptions) = &topic.subscriptions else {
        return "subscribers not read".to_owned();
    };
    let drawn = |it: &str| matches!(it, "sqs" | "lambda");
    let mut others: Vec<&str> = subscriptions
        .iter()
        .map(|it| it.protocol.as_str())
        .filter(|it| !drawn(it))
        .collect();
    others.sort_unstable();
    others.dedup();
    match others[..] {
        [] => String::new(),
        _ => format!("also to {}", others.join(", ")),
    }
}

/// `2 tasks on FARGATE`, and where its containers log to.
fn service(service: &Service, resource: &Resource, graph: &Graph<'_>) -> Vec<String> {
    let providers = service.capacity_providers.join(", ");
    let on = service.launch_type.clone().unwrap_or(providers);
    let number = usize::try_from(service.running).unwrap_or(usize::MAX);
    let mut tasks = text::count(number, "task");
    if !on.is_empty() {
        tasks.push_str(&format!(" on {on}"));
    }
    vec![tasks, logs(resource, graph)]
}

/// The log groups that it writes to by itself or by its task definitions.
fn logs(resource: &Resource, graph: &Graph<'_>) -> String {
    let uses = graph.uses(&resource.id);
    let definitions = uses
        .iter()
        .filter(|(it, _)| TaskDefinition::of(&it.attrs).is_some())
        .flat_map(|(it, _)| graph.uses(&it.id));
    let mut groups: Vec<&str> = uses
        .iter()
        .copied()
        .chain(definitions)
        .filter(|(it, edge)| edge.kind == RelationKind::WritesTo && it.id.kind == Kind::LogGroup)
        .map(|(it, _)| it.id.key.as_str())
        .collect();
    groups.sort_unstable();
    groups.dedup();
    match groups[..] {
        [] => String::new(),
        [one] => format!("logs to {}", shortened(&plain(one), 38)),
        _ => format!("logs to {} groups", groups.len()),
    }
}

fn ports(resource: &Resource, graph: &Graph<'_>) -> String {
    let listeners = graph.parts::<Listener>(&resource.id);
    let mut ports: Vec<u16> = listeners.iter().map(|(_, it)| it.port).collect();
    ports.sort_unstable();
    said_ports(&ports)
}

fn said_ports(ports: &[u16]) -> String {
    let ports = ports.iter().filter(|it| **it > 0);
    let ports: Vec<String> = ports.map(|it| format!(":{it}")).collect();
    ports.join(" ")
}

/// What RDS calls a database that answers.
const DATABASE: &[&str] = &[
    "available",
    "backing-up",
    "configuring-enhanced-monitoring",
    "creating",
    "maintenance",
    "modifying",
    "storage-optimization",
    "upgrading",
];

/// AWS's words for kinds that do what they should, or are about to.
const GOOD: &[(Kind, &[&str])] = &[
    (Kind::Instance, &["running", "pending"]),
    (Kind::LoadBalancer, &["active", "provisioning"]),
    (Kind::NatGateway, &["available", "pending"]),
    (Kind::Certificate, &["ISSUED"]),
    (Kind::DbInstance, DATABASE),
    (Kind::DbCluster, DATABASE),
    (
        Kind::ReplicationGroup,
        &["available", "creating", "modifying", "snapshotting"],
    ),
    (
        Kind::CacheCluster,
        &["available", "creating", "modifying", "snapshotting"],
    ),
    (Kind::Table, &["ACTIVE", "CREATING", "UPDATING"]),
    (Kind::FileSystem, &["available", "creating", "updating"]),
    (Kind::Function, &["Active", "Pending", "Inactive"]),
];

/// Why it does not do what it should, as far as its own description tells.
pub(super) fn ill(resource: &Resource) -> Option<String> {
    let attrs = &resource.attrs;
    if let Some(it) = Service::of(attrs) {
        if it.running < it.desired {
            return Some(format!("{} of {} tasks running", it.running, it.desired));
        }
        let failed = |it: &str| it == "FAILED";
        let states = it.deployments.iter();
        let mut states = states.filter_map(|it| it.rollout_state.as_deref());
        return states.any(failed).then(|| "deployment failed".to_owned());
    }
    if let Some(it) = Task::of(attrs) {
        let unhealthy = it.health.as_deref() == Some("UNHEALTHY") && !it.is_stopped();
        return unhealthy.then(|| "task unhealthy".to_owned());
    }
    if let Some(it) = ContainerInstance::of(attrs) {
        let lost = it.is_active() && !it.agent_connected;
        return lost.then(|| "ECS agent not connected".to_owned());
    }
    if let Some(it) = AutoScalingGroup::of(attrs) {
        let unhealthy = it.instances.iter().filter(|it| it.health == "Unhealthy");
        return match unhealthy.count() {
            0 => None,
            n => Some(format!("{n} of {} unhealthy", it.instances.len())),
        };
    }
    let (_, good) = GOOD.iter().find(|(kind, _)| *kind == resource.id.kind)?;
    let state = attrs.model().state().filter(|it| !it.is_empty())?;
    (!good.contains(&state)).then(|| state.to_owned())
}

/// AWS still lists it, but it is no more.
pub(super) fn is_gone(resource: &Resource) -> bool {
    let attrs = &resource.attrs;
    Instance::of(attrs).is_some_and(Instance::is_gone)
        || NatGateway::of(attrs).is_some_and(NatGateway::is_gone)
        || FileSystem::of(attrs).is_some_and(FileSystem::is_gone)
        || Task::of(attrs).is_some_and(Task::is_stopped)
        || Service::of(attrs).is_some_and(|it| !it.is_active())
        || Cluster::of(attrs).is_some_and(|it| !it.is_active())
        || ContainerInstance::of(attrs).is_some_and(|it| !it.is_active())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_key_its_last_part_is_the_name_and_a_name_is_whole() {
        let service = Resource::new("prod/web", Service::default());
        let name = |it: &Resource| lines(it, &Graph::build([])).remove(0);
        assert_eq!(name(&service), "web");
        assert_eq!(name(&service.name("a/b".to_owned())), "a/b");
    }

    #[test]
    fn a_name_of_spaces_is_none() {
        let bucket = Resource::new("logs", crate::kind::bucket::Bucket::default());
        let bucket = bucket.name("   ".to_owned());
        assert_eq!(lines(&bucket, &Graph::build([]))[0], "logs");
    }

    #[test]
    fn what_is_stopped_is_ill_and_what_runs_is_not() {
        let machine = |status: &str| {
            let attrs = Instance {
                status: status.to_owned(),
                ..Instance::default()
            };
            ill(&Resource::new("i-1", attrs))
        };
        assert_eq!(machine("stopped").as_deref(), Some("stopped"));
        assert_eq!(machine("running"), None);
    }
}
