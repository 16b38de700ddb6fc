//! `list`: one kind of thing as a table, with the columns and rows that a user wants.

use clap::Args;
use serde_json::json;

use crate::{
    cli::{Format, Input},
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

An unknown KIND or column is answered with the known ones. attrs.PATH is a field of the
snapshot, as `racklens show` prints them; tag:NAME is a tag.")]
pub struct List {
    /// Any kind, singular or plural: instances, vpcs, task-definitions; containers; target-health
    kind: String,
    #[command(flatten)]
    input: Input,
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

pub fn run(args: &List) -> Result<Exit, Failure> {
    // What is wrong with the question is said before anything is read.
    let question = question(args)?;
    let snapshot = super::load(&args.input)?;
    super::judge(&snapshot, |material| {
        let answer = table::ask(&material.case, &question)?;
        ui::result(&match args.format {
            Format::Table => page(material, &answer),
            Format::Json => json(material, &question, &answer),
            Format::Csv => csv(&answer)?,
        })?;
        for line in notes(material, &question, &answer) {
            ui::note(&text::harmless(&line));
        }
        Ok(if answer.is_whole() {
            Exit::Fine
        } else {
            Exit::Incomplete
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

fn page(material: &Material<'_>, answer: &Answer<'_>) -> String {
    if answer.lines.is_empty() {
        return String::new();
    }
    let now = material.case.taken;
    let rows = answer.lines.iter();
    let rows = rows.map(|it| it.cells.iter().map(|it| it.said(now)).collect());
    let head: Vec<&str> = answer.columns.iter().map(String::as_str).collect();
    ui::table(&head, rows.collect())
}

/// Names of the columns of a row that were not read.
fn unread<'a>(answer: &'a Answer<'_>, cells: &'a [Cell]) -> Vec<&'a str> {
    let cells = answer.columns.iter().zip(cells);
    let unread = cells.filter(|(_, it)| **it == Cell::Unread);
    unread.map(|(name, _)| name.as_str()).collect()
}

fn csv(answer: &Answer<'_>) -> Result<String, Failure> {
    let mut head: Vec<&str> = answer.columns.iter().map(String::as_str).collect();
    // Last, as in our other tables: an empty value in a row that names its column is unknown.
    head.push("unread");
    let rows = answer.lines.iter().map(|it| {
        let cells = it.cells.iter().map(Cell::plain);
        let mut cells: Vec<String> = cells.map(|it| text::harmless(&it).into_owned()).collect();
        cells.push(unread(answer, &it.cells).join("|"));
        cells
    });
    csv::simple(&head, rows).map_err(|it| Failure::new(Exit::Failed, it.to_string()))
}

fn json(material: &Material<'_>, question: &Question, answer: &Answer<'_>) -> String {
    let rows = answer.lines.iter().map(|it| {
        let cells = answer.columns.iter().zip(&it.cells);
        let values = cells.map(|(name, it)| (name.clone(), it.json()));
        json!({
            "resource": it.resource,
            "values": values.collect::<serde_json::Map<_, _>>(),
            "unread": unread(answer, &it.cells),
        })
    });
    let snapshot = material.snapshot;
    let document = json!({
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
    });
    text::json(&document)
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
