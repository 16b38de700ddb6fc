//! Writes a diagram as D2.

use super::{Diagram, Edge, Frame, Node, Stroke, Tone, look};

pub fn write(diagram: &Diagram) -> String {
    let mut out = String::new();
    line(&mut out, 0, "direction: right");
    let title = format!("title: \"{}\" {{", quoted(&diagram.title));
    line(&mut out, 0, &title);
    line(&mut out, 1, "shape: text");
    line(&mut out, 1, "near: top-center");
    line(&mut out, 1, "style.font-size: 24");
    line(&mut out, 0, "}");
    content(&mut out, diagram, None, 0);
    for it in &diagram.edges {
        arrow(&mut out, diagram, it);
    }
    let said = diagram.caption(90);
    if !said.is_empty() {
        let text = label(said.iter().map(String::as_str));
        line(&mut out, 0, &format!("legend: \"{text}\" {{"));
        line(&mut out, 1, "shape: page");
        line(&mut out, 1, "near: bottom-center");
        line(&mut out, 0, "}");
    }
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
        let text = label(it.label());
        line(out, depth, &format!("{}: \"{text}\" {{", it.id));
        if it.tie.is_loose() {
            line(out, depth + 1, "style.stroke-dash: 4");
        }
        content(out, diagram, Some(&it.id), depth + 1);
        line(out, depth, "}");
    }
}

fn node(out: &mut String, node: &Node, depth: usize) {
    let text = label(node.label());
    line(out, depth, &format!("{}: \"{text}\" {{", node.id));
    let internet = node.resource.is_none() && node.members.is_empty();
    let shape = match (internet, node.tone) {
        (true, _) => Some("cloud"),
        (false, Tone::Data) => Some("cylinder"),
        (false, Tone::Messages) => Some("queue"),
        (false, Tone::Entry | Tone::Compute | Tone::Plain) => None,
    };
    if let Some(shape) = shape {
        line(out, depth + 1, &format!("shape: {shape}"));
    }
    let (colour, width) = if node.is_bad() {
        (look::BAD, 4)
    } else {
        (node.tone.colour(), 2)
    };
    line(out, depth + 1, &format!("style.stroke: \"{colour}\""));
    line(out, depth + 1, &format!("style.stroke-width: {width}"));
    if node.tie.is_loose() {
        line(out, depth + 1, "style.stroke-dash: 4");
    }
    if node.stands_for > 1 {
        line(out, depth + 1, "style.multiple: true");
    }
    line(out, depth, "}");
}

fn arrow(out: &mut String, diagram: &Diagram, edge: &Edge) {
    let (from, to) = (path(diagram, &edge.from), path(diagram, &edge.to));
    let said = edge.label();
    let said = label(said.iter().map(String::as_str));
    let mut style = Vec::new();
    match edge.stroke() {
        Stroke::Thick => style.push("style.stroke-width: 3"),
        Stroke::Plain => {}
        Stroke::Dotted => style.push("style.stroke-dash: 4"),
    }
    let red = format!("style.stroke: \"{}\"", look::BAD);
    if edge.broken {
        style.push(&red);
    }
    let style = match style[..] {
        [] => String::new(),
        _ => format!(" {{ {} }}", style.join("; ")),
    };
    line(out, 0, &format!("{from} -> {to}: \"{said}\"{style}"));
}

/// A node's id after those of all frames around it: D2 knows it by no less.
fn path(diagram: &Diagram, id: &str) -> String {
    let node = diagram.nodes.iter().find(|it| it.id == id);
    let frame = |id: &str| diagram.frames.iter().find(|it| it.id == id);
    let inmost: Option<&Frame> = node.and_then(|it| frame(it.frame.as_deref()?));
    let frames = std::iter::successors(inmost, |it| frame(it.inside.as_deref()?));
    let mut path: Vec<&str> = frames.map(|it| it.id.as_str()).collect();
    path.reverse();
    path.push(id);
    path.join(".")
}

fn label<'l>(lines: impl Iterator<Item = &'l str>) -> String {
    lines.map(quoted).collect::<Vec<_>>().join("\\n")
}

/// Text between double quotes: no end of them, no escape, no substitution.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for it in text.chars() {
        match it {
            '"' | '\\' | '$' => quoted.extend(['\\', it]),
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
    fn an_edge_names_all_frames_around_its_ends() {
        let text = write(&chain(&["a", "b"]));
        let edge = "outer.frame_a.a -> outer.frame_b.b: \"to\" { style.stroke-dash: 4 }\n";
        assert!(text.contains(edge), "{text}");
    }

    #[test]
    fn no_name_ends_its_quotes_or_is_substituted() {
        assert_eq!(quoted("a\"b\\c${d}|e"), "a\\\"b\\\\c\\${d}|e");
    }

    #[test]
    fn a_hostile_name_adds_no_statement() {
        let lines = |text| write(&named(text)).lines().count();
        for text in ["\"; x -> y", "| }", "...@file"] {
            assert_eq!(lines(text), lines("a"), "{text}");
        }
    }
}
