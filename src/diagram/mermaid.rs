//! Writes a diagram as a Mermaid flowchart, as wikis and code hosts draw it.
//!
//! Nothing in it can be clicked, and its only markup is the line break.

use std::fmt::Write as _;

use super::{Diagram, Edge, Node, Stroke, Tie, Tone, look};

/// Mermaid refuses longer texts unless its `maxTextSize` is raised.
pub const LONGEST: usize = 50_000;
/// Mermaid refuses more edges unless its `maxEdges` is raised.
pub const MOST_EDGES: usize = 500;

pub fn write(diagram: &Diagram) -> String {
    let mut out = String::new();
    line(&mut out, 0, &format!("%% {}", quoted(&diagram.title)));
    for it in diagram.caption(usize::MAX) {
        line(&mut out, 0, &format!("%% {}", quoted(&it)));
    }
    line(&mut out, 0, "flowchart LR");
    content(&mut out, diagram, None, 1);
    for (n, edge) in diagram.edges.iter().enumerate() {
        arrow(&mut out, edge);
        if edge.broken {
            line(&mut out, 1, &format!("linkStyle {n} stroke:{}", look::BAD));
        }
    }
    legend(&mut out, diagram);
    styles(&mut out, diagram);
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
        // Mermaid keeps room for one line.
        let text: Vec<String> = it.label().map(quoted).collect();
        let text = text.join(" · ");
        line(out, depth, &format!("subgraph {}[\"{text}\"]", it.id));
        content(out, diagram, Some(&it.id), depth + 1);
        line(out, depth, "end");
    }
}

fn node(out: &mut String, node: &Node, depth: usize) {
    let (open, close) = match (
        node.resource.is_none() && node.members.is_empty(),
        node.tone,
    ) {
        (true, _) => ("((", "))"),
        (false, Tone::Entry) => ("([", "])"),
        (false, Tone::Data) => ("[(", ")]"),
        (false, Tone::Messages) => ("[[", "]]"),
        (false, Tone::Compute | Tone::Plain) => ("[", "]"),
    };
    let text = label(node.label());
    line(out, depth, &format!("{}{open}\"{text}\"{close}", node.id));
}

fn arrow(out: &mut String, edge: &Edge) {
    let arrow = match edge.stroke() {
        Stroke::Thick => "==>",
        Stroke::Plain => "-->",
        Stroke::Dotted => "-.->",
    };
    let said = edge.label();
    let said = label(said.iter().map(String::as_str));
    let said = if said.is_empty() {
        String::new()
    } else {
        format!("|\"{said}\"|")
    };
    line(out, 1, &format!("{} {arrow}{said} {}", edge.from, edge.to));
}

/// What the strokes mean and what else must be known, as a box of its own. Mermaid makes it narrow:
/// what is merely counted stands in comments.
fn legend(out: &mut String, diagram: &Diagram) {
    let mut said = vec![diagram.title.clone()];
    said.extend(diagram.legend());
    said.extend(diagram.notes.iter().cloned());
    let text = label(said.iter().map(String::as_str));
    line(out, 1, &format!("legend[\"{text}\"]"));
}

/// Strokes only: fill and text are the theme's, and so can be read on dark and on light.
fn styles(out: &mut String, diagram: &Diagram) {
    for tone in Tone::ALL {
        let name = tone.name();
        let of_tone = diagram.nodes.iter().filter(|it| it.tone == tone);
        let style = format!("stroke:{},stroke-width:2px", tone.colour());
        class(out, name, &style, of_tone.map(|it| it.id.as_str()));
    }
    let loose = |tie: Tie| tie.is_loose();
    let nodes = diagram
        .nodes
        .iter()
        .filter(|it| loose(it.tie))
        .map(|it| &*it.id);
    let frames = diagram
        .frames
        .iter()
        .filter(|it| loose(it.tie))
        .map(|it| &*it.id);
    class(out, "loose", "stroke-dasharray:5 4", nodes.chain(frames));
    let bad = format!("stroke:{},stroke-width:4px", look::BAD);
    let nodes = diagram.nodes.iter().filter(|it| it.is_bad());
    class(out, "bad", &bad, nodes.map(|it| it.id.as_str()));
    class(
        out,
        "note",
        "stroke-dasharray:1 3,text-align:left",
        ["legend"].into_iter(),
    );
}

fn class<'n>(out: &mut String, name: &str, style: &str, ids: impl Iterator<Item = &'n str>) {
    let ids: Vec<&str> = ids.collect();
    if !ids.is_empty() {
        line(out, 1, &format!("classDef {name} {style}"));
        line(out, 1, &format!("class {} {name}", ids.join(",")));
    }
}

fn label<'l>(lines: impl Iterator<Item = &'l str>) -> String {
    lines.map(quoted).collect::<Vec<_>>().join("<br/>")
}

/// Text in which Mermaid finds no quote, entity, tag, directive, comment or Markdown: what is
/// neither letter nor digit nor known to be harmless becomes the entity of its number.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for it in text.chars() {
        // A dash at the start would begin a list.
        let dash = it == '-' && !quoted.is_empty();
        if it.is_alphanumeric() || dash || " .,:/()+?!×·…→⚠".contains(it) {
            quoted.push(it);
        } else {
            // Writing to a `String` cannot fail.
            write!(quoted, "#{};", u32::from(it)).unwrap_or_default();
        }
    }
    // In a line with one of these words Mermaid takes the end of a later entity for a statement's.
    quoted
        .replace("style", "#115;tyle")
        .replace("classDef", "#99;lassDef")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagram::example::{chain, named};

    #[test]
    fn frames_nest_and_edges_bear_their_words() {
        let text = write(&chain(&["a", "b"]));
        let inner = "    subgraph frame_a[\"frame#95;a\"]\n      a[(\"a\")]\n    end\n";
        assert!(text.contains(inner), "{text}");
        assert!(text.contains("  a -.->|\"to\"| b\n"), "{text}");
    }

    #[test]
    fn no_name_ends_its_quotes_or_is_read_as_markup() {
        assert_eq!(quoted("a\"b"), "a#34;b");
        assert_eq!(quoted("<script>"), "#60;script#62;");
        assert_eq!(quoted("#quot;"), "#35;quot#59;");
        assert_eq!(quoted("`**x**`"), "#96;#42;#42;x#42;#42;#96;");
        assert_eq!(quoted("- a-b"), "#45; a-b");
        assert_eq!(quoted("style x:#f00;"), "#115;tyle x:#35;f00#59;");
        assert_eq!(quoted("%%{init: x}%%"), "#37;#37;#123;init: x#125;#37;#37;");
    }

    #[test]
    fn a_hostile_name_adds_no_statement() {
        let lines = |text| write(&named(text)).lines().count();
        let calm = lines("end");
        for text in [
            "end\nclick a href",
            "\"]; click a \"https://evil.test\"",
            "a;b",
            "%%{init",
        ] {
            assert_eq!(lines(text), calm, "{text}");
        }
    }

    #[test]
    fn nothing_can_be_clicked() {
        let text = write(&named(
            "click a href \"https://evil.test\" javascript:alert(1)",
        ));
        let mut lines = text.lines().map(str::trim_start);
        assert!(!lines.any(|it| it.starts_with("click")), "{text}");
        assert!(!text.contains("\"https"), "{text}");
    }
}
