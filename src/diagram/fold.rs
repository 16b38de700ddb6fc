//! Folds what is alike into one node, so that a large rack still is a picture.

use std::collections::{BTreeMap, BTreeSet};

use super::{Diagram, Edge, Mark, Node, Question, label};
use crate::{id::ResourceId, relation::RelationKind};

/// Instances of one group in one subnet that are still drawn one by one.
const FEW: usize = 2;

/// Names told of the members of a fold.
const NAMED: usize = 3;

/// Folds instances of one Auto Scaling group that share a subnet, then, while there are more
/// nodes than wanted, the largest set of things that are alike.
///
/// What is ill or bears a finding of medium or worse is never folded, nor are these.
pub(super) fn fold(diagram: &mut Diagram, question: &Question, kept: &BTreeSet<String>) {
    let launched = sets(diagram, kept, |it, _| {
        Some((it.made_by.clone()?, it.sort.clone()))
    });
    for set in launched.into_iter().filter(|it| it.len() > FEW) {
        join(diagram, &set);
    }
    while diagram.nodes.len() > question.max_nodes {
        let alike = sets(diagram, kept, |_, around| Some(around.clone()));
        // The largest one; of equal ones that whose first member comes first.
        let best = alike
            .into_iter()
            .reduce(|a, b| if b.len() > a.len() { b } else { a });
        match best {
            Some(set) if set.len() > 1 => join(diagram, &set),
            _ => break,
        }
    }
    let number = diagram.nodes.len();
    if number > question.max_nodes {
        let said = "nodes are drawn: no more of them are alike and sound";
        diagram.notes.push(format!("{number} {said}"));
    }
}

/// Who a node is joined to, and how: the way, the kind of the edge, the other end.
type Around = BTreeSet<(bool, RelationKind, String)>;

/// Sets of nodes that may be folded, by their first members: of one kind, in one frame, tied to
/// the rack in the same way, and with the same key.
fn sets<K: Ord>(
    diagram: &Diagram,
    kept: &BTreeSet<String>,
    key: impl Fn(&Node, &Around) -> Option<K>,
) -> Vec<Vec<String>> {
    let mut around: BTreeMap<&str, Around> = BTreeMap::new();
    for edge in &diagram.edges {
        let (from, to) = (edge.from.as_str(), edge.to.as_str());
        let onward = (true, edge.kind, edge.to.clone());
        let back = (false, edge.kind, edge.from.clone());
        around.entry(from).or_default().insert(onward);
        around.entry(to).or_default().insert(back);
    }
    let none = Around::new();
    let mut sets: BTreeMap<_, Vec<String>> = BTreeMap::new();
    let free = diagram.nodes.iter().filter(|it| {
        let resource = it.resource.is_some() || !it.members.is_empty();
        resource && !it.stands_out() && !kept.contains(&it.id)
    });
    for node in free {
        let around = around.get(node.id.as_str()).unwrap_or(&none);
        if let Some(key) = key(node, around) {
            let like = (node.noun, node.frame.as_deref(), node.tie, key);
            sets.entry(like).or_default().push(node.id.clone());
        }
    }
    let order: BTreeMap<&str, usize> = diagram
        .nodes
        .iter()
        .enumerate()
        .map(|(n, it)| (it.id.as_str(), n))
        .collect();
    let mut sets: Vec<Vec<String>> = sets.into_values().collect();
    sets.sort_by_key(|it| order[it[0].as_str()]);
    sets
}

/// Puts one node in the place of several.
fn join(diagram: &mut Diagram, set: &[String]) {
    let is_member = |id: &String| set.contains(id);
    // Everything before the first member stays before it.
    let Some(at) = diagram.nodes.iter().position(|it| is_member(&it.id)) else {
        return;
    };
    let (members, mut nodes): (Vec<Node>, Vec<Node>) = std::mem::take(&mut diagram.nodes)
        .into_iter()
        .partition(|it| is_member(&it.id));
    let node = joined(members);
    let id = node.id.clone();
    nodes.insert(at, node);
    diagram.nodes = nodes;
    let mut edges: Vec<Edge> = Vec::new();
    let mut index: BTreeMap<(String, String, RelationKind), usize> = BTreeMap::new();
    for mut edge in std::mem::take(&mut diagram.edges) {
        for end in [&mut edge.from, &mut edge.to] {
            if is_member(end) {
                end.clone_from(&id);
            }
        }
        if edge.from == edge.to {
            continue;
        }
        let ends = (edge.from.clone(), edge.to.clone(), edge.kind);
        match index.get(&ends) {
            Some(&at) => merge(&mut edges[at], edge),
            None => {
                index.insert(ends, edges.len());
                edges.push(edge);
            }
        }
    }
    diagram.edges = edges;
}

fn merge(into: &mut Edge, edge: Edge) {
    into.tasks += edge.tasks;
    into.broken &= edge.broken;
    for it in edge.labels {
        if !into.labels.contains(&it) {
            into.labels.push(it);
        }
    }
}

/// `12 × S3 bucket`, with some of their names; the first member lends the rest.
fn joined(members: Vec<Node>) -> Node {
    let mut names: Vec<String> = Vec::new();
    let mut resources: Vec<ResourceId> = Vec::new();
    let mut marks: BTreeMap<Mark, usize> = BTreeMap::new();
    let mut number = 0;
    let sorts: BTreeSet<String> = members.iter().map(|it| it.sort.clone()).collect();
    let mut joined: Option<Node> = None;
    for member in members {
        number += member.stands_for;
        names.extend(member.names.iter().cloned());
        resources.extend(member.resource.iter().chain(&member.members).cloned());
        for it in &member.marks {
            *marks.entry(it.clone()).or_default() += 1;
        }
        joined.get_or_insert(member);
    }
    let mut joined = joined.unwrap_or_default();
    if sorts.len() > 1 {
        joined.sort.clear();
    }
    let what = format!("{number} × {} {}", joined.noun, joined.sort);
    joined.lines = vec![label(what.trim()), label(&some(&names))];
    joined.marks = marks
        .into_iter()
        .map(|(it, times)| match times {
            1 => it,
            _ => Mark {
                text: format!("{} on {times}", it.text),
                ..it
            },
        })
        .collect();
    // Named after its first member, so that one more at the end renames nothing.
    if joined.resource.take().is_some() {
        joined.id = format!("fold_{}", joined.id);
    }
    joined.stands_for = number;
    joined.names = names;
    joined.members = resources;
    joined
}

/// `a, b, c and 9 more`
fn some(names: &[String]) -> String {
    let mut distinct: Vec<&str> = names.iter().map(String::as_str).collect();
    distinct.dedup();
    let said = distinct.iter().take(NAMED).copied();
    let said = said.collect::<Vec<_>>().join(", ");
    match distinct.len().saturating_sub(NAMED) {
        0 => said,
        more => format!("{said} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        diagram::{
            Grade, Tie,
            example::{edge, nodes},
        },
        rule::Severity,
    };

    fn folded(diagram: &mut Diagram, max_nodes: usize, kept: &[&str]) -> Vec<String> {
        let question = Question {
            max_nodes,
            ..Question::default()
        };
        let kept = kept.iter().map(|it| (*it).to_owned()).collect();
        fold(diagram, &question, &kept);
        let nodes = diagram.nodes.iter();
        nodes.map(|it| it.lines[0].clone()).collect()
    }

    #[test]
    fn nothing_is_folded_that_has_room() {
        let mut diagram = nodes(&["a", "b", "c"]);
        assert_eq!(folded(&mut diagram, 3, &[]), ["a", "b", "c"]);
    }

    #[test]
    fn what_is_alike_becomes_one_node_that_says_how_many_it_holds() {
        let mut diagram = nodes(&["a", "b", "c", "d"]);
        assert_eq!(folded(&mut diagram, 3, &[]), ["4 × S3 bucket"]);
        assert_eq!(diagram.nodes[0].lines[1], "a, b, c and 1 more");
        assert_eq!(diagram.nodes[0].members.len(), 4);
        assert_eq!(diagram.nodes[0].id, "fold_a");
    }

    #[test]
    fn what_is_ill_or_bears_a_finding_of_medium_is_never_folded() {
        for (grade, stays) in [
            (Grade::Ill, true),
            (Grade::Found(Severity::Medium), true),
            (Grade::Found(Severity::Low), false),
            (Grade::Unknown, false),
        ] {
            let mut diagram = nodes(&["a", "b", "c"]);
            let text = "!".to_owned();
            diagram.nodes[1].marks = vec![Mark { grade, text }];
            let left = folded(&mut diagram, 1, &[]);
            assert_eq!(left.contains(&"b".to_owned()), stays, "{grade:?}");
        }
    }

    #[test]
    fn the_focus_is_never_folded() {
        let mut diagram = nodes(&["a", "b", "c"]);
        assert_eq!(folded(&mut diagram, 1, &["c"]), ["2 × S3 bucket", "c"]);
    }

    #[test]
    fn only_what_has_the_same_neighbours_is_alike() {
        let mut diagram = nodes(&["a", "b", "c", "d"]);
        diagram.edges = vec![edge("a", "d"), edge("b", "d")];
        assert_eq!(folded(&mut diagram, 3, &["d"]), ["2 × S3 bucket", "c", "d"]);
        assert_eq!(diagram.edges.len(), 1);
        assert_eq!(diagram.edges[0].from, "fold_a");
    }

    #[test]
    fn what_is_tied_otherwise_or_lies_elsewhere_is_not_alike() {
        let mut diagram = nodes(&["a", "b", "c"]);
        diagram.nodes[1].tie = Tie::Shared;
        diagram.nodes[2].frame = None;
        assert_eq!(folded(&mut diagram, 1, &[]), ["a", "b", "c"]);
        let said = diagram.notes.last().map(String::as_str).unwrap_or_default();
        assert!(said.starts_with("3 nodes are drawn"), "{said}");
    }

    #[test]
    fn the_largest_set_goes_first_and_no_more_than_needed() {
        let mut diagram = nodes(&["a", "b", "c", "d", "e"]);
        diagram.nodes[0].tie = Tie::Shared;
        diagram.nodes[1].tie = Tie::Shared;
        let left = folded(&mut diagram, 3, &[]);
        assert_eq!(left, ["a", "b", "3 × S3 bucket"]);
    }

    #[test]
    fn many_instances_of_one_group_in_one_subnet_are_always_folded() {
        let mut diagram = nodes(&["a", "b", "c", "d"]);
        for it in &mut diagram.nodes[..3] {
            it.made_by = Some(ResourceId::new(crate::kind::Kind::AutoScalingGroup, "g"));
            it.sort = "m5.large".to_owned();
        }
        let left = folded(&mut diagram, 9, &[]);
        assert_eq!(left, ["3 × S3 bucket m5.large", "d"]);
    }

    #[test]
    fn tasks_of_folded_machines_are_added_up() {
        let mut diagram = nodes(&["a", "b", "c"]);
        diagram.edges = vec![edge("c", "a"), edge("c", "b")];
        for it in &mut diagram.edges {
            it.tasks = 2;
        }
        folded(&mut diagram, 2, &["c"]);
        assert_eq!(diagram.edges[0].label(), ["to", "4 tasks"]);
    }
}
