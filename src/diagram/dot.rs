//! Writes a diagram as a graph for Graphviz.

use std::fmt::Write as _;

use super::{Diagram, Edge, Enclosure, Frame, Node, Stroke, Tone, look};

/// Text and thin strokes; the ground is white, wherever the picture is put.
const INK: &str = "#1b2430";

pub fn write(diagram: &Diagram) -> String {
    let mut out = String::new();
    out.push_str("digraph rack {\n");
    let defaults = [
        "graph [rankdir=LR, nodesep=0.18, ranksep=0.7, pad=0.3, \
         bgcolor=white, fontname=\"Helvetica\", fontsize=11, labeljust=l]"
            .to_owned(),
        format!(
            "node [shape=box, style=\"rounded,filled\", fillcolor=white, color=\"{INK}\", \
             fontcolor=\"{INK}\", fontname=\"Helvetica\", fontsize=10, margin=\"0.12,0.06\"]"
        ),
        "edge [color=\"#55606e\", fontcolor=\"#3b4450\", fontname=\"Helvetica\", fontsize=9, \
         arrowsize=0.7]"
            .to_owned(),
    ];
    for it in defaults {
        line(&mut out, 1, &it);
    }
    content(&mut out, diagram, None, 1);
    for it in &diagram.edges {
        arrow(&mut out, it);
    }
    caption(&mut out, diagram);
    out.push_str("}\n");
    out
}

fn line(out: &mut String, depth: usize, text: &str) {
    out.push_str(&"  ".repeat(depth));
    out.push_str(text);
    out.push('\n');
}

fn content(out: &mut String, diagram: &Diagram, frame: Option<&str>, depth: usize) {
    for it in diagram.nodes_in(frame) {
        node(out, it, depth);
    }
    for it in diagram.frames_in(frame) {
        line(out, depth, &format!("subgraph cluster_{} {{", it.id));
        around(out, it, depth + 1);
        content(out, diagram, Some(&it.id), depth + 1);
        line(out, depth, "}");
    }
}

fn around(out: &mut String, frame: &Frame, depth: usize) {
    let (colour, fill) = match frame.what {
        Enclosure::Region => ("#00878a", "#f7fbfb"),
        Enclosure::Vpc => ("#8c4fff", "#fbf9ff"),
        Enclosure::Zone => ("#00878a", "#ffffff"),
        Enclosure::Subnet => ("#6a8f16", "#f6f9ee"),
        Enclosure::Cluster => ("#d86613", "#fff8f2"),
        Enclosure::Global | Enclosure::Shelf | Enclosure::Neighbours => ("#a5adb8", "#fafafa"),
    };
    let style = if frame.tie.is_loose() {
        "filled,dashed"
    } else {
        "filled"
    };
    let text = label(frame.label(), "<br align=\"left\"/>");
    let style = format!(
        "labelloc=t; label=<{text}>; style=\"{style}\"; color=\"{colour}\"; fillcolor=\"{fill}\"; fontcolor=\"{INK}\""
    );
    line(out, depth, &style);
}

fn node(out: &mut String, node: &Node, depth: usize) {
    let internet = node.resource.is_none() && node.members.is_empty();
    let shape = match (internet, node.tone) {
        (true, _) => "ellipse",
        (false, Tone::Data) => "cylinder, margin=\"0.12,0.1\"",
        (false, Tone::Messages) => "cds, margin=\"0.2,0.08\"",
        (false, Tone::Entry | Tone::Compute | Tone::Plain) => "box",
    };
    let mut style = vec!["filled"];
    if shape == "box" {
        style.push("rounded");
    }
    if node.tie.is_loose() {
        style.push("dashed");
    }
    let (colour, width) = if node.is_bad() {
        (look::BAD, "2.4")
    } else {
        (node.tone.colour(), "1.4")
    };
    let stacked = if node.stands_for > 1 && shape == "box" {
        ", peripheries=2"
    } else {
        ""
    };
    let text = label(node.label(), "<br/>");
    let style = style.join(",");
    let said = format!(
        "{} [label=<{text}>, shape={shape}, style=\"{style}\", color=\"{colour}\", penwidth={width}{stacked}]",
        node.id
    );
    line(out, depth, &said);
}

fn arrow(out: &mut String, edge: &Edge) {
    let mut style = Vec::new();
    let said = edge.label();
    if !said.is_empty() {
        let said: Vec<String> = said.iter().map(|it| quoted(it)).collect();
        style.push(format!("label=<{}>", said.join("<br/>")));
    }
    match edge.stroke() {
        Stroke::Thick => style.push("penwidth=1.8, color=\"#8c4fff\"".to_owned()),
        Stroke::Plain => {}
        Stroke::Dotted => style.push("style=dashed".to_owned()),
    }
    if edge.broken {
        style.push(format!("color=\"{}\"", look::BAD));
    }
    let said = format!("{} -> {} [{}]", edge.from, edge.to, style.join(", "));
    line(out, 1, said.trim_end_matches(" []"));
}

/// Below the picture: whose it is, what the strokes mean and what is left out.
fn caption(out: &mut String, diagram: &Diagram) {
    let mut text = format!("<b>{}</b><br align=\"left\"/>", quoted(&diagram.title));
    for it in diagram.caption(130) {
        // Writing to a `String` cannot fail.
        write!(text, "{}<br align=\"left\"/>", quoted(&it)).unwrap_or_default();
    }
    // Last, so that no frame inherits it.
    line(out, 1, &format!("graph [labelloc=b, label=<{text}>]"));
}

/// The name in bold, the rest below it.
fn label<'l>(mut lines: impl Iterator<Item = &'l str>, end: &str) -> String {
    let name = lines.next().map(quoted).filter(|it| !it.is_empty());
    let name = name.map(|it| format!("<b>{it}</b>"));
    let rest = lines.map(quoted);
    let lines: Vec<String> = name.into_iter().chain(rest).collect();
    // Graphviz takes an empty HTML label for an error.
    if lines.is_empty() {
        return " ".to_owned();
    }
    // Each line tells its own place; one that ends nothing is centred.
    match lines.len() {
        1 => lines.join(""),
        _ => format!("{}{end}", lines.join(end)),
    }
}

/// Text inside an HTML-like label: no tag, no entity, no `\N` that stands for the node's name.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for it in text.chars() {
        match it {
            '&' => quoted.push_str("&amp;"),
            '<' => quoted.push_str("&lt;"),
            '>' => quoted.push_str("&gt;"),
            '"' => quoted.push_str("&quot;"),
            '\\' => quoted.push_str("\\\\"),
            _ if super::is_xml(it) => quoted.push(it),
            _ => quoted.push('\u{fffd}'),
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagram::example::{chain, named};

    #[test]
    fn frames_are_clusters_and_edges_bear_their_words() {
        let text = write(&chain(&["a", "b"]));
        assert!(text.contains("    subgraph cluster_frame_a {\n"), "{text}");
        assert!(
            text.contains("  a -> b [label=<to>, style=dashed]\n"),
            "{text}"
        );
    }

    #[test]
    fn no_name_is_read_as_markup_or_as_an_escape() {
        assert_eq!(quoted("<b>&\""), "&lt;b&gt;&amp;&quot;");
        assert_eq!(quoted("\\N"), "\\\\N");
        assert_eq!(quoted("a\u{1}\u{ffff}"), "a\u{fffd}\u{fffd}");
    }

    #[test]
    fn a_hostile_name_adds_no_statement() {
        let lines = |text| write(&named(text)).lines().count();
        let calm = lines("a");
        for text in [">]; b -> c [label=<", "\"}", "</b>"] {
            assert_eq!(lines(text), calm, "{text}");
        }
    }

    #[test]
    fn a_node_without_any_text_is_no_error() {
        assert_eq!(label(std::iter::empty(), "<br/>"), " ");
        assert_eq!(label([""].into_iter(), "<br/>"), " ");
    }
}
