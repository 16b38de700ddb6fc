//! `cost diff`: what a rack costs more or less than it did.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::dollars;
use crate::{
    command::{
        self,
        definition::Said,
        prices::{Prices, Reach},
        pricing::Pricing,
    },
    cost::{
        self, Bill, Line, Month, Terms,
        diff::{self, Change},
    },
    failure::{Exit, Failure},
    file,
    price::Usd,
    report::{csv, markdown},
    snapshot::Snapshot,
    text, ui,
};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  racklens cost diff before.json.gz after.json.gz
  racklens cost diff before.json.gz after.json.gz --fail-over 20 --format markdown

Both months are counted with the same prices and the same use, so that only the rack differs.
Exit code 10: the month is dearer by more than --fail-over. Exit code 4: something of either that
may cost could not be read, or --fail-over cannot be judged as an amount is unknown.")]
pub(super) struct Diff {
    /// Snapshot of before
    old: PathBuf,
    /// Snapshot of after
    new: PathBuf,
    #[command(flatten)]
    said: Said,
    #[command(flatten)]
    prices: Prices,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// End with exit code 10 when the month is dearer by more than this
    #[arg(long, value_name = "USD", value_parser = dollars)]
    fail_over: Option<Decimal>,
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

pub(super) fn run(args: &Diff) -> Result<Exit, Failure> {
    let old = file::read_snapshot(&args.old)?;
    let new = file::read_snapshot(&args.new)?;
    let mut pricing = Pricing::of(&new, &args.said, &args.prices, Reach::default())?;
    // Prices that are stored with a snapshot are those of what is in it, and no others.
    let of_old = Pricing::of(&old, &args.said, &args.prices, Reach::default())?;
    pricing.book = pricing.book.over(of_old.book);
    for note in &pricing.notes {
        ui::note(&text::harmless(note));
    }
    with_bill(&old, &pricing, |before| {
        with_bill(&new, &pricing, |after| {
            let view = View {
                old: &old,
                new: &new,
                before,
                after,
            };
            ui::result(&match args.format {
                Format::Table => view.page(ui::told, |it| text::harmless(it).into_owned()),
                Format::Markdown => view.page(markdown::table, markdown::cell),
                Format::Json => view.json(),
                Format::Csv => view.csv()?,
            })?;
            Ok(view.exit(args.fail_over))
        })
    })
}

fn with_bill<T>(
    snapshot: &Snapshot,
    pricing: &Pricing,
    then: impl FnOnce(&Bill<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    command::seen(snapshot, |material| {
        let month = Month::usual();
        let terms = Terms {
            region: &snapshot.region,
            book: &pricing.book,
            month: &month,
            usage: &pricing.used(material, &month),
        };
        then(&cost::bill(&material.case, &terms))
    })
}

struct View<'a, 'b> {
    old: &'a Snapshot,
    new: &'a Snapshot,
    before: &'a Bill<'b>,
    after: &'a Bill<'b>,
}

const COLUMNS: &[&str] = &[
    "Change",
    "ResourceId",
    "Component",
    "OldMonthlyCost",
    "NewMonthlyCost",
    "More",
    "Currency",
    "OldStatus",
    "NewStatus",
];

impl View<'_, '_> {
    fn more(&self) -> Decimal {
        self.after.total().exact() - self.before.total().exact()
    }

    fn exit(&self, fail_over: Option<Decimal>) -> Exit {
        if fail_over.is_some_and(|it| self.more() > it) {
            return Exit::Findings;
        }
        let both = [self.before, self.after];
        let unread = both.iter().any(|it| !it.is_read());
        let unknown = fail_over.is_some() && both.iter().any(|it| it.has_unknown());
        if unread || unknown {
            Exit::Incomplete
        } else {
            Exit::Fine
        }
    }

    fn page(
        &self,
        table: fn(&[&str], Vec<Vec<String>>) -> String,
        name: fn(&str) -> String,
    ) -> String {
        let least = |it: &Bill<'_>| match it.has_unknown() || !it.is_read() {
            true => "at least ",
            false => "",
        };
        let head = format!(
            "{}: {}{} USD a month of {} hours, {}{} before: {}\n",
            name(&self.new.rack),
            least(self.after),
            self.after.total(),
            self.after.month.hours(),
            least(self.before),
            self.before.total(),
            signed(self.more()),
        );
        let changes = diff::changes(self.before, self.after);
        if changes.is_empty() {
            return format!("{head}\nNothing that costs has changed.\n");
        }
        let rows = changes.iter().map(|it| {
            vec![
                it.name().to_owned(),
                it.resource.to_string(),
                it.component.to_owned(),
                told(it.old),
                told(it.new),
                it.more().map(signed).unwrap_or_default(),
            ]
        });
        let names = ["change", "resource", "what", "before", "now", "more"];
        format!("{head}\n{}", table(&names, rows.collect()))
    }

    fn json(&self) -> String {
        let line = |it: Option<&Line>| {
            it.map(|it| json!({ "status": it.amount.name(), "usd": it.amount.usd() }))
        };
        let change = |it: &Change<'_>| -> Value {
            json!({
                "change": it.name(),
                "resource": it.resource,
                "component": it.component,
                "old": line(it.old),
                "new": line(it.new),
                "more": it.more().map(cents),
            })
        };
        let changes = diff::changes(self.before, self.after);
        let whole = |it: &Bill<'_>| it.is_read() && !it.has_unknown();
        let side = |snapshot: &Snapshot, bill: &Bill<'_>| {
            json!({
                "rack": snapshot.rack,
                "taken": csv::stamp(snapshot.taken),
                "total": bill.total(),
                "whole": whole(bill),
            })
        };
        text::json(&json!({
            "schema_version": 1,
            "currency": "USD",
            "hours": self.after.month.hours(),
            "old": side(self.old, self.before),
            "new": side(self.new, self.after),
            "more": cents(self.more()),
            "changes": changes.iter().map(change).collect::<Vec<_>>(),
        }))
    }

    fn csv(&self) -> Result<String, Failure> {
        let usd = |it: Option<&Line>| {
            let usd = it.and_then(|it| it.amount.usd());
            usd.map(|it| it.cents().to_string()).unwrap_or_default()
        };
        let status = |it: Option<&Line>| it.map_or("", |it| it.amount.name()).to_owned();
        let changes = diff::changes(self.before, self.after);
        let rows = changes.iter().map(|it| {
            vec![
                it.name().to_owned(),
                it.resource.to_string(),
                it.component.to_owned(),
                usd(it.old),
                usd(it.new),
                it.more().map(cents).unwrap_or_default(),
                "USD".to_owned(),
                status(it.old),
                status(it.new),
            ]
        });
        csv::numbers(COLUMNS, rows, &[5]).map_err(|it| Failure::new(Exit::Failed, it.to_string()))
    }
}

/// A line's amount, or why there is none.
fn told(line: Option<&Line>) -> String {
    line.map_or(String::new(), |it| match it.amount.usd() {
        Some(usd) => usd.to_string(),
        None => it.amount.name().to_owned(),
    })
}

/// To the cent, half up from nothing: `-1.20`.
fn cents(amount: Decimal) -> String {
    Usd::new(amount).cents().to_string()
}

/// `+4.20`, `-1.20`, `0.00`.
fn signed(amount: Decimal) -> String {
    let usd = Usd::new(amount);
    match usd.cents() > Decimal::ZERO {
        true => format!("+{usd}"),
        false => usd.to_string(),
    }
}
