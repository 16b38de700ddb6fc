//! Writes a diagram as GraphML: each frame is a node with a graph of its own inside it.

use super::{Diagram, Edge, Frame, Node};
use crate::text;

const KEYS: &[(&str, &str, &str)] = &[
    ("title", "graph", "string"),
    ("notes", "graph", "string"),
    ("what", "node", "string"),
    ("resource", "node", "string"),
    ("label", "node", "string"),
    ("detail", "node", "string"),
    ("marks", "node", "string"),
    ("belonging", "node", "string"),
    ("members", "node", "string"),
    ("stands_for", "node", "int"),
    ("relation", "edge", "string"),
    ("text", "edge", "string"),
    ("broken", "edge", "boolean"),
];

pub fn write(diagram: &Diagram) -> String {
    let mut out = String::new();
    line(&mut out, 0, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
    let head = "<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">";
    line(&mut out, 0, head);
    for (name, of, kind) in KEYS {
        let key =
            format!("<key id=\"{name}\" for=\"{of}\" attr.name=\"{name}\" attr.type=\"{kind}\"/>");
        line(&mut out, 1, &key);
    }
    line(&mut out, 1, "<graph id=\"rack\" edgedefault=\"directed\">");
    data(&mut out, 2, "title", &diagram.title);
    let notes = diagram.legend().into_iter().chain(diagram.beside());
    let notes: Vec<String> = notes.collect();
    data(&mut out, 2, "notes", &notes.join("\n"));
    content(&mut out, diagram, None, 2);
    for (n, it) in diagram.edges.iter().enumerate() {
        arrow(&mut out, n, it);
    }
    line(&mut out, 1, "</graph>");
    line(&mut out, 0, "</graphml>");
    out
}

fn line(out: &mut String, depth: usize, text: &str) {
    out.push_str(&"  ".repeat(depth));
    out.push_str(text);
    out.push('\n');
}

fn data(out: &mut String, depth: usize, key: &str, value: &str) {
    if !value.is_empty() {
        let value = quoted(value);
        line(out, depth, &format!("<data key=\"{key}\">{value}</data>"));
    }
}

fn content(out: &mut String, diagram: &Diagram, frame: Option<&str>, depth: usize) {
    for it in diagram.nodes_in(frame) {
        line(out, depth, &format!("<node id=\"{}\">", it.id));
        node(out, it, depth + 1);
        line(out, depth, "</node>");
    }
    for it in diagram.frames_in(frame) {
        line(out, depth, &format!("<node id=\"{}\">", it.id));
        around(out, it, depth + 1);
        let graph = format!("<graph id=\"in_{}\" edgedefault=\"directed\">", it.id);
        line(out, depth + 1, &graph);
        content(out, diagram, Some(&it.id), depth + 2);
        line(out, depth + 1, "</graph>");
        line(out, depth, "</node>");
    }
}

fn node(out: &mut String, node: &Node, depth: usize) {
    let resource = node.resource.as_ref().map(ToString::to_string);
    data(out, depth, "what", node.noun);
    data(out, depth, "resource", &resource.unwrap_or_default());
    lines(out, depth, &node.lines);
    marks(out, depth, &node.marks);
    data(out, depth, "belonging", node.tie.name());
    let members: Vec<String> = node.members.iter().map(ToString::to_string).collect();
    data(out, depth, "members", &members.join("\n"));
    data(out, depth, "stands_for", &node.stands_for.to_string());
}

fn around(out: &mut String, frame: &Frame, depth: usize) {
    let resource = frame.resource.as_ref().map(ToString::to_string);
    data(out, depth, "what", frame.what.name());
    data(out, depth, "resource", &resource.unwrap_or_default());
    lines(out, depth, &frame.lines);
    marks(out, depth, &frame.marks);
    data(out, depth, "belonging", frame.tie.name());
}

fn lines(out: &mut String, depth: usize, lines: &[String]) {
    if let Some((name, rest)) = lines.split_first() {
        data(out, depth, "label", name);
        data(out, depth, "detail", &rest.join("\n"));
    }
}

fn marks(out: &mut String, depth: usize, marks: &[super::Mark]) {
    let marks: Vec<&str> = marks.iter().map(|it| it.text.as_str()).collect();
    data(out, depth, "marks", &marks.join("\n"));
}

fn arrow(out: &mut String, number: usize, edge: &Edge) {
    let ends = format!("source=\"{}\" target=\"{}\"", edge.from, edge.to);
    line(out, 2, &format!("<edge id=\"e{number}\" {ends}>"));
    data(out, 3, "relation", edge.kind.name());
    data(out, 3, "text", &edge.label().join("\n"));
    data(out, 3, "broken", &edge.broken.to_string());
    line(out, 2, "</edge>");
}

/// Text of an element: no tag, no entity, no character that XML does not allow.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for it in text.chars() {
        match it {
            '&' => quoted.push_str("&amp;"),
            '<' => quoted.push_str("&lt;"),
            '>' => quoted.push_str("&gt;"),
            '"' => quoted.push_str("&quot;"),
            '\n' => quoted.push('\n'),
            // As a reference it is the same character, and commands no terminal on the way.
            _ if super::is_xml(it) && text::is_harmful(it) => {
                quoted.push_str(&format!("&#x{:x};", u32::from(it)));
            }
            _ if super::is_xml(it) => quoted.push(it),
            _ => quoted.push('\u{fffd}'),
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::diagram::example::{chain, named};

    #[test]
    fn a_frame_is_a_node_with_a_graph_inside() {
        let text = write(&chain(&["a", "b"]));
        let graph = "<node id=\"frame_a\">";
        assert!(text.contains(graph), "{text}");
        assert!(text.contains("<graph id=\"in_frame_a\" edgedefault=\"directed\">"));
        assert!(text.contains("<edge id=\"e0\" source=\"a\" target=\"b\">"));
    }

    #[test]
    fn every_key_that_is_used_is_declared() {
        let text = write(&named("x"));
        let used = text.split("<data key=\"").skip(1);
        for key in used.filter_map(|it| it.split('"').next()) {
            assert!(text.contains(&format!("<key id=\"{key}\"")), "{key}");
        }
    }

    proptest! {
        /// Takes away what is text and what we write: nothing may be left.
        #[test]
        fn any_name_leaves_the_markup_as_it_is(name in any::<String>()) {
            let skeleton = |text: &str| {
                let text = write(&named(text));
                let tags = text.split('<').skip(1);
                tags.filter_map(|it| it.split('>').next().map(str::to_owned))
                    .collect::<Vec<_>>()
            };
            // A name without any text has no element of its own.
            prop_assume!(!name.is_empty());
            prop_assert_eq!(skeleton(&name), skeleton("plain"));
            let text = write(&named(&name));
            let legal = |it: char| it == '\n' || crate::diagram::is_xml(it);
            prop_assert!(text.chars().all(legal));
        }
    }
}
