//! Gathers what joins two nodes, and says it in a word or two.

use std::collections::{BTreeMap, BTreeSet};

use super::{Edge, Node, label, node_id, traffic::Way};
use crate::{graph, id::ResourceId, kind::Kind, relation::RelationKind};

/// The id of the one node that is no resource.
const INTERNET: &str = "internet";

pub(super) fn internet() -> Node {
    Node {
        id: INTERNET.to_owned(),
        noun: "internet",
        lines: vec!["Internet".to_owned()],
        stands_for: 1,
        ..Node::default()
    }
}

/// What an edge of the graph says of itself, in a word or two.
pub(super) fn said(from: &ResourceId, edge: graph::Edge, to: &ResourceId) -> String {
    if let Some(port) = edge.port {
        return format!(":{port}");
    }
    let word = match (edge.kind, from.kind, to.kind) {
        (RelationKind::Uses, _, Kind::Repository) => "images",
        (RelationKind::Uses, _, Kind::FileSystem) => "mounts",
        (RelationKind::Uses, _, Kind::Certificate) => "TLS",
        (RelationKind::Uses, Kind::Function, Kind::Queue) => "polls",
        (RelationKind::Uses, Kind::TaskDefinition, Kind::Bucket) => "environment files",
        (RelationKind::WritesTo, Kind::LoadBalancer | Kind::ClassicLoadBalancer, _) => {
            "access logs"
        }
        (RelationKind::WritesTo, Kind::Function, Kind::Queue | Kind::Topic)
        | (RelationKind::ForwardsTo, Kind::Queue, Kind::Queue) => "dead letters",
        (RelationKind::ForwardsTo, Kind::Topic, _) => "delivers",
        (RelationKind::ForwardsTo, Kind::EventRule | Kind::Schedule, _) => "starts",
        (RelationKind::Makes, Kind::AutoScalingGroup, _) => "launches",
        (RelationKind::PartOf, Kind::ContainerInstance, Kind::Cluster) => "machine of",
        (RelationKind::RunsOn, ..) => "",
        (RelationKind::Uses, ..) => "",
        _ => &edge.kind.name().replace('-', " "),
    };
    word.to_owned()
}

/// Edges by their ends, while they are collected.
#[derive(Default)]
pub(super) struct Edges(BTreeMap<(String, String, RelationKind), Draft>);

#[derive(Default)]
struct Draft {
    labels: Vec<String>,
    /// Which requests, and the ports that they come in by.
    requests: Vec<(String, BTreeSet<u16>)>,
    tasks: BTreeSet<ResourceId>,
    sound: usize,
    broken: usize,
}

impl Edges {
    fn at(&mut self, from: String, to: String, kind: RelationKind) -> &mut Draft {
        self.0.entry((from, to, kind)).or_default()
    }

    pub(super) fn add(
        &mut self,
        from: &ResourceId,
        to: &ResourceId,
        kind: RelationKind,
        said: &str,
        told_by: &ResourceId,
    ) {
        if from == to {
            return;
        }
        let draft = self.at(node_id(from), node_id(to), kind);
        draft.say(said);
        draft.sound += 1;
        if told_by.kind == Kind::Task && kind == RelationKind::RunsOn {
            draft.tasks.insert(told_by.clone());
        }
    }

    pub(super) fn way(&mut self, way: &Way) {
        let (from, to) = (node_id(&way.from), node_id(&way.to));
        if from == to {
            return;
        }
        let draft = self.at(from, to, RelationKind::ForwardsTo);
        draft.come(way.port, &way.label);
        if way.broken {
            draft.broken += 1;
        } else {
            draft.sound += 1;
        }
    }

    pub(super) fn clients(&mut self, door: &ResourceId) {
        let draft = self.at(INTERNET.to_owned(), node_id(door), RelationKind::RoutesTo);
        draft.sound += 1;
    }

    pub(super) fn gateway(&mut self, gateway: &ResourceId) {
        let internet = INTERNET.to_owned();
        let draft = self.at(internet, node_id(gateway), RelationKind::RoutesTo);
        draft.say("in and out");
        draft.sound += 1;
    }

    /// Whether a node leads to one of these.
    pub(super) fn leads(&self, from: &ResourceId, to: &BTreeSet<ResourceId>) -> bool {
        let from = node_id(from);
        let goals: BTreeSet<String> = to.iter().map(node_id).collect();
        let mut ends = self.0.keys();
        ends.any(|(a, b, _)| *a == from && goals.contains(b))
    }

    pub(super) fn has_internet(&self) -> bool {
        let mut ends = self.0.keys();
        ends.any(|(from, to, _)| from == INTERNET || to == INTERNET)
    }

    /// In the order of the nodes that they lead from and to.
    pub(super) fn into_edges(self, nodes: &[Node]) -> Vec<Edge> {
        let order: BTreeMap<&str, usize> = nodes
            .iter()
            .enumerate()
            .map(|(n, it)| (it.id.as_str(), n))
            .collect();
        let drawn = self.0.into_iter().filter(|((from, to, _), _)| {
            order.contains_key(from.as_str()) && order.contains_key(to.as_str())
        });
        let mut edges: Vec<Edge> = drawn
            .map(|((from, to, kind), draft)| Edge {
                from,
                to,
                kind,
                tasks: draft.tasks.len(),
                broken: draft.broken > 0 && draft.sound == 0,
                labels: draft.labels(),
            })
            .collect();
        edges.sort_by_key(|it| (order[it.from.as_str()], order[it.to.as_str()], it.kind));
        edges
    }
}

impl Draft {
    fn come(&mut self, port: Option<u16>, said: &str) {
        let at = self.requests.iter().position(|(it, _)| it == said);
        let at = at.unwrap_or_else(|| {
            self.requests.push((said.to_owned(), BTreeSet::new()));
            self.requests.len() - 1
        });
        self.requests[at].1.extend(port);
    }

    /// All labels: `:80 :443 host shop.test`.
    fn labels(mut self) -> Vec<String> {
        for (said, ports) in std::mem::take(&mut self.requests) {
            let ports: Vec<String> = ports.iter().map(|it| format!(":{it}")).collect();
            self.say(format!("{} {said}", ports.join(" ")).trim());
        }
        self.labels
    }

    fn say(&mut self, said: &str) {
        let said = label(said);
        if !said.is_empty() && !self.labels.contains(&said) {
            self.labels.push(said);
        }
    }
}
