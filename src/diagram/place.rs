//! The frames: where each resource lies, from the region down to the subnet.

use std::collections::{BTreeMap, BTreeSet};

use super::{Enclosure, Frame, Tie, label, look, node_id};
use crate::{
    graph::Graph,
    id::ResourceId,
    kind::{
        AsKind as _, Group, Kind, auto_scaling_group::AutoScalingGroup, cluster::Cluster,
        container_instance::ContainerInstance, route_table::RouteTable, service::Service,
        subnet::Subnet, task::Task, vpc::Vpc,
    },
    rule::Case,
    snapshot::Resource,
    text,
};

const GLOBAL: &str = "global";
const REGION: &str = "region";
const NEIGHBOURS: &str = "neighbours";

/// The frames that are needed so far.
pub(super) struct Places<'a> {
    case: &'a Case<'a>,
    region: &'a str,
    frames: BTreeMap<String, Frame>,
    /// The one VPC that a cluster's machines and tasks are in.
    clusters: BTreeMap<&'a str, Option<&'a str>>,
}

impl<'a> Places<'a> {
    pub(super) fn new(case: &'a Case<'a>, region: &'a str) -> Self {
        Self {
            case,
            region,
            frames: BTreeMap::new(),
            clusters: clusters(case.graph),
        }
    }

    /// The frame of a resource, made with all around it where it is not there yet.
    pub(super) fn of(&mut self, resource: &'a Resource, tie: Tie) -> String {
        if look::is_global(resource.id.kind) {
            return self.plain(GLOBAL, None, Enclosure::Global, "Global");
        }
        if tie == Tie::Foreign {
            let region = self.region();
            let title = "Not of this rack";
            return self.plain(NEIGHBOURS, Some(region), Enclosure::Neighbours, title);
        }
        if let Some(cluster) = cluster_of(resource) {
            return self.cluster(cluster);
        }
        if let Some(cluster) = Cluster::of(&resource.attrs).map(|_| resource.id.key.as_str()) {
            return self.around_cluster(cluster);
        }
        if let Some(it) = Subnet::of(&resource.attrs) {
            return self.zone(&it.vpc, &it.zone);
        }
        let place = resource.attrs.model().place();
        let group = AutoScalingGroup::of(&resource.attrs);
        let of_group = group.and_then(|it| only(vpcs(self.case.graph, &it.subnets)));
        if let Some(subnet) = place.subnet.and_then(|it| self.subnet(it)) {
            return subnet;
        }
        if let Some(vpc) = place.vpc.or(of_group).filter(|it| !it.is_empty()) {
            return self.vpc(vpc);
        }
        self.shelf(resource.id.kind.group())
    }

    /// All frames, each after the one that it lies in.
    pub(super) fn into_frames(self) -> Vec<Frame> {
        let mut left: Vec<Frame> = self.frames.into_values().collect();
        left.sort_by(|a, b| (a.what, &a.lines, &a.id).cmp(&(b.what, &b.lines, &b.id)));
        let mut frames: Vec<Frame> = Vec::new();
        while !left.is_empty() {
            let placed: BTreeSet<String> = frames.iter().map(|it| it.id.clone()).collect();
            let (ready, rest): (Vec<Frame>, Vec<Frame>) = left
                .into_iter()
                .partition(|it| it.inside.as_ref().is_none_or(|it| placed.contains(it)));
            frames.extend(ready);
            left = rest;
        }
        frames
    }

    /// Whether a VPC, a subnet or a cluster is a frame by now.
    pub(super) fn has(&self, id: &ResourceId) -> bool {
        self.frames.contains_key(&node_id(id))
    }

    fn plain(&mut self, id: &str, inside: Option<String>, what: Enclosure, title: &str) -> String {
        self.frames.entry(id.to_owned()).or_insert_with(|| Frame {
            id: id.to_owned(),
            inside,
            what,
            resource: None,
            lines: vec![label(title)],
            marks: Vec::new(),
            tie: Tie::Own,
        });
        id.to_owned()
    }

    fn region(&mut self) -> String {
        let title = format!("Region {}", self.region);
        self.plain(REGION, None, Enclosure::Region, &title)
    }

    fn shelf(&mut self, group: Group) -> String {
        let region = self.region();
        let id = format!("shelf_{group:?}").to_lowercase();
        self.plain(&id, Some(region), Enclosure::Shelf, group.title())
    }

    fn vpc(&mut self, key: &str) -> String {
        let region = self.region();
        let id = ResourceId::new(Kind::Vpc, key);
        let cidr = self.case.graph.get_as::<Vpc>(key).map(|(_, it)| &*it.cidr);
        let fact = ["VPC", cidr.unwrap_or_default()].join(" ");
        self.real(&id, region, Enclosure::Vpc, fact.trim())
    }

    fn zone(&mut self, vpc: &str, zone: &str) -> String {
        let inside = self.vpc(vpc);
        let hash = text::digest(format!("{vpc}/{zone}").as_bytes(), 16);
        let id = format!("zone_{hash}");
        self.plain(&id, Some(inside), Enclosure::Zone, &format!("Zone {zone}"))
    }

    fn subnet(&mut self, key: &str) -> Option<String> {
        let (resource, subnet) = self.case.graph.get_as::<Subnet>(key)?;
        let zone = self.zone(&subnet.vpc, &subnet.zone);
        let tier = tier(self.case, key, subnet).map(|it| format!("{it} subnet"));
        let fact = tier.unwrap_or_else(|| "subnet".to_owned());
        let fact = format!("{fact} {}", subnet.cidr);
        Some(self.real(&resource.id, zone, Enclosure::Subnet, fact.trim()))
    }

    fn cluster(&mut self, key: &str) -> String {
        let inside = self.around_cluster(key);
        let id = ResourceId::new(Kind::Cluster, key);
        self.real(&id, inside, Enclosure::Cluster, "ECS cluster")
    }

    fn around_cluster(&mut self, key: &str) -> String {
        match self.clusters.get(key).copied().flatten() {
            Some(vpc) => self.vpc(vpc),
            None => self.region(),
        }
    }

    /// The frame of a resource that holds others.
    fn real(&mut self, id: &ResourceId, inside: String, what: Enclosure, fact: &str) -> String {
        let own = node_id(id);
        if !self.frames.contains_key(&own) {
            let seen = self.case.graph.get(id);
            let name = seen.map_or(&*id.key, Resource::label);
            let frame = Frame {
                id: own.clone(),
                inside: Some(inside),
                what,
                resource: Some(id.clone()),
                lines: vec![label(name), label(fact)],
                marks: Vec::new(),
                tie: super::model::tie(self.case, id),
            };
            self.frames.insert(own.clone(), frame);
        }
        own
    }
}

/// The cluster that something runs in.
pub(super) fn cluster_of(resource: &Resource) -> Option<&str> {
    let service = Service::of(&resource.attrs).map(|it| it.cluster.as_str());
    let task = Task::of(&resource.attrs).map(|it| it.cluster.as_str());
    let machine = ContainerInstance::of(&resource.attrs).map(|it| it.cluster.as_str());
    service.or(task).or(machine).filter(|it| !it.is_empty())
}

/// For each cluster the VPC that all of it is in.
fn clusters<'a>(graph: &'a Graph<'a>) -> BTreeMap<&'a str, Option<&'a str>> {
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (_, it) in graph.of::<ContainerInstance>() {
        let machine = it.instance.as_ref();
        let machine = machine.and_then(|it| graph.get(&ResourceId::new(Kind::Instance, it)));
        let vpc = machine.and_then(|it| it.attrs.model().place().vpc);
        found.entry(&it.cluster).or_default().extend(vpc);
    }
    for (_, it) in graph.of::<Service>() {
        let vpcs = vpcs(graph, &it.subnets);
        found.entry(&it.cluster).or_default().extend(vpcs);
    }
    for (_, it) in graph.of::<Task>() {
        let vpcs = vpcs(graph, it.subnet.as_slice());
        found.entry(&it.cluster).or_default().extend(vpcs);
    }
    let found = found.into_iter();
    found.map(|(cluster, vpcs)| (cluster, only(vpcs))).collect()
}

fn vpcs<'a>(graph: &'a Graph<'a>, subnets: &[String]) -> BTreeSet<&'a str> {
    let subnets = subnets.iter().filter_map(|it| graph.get_as::<Subnet>(it));
    subnets.map(|(_, it)| it.vpc.as_str()).collect()
}

/// The one of a set that holds no other.
fn only(set: BTreeSet<&str>) -> Option<&str> {
    let mut each = set.into_iter();
    each.next().filter(|_| each.next().is_none())
}

/// Where a subnet's packets to the internet go: "public", "private", "isolated"; `None` where not
/// all routes are known.
pub(super) fn tier(case: &Case<'_>, key: &str, subnet: &Subnet) -> Option<&'static str> {
    if case.gap_in_listing(Kind::RouteTable).is_some() {
        return None;
    }
    let table = routes(case.graph, key, subnet)?;
    let out = table.routes.iter();
    let out: Vec<&str> = out
        .filter(|it| matches!(it.to.as_str(), "0.0.0.0/0" | "::/0"))
        .map(|it| it.via.as_str())
        .collect();
    Some(match out[..] {
        [] => "isolated",
        _ if out.iter().any(|it| it.starts_with("igw-")) => "public",
        _ => "private",
    })
}

/// The route table that counts in a subnet: its own, else the VPC's main one.
pub(super) fn routes<'a>(
    graph: &'a Graph<'a>,
    key: &str,
    subnet: &Subnet,
) -> Option<&'a RouteTable> {
    let all = || graph.of::<RouteTable>().map(|it| it.1);
    let own = all().find(|it| it.subnets.iter().any(|it| it == key));
    own.or_else(|| all().find(|it| it.is_main && it.vpc == subnet.vpc))
}
