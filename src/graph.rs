//! The snapshot seen as a graph. The only module that knows petgraph.

#![expect(
    clippy::disallowed_types,
    reason = "what is looked up by name alone and never gone through has no order to leak"
)]

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::RandomState;
use petgraph::{
    Direction,
    graph::{DiGraph, NodeIndex},
    visit::EdgeRef,
};

use crate::{
    id::ResourceId,
    kind::{AsKind, Kind, task_definition::TaskDefinition},
    relation::{Relation, RelationKind},
    snapshot::Resource,
};

/// What joins two resources: the relation without its goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    pub kind: RelationKind,
    pub evidence: &'static str,
    pub port: Option<u16>,
    pub weight: Option<u32>,
}

/// Where a resource stands in one graph. Places are in id order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place(NodeIndex);

impl Place {
    /// How many resources come before it.
    pub fn number(self) -> usize {
        self.0.index()
    }
}

/// A table that is looked up by names which AWS gave, many times.
type Names<K, V> = HashMap<K, V, RandomState>;

/// Borrows resources; never changes after it is built. All views live as long as what it borrows.
pub struct Graph<'s> {
    /// petgraph goes through the edges of a node from the last added to the first, so they are
    /// added from the last to the first: whoever asks gets them in order and nobody sorts.
    inner: DiGraph<&'s Resource, Edge>,
    /// Only ever asked for one id: the order of ids is the order of the nodes.
    index: Names<(Kind, &'s str), NodeIndex>,
    by_kind: BTreeMap<Kind, Vec<NodeIndex>>,
    /// For references that only tell an ARN which does not hold the whole key.
    by_arn: Names<&'s str, NodeIndex>,
    /// For references by another key than the one that we chose; several may share one.
    by_other: Names<String, Vec<NodeIndex>>,
    /// The highest revision of each family that can be started: what a family's name stands for.
    latest: Names<&'s str, (u32, NodeIndex)>,
    dangling: Vec<(&'s ResourceId, Relation)>,
}

impl<'s> Graph<'s> {
    pub fn build(resources: impl IntoIterator<Item = &'s Resource>) -> Self {
        // Nodes in id order, each id once: a node's number tells which of two comes first.
        let mut resources: Vec<&'s Resource> = resources.into_iter().collect();
        resources.sort_by(|a, b| a.id.cmp(&b.id));
        resources.dedup_by(|a, b| a.id == b.id);
        let mut inner = DiGraph::with_capacity(resources.len(), resources.len() * 3);
        let index: Names<_, _> = resources
            .iter()
            .map(|it| ((it.id.kind, it.id.key.as_str()), inner.add_node(*it)))
            .collect();
        let mut by_kind: BTreeMap<Kind, Vec<NodeIndex>> = BTreeMap::new();
        for ix in inner.node_indices() {
            by_kind.entry(inner[ix].id.kind).or_default().push(ix);
        }
        let by_arn: Names<&str, NodeIndex> = inner
            .node_indices()
            .filter_map(|ix| Some((inner[ix].arn.as_deref()?, ix)))
            .collect();
        let mut by_other: Names<String, Vec<NodeIndex>> = Names::default();
        for ix in inner.node_indices() {
            for key in inner[ix].attrs.model().other_keys() {
                by_other.entry(key).or_default().push(ix);
            }
        }
        let mut latest: Names<&str, (u32, NodeIndex)> = Names::default();
        for &ix in by_kind.get(&Kind::TaskDefinition).into_iter().flatten() {
            let definition = TaskDefinition::of(&inner[ix].attrs);
            if let Some(it) = definition.filter(|it| it.is_active()) {
                let latest = latest.entry(&it.family).or_insert((it.revision, ix));
                *latest = (*latest).max((it.revision, ix));
            }
        }
        let mut graph = Self {
            inner,
            index,
            by_kind,
            by_arn,
            by_other,
            latest,
            dangling: Vec::new(),
        };
        let mut edges = Vec::with_capacity(graph.inner.node_count() * 3);
        for from in graph.inner.node_indices() {
            let resource = graph.inner[from];
            let mut relations = resource.attrs.model().relations();
            relations.sort();
            relations.dedup();
            for relation in relations {
                match graph.find(&relation.to) {
                    Some(to) => {
                        let edge = Edge {
                            kind: relation.kind,
                            evidence: relation.evidence,
                            port: relation.port,
                            weight: relation.weight,
                        };
                        edges.push((from, to, edge));
                    }
                    None => graph.dangling.push((&resource.id, relation)),
                }
            }
        }
        edges.sort_unstable();
        // One thing may be named in two ways.
        edges.dedup();
        for (from, to, edge) in edges.into_iter().rev() {
            graph.inner.add_edge(from, to, edge);
        }
        graph.dangling.sort();
        graph
    }

    /// All resources, in id order.
    pub fn resources(&self) -> impl Iterator<Item = &'s Resource> {
        self.inner.node_weights().copied()
    }

    /// How many resources there are.
    pub fn len(&self) -> usize {
        self.inner.node_count()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All resources of one kind, typed, in id order.
    pub fn of<K: AsKind + 's>(&self) -> impl Iterator<Item = (&'s Resource, &'s K)> {
        self.of_kind(K::KIND)
            .filter_map(|it| K::of(&it.attrs).map(|attrs| (it, attrs)))
    }

    /// All resources of one kind, in id order.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &'s Resource> {
        self.places_of(kind).map(|it| self.at(it))
    }

    /// The resource of that id, if it was seen. A key may also be the whole ARN, or another key
    /// that no second resource of its kind has, or of a task definition its family: the latest.
    pub fn get(&self, id: &ResourceId) -> Option<&'s Resource> {
        self.find(id).map(|ix| self.inner[ix])
    }

    fn find(&self, id: &ResourceId) -> Option<NodeIndex> {
        let key = (id.kind, id.key.as_str());
        let by_arn = || self.by_arn.get(id.key.as_str());
        let by_other = || {
            let named = self.by_other.get(id.key.as_str())?.iter();
            let mut named = named.filter(|it| self.inner[**it].id.kind == id.kind);
            named.next().filter(|_| named.next().is_none())
        };
        let by_family = || {
            let latest = self.latest.get(id.key.as_str());
            let latest = latest.filter(|_| id.kind == Kind::TaskDefinition);
            latest.map(|it| &it.1)
        };
        let found = self.index.get(&key).or_else(by_arn).or_else(by_other);
        found.or_else(by_family).copied()
    }

    /// Where the resource of that id stands, if it was seen.
    pub fn place(&self, id: &ResourceId) -> Option<Place> {
        self.find(id).map(Place)
    }

    /// All places, in order.
    pub fn places(&self) -> impl DoubleEndedIterator<Item = Place> + use<> {
        self.inner.node_indices().map(Place)
    }

    /// The places of all resources of one kind, in order.
    pub fn places_of(&self, kind: Kind) -> impl Iterator<Item = Place> {
        let nodes = self.by_kind.get(&kind).into_iter().flatten();
        nodes.map(|&ix| Place(ix))
    }

    /// The resource at a place of this graph.
    pub fn at(&self, place: Place) -> &'s Resource {
        self.inner[place.0]
    }

    /// What the one there points at, and how, in id order.
    pub fn uses_at(&self, place: Place) -> impl Iterator<Item = (Place, &Edge)> {
        let edges = self.inner.edges_directed(place.0, Direction::Outgoing);
        edges.map(|it| (Place(it.target()), it.weight()))
    }

    /// Who points at the one there, and how, in id order.
    pub fn users_at(&self, place: Place) -> impl Iterator<Item = (Place, &Edge)> {
        let edges = self.inner.edges_directed(place.0, Direction::Incoming);
        edges.map(|it| (Place(it.source()), it.weight()))
    }

    /// All edges by their places, in order of their ends.
    pub fn joints(&self) -> impl Iterator<Item = (Place, &Edge, Place)> {
        let edges = self.inner.edge_references().rev();
        edges.map(|it| (Place(it.source()), it.weight(), Place(it.target())))
    }

    /// The resource of that id, typed.
    pub fn get_as<K: AsKind + 's>(&self, key: &str) -> Option<(&'s Resource, &'s K)> {
        let resource = self.get(&ResourceId::new(K::KIND, key))?;
        K::of(&resource.attrs).map(|it| (resource, it))
    }

    /// What `id` points at, and how, in id order.
    pub fn uses(&self, id: &ResourceId) -> Vec<(&'s Resource, Edge)> {
        let uses = self.place(id).map(|it| self.named(self.uses_at(it)));
        uses.unwrap_or_default()
    }

    /// Who points at `id`, and how, in id order.
    pub fn users(&self, id: &ResourceId) -> Vec<(&'s Resource, Edge)> {
        let users = self.place(id).map(|it| self.named(self.users_at(it)));
        users.unwrap_or_default()
    }

    /// What is part of `whole`, of one kind, typed, in id order.
    pub fn parts<K: AsKind + 's>(&self, whole: &ResourceId) -> Vec<(&'s Resource, &'s K)> {
        let users = self.users(whole).into_iter();
        users
            .filter(|(_, edge)| edge.kind == RelationKind::PartOf)
            .filter_map(|(it, _)| K::of(&it.attrs).map(|attrs| (it, attrs)))
            .collect()
    }

    /// All edges, in order of their ends.
    pub fn edges(&self) -> Vec<(&'s ResourceId, Edge, &'s ResourceId)> {
        let end = |it: NodeIndex| &self.inner[it].id;
        let edges = self.inner.edge_references().rev();
        edges
            .map(|it| (end(it.source()), *it.weight(), end(it.target())))
            .collect()
    }

    /// References to things that were not seen, with who refers.
    pub fn dangling(&self) -> &[(&'s ResourceId, Relation)] {
        &self.dangling
    }

    fn named<'e>(
        &self,
        near: impl Iterator<Item = (Place, &'e Edge)>,
    ) -> Vec<(&'s Resource, Edge)> {
        near.map(|(it, edge)| (self.at(it), *edge)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_family_stands_for_its_latest_revision_that_can_be_started() {
        let revision = |number: u32, status: &str| {
            let definition = TaskDefinition {
                family: "web".to_owned(),
                revision: number,
                status: status.to_owned(),
                ..TaskDefinition::default()
            };
            Resource::new(format!("web:{number}"), definition)
        };
        let family = ResourceId::new(Kind::TaskDefinition, "web");
        let latest = |all: &[Resource]| {
            let graph = Graph::build(all);
            graph.get(&family).map(|it| it.id.key.clone())
        };
        let nine = revision(9, "ACTIVE");
        let ten = revision(10, "ACTIVE");
        let eleven = revision(11, "INACTIVE");
        assert_eq!(
            latest(&[nine, ten, eleven.clone()]).as_deref(),
            Some("web:10")
        );
        assert_eq!(latest(&[eleven]), None);
    }
}
