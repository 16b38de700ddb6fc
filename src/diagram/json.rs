//! Writes a diagram as JSON with a schema of our own.

use serde_json::{Value, json};

use super::{Diagram, Mark};
use crate::text;

pub fn write(diagram: &Diagram) -> String {
    let frames = diagram.frames.iter().map(|it| {
        json!({
            "id": it.id,
            "inside": it.inside,
            "what": it.what.name(),
            "resource": it.resource,
            "lines": it.lines,
            "marks": marks(&it.marks),
            "belonging": it.tie.name(),
        })
    });
    let nodes = diagram.nodes.iter().map(|it| {
        json!({
            "id": it.id,
            "box": it.frame,
            "what": it.noun,
            "family": it.tone.name(),
            "resource": it.resource,
            "lines": it.lines,
            "marks": marks(&it.marks),
            "belonging": it.tie.name(),
            "stands_for": it.stands_for,
            "members": it.members,
        })
    });
    let edges = diagram.edges.iter().map(|it| {
        json!({
            "from": it.from,
            "to": it.to,
            "relation": it.kind,
            "labels": it.labels,
            "tasks": it.tasks,
            "broken": it.broken,
        })
    });
    text::json(&json!({
        "schema_version": 1,
        "title": diagram.title,
        "boxes": frames.collect::<Vec<_>>(),
        "nodes": nodes.collect::<Vec<_>>(),
        "edges": edges.collect::<Vec<_>>(),
        "notes": diagram.notes,
        "counts": diagram.counts,
    }))
}

fn marks(marks: &[Mark]) -> Vec<Value> {
    let marks = marks.iter().map(|it| {
        json!({
            "grade": it.grade.name(),
            "severity": it.grade.severity(),
            "text": it.text,
        })
    });
    marks.collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::diagram::example::{chain, named};

    #[test]
    fn boxes_nodes_and_edges_name_each_other_by_id() {
        let value: Value = serde_json::from_str(&write(&chain(&["a", "b"]))).unwrap();
        assert_eq!(value["schema_version"], 1);
        assert_eq!(value["boxes"][1]["inside"], "outer");
        assert_eq!(value["nodes"][0]["box"], "frame_a");
        assert_eq!(value["nodes"][0]["resource"], "bucket/a");
        assert_eq!(value["edges"][0]["to"], "b");
    }

    proptest! {
        #[test]
        fn any_name_comes_back_as_it_was(name in any::<String>()) {
            let value: Value = serde_json::from_str(&write(&named(&name))).unwrap();
            prop_assert_eq!(&value["nodes"][0]["lines"][0], &name);
        }
    }
}
