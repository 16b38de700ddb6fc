//! The snapshot seen as a graph. The only module that knows petgraph.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::{
    Direction,
    graph::{DiGraph, NodeIndex},
    visit::EdgeRef,
};

use crate::{
    id::ResourceId,
    kind::{AsKind, Kind},
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

/// Borrows resources; never changes after it is built. All views live as long as what it borrows.
pub struct Graph<'s> {
    inner: DiGraph<&'s Resource, Edge>,
    index: BTreeMap<&'s ResourceId, NodeIndex>,
    by_kind: BTreeMap<Kind, Vec<NodeIndex>>,
    /// For references that only tell an ARN which does not hold the whole key.
    by_arn: BTreeMap<&'s str, NodeIndex>,
    /// For references by another key than the one that we chose; several may share one.
    by_other: BTreeMap<(Kind, String), Vec<NodeIndex>>,
    dangling: Vec<(&'s ResourceId, Relation)>,
}

impl<'s> Graph<'s> {
    pub fn build(resources: impl IntoIterator<Item = &'s Resource>) -> Self {
        let resources: Vec<&'s Resource> = resources.into_iter().collect();
        let mut inner = DiGraph::with_capacity(resources.len(), resources.len() * 3);
        let index: BTreeMap<_, _> = resources
            .iter()
            .map(|it| (&it.id, inner.add_node(*it)))
            .collect();
        let mut by_kind: BTreeMap<Kind, Vec<NodeIndex>> = BTreeMap::new();
        for (id, &ix) in &index {
            by_kind.entry(id.kind).or_default().push(ix);
        }
        let by_arn: BTreeMap<&str, NodeIndex> = resources
            .iter()
            .filter_map(|it| Some((it.arn.as_deref()?, index[&it.id])))
            .collect();
        let mut by_other: BTreeMap<(Kind, String), Vec<NodeIndex>> = BTreeMap::new();
        for (id, &ix) in &index {
            for key in inner[ix].attrs.model().other_keys() {
                by_other.entry((id.kind, key)).or_default().push(ix);
            }
        }
        let mut graph = Self {
            inner,
            index,
            by_kind,
            by_arn,
            by_other,
            dangling: Vec::new(),
        };
        for resource in resources {
            let mut relations = resource.attrs.model().relations();
            relations.sort();
            relations.dedup();
            // One thing may be named in two ways.
            let mut told = BTreeSet::new();
            for relation in relations {
                match graph.find(&relation.to) {
                    Some(to) => {
                        let edge = Edge {
                            kind: relation.kind,
                            evidence: relation.evidence,
                            port: relation.port,
                            weight: relation.weight,
                        };
                        if told.insert((to, edge)) {
                            let from = graph.index[&resource.id];
                            graph.inner.add_edge(from, to, edge);
                        }
                    }
                    None => graph.dangling.push((&resource.id, relation)),
                }
            }
        }
        graph.dangling.sort();
        graph
    }

    /// All resources, in id order.
    pub fn resources(&self) -> impl Iterator<Item = &'s Resource> {
        self.index.values().map(|&ix| self.inner[ix])
    }

    /// How many resources there are.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// All resources of one kind, typed, in id order.
    pub fn of<K: AsKind + 's>(&self) -> impl Iterator<Item = (&'s Resource, &'s K)> {
        self.by_kind
            .get(&K::KIND)
            .into_iter()
            .flatten()
            .filter_map(|&ix| K::of(&self.inner[ix].attrs).map(|it| (self.inner[ix], it)))
    }

    /// The resource of that id, if it was seen. A key may also be the whole ARN, or another key
    /// that no second resource of its kind has.
    pub fn get(&self, id: &ResourceId) -> Option<&'s Resource> {
        self.find(id).map(|ix| self.inner[ix])
    }

    fn find(&self, id: &ResourceId) -> Option<NodeIndex> {
        let by_arn = || self.by_arn.get(id.key.as_str());
        let by_other = || match self.by_other.get(&(id.kind, id.key.clone()))?[..] {
            [ref one] => Some(one),
            _ => None,
        };
        let found = self.index.get(id).or_else(by_arn);
        found.or_else(by_other).copied()
    }

    /// The resource of that id, typed.
    pub fn get_as<K: AsKind + 's>(&self, key: &str) -> Option<(&'s Resource, &'s K)> {
        let resource = self.get(&ResourceId::new(K::KIND, key))?;
        K::of(&resource.attrs).map(|it| (resource, it))
    }

    /// What `id` points at, and how, in id order.
    pub fn uses(&self, id: &ResourceId) -> Vec<(&'s Resource, Edge)> {
        self.neighbours(id, Direction::Outgoing)
    }

    /// Who points at `id`, and how, in id order.
    pub fn users(&self, id: &ResourceId) -> Vec<(&'s Resource, Edge)> {
        self.neighbours(id, Direction::Incoming)
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
        let mut edges: Vec<_> = self
            .inner
            .edge_references()
            .map(|it| {
                let from = &self.inner[it.source()].id;
                let to = &self.inner[it.target()].id;
                (from, *it.weight(), to)
            })
            .collect();
        edges.sort_by(|a, b| (a.0, a.2, a.1).cmp(&(b.0, b.2, b.1)));
        edges
    }

    /// References to things that were not seen, with who refers.
    pub fn dangling(&self) -> &[(&'s ResourceId, Relation)] {
        &self.dangling
    }

    fn neighbours(&self, id: &ResourceId, direction: Direction) -> Vec<(&'s Resource, Edge)> {
        let Some(ix) = self.find(id) else {
            return Vec::new();
        };
        let mut found: Vec<_> = self
            .inner
            .edges_directed(ix, direction)
            .map(|it| {
                let other = match direction {
                    Direction::Outgoing => it.target(),
                    Direction::Incoming => it.source(),
                };
                (self.inner[other], *it.weight())
            })
            .collect();
        found.sort_by(|a, b| (&a.0.id, a.1).cmp(&(&b.0.id, b.1)));
        found
    }
}
