//! The tables for spreadsheets and scripts, safe to open in either.
//!
//! RFC 4180 with commas and CRLF, UTF-8, a header always, columns only ever added at the end, an
//! unknown value empty, lists joined with `|`, times in UTC, rows in a stable order.

#![expect(
    clippy::disallowed_types,
    reason = "what is looked up by name alone and never gone through has no order to leak"
)]

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    io,
};

use foldhash::fast::RandomState;
use jiff::Timestamp;

use super::{Material, Report};
use crate::{
    graph::{Graph, Place},
    id::ResourceId,
    kind::{AsKind, Kind, target_group::TargetGroup},
    rack::STACK_NAME_TAG,
    relation::RelationKind,
    rule::{Severity, Status},
    snapshot::Resource,
    text,
};

mod focus;
mod review;
mod traffic_paths;

pub use {focus::focus, review::review, traffic_paths::traffic_paths};

/// Version of the columns of all tables, as the manifest tells it.
pub const SCHEMA_VERSION: u32 = 1;

const RESOURCES: &[&str] = &[
    "ResourceId",
    "ResourceArn",
    "ResourceType",
    "ResourceName",
    "RackName",
    "AccountId",
    "RegionId",
    "AvailabilityZone",
    "VpcId",
    "SubnetId",
    "ParentId",
    "State",
    "CreatedAt",
    "ManagedBy",
    "StackName",
    "Owner",
    "App",
    "Service",
    "MonthlyCostEstimate",
    "Currency",
    "OpenFindings",
    "WorstSeverity",
    "Tags",
    "SnapshotId",
    "TakenAt",
    "Belonging",
    "BelongingEvidence",
    "SharedWith",
    "Unread",
];

const EDGES: &[&str] = &[
    "FromId", "Relation", "ToId", "Port", "Protocol", "Weight", "Evidence",
];

const FINDINGS: &[&str] = &[
    "FindingId",
    "RuleId",
    "Title",
    "Severity",
    "Status",
    "Confidence",
    "ResourceId",
    "ResourceArn",
    "ResourceType",
    "AccountId",
    "RegionId",
    "Why",
    "Remediation",
    "References",
    "FirstSeen",
    "LastSeen",
    "Suppressed",
    "SuppressReason",
    "CostImpactMonthly",
    "MissingAction",
    "Change",
    "Detail",
];

/// A cell: text from outside is guarded, what we made ourselves is not.
enum Cell<'a> {
    /// Anything that AWS or a user may have written.
    Text(Cow<'a, str>),
    /// Numbers, times, booleans and words of our own.
    Plain(Cow<'a, str>),
    Empty,
}

impl<'a> Cell<'a> {
    fn text(it: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(it.into())
    }

    fn maybe(it: Option<impl Into<Cow<'a, str>>>) -> Self {
        it.map_or(Self::Empty, |it| Self::Text(it.into()))
    }

    fn number(it: Option<impl ToString>) -> Self {
        it.map_or(Self::Empty, |it| Self::plain(&it))
    }

    fn plain(it: &impl ToString) -> Self {
        Self::Plain(it.to_string().into())
    }

    fn word(it: &'a str) -> Self {
        Self::Plain(it.into())
    }

    fn time(it: Option<Timestamp>) -> Self {
        it.map_or(Self::Empty, |it| Self::Plain(stamp(it).into()))
    }

    fn write(&self) -> Cow<'_, str> {
        match self {
            Self::Text(it) => guard(it),
            Self::Plain(it) => Cow::Borrowed(it),
            Self::Empty => Cow::Borrowed(""),
        }
    }
}

/// `2018-05-01T18:00:00Z`.
pub fn stamp(it: Timestamp) -> String {
    it.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Keeps a terminal from obeying a name and a spreadsheet from taking it for a formula: escapes are
/// made visible, line ends apart, and what begins like a formula, spaces and full-width forms
/// included, gets an apostrophe before it.
fn guard(text: &str) -> Cow<'_, str> {
    if text.starts_with(|it: char| it.is_ascii_alphanumeric()) && text::is_plain(text) {
        return Cow::Borrowed(text);
    }
    let text = if text.contains('\n') {
        let lines: Vec<Cow<'_, str>> = text.split('\n').map(text::harmless).collect();
        Cow::Owned(lines.join("\n"))
    } else {
        text::harmless(text)
    };
    let begins = text.trim_start_matches([' ', '\u{a0}']);
    let risky = begins.starts_with(['=', '+', '-', '@', '\n', '＝', '＋', '－', '＠']);
    if risky {
        format!("'{text}").into()
    } else {
        text
    }
}

/// What writing to memory may fail with; in practice never.
pub type Failed = csv::Error;

fn table<'a>(
    header: &[&str],
    rows: impl IntoIterator<Item = impl AsRef<[Cell<'a>]>>,
) -> Result<String, Failed> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    writer.write_record(header)?;
    for row in rows {
        for cell in row.as_ref() {
            writer.write_field(cell.write().as_bytes())?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    let bytes = writer.into_inner().map_err(|it| it.into_error())?;
    // Every cell was a text, and so is the whole.
    String::from_utf8(bytes).map_err(|it| io::Error::other(it).into())
}

/// A table of texts, each of them guarded.
///
/// # Errors
/// Only when memory cannot be written to.
pub fn simple(
    header: &[&str],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> Result<String, Failed> {
    let cells = |row: Vec<String>| -> Vec<_> { row.into_iter().map(Cell::text).collect() };
    table(header, rows.into_iter().map(cells))
}

/// The same, but for these columns, from 0: they hold numbers of our own, which may be negative.
///
/// # Errors
/// Only when memory cannot be written to.
pub fn numbers(
    header: &[&str],
    rows: impl IntoIterator<Item = Vec<String>>,
    columns: &[usize],
) -> Result<String, Failed> {
    let cells = |row: Vec<String>| {
        let cells = row.into_iter().enumerate();
        let cells = cells.map(|(n, it)| match columns.contains(&n) {
            true => Cell::Plain(it.into()),
            false => Cell::text(it),
        });
        cells.collect::<Vec<_>>()
    };
    table(header, rows.into_iter().map(cells))
}

/// `resources.csv`: one row for each resource seen, neighbours included.
///
/// # Errors
/// Only when memory cannot be written to.
pub fn resources(material: &Material<'_>, report: &Report) -> Result<String, Failed> {
    let graph = material.case.graph;
    let mut notes: AllNotes<'_> = HashMap::default();
    let open = report.findings.iter();
    for it in open.filter(|it| it.status == Status::Fail && it.muted.is_none()) {
        if let Some(place) = place(graph, &it.subject.id) {
            let about = notes.entry(place).or_default();
            about.open += 1;
            about.worst = about.worst.max(Some(it.severity));
        }
    }
    for gap in material.case.gaps {
        if let Some(place) = gap.resource.as_ref().and_then(|it| graph.place(it)) {
            notes.entry(place).or_default().unread.push(&gap.call);
        }
    }
    let rows = graph.places();
    let taken = stamp(report.header.taken);
    table(
        RESOURCES,
        rows.map(|it| resource_row(material, report, &notes, &taken, it)),
    )
}

/// Where the resource stands that a link names.
fn place(graph: &Graph<'_>, link: &str) -> Option<Place> {
    graph.place(&link.parse().ok()?)
}

/// What the report says about resources, by their places.
type AllNotes<'a> = HashMap<Place, Notes<'a>, RandomState>;

/// What the report says about one resource.
#[derive(Default)]
struct Notes<'a> {
    open: usize,
    worst: Option<Severity>,
    unread: Vec<&'a str>,
}

fn resource_row<'a>(
    material: &'a Material<'_>,
    report: &'a Report,
    notes: &AllNotes<'a>,
    taken: &'a str,
    at: Place,
) -> [Cell<'a>; RESOURCES.len()] {
    let case = &material.case;
    let resource = case.graph.at(at);
    let header = &report.header;
    let id = &resource.id;
    let name = id.to_string();
    let place = resource.attrs.model().place();
    let tag = |key: &str| resource.tags.get(key).map(String::as_str);
    let belonging = case.belongings.at(at);
    let nothing = Notes::default();
    let notes = notes.get(&at).unwrap_or(&nothing);
    let parent = case
        .graph
        .uses_at(at)
        .find(|(_, edge)| matches!(edge.kind, RelationKind::PartOf | RelationKind::SitsIn));
    let stack = tag(STACK_NAME_TAG).map(ToOwned::to_owned).or_else(|| {
        let users = case.graph.users_at(at);
        let mut declaring = users.filter(|(_, edge)| edge.kind == RelationKind::Declares);
        declaring
            .next()
            .map(|(it, _)| case.graph.at(it).id.key.clone())
    });
    let made_by_ecs = matches!(id.kind, Kind::Task);
    let managed_by = match (&stack, made_by_ecs) {
        (Some(_), _) => "cloudformation",
        (None, true) => "ecs",
        (None, false) => "unknown",
    };
    let ours = !belonging.is_foreign();
    let month = report
        .money
        .as_ref()
        .and_then(|it| it.of.get(&name))
        .copied();
    [
        Cell::text(name),
        Cell::maybe(resource.arn.as_deref()),
        Cell::word(id.kind.cloudformation()),
        Cell::text(resource.label()),
        if ours {
            Cell::text(&*header.rack)
        } else {
            Cell::Empty
        },
        Cell::word(&header.account),
        Cell::word(&header.region),
        Cell::maybe(place.zone),
        Cell::maybe(place.vpc),
        Cell::maybe(place.subnet),
        parent.map_or(Cell::Empty, |(it, _)| {
            Cell::text(case.graph.at(it).id.to_string())
        }),
        Cell::maybe(resource.attrs.model().state()),
        Cell::time(resource.created),
        Cell::word(managed_by),
        Cell::maybe(stack),
        Cell::maybe(tag("Owner").or(tag("owner"))),
        Cell::maybe(tag("App").or(tag("app"))),
        Cell::maybe(tag("Service").or(tag("service"))),
        // Unknown is empty, never 0.
        month.map_or(Cell::Empty, |it| Cell::plain(&it.cents())),
        month.map_or(Cell::Empty, |_| Cell::word("USD")),
        Cell::plain(&notes.open),
        notes.worst.map_or(Cell::Empty, |it| Cell::word(it.name())),
        Cell::text(serde_json::to_string(&resource.tags).unwrap_or_default()),
        Cell::word(&header.snapshot),
        Cell::word(taken),
        Cell::word(belonging.class.name()),
        Cell::text(&*belonging.evidence),
        Cell::text(joined(&belonging.others)),
        Cell::text(notes.unread.join("|")),
    ]
}

fn joined(ids: &[ResourceId]) -> String {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    ids.join("|")
}

/// `edges.csv`: one row for each relation between two resources seen.
///
/// Containment reads from the container to the contained, and admission from who is let in, so
/// that every row reads as a sentence.
///
/// # Errors
/// Only when memory cannot be written to.
pub fn edges(material: &Material<'_>) -> Result<String, Failed> {
    let graph = material.case.graph;
    let names = Names::new(graph);
    let rows = names.order.iter().flat_map(|from| {
        let uses = graph.uses_at(*from).map(|(to, edge)| (to, edge, false));
        let users = graph.users_at(*from).map(|(to, edge)| (to, edge, true));
        let joints = uses.chain(users).filter_map(|(to, edge, is_user)| {
            let (relation, turned) = word(edge.kind);
            let user = if turned { to } else { *from };
            let protocol = edge.port.and_then(|_| protocol_of(graph.at(user)));
            let stand = names.stand[to.number()];
            let row = (
                relation,
                stand,
                to,
                edge.port,
                protocol,
                edge.weight,
                edge.evidence,
            );
            (is_user == turned).then_some(row)
        });
        let mut rows: Vec<_> = joints.collect();
        rows.sort_unstable();
        rows.into_iter().map(|row| (*from, row))
    });
    let cells = rows.map(
        |(from, (relation, _, to, port, protocol, weight, evidence))| {
            [
                Cell::word(names.of(from)),
                Cell::word(relation),
                Cell::word(names.of(to)),
                Cell::number(port),
                Cell::maybe(protocol),
                Cell::number(weight),
                Cell::word(evidence),
            ]
        },
    );
    table(EDGES, cells)
}

/// The ids of all resources as a cell shows them, one behind the other: each is written as often as
/// it has relations.
struct Names {
    text: String,
    /// By place: where each ends.
    ends: Vec<usize>,
    /// All places as their ids sort when they are written.
    order: Vec<Place>,
    /// By place: how many come before it there.
    stand: Vec<usize>,
}

impl Names {
    fn new(graph: &Graph<'_>) -> Self {
        let mut text = String::new();
        let ends = graph.places().map(|it| {
            text.push_str(&guard(&graph.at(it).id.to_string()));
            text.len()
        });
        let ends = ends.collect();
        // Places are in order of keys within a kind already.
        let mut kinds: Vec<Kind> = Kind::ALL.to_vec();
        kinds.sort_by_key(|it| format!("{}/", it.name()));
        let order: Vec<Place> = kinds.iter().flat_map(|it| graph.places_of(*it)).collect();
        let mut stand = vec![0; order.len()];
        for (n, it) in order.iter().enumerate() {
            stand[it.number()] = n;
        }
        Self {
            text,
            ends,
            order,
            stand,
        }
    }

    fn of(&self, place: Place) -> &str {
        let number = place.number();
        let begin = number.checked_sub(1).map_or(0, |it| self.ends[it]);
        &self.text[begin..self.ends[number]]
    }
}

/// The word of `edges.csv` for a relation, and whether it reads the other way round.
fn word(kind: RelationKind) -> (&'static str, bool) {
    match kind {
        RelationKind::PartOf | RelationKind::SitsIn => ("contains", true),
        RelationKind::Admits => ("allows", true),
        RelationKind::Declares => ("declares", false),
        RelationKind::Makes => ("makes", false),
        RelationKind::Uses => ("uses", false),
        RelationKind::RunsOn => ("runs_on", false),
        RelationKind::ForwardsTo => ("forwards_to", false),
        RelationKind::RoutesTo => ("routes_to", false),
        RelationKind::WritesTo => ("writes_to", false),
        RelationKind::Watches => ("watches", false),
    }
}

/// What a target group speaks with its targets.
fn protocol_of(from: &Resource) -> Option<&str> {
    TargetGroup::of(&from.attrs)?.protocol.as_deref()
}

/// `findings.csv`: one row for each failure and each thing that could not be judged.
///
/// # Errors
/// Only when memory cannot be written to.
pub fn findings(material: &Material<'_>, report: &Report) -> Result<String, Failed> {
    // All findings of a rule say the same of how to mend it.
    let mut told: BTreeMap<&str, [String; 3]> = BTreeMap::new();
    for it in &report.findings {
        told.entry(it.rule).or_insert_with(|| {
            let remedy = text::one_line(&it.remedy.join(" | "));
            let references = it.references.join("|");
            [&*it.title, &remedy, &references].map(|it| guard(it).into_owned())
        });
    }
    let graph = material.case.graph;
    let rows = report.findings.iter().map(|it| {
        let [title, remedy, references] = &told[it.rule];
        let resource = place(graph, &it.subject.id).map(|it| graph.at(it));
        let kind = resource.map(|it| it.id.kind.cloudformation());
        [
            Cell::word(&it.fingerprint),
            Cell::word(it.rule),
            Cell::word(title),
            Cell::word(it.severity.name()),
            Cell::word(it.status.name()),
            match it.status {
                Status::Fail => Cell::word("certain"),
                Status::Unknown | Status::Pass | Status::NotApplicable => Cell::Empty,
            },
            Cell::text(&*it.subject.id),
            Cell::maybe(resource.and_then(|it| it.arn.as_deref())),
            kind.map_or(Cell::Empty, Cell::word),
            Cell::word(&report.header.account),
            Cell::word(&report.header.region),
            Cell::text(&*it.why),
            Cell::word(remedy),
            Cell::word(references),
            Cell::Empty,
            Cell::time(Some(report.header.taken)),
            Cell::plain(&it.muted.is_some()),
            Cell::maybe(it.muted.as_ref().map(|it| &*it.reason)),
            it.saves.map_or(Cell::Empty, |it| Cell::plain(&it.cents())),
            Cell::maybe(it.gap.as_ref().map(|it| it.action.as_str())),
            it.change.map_or(Cell::Empty, |it| Cell::word(it.name())),
            Cell::maybe(Some(&*it.detail).filter(|it| !it.is_empty())),
        ]
    });
    table(FINDINGS, rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_like_a_formula_gets_an_apostrophe() {
        for text in [
            "=1+1", "+1", "-cmd|x", "@SUM(A1)", "\nx", "  =x", "＝x", "\u{a0}=x",
        ] {
            assert_eq!(guard(text), format!("'{text}"));
        }
        assert_eq!(guard("a=b"), "a=b");
        assert_eq!(guard("\t\u{1b}[2J"), "\\u{9}\\u{1b}[2J");
    }

    #[test]
    fn numbers_of_our_own_are_left_alone() {
        assert_eq!(Cell::plain(&-12).write(), "-12");
    }

    #[test]
    fn a_cell_keeps_quotes_commas_and_line_ends() {
        let row = vec![Cell::text("a \"b\", c\nd"), Cell::Empty];
        let written = table(&["One", "Two"], [row]).unwrap();
        assert_eq!(written, "One,Two\r\n\"a \"\"b\"\", c\nd\",\r\n");
        let mut read = csv::Reader::from_reader(written.as_bytes());
        let record = read.records().next().unwrap().unwrap();
        assert_eq!(&record[0], "a \"b\", c\nd");
    }
}
