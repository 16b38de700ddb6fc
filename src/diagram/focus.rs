//! Narrows a diagram to what is near one thing.

use std::collections::BTreeSet;

use super::Diagram;

/// Keeps what is at most `depth` edges away from these nodes, and the frames around it.
///
/// The internet is seen but not passed through: by it everything public would be near everything.
pub(super) fn narrow(diagram: &mut Diagram, from: &BTreeSet<String>, depth: usize) {
    let passable = |id: &String| {
        let node = diagram.nodes.iter().find(|it| it.id == *id);
        node.is_some_and(|it| it.resource.is_some())
    };
    let mut near = from.clone();
    let mut edge = near.clone();
    for _ in 0..depth {
        let open: BTreeSet<&String> = edge.iter().filter(|it| passable(it)).collect();
        let next = diagram.edges.iter().flat_map(|it| {
            let onward = open.contains(&it.from).then_some(&it.to);
            let back = open.contains(&it.to).then_some(&it.from);
            onward.into_iter().chain(back)
        });
        let next: BTreeSet<String> = next.filter(|it| !near.contains(*it)).cloned().collect();
        near.extend(next.iter().cloned());
        edge = next;
    }
    diagram.nodes.retain(|it| near.contains(&it.id));
    let kept = |it: &String| near.contains(it);
    diagram.edges.retain(|it| kept(&it.from) && kept(&it.to));
    drop_empty_frames(diagram);
}

/// Drops frames with nothing in them.
fn drop_empty_frames(diagram: &mut Diagram) {
    let mut needed: BTreeSet<String> = diagram
        .nodes
        .iter()
        .filter_map(|it| it.frame.clone())
        .collect();
    // A frame comes after the one that it lies in.
    for frame in diagram.frames.iter().rev() {
        if needed.contains(&frame.id) {
            needed.extend(frame.inside.clone());
        }
    }
    diagram.frames.retain(|it| needed.contains(&it.id));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagram::example::chain;

    fn near(depth: usize) -> Vec<String> {
        let mut diagram = chain(&["a", "b", "c", "d"]);
        narrow(&mut diagram, &BTreeSet::from(["b".to_owned()]), depth);
        diagram.nodes.into_iter().map(|it| it.id).collect()
    }

    #[test]
    fn edges_count_both_ways() {
        assert_eq!(near(0), ["b"]);
        assert_eq!(near(1), ["a", "b", "c"]);
        assert_eq!(near(2), ["a", "b", "c", "d"]);
    }

    #[test]
    fn what_lies_beyond_the_internet_is_not_near() {
        let mut diagram = chain(&["a", "b", "c"]);
        diagram.nodes[1].resource = None;
        narrow(&mut diagram, &BTreeSet::from(["a".to_owned()]), 5);
        let ids: Vec<&str> = diagram.nodes.iter().map(|it| it.id.as_str()).collect();
        assert_eq!(ids, ["a", "b"]);
    }

    #[test]
    fn frames_stay_where_something_is_in_them() {
        let mut diagram = chain(&["a", "b"]);
        narrow(&mut diagram, &BTreeSet::from(["a".to_owned()]), 0);
        let ids: Vec<&str> = diagram.frames.iter().map(|it| it.id.as_str()).collect();
        assert_eq!(ids, ["outer", "frame_a"]);
    }
}
