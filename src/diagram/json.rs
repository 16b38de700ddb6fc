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
