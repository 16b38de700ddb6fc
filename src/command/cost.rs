//! `cost`: what a rack costs a month by list prices, and what of it cannot be told.

use clap::{Args, ValueEnum};
use rust_decimal::Decimal;

use crate::{
    cli::Input,
    cost::{
        self, Bill, Line, Month,
        group::{self, By, Sum},
    },
    failure::{Exit, Failure},
    id::ResourceId,
    price::{Book, Usd},
    report::Material,
    text, ui,
};

mod data;
mod page;
pub(super) mod words;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  racklens cost --from rack.json.gz
  racklens cost --from rack.json.gz --by resource              every line with its arithmetic
  racklens cost --from rack.json.gz --by stack --top 5
  racklens cost --from rack.json.gz --hours calendar --month 2026-02
  racklens cost --from rack.json.gz --fail-over 250            for a pipeline

The figures are list prices, on demand; no free tier, no discounts, no data transfer, no taxes.
Nor is in them what racklens does not read: EBS snapshots, CPU credits, dashboards, queries of logs.
What depends on use has its unit price and no amount. What is unknown is said and never taken for
nothing. What the rack shares with others is set apart and not in the total. Tiers begin anew with
each line. Each line is rounded half up to the cent, the total is made from exact amounts. Prices
are those that this version brings, of the dates that it tells, whenever the snapshot was taken.

Exit code 10: the known total is over --fail-over. Exit code 4: something that may cost could not
be read, or --fail-over cannot be judged as an amount is unknown.")]
pub struct Cost {
    #[command(flatten)]
    input: Input,
    /// What the lines are added up by
    #[arg(long, value_enum, default_value_t)]
    by: Group,
    /// Keep to the N dearest; a table adds the others up in one row
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    top: Option<u32>,
    /// Hours of a month: 730 as AWS's calculator has it, or those of the calendar
    #[arg(long, value_enum, default_value_t)]
    hours: Hours,
    /// The month of the calendar, 2026-02 [default: that in which the snapshot was taken]
    #[arg(long, value_name = "YYYY-MM")]
    month: Option<String>,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// End with exit code 10 when the month costs more than this
    #[arg(long, value_name = "USD", value_parser = dollars)]
    fail_over: Option<Decimal>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Group {
    /// AWS's service
    #[default]
    Service,
    /// Stack, or ECS service where no stack made it
    Stack,
    /// Every line of every resource
    Resource,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Hours {
    #[default]
    #[value(name = "730")]
    Usual,
    Calendar,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a person
    #[default]
    Table,
    Json,
    Csv,
    /// For a wiki or a pull request
    Markdown,
}

/// An amount that may be said with or without its sign.
fn dollars(text: &str) -> Result<Decimal, String> {
    let number = text.strip_prefix('$').unwrap_or(text);
    let amount: Decimal = number
        .parse()
        .map_err(|_| "expected an amount of US dollars, such as 250 or 99.95".to_owned())?;
    if amount.is_sign_negative() {
        return Err("expected an amount that is not negative".to_owned());
    }
    Ok(amount)
}

pub fn run(args: &Cost) -> Result<Exit, Failure> {
    // What is wrong with the question is said before anything is read.
    let asked = month(args)?;
    let book = Book::embedded().map_err(|it| Failure::new(Exit::Failed, it.to_string()))?;
    let snapshot = super::load(&args.input)?;
    super::judge(&snapshot, |material| {
        let month = asked.unwrap_or_else(|| Month::around(snapshot.taken));
        let bill = cost::bill(&material.case, &snapshot.region, &book, &month);
        let view = View {
            material,
            bill: &bill,
            by: match args.by {
                Group::Service => By::Service,
                Group::Stack => By::Stack,
                Group::Resource => By::Resource,
            },
            top: args.top.and_then(|it| usize::try_from(it).ok()),
        };
        ui::result(&match args.format {
            Format::Table => view.page(ui::table, |it| text::harmless(it).into_owned()),
            Format::Markdown => view.page(words::markdown, words::cell),
            Format::Json => view.json(),
            Format::Csv => view.csv()?,
        })?;
        for line in view.notes() {
            ui::note(&text::harmless(&line));
        }
        Ok(exit(&bill, args.fail_over))
    })
}

/// The month that is asked for; `None` for that of the snapshot.
fn month(args: &Cost) -> Result<Option<Month>, Failure> {
    match (args.hours, &args.month) {
        (Hours::Usual, None) => Ok(Some(Month::usual())),
        (Hours::Calendar, None) => Ok(None),
        (Hours::Calendar, Some(it)) => Month::parse(it)
            .map(Some)
            .map_err(|it| Failure::new(Exit::Usage, it.to_string()).hint("write it as 2026-02")),
        (Hours::Usual, Some(_)) => Err(Failure::new(
            Exit::Usage,
            "--month names a month of the calendar, and hours are counted as 730",
        )
        .hint("add --hours calendar")),
    }
}

fn exit(bill: &Bill<'_>, fail_over: Option<Decimal>) -> Exit {
    if fail_over.is_some_and(|it| bill.total().exact() > it) {
        return Exit::Findings;
    }
    // Nobody can say that it stays under a limit when some of it is unknown.
    if !bill.is_read() || (fail_over.is_some() && bill.has_unknown()) {
        return Exit::Incomplete;
    }
    Exit::Fine
}

/// How rows are set under their headings.
type Table = fn(&[&str], Vec<Vec<String>>) -> String;

/// A bill, and what of it is asked for.
struct View<'a> {
    material: &'a Material<'a>,
    bill: &'a Bill<'a>,
    by: By,
    top: Option<usize>,
}

impl View<'_> {
    fn sums<'l>(&self, lines: impl Iterator<Item = &'l Line>) -> Vec<Sum> {
        let sums = group::sums(lines, self.by);
        match self.top {
            Some(top) => group::cut(sums, top),
            None => sums,
        }
    }

    /// What may cost and could not be seen.
    fn notes(&self) -> Vec<String> {
        let bill = self.bill;
        let gaps = bill.gaps.iter();
        let mut notes: Vec<String> = gaps
            .map(|it| {
                let kind = it.kind.name();
                let missing = format!("a {kind} may be missing, and it may cost");
                let reason = it.reason.name();
                format!("{missing}: {} was {reason} (needs {})", it.call, it.action)
            })
            .collect();
        let named = |ids: &[ResourceId]| {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            ids.join(", ")
        };
        if !bill.unopened.is_empty() {
            notes.push(format!(
                "what these declare was not read, and it may cost: {}",
                named(&bill.unopened)
            ));
        }
        if !bill.untold.is_empty() {
            notes.push(format!(
                "left out, although their tags, which may say that they belong, were not read: {}",
                named(&bill.untold)
            ));
        }
        notes
    }
}

/// The known amount of lines, if any of them has one.
fn known(sum: &Sum) -> Option<Usd> {
    (sum.known > 0).then_some(sum.usd)
}

fn others(line: &Line, between: &str) -> String {
    let others = line.shared_with.iter().flatten();
    let others: Vec<String> = others.map(ToString::to_string).collect();
    others.join(between)
}
