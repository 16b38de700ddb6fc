//! What must outlive what: the graph's edges, put right where AWS wants another order.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    graph::{Edge, Graph},
    id::ResourceId,
    kind::{
        AsKind as _, Kind, capacity_provider::CapacityProvider,
        classic_load_balancer::ClassicLoadBalancer, cluster::Cluster,
        container_instance::ContainerInstance, db_instance::DbInstance, hosted_zone::HostedZone,
        instance::Instance, internet_gateway::InternetGateway, load_balancer::LoadBalancer,
        nat_gateway::NatGateway, network_interface::NetworkInterface, route_table::RouteTable,
        stack::Stack, subnet::Subnet,
    },
    relation::RelationKind,
    snapshot::Resource,
    trace::dns,
};

/// One thing that something else keeps from going.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hold<'s> {
    pub(super) holder: &'s ResourceId,
    pub(super) held: &'s ResourceId,
    /// As long as the holder stays, the held one must.
    pub(super) keeps: bool,
    /// Which of the two goes first.
    pub(super) first: First,
}

/// Which of two things goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum First {
    Holder,
    Held,
    /// The holder; but what ties them can be cut ahead of time.
    Knot,
    /// The holder, where that is possible: the held one goes all the same.
    Rather,
    /// The held one, where that is possible.
    RatherHeld,
}

/// Everything in the account that keeps something else from going, in order, each once.
pub(super) fn all<'s>(graph: &Graph<'s>) -> Vec<Hold<'s>> {
    let edges = graph.edges();
    let mut holds: Vec<Hold<'s>> = edges.iter().filter_map(told).collect();
    holds.extend(machines(graph, &edges));
    holds.extend(ways_out(graph, &edges));
    holds.extend(addresses(graph));
    holds.extend(aliases(&edges));
    holds.extend(names(graph));
    holds.extend(imports(graph));
    holds.sort_unstable();
    holds.dedup();
    holds
}

/// Stacks that import a value before the stack that exports it.
fn imports<'s>(graph: &Graph<'s>) -> Vec<Hold<'s>> {
    let mut holds = Vec::new();
    for (exporter, stack) in graph.of::<Stack>() {
        let exports = stack.exports.known().into_iter().flatten();
        let importers = exports.flat_map(|it| it.importers.known().into_iter().flatten());
        let importers = importers.filter_map(|it| graph.get(&ResourceId::new(Kind::Stack, it)));
        holds.extend(importers.map(|importer| Hold {
            holder: &importer.id,
            held: &exporter.id,
            keeps: true,
            first: First::Holder,
        }));
    }
    holds
}

type Told<'s> = (&'s ResourceId, Edge, &'s ResourceId);

/// What an edge of the graph means for removal.
fn told<'s>(edge: &Told<'s>) -> Option<Hold<'s>> {
    let &(holder, Edge { kind, .. }, held) = edge;
    let both = |keeps, first| {
        Some(Hold {
            holder,
            held,
            keeps,
            first,
        })
    };
    match (kind, holder.kind, held.kind) {
        // A stack has ways of its own.
        (RelationKind::Declares, ..) => None,
        // An alarm could do without what it measures, and watches over it as long as it is there.
        (RelationKind::Watches, ..) => both(false, First::RatherHeld),
        // An alarm that scales a group is held by the group's policy, too: the group goes first.
        (RelationKind::Uses, Kind::Alarm, Kind::AutoScalingGroup | Kind::ScalableTarget) => {
            both(false, First::RatherHeld)
        }
        // A target that goes is taken off the list.
        (RelationKind::ForwardsTo, Kind::TargetGroup, _)
        | (RelationKind::ForwardsTo, Kind::ClassicLoadBalancer, Kind::Instance) => None,
        // A provider is deleted when its group is gone, and its cluster.
        (RelationKind::Uses, Kind::CapacityProvider, Kind::AutoScalingGroup) => {
            both(true, First::Held)
        }
        // A machine registers itself again as long as it runs: turned round by `machines`.
        (RelationKind::RunsOn, Kind::ContainerInstance, _) => None,
        // The main table goes with the VPC, whose gateways are gone by then.
        (RelationKind::RoutesTo, Kind::RouteTable, _) => both(true, First::Rather),
        (RelationKind::Admits, ..) => both(true, First::Knot),
        // A key can be scheduled for deletion at any time; what it locks is lost with it.
        (_, _, Kind::Key) => both(true, First::Rather),
        _ => both(true, First::Holder),
    }
}

/// Services and tasks before the machines that they run on, machines before their registrations,
/// groups of machines before the cluster that these register with.
fn machines<'s>(graph: &Graph<'s>, edges: &[Told<'s>]) -> Vec<Hold<'s>> {
    let mut holds = Vec::new();
    let mut makers: BTreeMap<&ResourceId, Vec<&'s ResourceId>> = BTreeMap::new();
    for (maker, edge, made) in edges {
        if edge.kind == RelationKind::Makes && maker.kind == Kind::AutoScalingGroup {
            makers.entry(made).or_default().push(maker);
        }
    }
    let mut groups: BTreeMap<&'s ResourceId, BTreeSet<&'s ResourceId>> = BTreeMap::new();
    for (resource, told) in graph.of::<ContainerInstance>() {
        if !told.is_active() {
            continue;
        }
        let machine = told.instance.as_ref();
        let machine = machine.and_then(|it| graph.get(&ResourceId::new(Kind::Instance, it)));
        let Some(machine) = machine else { continue };
        holds.push(Hold {
            holder: &machine.id,
            held: &resource.id,
            keeps: true,
            first: First::Holder,
        });
        if let Some(cluster) = graph.get(&ResourceId::new(Kind::Cluster, &told.cluster)) {
            let makers = makers.get(&machine.id).into_iter().flatten();
            groups.entry(&cluster.id).or_default().extend(makers);
        }
    }
    for (resource, cluster) in graph.of::<Cluster>() {
        let providers = cluster.capacity_providers.iter();
        let providers = providers.filter_map(|it| graph.get_as::<CapacityProvider>(it));
        for (_, provider) in providers {
            let group = provider.auto_scaling_group.as_ref();
            let group = group.map(|it| ResourceId::new(Kind::AutoScalingGroup, it));
            let group = group.and_then(|it| graph.get(&it));
            let groups = groups.entry(&resource.id).or_default();
            groups.extend(group.map(|it| &it.id));
        }
    }
    for (cluster, groups) in &groups {
        holds.extend(groups.iter().map(|group| Hold {
            holder: group,
            held: cluster,
            keeps: true,
            first: First::Holder,
        }));
    }
    for (part, edge, whole) in edges {
        let runs = matches!(part.kind, Kind::Service | Kind::Task);
        if edge.kind == RelationKind::PartOf && runs {
            let groups = groups.get(whole).into_iter().flatten();
            holds.extend(groups.map(|group| Hold {
                holder: part,
                held: group,
                keeps: true,
                first: First::Holder,
            }));
        }
    }
    holds
}

/// What runs in a subnet goes before its route table and its endpoints: a machine that is cut off
/// can no longer say that it has stopped.
fn ways_out<'s>(graph: &Graph<'s>, edges: &[Told<'s>]) -> Vec<Hold<'s>> {
    let mut workloads: BTreeMap<&ResourceId, Vec<&'s ResourceId>> = BTreeMap::new();
    let mut ways: BTreeMap<&ResourceId, Vec<&'s ResourceId>> = BTreeMap::new();
    for (holder, edge, held) in edges {
        if held.kind != Kind::Subnet {
            continue;
        }
        match (edge.kind, holder.kind) {
            (
                RelationKind::SitsIn,
                Kind::Service
                | Kind::Task
                | Kind::Instance
                | Kind::AutoScalingGroup
                | Kind::Function,
            ) => workloads.entry(held).or_default().push(holder),
            (RelationKind::Uses, Kind::RouteTable | Kind::NetworkAcl)
            | (RelationKind::SitsIn, Kind::VpcEndpoint) => {
                ways.entry(held).or_default().push(holder);
            }
            _ => {}
        }
    }
    // A subnet without a table of its own follows the main one, which goes with the VPC: what
    // that leads to must outlive the machines all the same.
    let mut goals: BTreeMap<&ResourceId, Vec<&'s ResourceId>> = BTreeMap::new();
    for (table, edge, goal) in edges {
        if edge.kind == RelationKind::RoutesTo && table.kind == Kind::RouteTable {
            goals.entry(table).or_default().push(goal);
        }
    }
    let mains: BTreeMap<&str, &'s ResourceId> = graph
        .of::<RouteTable>()
        .filter(|(_, table)| table.is_main)
        .map(|(it, table)| (table.vpc.as_str(), &it.id))
        .collect();
    for (resource, subnet) in graph.of::<Subnet>() {
        let own = ways.get(&resource.id).into_iter().flatten();
        if own.into_iter().any(|it| it.kind == Kind::RouteTable) {
            continue;
        }
        let main = mains.get(subnet.vpc.as_str());
        let goals = main.and_then(|it| goals.get(it)).into_iter().flatten();
        let goals = goals.filter(|it| !matches!(it.kind, Kind::Instance | Kind::NetworkInterface));
        ways.entry(&resource.id).or_default().extend(goals);
    }
    let mut holds = Vec::new();
    for (subnet, ways) in &ways {
        for workload in workloads.get(subnet).into_iter().flatten() {
            holds.extend(ways.iter().map(|way| Hold {
                holder: workload,
                held: way,
                keeps: true,
                first: First::Holder,
            }));
        }
    }
    holds
}

/// Whatever has a public address in a VPC goes before its internet gateway is detached.
fn addresses<'s>(graph: &Graph<'s>) -> Vec<Hold<'s>> {
    let mut gateways: BTreeMap<&str, Vec<&'s ResourceId>> = BTreeMap::new();
    for (resource, gateway) in graph.of::<InternetGateway>() {
        for vpc in &gateway.vpcs {
            gateways.entry(vpc).or_default().push(&resource.id);
        }
    }
    let mut holds = Vec::new();
    for resource in graph.resources() {
        let gateways = public_in(resource).and_then(|it| gateways.get(it));
        holds.extend(gateways.into_iter().flatten().map(|gateway| Hold {
            holder: &resource.id,
            held: gateway,
            keeps: true,
            first: First::Holder,
        }));
    }
    holds
}

/// The VPC in which a thing has a public address.
fn public_in(resource: &Resource) -> Option<&str> {
    let attrs = &resource.attrs;
    let machine = Instance::of(attrs).filter(|it| it.public_ip.is_some());
    let machine = machine.and_then(|it| it.vpc.as_deref());
    let nat = NatGateway::of(attrs).filter(|it| !it.is_gone());
    let nat = nat.filter(|it| it.addresses.iter().any(|it| it.public_ip.is_some()));
    let interface = NetworkInterface::of(attrs);
    let interface = interface.filter(|it| it.public_ip.is_some() || !it.elastic_ips.is_empty());
    let balancer = LoadBalancer::of(attrs).filter(|it| it.is_internet_facing());
    let classic = ClassicLoadBalancer::of(attrs).filter(|it| it.is_internet_facing());
    let database = DbInstance::of(attrs).filter(|it| it.public);
    machine
        .or(nat.map(|it| it.vpc.as_str()))
        .or(interface.map(|it| it.vpc.as_str()))
        .or(balancer.map(|it| it.vpc.as_str()))
        .or(classic.and_then(|it| it.vpc.as_deref()))
        .or(database.and_then(|it| it.vpc.as_deref()))
}

/// A key's alias goes as late as the key: as long as it is there, the deletion can be called off
/// and everything finds its key again.
fn aliases<'s>(edges: &[Told<'s>]) -> Vec<Hold<'s>> {
    let mut aliases: BTreeMap<&ResourceId, Vec<&'s ResourceId>> = BTreeMap::new();
    for (alias, edge, key) in edges {
        if edge.kind == RelationKind::PartOf && alias.kind == Kind::KeyAlias {
            aliases.entry(key).or_default().push(alias);
        }
    }
    let mut holds = Vec::new();
    for (user, edge, key) in edges {
        if edge.kind == RelationKind::PartOf {
            continue;
        }
        holds.extend(aliases.get(key).into_iter().flatten().map(|alias| Hold {
            holder: user,
            held: alias,
            keeps: true,
            first: First::Rather,
        }));
    }
    holds
}

/// Names go before what they lead to: a name that leads nowhere can be taken over.
fn names<'s>(graph: &Graph<'s>) -> Vec<Hold<'s>> {
    let goals = balancers(graph);
    let mut holds = Vec::new();
    for (zone, told) in graph.of::<HostedZone>() {
        let mut led: Vec<&ResourceId> = leads(told)
            .filter_map(|(_, goal)| goals.get(&goal).copied())
            .collect();
        led.sort_unstable();
        led.dedup();
        holds.extend(led.into_iter().map(|held| Hold {
            holder: &zone.id,
            held,
            keeps: false,
            first: First::Rather,
        }));
    }
    holds
}

/// The load balancers of a region by their DNS names.
pub(super) fn balancers<'s>(graph: &Graph<'s>) -> BTreeMap<String, &'s ResourceId> {
    let new = graph.of::<LoadBalancer>();
    let new = new.map(|(it, told)| (dns::undressed(&told.dns_name), &it.id));
    let old = graph.of::<ClassicLoadBalancer>();
    let old = old.map(|(it, told)| (dns::undressed(&told.dns_name), &it.id));
    new.chain(old).filter(|it| !it.0.is_empty()).collect()
}

/// The names of a zone, with where each leads.
pub(super) fn leads(zone: &HostedZone) -> impl Iterator<Item = (&str, String)> {
    let records = zone.records.known().into_iter().flatten();
    records.flat_map(|record| {
        let alias = record.alias.iter().map(|it| dns::undressed(&it.dns_name));
        let named = record
            .values
            .iter()
            .filter(|_| record.record_type == "CNAME");
        let named = named.map(|it| dns::undressed(it));
        alias
            .chain(named)
            .map(|goal| (record.name.as_str(), goal))
            .collect::<Vec<_>>()
    })
}
