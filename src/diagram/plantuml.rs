//! Writes a diagram for PlantUML.

use std::fmt::Write as _;

use super::{Diagram, Edge, Node, Stroke, Tone, look};

pub fn write(diagram: &Diagram) -> String {
    let mut out = String::new();
    out.push_str("@startuml\n");
    for it in [
        "skinparam shadowing false",
        "skinparam defaultFontName Helvetica",
        "skinparam rectangle {\n  RoundCorner 8\n}",
        "skinparam ArrowColor #55606e",
        "skinparam PackageBorderColor #7d8998",
        "left to right direction",
    ] {
        line(&mut out, 0, it);
    }
    line(&mut out, 0, &format!("title {}", quoted(&diagram.title)));
    content(&mut out, diagram, None, 0);
    for it in &diagram.edges {
        arrow(&mut out, it);
    }
    let said = diagram.caption(100);
    if !said.is_empty() {
        line(&mut out, 0, "legend left");
        for it in said {
            line(&mut out, 1, &quoted(&it));
        }
        line(&mut out, 0, "endlegend");
    }
    out.push_str("@enduml\n");
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
        let style = style("", it.tie.is_loose());
        let style = format!("package \"{text}\" as {}{style} {{", it.id);
        line(out, depth, &style);
        content(out, diagram, Some(&it.id), depth + 1);
        line(out, depth, "}");
    }
}

fn node(out: &mut String, node: &Node, depth: usize) {
    let internet = node.resource.is_none() && node.members.is_empty();
    let word = match (internet, node.tone) {
        (true, _) => "cloud",
        (false, Tone::Data) => "database",
        (false, Tone::Messages) => "queue",
        (false, Tone::Compute) if node.stands_for > 1 => "collections",
        (false, Tone::Entry | Tone::Compute | Tone::Plain) => "rectangle",
    };
    let colour = if node.is_bad() {
        look::BAD
    } else {
        node.tone.colour()
    };
    let style = style(colour, node.tie.is_loose());
    let text = label(node.label());
    let said = format!("{word} \"{text}\" as {}{style}", node.id);
    line(out, depth, &said);
}

/// ` #white;line:8c4fff;line.dashed`
fn style(colour: &str, dashed: bool) -> String {
    let colour = colour.trim_start_matches('#');
    let mut style = vec!["white".to_owned()];
    if !colour.is_empty() {
        style.push(format!("line:{colour}"));
    }
    if dashed {
        style.push("line.dashed".to_owned());
    }
    format!(" #{}", style.join(";"))
}

fn arrow(out: &mut String, edge: &Edge) {
    let mut style = match edge.stroke() {
        Stroke::Thick => vec!["bold"],
        Stroke::Plain => Vec::new(),
        Stroke::Dotted => vec!["dashed"],
    };
    if edge.broken {
        style.insert(0, look::BAD);
    }
    let style = match style[..] {
        [] => String::new(),
        _ => format!("[{}]", style.join(",")),
    };
    let said = edge.label();
    let said = label(said.iter().map(String::as_str));
    let said = match said.as_str() {
        "" => String::new(),
        _ => format!(" : {said}"),
    };
    line(
        out,
        0,
        &format!("{} -{style}-> {}{said}", edge.from, edge.to),
    );
}

fn label<'l>(lines: impl Iterator<Item = &'l str>) -> String {
    lines.map(quoted).collect::<Vec<_>>().join("\\n")
}

/// Text without anything that PlantUML reads as markup, link, variable, function or file: what is
/// neither letter nor digit nor known to be harmless is told by its number.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for it in text.chars() {
        let lone_dash = it == '-' && !quoted.is_empty() && !quoted.ends_with('-');
        if it.is_alphanumeric() || lone_dash || " .,:()+?×·…→⚠".contains(it) {
            quoted.push(it);
        } else if u32::from(it) <= 0xf_ffff && super::is_xml(it) {
            // Writing to a `String` cannot fail.
            write!(quoted, "<U+{:04X}>", u32::from(it)).unwrap_or_default();
        } else {
            quoted.push('\u{fffd}');
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagram::example::{chain, named};

    #[test]
    fn frames_nest_and_edges_bear_their_words() {
        let text = write(&chain(&["a", "b"]));
        assert!(
            text.contains("  package \"frame<U+005F>a\" as frame_a #white {\n"),
            "{text}"
        );
        assert!(text.contains("a -[dashed]-> b : to\n"), "{text}");
    }

    #[test]
    fn no_name_is_read_as_markup_link_function_or_file() {
        assert_eq!(quoted("[[x]]"), "<U+005B><U+005B>x<U+005D><U+005D>");
        assert_eq!(quoted("%getenv"), "<U+0025>getenv");
        assert_eq!(quoted("!include"), "<U+0021>include");
        assert_eq!(quoted("<img:/etc>"), "<U+003C>img:<U+002F>etc<U+003E>");
        assert_eq!(quoted("--a--b-c"), "<U+002D>-a-<U+002D>b-c");
    }

    #[test]
    fn a_hostile_name_adds_no_statement() {
        let lines = |text| write(&named(text)).lines().count();
        for text in [
            "endlegend",
            "@enduml",
            "\" as x\n!include /etc/passwd",
            "end title",
        ] {
            assert_eq!(lines(text), lines("a"), "{text}");
        }
    }
}
