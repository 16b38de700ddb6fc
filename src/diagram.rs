//! The architecture of a rack as nested frames, nodes and edges: what is drawn, not where.
//!
//! A picture of every resource says nothing. By default only what a person would draw by hand is
//! a node; the rest stands on edges and in labels, or is left out and counted in the notes.

use std::collections::BTreeSet;

use crate::{id::ResourceId, relation::RelationKind, report::Material, rule::Severity, text};

pub mod d2;
pub mod dot;
mod facts;
mod focus;
mod fold;
pub mod graphml;
mod joint;
pub mod json;
mod look;
pub mod mermaid;
mod model;
mod notes;
mod place;
pub mod plantuml;
mod reach;
mod traffic;

pub use look::Tone;

/// What is drawn, and what is said beside it. Made the same way from the same snapshot every time.
///
/// All text in it is for eyes: harmless, of one line and not too long. A format only quotes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagram {
    pub title: String,
    /// Each after the one that it lies in.
    pub frames: Vec<Frame>,
    /// In the order of their resources.
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
    /// What a reader of the picture must know beside it, each as a line.
    pub notes: Vec<String>,
    /// How many things of each kind are no nodes, each as a line.
    pub counts: Vec<String>,
}

/// A box around nodes and other boxes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub id: String,
    /// Id of the frame that it lies in.
    pub inside: Option<String>,
    pub what: Enclosure,
    pub resource: Option<ResourceId>,
    /// Its name first, then what there is to know of it.
    pub lines: Vec<String>,
    pub marks: Vec<Mark>,
    pub tie: Tie,
}

/// What a frame stands for, in the order in which frames lie beside each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Enclosure {
    Global,
    Region,
    Vpc,
    Cluster,
    Zone,
    Subnet,
    /// Things of one shelf that lie in no network.
    Shelf,
    /// What does not belong to the rack.
    Neighbours,
}

impl Enclosure {
    pub fn name(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Region => "region",
            Self::Vpc => "vpc",
            Self::Cluster => "cluster",
            Self::Zone => "zone",
            Self::Subnet => "subnet",
            Self::Shelf => "shelf",
            Self::Neighbours => "neighbours",
        }
    }
}

/// One thing, or several that are alike.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// Letters, digits and `_`; hangs on the resource's id alone.
    pub id: String,
    /// Absent for the internet and for a fold.
    pub resource: Option<ResourceId>,
    /// Id of its frame; the internet has none.
    pub frame: Option<String>,
    /// "ECS service", "S3 bucket".
    pub noun: &'static str,
    pub tone: Tone,
    /// Its name first, then what there is to know of it.
    pub lines: Vec<String>,
    pub marks: Vec<Mark>,
    pub tie: Tie,
    /// What it stands for beside `resource`: a service's tasks, the members of a fold.
    pub members: Vec<ResourceId>,
    /// How many things of its kind it is: more than one only of a fold.
    pub stands_for: usize,
    /// What these are called.
    names: Vec<String>,
    /// The Auto Scaling group that launched it.
    made_by: Option<ResourceId>,
    /// What else its like must have in common with it to be folded with it: its type.
    sort: String,
}

/// Something about a node that a reader must not miss.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    pub grade: Grade,
    pub text: String,
}

/// How much a mark weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// It does not do what it should.
    Ill,
    /// Rules failed; the worst of them.
    Found(Severity),
    /// Something about it is not known.
    Unknown,
}

/// How a thing is tied to the rack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tie {
    /// Declared by it, or made by what it declares.
    #[default]
    Own,
    /// Only the rack uses it.
    Inferred,
    /// Others use it too.
    Shared,
    /// Not of the rack.
    Foreign,
}

impl Tie {
    /// Whether its outline is broken.
    pub fn is_loose(self) -> bool {
        self != Self::Own
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Inferred => "inferred",
            Self::Shared => "shared",
            Self::Foreign => "foreign",
        }
    }
}

/// How one node leads to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    pub from: String,
    pub to: String,
    pub kind: RelationKind,
    /// Each says one thing; empty where the kind says it all.
    pub labels: Vec<String>,
    /// How many tasks it stands for, where tasks run on a machine.
    pub tasks: usize,
    /// What goes this way does not arrive.
    pub broken: bool,
}

/// How much is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// What a person would draw.
    #[default]
    Architecture,
    /// Every resource of the rack.
    All,
}

/// What a user wants to see.
#[derive(Clone, Debug)]
pub struct Question {
    pub detail: Detail,
    /// Only what is so many edges away from this one.
    pub focus: Option<(ResourceId, usize)>,
    /// Above this number what is alike is folded.
    pub max_nodes: usize,
}

/// What a diagram has nodes for unless told otherwise.
pub const MAX_NODES: usize = 150;

impl Default for Question {
    fn default() -> Self {
        Self {
            detail: Detail::default(),
            focus: None,
            max_nodes: MAX_NODES,
        }
    }
}

/// Draws a rack.
pub fn draw(material: &Material<'_>, question: &Question) -> Diagram {
    let wanted = question.focus.as_ref().map(|(it, _)| it);
    let model::Drawn {
        mut diagram,
        shown_by,
    } = model::draw(material, question.detail, wanted);
    let mut kept = BTreeSet::new();
    if let Some((wanted, depth)) = &question.focus {
        kept = shown_by.get(wanted).cloned().unwrap_or_default();
        focus::narrow(&mut diagram, &kept, *depth);
        let said = format!(
            "Only what is at most {} away from {wanted}",
            text::count(*depth, "edge")
        );
        diagram.notes.insert(0, label(&said));
    }
    fold::fold(&mut diagram, question, &kept);
    diagram
}

impl Diagram {
    /// Whether nothing of the rack is in it.
    pub fn is_empty(&self) -> bool {
        self.nodes
            .iter()
            .all(|it| it.resource.is_none() && it.members.is_empty())
    }

    /// The frames that lie directly in a frame, or in none.
    pub fn frames_in<'d>(&'d self, frame: Option<&'d str>) -> impl Iterator<Item = &'d Frame> {
        let within = move |it: &&Frame| it.inside.as_deref() == frame;
        self.frames.iter().filter(within)
    }

    /// The nodes that lie directly in a frame, or in none.
    pub fn nodes_in<'d>(&'d self, frame: Option<&'d str>) -> impl Iterator<Item = &'d Node> {
        let within = move |it: &&Node| it.frame.as_deref() == frame;
        self.nodes.iter().filter(within)
    }

    /// What the strokes and signs mean, as far as they occur.
    pub fn legend(&self) -> Vec<String> {
        let nodes = self.nodes.iter().map(|it| it.tie);
        let ties: BTreeSet<Tie> = nodes.chain(self.frames.iter().map(|it| it.tie)).collect();
        let mut legend = Vec::new();
        if ties.iter().any(|it| it.is_loose()) {
            let words = ties.iter().filter_map(|it| match it {
                Tie::Own => None,
                Tie::Inferred => Some("inferred: only this rack uses it"),
                Tie::Shared => Some("shared: others use it too"),
                Tie::Foreign => Some("not of this rack"),
            });
            let words: Vec<&str> = words.collect();
            legend.push(format!("Broken outline: {}", words.join("; ")));
        }
        let bad = self.nodes.iter().any(Node::is_bad) || self.edges.iter().any(|it| it.broken);
        if bad {
            legend.push("Red: something is wrong, and the label says what".to_owned());
        }
        let strokes: BTreeSet<Stroke> = self.edges.iter().map(Edge::stroke).collect();
        let strokes = strokes.iter().map(|it| match it {
            Stroke::Thick => "thick: traffic",
            Stroke::Plain => "plain: runs on",
            Stroke::Dotted => "dotted: uses, may reach, writes to or launches",
        });
        let strokes: Vec<&str> = strokes.collect();
        if !strokes.is_empty() {
            legend.push(format!("Arrows: {}", strokes.join("; ")));
        }
        legend
    }

    /// All that the picture itself does not show, each as a line.
    pub fn beside(&self) -> impl Iterator<Item = String> {
        self.notes.iter().chain(&self.counts).cloned()
    }

    /// The words below the picture: whose it is, what its strokes mean, what is left out.
    fn caption(&self, longest: usize) -> Vec<String> {
        let said = self.legend().into_iter().chain(self.beside());
        said.flat_map(|it| wrapped(&it, longest)).collect()
    }
}

impl Node {
    /// All lines of its label, its marks last.
    pub fn label(&self) -> impl Iterator<Item = &str> {
        let marks = self.marks.iter().map(|it| it.text.as_str());
        self.lines.iter().map(String::as_str).chain(marks)
    }

    /// Whether it must stand on its own: it is ill, or a rule failed at medium or worse.
    fn stands_out(&self) -> bool {
        self.marks.iter().any(|it| it.grade.stands_out())
    }

    /// Whether it is drawn as something that is wrong.
    pub fn is_bad(&self) -> bool {
        self.stands_out()
    }
}

impl Grade {
    pub fn name(self) -> &'static str {
        match self {
            Self::Ill => "ill",
            Self::Found(_) => "findings",
            Self::Unknown => "unknown",
        }
    }

    /// The worst severity, for findings.
    pub fn severity(self) -> Option<Severity> {
        match self {
            Self::Found(severity) => Some(severity),
            Self::Ill | Self::Unknown => None,
        }
    }

    fn stands_out(self) -> bool {
        match self {
            Self::Ill => true,
            Self::Found(severity) => severity >= Severity::Medium,
            Self::Unknown => false,
        }
    }
}

impl Frame {
    /// All lines of its label, its marks last.
    pub fn label(&self) -> impl Iterator<Item = &str> {
        let marks = self.marks.iter().map(|it| it.text.as_str());
        self.lines.iter().map(String::as_str).chain(marks)
    }
}

/// What an arrow's line tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stroke {
    /// Requests, packets or messages go this way.
    Thick,
    /// It runs there.
    Plain,
    /// It uses it, writes to it or made it.
    Dotted,
}

/// Labels shown of one edge.
const SHOWN: usize = 4;

impl Edge {
    /// What is written on it, line by line.
    pub fn label(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.labels.iter().take(SHOWN).cloned().collect();
        match self.labels.len().saturating_sub(SHOWN) {
            0 => {}
            more => lines.push(format!("and {more} more")),
        }
        if self.tasks > 0 {
            lines.push(text::count(self.tasks, "task"));
        }
        lines
    }

    /// How it is drawn, the same in every format.
    pub fn stroke(&self) -> Stroke {
        match self.kind {
            RelationKind::ForwardsTo | RelationKind::RoutesTo => Stroke::Thick,
            RelationKind::RunsOn | RelationKind::PartOf | RelationKind::SitsIn => Stroke::Plain,
            RelationKind::Makes
            | RelationKind::Declares
            | RelationKind::Admits
            | RelationKind::Uses
            | RelationKind::WritesTo
            | RelationKind::Watches => Stroke::Dotted,
        }
    }
}

/// Characters of one line of a label.
const LONGEST: usize = 46;

/// Text as a line of a label: harmless, and its middle left out where it is too long.
fn label(text: &str) -> String {
    shortened(&plain(text), LONGEST)
}

/// Text as one harmless line, however long.
fn plain(text: &str) -> String {
    let line = text::one_line(text);
    let legal = |it: char| if is_xml(it) { it } else { '\u{fffd}' };
    text::harmless(&line).chars().map(legal).collect()
}

/// The middle goes: names of one stack begin alike, and end in what tells them apart.
fn shortened(text: &str, longest: usize) -> String {
    let length = text.chars().count();
    if length <= longest {
        return text.to_owned();
    }
    let tail = longest / 2;
    let head = longest.saturating_sub(tail + 1);
    let before: String = text.chars().take(head).collect();
    let after: String = text.chars().skip(length - tail).collect();
    format!("{before}…{after}")
}

/// Text in lines of at most so many characters, cut between words where it can be.
fn wrapped(text: &str, longest: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let length = line.chars().count() + 1 + word.chars().count();
        if !line.is_empty() && length > longest {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

/// Whether XML allows a character in one line of text; Graphviz and D2 draw SVG, which is XML.
fn is_xml(it: char) -> bool {
    !it.is_control() && !matches!(it, '\u{fffe}' | '\u{ffff}')
}

/// `load_balancer_1f0e9d8c7b6a5948`: the same for a resource in every diagram.
fn node_id(id: &ResourceId) -> String {
    let kind = id.kind.name().replace('-', "_");
    format!("{kind}_{}", text::digest(id.to_string().as_bytes(), 16))
}

#[cfg(test)]
mod example;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Kind;

    #[test]
    fn a_long_name_keeps_both_its_ends() {
        assert_eq!(shortened("abcdefghij", 5), "ab…ij");
        assert_eq!(shortened("abcde", 5), "abcde");
    }

    #[test]
    fn a_label_is_one_line_that_commands_no_terminal() {
        assert_eq!(label("a\nb\u{1b}[2J \u{202e}c"), "a b\\u{1b}[2J \\u{202e}c");
        assert_eq!(label("a\u{ffff}"), "a\u{fffd}");
    }

    #[test]
    fn a_node_is_named_after_its_resource_alone() {
        let id = |key| node_id(&ResourceId::new(Kind::Bucket, key));
        assert_eq!(id("logs"), id("logs"));
        assert_ne!(id("logs"), id("logs "));
        let plain = |it: char| it.is_ascii_alphanumeric() || it == '_';
        assert!(id("../\"<end>").chars().all(plain));
    }
}
