//! Small diagrams for the tests of this module.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Diagram, Edge, Enclosure, Frame, Node, Question, Tie, Tone, draw};
use crate::{
    id::ResourceId,
    kind::Kind,
    relation::RelationKind,
    report::Material,
    rule,
    snapshot::{FORMAT, Money, Origin, Resource, Snapshot},
    testing::owned,
};

/// The diagram of a rack that has all of these but what is tagged `owner = "nobody"`.
pub(super) fn drawn(resources: &[Resource], question: &Question) -> Diagram {
    let snapshot = Snapshot {
        format: FORMAT,
        tool: "0".to_owned(),
        taken: Timestamp::UNIX_EPOCH,
        took_ms: 0,
        account: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
        identity: String::new(),
        rack: "prod".to_owned(),
        definition: None,
        calls: BTreeMap::new(),
        gaps: Vec::new(),
        money: Money::default(),
        resources: resources.to_vec(),
        origin: Origin::default(),
    };
    let ours = |it: &Resource| !it.tags.contains_key("owner");
    owned(&snapshot.resources, &[], ours, |case| {
        let judged = rule::audit(case).unwrap();
        let material = Material {
            snapshot: &snapshot,
            case: *case,
            judged: &judged,
            notices: &[],
        };
        draw(&material, question)
    })
}

/// Buckets of these names in one frame.
pub(super) fn nodes(names: &[&str]) -> Diagram {
    let nodes = names.iter().map(|name| Node {
        id: (*name).to_owned(),
        resource: Some(ResourceId::new(Kind::Bucket, *name)),
        frame: Some("outer".to_owned()),
        noun: "S3 bucket",
        tone: Tone::Data,
        lines: vec![(*name).to_owned()],
        names: vec![(*name).to_owned()],
        stands_for: 1,
        ..Node::default()
    });
    Diagram {
        title: "Example".to_owned(),
        frames: vec![frame("outer", None)],
        nodes: nodes.collect(),
        edges: Vec::new(),
        notes: Vec::new(),
        counts: Vec::new(),
    }
}

/// Buckets that lead on to each other, each in a frame of its own.
pub(super) fn chain(names: &[&str]) -> Diagram {
    let mut chain = nodes(names);
    for node in &mut chain.nodes {
        let own = format!("frame_{}", node.id);
        chain.frames.push(frame(&own, Some("outer")));
        node.frame = Some(own);
    }
    let pairs = names.windows(2);
    chain.edges = pairs.map(|it| edge(it[0], it[1])).collect();
    chain
}

/// A diagram in which everything that can be named is named so.
pub(super) fn named(text: &str) -> Diagram {
    let mut named = chain(&["a", "b"]);
    named.title = text.to_owned();
    named.notes = vec![text.to_owned()];
    for frame in &mut named.frames {
        frame.lines = vec![text.to_owned()];
    }
    for node in &mut named.nodes {
        node.lines = vec![text.to_owned(), text.to_owned()];
        node.resource = Some(ResourceId::new(Kind::Bucket, text));
    }
    for edge in &mut named.edges {
        edge.labels = vec![text.to_owned()];
    }
    named
}

pub(super) fn edge(from: &str, to: &str) -> Edge {
    Edge {
        from: from.to_owned(),
        to: to.to_owned(),
        kind: RelationKind::Uses,
        labels: vec!["to".to_owned()],
        tasks: 0,
        broken: false,
    }
}

fn frame(id: &str, inside: Option<&str>) -> Frame {
    Frame {
        id: id.to_owned(),
        inside: inside.map(str::to_owned),
        what: Enclosure::Shelf,
        resource: None,
        lines: vec![id.to_owned()],
        marks: Vec::new(),
        tie: Tie::Own,
    }
}
