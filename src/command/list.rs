//! `list`: one kind of thing as a table, with the columns and rows that a user wants.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::definition::Said;
#[cfg(feature = "aws")]
use crate::aws::session::Access;
use crate::{
    cli::{Format, Input, Source},
    failure::{Exit, Failure},
    id::ResourceId,
    report::{Material, csv},
    snapshot::Gap,
    table::{
        self, Answer, BadFilter, Cell, Filter, NoSuchColumn, NoSuchTable, Question, Sort, Subject,
        cell::NOT_READ, column::Column,
    },
    text, ui,
};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  racklens list instances --from rack.json.gz
  racklens list containers --filter deployment~httpd --from rack.json.gz
  racklens list security-groups --columns id,name,attrs.ingress.cidrs,tag:Type --from rack.json.gz
  racklens list volumes --all --sort -size-gib --format csv --from rack.json.gz
  racklens list services --from one.json.gz --from other.json.gz

An unknown KIND or column is answered with the known ones. attrs.PATH is a field of the
snapshot, as `racklens show` prints them; tag:NAME is a tag.")]
pub struct List {
    /// Any kind, singular or plural: instances, vpcs, task-definitions; containers; target-health
    kind: String,
    #[command(flatten)]
    sources: Sources,
    #[command(flatten)]
    said: Said,
    #[cfg(feature = "aws")]
    #[command(flatten)]
    access: Access,
    /// Keep rows with this value (COLUMN=VALUE) or part of it (COLUMN~PART); all given must hold
    #[arg(long, value_name = "FILTER")]
    filter: Vec<String>,
    /// Show these columns: names, attrs.PATH or tag:NAME
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    columns: Vec<String>,
    /// Sort by this column; -COLUMN for the greatest first
    #[arg(long, value_name = "COLUMN", allow_hyphen_values = true)]
    sort: Option<String>,
    /// Show the whole region, not only what belongs to the rack
    #[arg(long)]
    all: bool,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Where the descriptions come from; several racks make one table.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Sources {
    /// Use this snapshot file instead of asking AWS (- for standard input); may be given again
    #[arg(long, value_name = "FILE")]
    from: Vec<PathBuf>,
    /// Read this rack from AWS; may be given again
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "NAME")]
    rack: Vec<String>,
}

impl List {
    /// One input for each rack that was asked for.
    fn inputs(&self) -> Vec<Input> {
        let input = |source| Input {
            source,
            said: self.said.clone(),
            #[cfg(feature = "aws")]
            access: self.access.clone(),
        };
        let files = self.sources.from.iter().map(|it| Source {
            from: Some(it.clone()),
            #[cfg(feature = "aws")]
            rack: None,
        });
        #[cfg(feature = "aws")]
        let files = files.chain(self.sources.rack.iter().map(|it| Source {
            from: None,
            rack: Some(it.clone()),
        }));
        files.map(input).collect()
    }
}

/// What was found of one rack.
struct Told {
    rack: String,
    taken: Timestamp,
    columns: Vec<String>,
    rows: Vec<Vec<Cell>>,
    document: Value,
    notes: Vec<String>,
    whole: bool,
}

pub fn run(args: &List) -> Result<Exit, Failure> {
    // What is wrong with the question is said before anything is read.
    let question = question(args)?;
    let mut told = Vec::new();
    for input in args.inputs() {
        told.push(ask(&input, &question)?);
    }
    ui::result(&match args.format {
        Format::Table => page(&told),
        Format::Json => json(&told.iter().map(|it| &it.document).collect::<Vec<_>>()),
        Format::Csv => csv(&told)?,
    })?;
    for it in &told {
        let of = if told.len() > 1 {
            format!("{}: ", it.rack)
        } else {
            String::new()
        };
        for line in &it.notes {
            ui::note(&text::harmless(&format!("{of}{line}")));
        }
    }
    Ok(if told.iter().all(|it| it.whole) {
        Exit::Fine
    } else {
        Exit::Incomplete
    })
}

fn ask(input: &Input, question: &Question) -> Result<Told, Failure> {
    let snapshot = super::load(input)?;
    super::seen(&snapshot, |material| {
        let answer = table::ask(&material.case, question)?;
        let (document, notes) = (
            document(material, question, &answer),
            notes(material, question, &answer),
        );
        let whole = answer.is_whole();
        Ok(Told {
            rack: material.case.rack.name.clone(),
            taken: material.case.taken,
            columns: answer.columns,
            rows: answer.lines.into_iter().map(|it| it.cells).collect(),
            document,
            notes,
            whole,
        })
    })
}

fn question(args: &List) -> Result<Question, Failure> {
    let subject = Subject::parse(&args.kind)?;
    let columns = args.columns.iter();
    let columns: Vec<Column> = columns
        .map(|it| Column::find(subject, it.trim()))
        .collect::<Result<_, _>>()?;
    let named = |it: &Column| columns.iter().filter(|other| other.name == it.name).count();
    if let Some(twice) = columns.iter().find(|it| named(it) > 1) {
        let message = format!("column `{}` is asked for twice", twice.name);
        return Err(Failure::new(Exit::Usage, message).hint("name each column once"));
    }
    let filters = args.filter.iter();
    let filters: Vec<Filter> = filters
        .map(|it| Filter::parse(subject, it))
        .collect::<Result<_, _>>()?;
    let sort = args.sort.iter();
    let sort = sort.map(|it| Sort::parse(subject, it)).next().transpose()?;
    Ok(Question {
        subject,
        columns,
        filters,
        sort,
        all: args.all,
    })
}

impl From<NoSuchTable> for Failure {
    fn from(error: NoSuchTable) -> Self {
        let failure = Self::new(Exit::Usage, error.to_string());
        suggest(failure, &error.near).hint(format!("one of {}", error.all.join(", ")))
    }
}

impl From<NoSuchColumn> for Failure {
    fn from(error: NoSuchColumn) -> Self {
        let failure = Self::new(Exit::Usage, error.to_string());
        let failure = suggest(failure, &error.near);
        let failure = failure.hint(format!("columns: {}", error.known.join(", ")));
        failure.hint("and attrs.PATH for any field that `racklens show` prints, tag:NAME for a tag")
    }
}

impl From<BadFilter> for Failure {
    fn from(error: BadFilter) -> Self {
        match error {
            BadFilter::Column(it) => it.into(),
            BadFilter::Form(_) => Self::new(Exit::Usage, error.to_string())
                .hint("COLUMN=VALUE keeps what is exactly that, COLUMN~PART what holds it"),
        }
    }
}

fn suggest(failure: Failure, near: &[String]) -> Failure {
    if near.is_empty() {
        return failure;
    }
    failure.hint(format!("did you mean {}?", near.join(" or ")))
}

/// The rows of all racks; where there are several, each with its rack before it.
fn rows<R>(
    told: &[Told],
    row: impl Fn(&Told, &[Cell]) -> Vec<R>,
    name: impl Fn(&str) -> R,
) -> Vec<Vec<R>> {
    let several = told.len() > 1;
    let rows = told
        .iter()
        .flat_map(|it| it.rows.iter().map(move |cells| (it, cells)));
    rows.map(|(it, cells)| {
        let rack = several.then(|| name(&it.rack));
        rack.into_iter().chain(row(it, cells)).collect()
    })
    .collect()
}

fn head(told: &[Told]) -> Vec<&str> {
    let rack = (told.len() > 1).then_some("rack");
    let columns = told.first().into_iter().flat_map(|it| &it.columns);
    rack.into_iter()
        .chain(columns.map(String::as_str))
        .collect()
}

fn page(told: &[Told]) -> String {
    let said = |told: &Told, cells: &[Cell]| cells.iter().map(|it| it.said(told.taken)).collect();
    let rows = rows(told, said, ToOwned::to_owned);
    if rows.is_empty() {
        return String::new();
    }
    ui::table(&head(told), &rows)
}

/// Names of the columns of a row that were not read.
fn unread<'a>(columns: &'a [String], cells: &'a [Cell]) -> Vec<&'a str> {
    let cells = columns.iter().zip(cells);
    let unread = cells.filter(|(_, it)| **it == Cell::Unread);
    unread.map(|(name, _)| name.as_str()).collect()
}

fn csv(told: &[Told]) -> Result<String, Failure> {
    let mut head = head(told);
    // Last, as in our other tables: an empty value in a row that names its column is unknown.
    head.push("unread");
    let harmless = |it: &str| text::harmless(it).into_owned();
    let plain = |told: &Told, cells: &[Cell]| {
        let mut row: Vec<String> = cells.iter().map(|it| harmless(&it.plain())).collect();
        row.push(unread(&told.columns, cells).join("|"));
        row
    };
    csv::simple(&head, rows(told, plain, harmless))
        .map_err(|it| Failure::new(Exit::Failed, it.to_string()))
}

/// One document of a table, or one with the documents of several racks.
fn json(documents: &[&Value]) -> String {
    match documents {
        [one] => text::json(one),
        _ => text::json(&json!({ "schema_version": 1, "racks": documents })),
    }
}

fn document(material: &Material<'_>, question: &Question, answer: &Answer<'_>) -> Value {
    let rows = answer.lines.iter().map(|it| {
        let cells = answer.columns.iter().zip(&it.cells);
        let values = cells.map(|(name, it)| (name.clone(), it.json()));
        json!({
            "resource": it.resource,
            "values": values.collect::<serde_json::Map<_, _>>(),
            "unread": unread(&answer.columns, &it.cells),
        })
    });
    let snapshot = material.snapshot;
    json!({
        "schema_version": 1,
        "rack": material.case.rack.name,
        "account": snapshot.account,
        "region": snapshot.region,
        "taken": csv::stamp(snapshot.taken),
        "table": question.subject.name(),
        "covers": covers(question),
        "columns": answer.columns,
        "rows": rows.collect::<Vec<_>>(),
        "whole": answer.is_whole(),
        "gaps": answer.gaps,
        "causes": answer.causes,
        "unopened": answer.unopened,
        "untold": answer.untold,
        "undecided": answer.undecided,
    })
}

/// How far the table reaches.
fn covers(question: &Question) -> &'static str {
    if question.all && question.subject.is_region_wide() {
        "region"
    } else {
        "rack"
    }
}

/// What the table itself cannot say: what may be missing from it, and why nothing is in it.
fn notes(material: &Material<'_>, question: &Question, answer: &Answer<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    let named = |ids: &[ResourceId]| {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        ids.join(", ")
    };
    let table = question.subject.name();
    for gap in &answer.gaps {
        notes.push(format!("{table} may be missing: {}", said(gap)));
    }
    for gap in &answer.causes {
        notes.push(format!("values are missing: {}", said(gap)));
    }
    if !answer.unopened.is_empty() {
        notes.push(format!(
            "what these declare was not read, so more may belong to the rack: {}",
            named(&answer.unopened)
        ));
    }
    if !answer.untold.is_empty() {
        notes.push(format!(
            "left out, although their tags, which may say that they belong, were not read: {}",
            named(&answer.untold)
        ));
    }
    if !answer.undecided.is_empty() {
        notes.push(format!(
            "left out, because what a filter asks was not read: {}",
            named(&answer.undecided)
        ));
    }
    match answer.unread() {
        0 => {}
        1 => notes.push(format!("1 value was {NOT_READ}")),
        n => notes.push(format!("{n} values were {NOT_READ}")),
    }
    if question.all && !question.subject.is_region_wide() {
        notes.push(format!("{table} were looked for within the rack only"));
    }
    if answer.lines.is_empty() {
        notes.push(nothing(material, question, answer));
    }
    notes
}

/// `s3:GetBucketTagging for bucket/web was denied: not allowed (needs s3:GetBucketTagging)`
fn said(gap: &Gap) -> String {
    let about = gap.resource.as_ref().map(|it| format!(" for {it}"));
    format!(
        "{}{} was {}: {} (needs {})",
        gap.call,
        about.unwrap_or_default(),
        gap.reason.name(),
        gap.message,
        gap.action
    )
}

/// Why there is no row.
fn nothing(material: &Material<'_>, question: &Question, answer: &Answer<'_>) -> String {
    let table = question.subject.name();
    let place = if question.all {
        format!("in {}", material.snapshot.region)
    } else {
        format!("of rack {}", material.case.rack.name)
    };
    if answer.considered == 0 {
        let more = if question.all {
            ""
        } else {
            "; --all shows neighbours too"
        };
        return format!("no {table} {place} were seen{more}");
    }
    format!(
        "none of {} {table} {place} passes the filters; COLUMN~PART finds parts of values",
        answer.considered
    )
}
