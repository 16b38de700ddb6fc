//! `cost`: what a rack costs a month by list prices, and what of it cannot be told.

use std::collections::{BTreeMap, BTreeSet};

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{
    prices::{self, Prices, Reach},
    pricing::Pricing,
};
use crate::{
    cli::Input,
    cost::{
        self, Bill, Line, Month, Terms, Usage,
        app::{self, Allocation, Weights},
        group::{self, By, Sum},
    },
    failure::{Exit, Failure},
    free_tier::{self, FreeTier, Question},
    id::ResourceId,
    price::Usd,
    report::{Material, csv, markdown},
    snapshot::{Snapshot, money::Unheard},
    text, ui,
};

mod actual;
mod data;
mod diff;
pub(super) mod free;
mod page;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  racklens cost --from rack.json.gz
  racklens cost --from rack.json.gz --by resource              every line with its arithmetic
  racklens cost --from rack.json.gz --by stack --top 5
  racklens cost --from rack.json.gz --hours calendar --month 2026-02
  racklens cost --from rack.json.gz --by app
  racklens cost --from rack.json.gz --free-tier --opened 2018-04-29
  racklens cost --from rack.json.gz --fail-over 250            for a pipeline
  racklens cost --rack NAME --prices live --usage cloudwatch   AWS's prices, CloudWatch's counts
  racklens cost diff before.json.gz after.json.gz

The figures are list prices, on demand; no free tier, no discounts, no data transfer, no taxes.
Nor is in them what racklens does not read: CPU credits, dashboards, queries of logs, scratch disk of
Lambda beyond 512 MB, storage classes of S3 other than Standard.
What depends on use has its unit price and no amount. What is unknown is said and never taken for
nothing. What the rack shares with others is set apart and not in the total. Tiers begin anew with
each line. Each line is rounded half up to the cent, the total is made from exact amounts; rows by
service, stack or app are rounded so that they add up to the total. Prices are of the dates that it
tells, whenever the snapshot was taken. A table [usage] in racklens.toml, or CloudWatch, tells how
much is used of what depends on use.

Exit code 10: the known total is over --fail-over. Exit code 4: something that may cost could not
be read, what was asked of AWS beside did not come, or --fail-over cannot be judged as an amount is
unknown.")]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Cost {
    #[command(subcommand)]
    other: Option<Other>,
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    prices: Prices,
    #[cfg(feature = "aws")]
    #[command(flatten)]
    learn: super::money::Learn,
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
    /// What the free tier gives of it, when that is used up, and what the month costs then
    #[arg(long, conflicts_with_all = ["by", "top"])]
    free_tier: bool,
    /// The day on which the account was opened, or the one that pays for it
    #[arg(long, value_name = "DATE", value_parser = free::day, requires = "free_tier")]
    opened: Option<Date>,
    /// From when the free tier is looked at [default: when the snapshot was taken]
    #[arg(long, value_name = "DATE", value_parser = free::moment, requires = "free_tier")]
    at: Option<free::At>,
    /// Credits that are left, of an account that has such
    #[arg(long, value_name = "USD", value_parser = dollars, requires = "free_tier")]
    credits: Option<Decimal>,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// End with exit code 10 when the month costs more than this
    #[arg(long, value_name = "USD", value_parser = dollars)]
    fail_over: Option<Decimal>,
}

#[derive(Debug, Subcommand)]
enum Other {
    /// Tell what a rack costs more or less than in an earlier snapshot
    Diff(diff::Diff),
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
    /// App: machines by what tasks reserve, the rest by who uses it
    App,
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
    /// A table in the columns of FOCUS 1.2, for tools that read bills
    Focus,
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
    if let Some(Other::Diff(it)) = &args.other {
        return diff::run(it);
    }
    // What is wrong with the question is said before anything is read.
    let asked = month(args)?;
    if args.free_tier && args.format == Format::Focus {
        let message = "--format focus holds a bill, and the free tier is none";
        return Err(Failure::new(Exit::Usage, message).hint("leave out --free-tier"));
    }
    let snapshot = load(args)?;
    let reach = Reach::of(&args.input);
    let pricing = Pricing::of(&snapshot, &args.input.said, &args.prices, reach)?;
    super::seen(&snapshot, |material| {
        let (month, at) = match asked {
            Some(month) if !args.free_tier => (month, snapshot.taken),
            asked => free::month(asked, args.at, snapshot.taken),
        };
        let usage = pricing.used(material, &month);
        let (account, weights) = (&pricing.account, pricing.costs.weights);
        let bill = cost::bill(
            &material.case,
            &Terms {
                region: &snapshot.region,
                book: &pricing.book,
                month: &month,
                usage: &usage,
            },
        );
        let question = Question {
            region: &snapshot.region,
            at,
            opened: args.opened.or(account.opened),
            credits: args.credits.or(account.credits.map(|it| it.0)),
            account: snapshot.money.free_tier.as_ref(),
        };
        let free = args.free_tier.then(|| {
            free_tier::assess(&bill, material.case.graph, &question)
                .map_err(|it| free::refused(&it))
        });
        // FOCUS tells the app of each row, whatever the rows of a table are added up by.
        let dealt = args.by == Group::App || args.format == Format::Focus;
        let apps = dealt.then(|| app::allocate(&material.case, &bill, weights));
        let view = View {
            material,
            apps: apps.as_ref(),
            weights,
            bill: &bill,
            usage: &usage,
            pricing: &pricing,
            free: free.transpose()?,
            format: args.format,
            by: match args.by {
                Group::Service => By::Service,
                Group::Stack => By::Stack,
                Group::Resource => By::Resource,
                Group::App => By::App,
            },
            top: args.top.and_then(|it| usize::try_from(it).ok()),
        };
        ui::result(&view.write()?)?;
        for line in view.notes() {
            ui::note(&text::harmless(&line));
        }
        let unheard = snapshot.money.unheard.iter().any(|it| matters(args, it));
        let heard = !unheard && !pricing.unheard;
        Ok(exit(&bill, heard, args.fail_over))
    })
}

/// The snapshot, with what is to be learned about money beside it.
fn load(args: &Cost) -> Result<Snapshot, Failure> {
    #[cfg(feature = "aws")]
    {
        let mut snapshot = super::load(&args.input)?;
        // A file is looked at without asking anyone what was not asked for by name.
        let free_tier = args.free_tier && args.input.source.from.is_none();
        let access = &args.input.access;
        args.learn.run(access, &mut snapshot, free_tier)?;
        Ok(snapshot)
    }
    #[cfg(not(feature = "aws"))]
    super::load(&args.input)
}

/// Whether this run asked for what did not come, be it now or when the snapshot was taken.
fn matters(args: &Cost, unheard: &Unheard) -> bool {
    if unheard.is_of_free_tier() {
        return args.free_tier;
    }
    #[cfg(feature = "aws")]
    return args.learn.asks(unheard);
    #[cfg(not(feature = "aws"))]
    false
}

/// The month that is asked for; `None` for that of the snapshot.
fn month(args: &Cost) -> Result<Option<Month>, Failure> {
    // An allowance is of a month of the calendar.
    let hours = match args.free_tier {
        true => Hours::Calendar,
        false => args.hours,
    };
    match (hours, &args.month) {
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

fn exit(bill: &Bill<'_>, heard: bool, fail_over: Option<Decimal>) -> Exit {
    if fail_over.is_some_and(|it| bill.total().exact() > it) {
        return Exit::Findings;
    }
    // Nobody can say that it stays under a limit when some of it is unknown.
    if !heard || !bill.is_read() || (fail_over.is_some() && bill.has_unknown()) {
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
    usage: &'a Usage,
    pricing: &'a Pricing,
    /// The bill dealt out, where it is asked for by app.
    apps: Option<&'a Allocation>,
    weights: Weights,
    /// Where it is asked for; then it is what is shown.
    free: Option<FreeTier>,
    format: Format,
    by: By,
    top: Option<usize>,
}

impl View<'_> {
    fn write(&self) -> Result<String, Failure> {
        let plain: fn(&str) -> String = |it| text::harmless(it).into_owned();
        Ok(match (self.format, &self.free) {
            (Format::Table, None) => self.page(ui::told, plain),
            (Format::Markdown, None) => self.page(markdown::table, markdown::cell),
            (Format::Csv, None) => self.csv()?,
            (Format::Focus, _) => self.focus()?,
            (Format::Json, _) => self.json(),
            (Format::Table, Some(free)) => free::page(free, self.rack(), ui::told, plain),
            (Format::Markdown, Some(free)) => {
                free::page(free, self.rack(), markdown::table, markdown::cell)
            }
            (Format::Csv, Some(free)) => {
                free::table(free).map_err(|it| Failure::new(Exit::Failed, it.to_string()))?
            }
        })
    }

    fn focus(&self) -> Result<String, Failure> {
        let none = Allocation::default();
        let apps = self.apps.unwrap_or(&none);
        csv::focus(self.material, self.bill, apps)
            .map_err(|it| Failure::new(Exit::Failed, it.to_string()))
    }

    fn rack(&self) -> &str {
        &self.material.case.rack.name
    }

    fn sums<'l>(&self, lines: impl Iterator<Item = &'l Line>) -> Vec<Sum> {
        let mut sums = group::sums(lines, self.by);
        // Where lines are shown each for itself, each is rounded for itself.
        if self.by != By::Resource {
            sums = group::rounded(sums);
        }
        match self.top {
            Some(top) => group::cut(sums, top),
            None => sums,
        }
    }

    /// What the rack's own lines come to, by what is asked for.
    fn own_sums(&self) -> Vec<Sum> {
        let Some(apps) = self.apps.filter(|_| self.by == By::App) else {
            return self.sums(self.bill.own());
        };
        let sums = app::rounded(apps.sums()).into_iter();
        let sums = sums.map(|it| it.sum).collect();
        match self.top {
            Some(top) => group::cut(sums, top),
            None => sums,
        }
    }

    /// How many of the prices of the rack's own lines come from where.
    fn sources(&self) -> BTreeMap<&str, usize> {
        let priced = self.bill.own().filter_map(|line| {
            let price = line.amount.price()?;
            Some((line.service, &*line.usage, &*price.source))
        });
        let priced: BTreeSet<(&str, &str, &str)> = priced.collect();
        let mut sources = BTreeMap::new();
        for (_, _, source) in priced {
            *sources.entry(source).or_default() += 1;
        }
        sources
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
        let billed: BTreeSet<&ResourceId> = bill.lines.iter().map(|it| &it.resource).collect();
        let strange = self.usage.named().filter(|it| !billed.contains(it));
        notes.extend(
            strange.map(|it| {
                format!("a usage table tells of {it}, for which this rack is not billed")
            }),
        );
        let told = self.usage.told_of_one();
        let idle = told.filter(|(id, component)| {
            let mut lines = bill.lines.iter();
            let by_use = |it: &Line| it.amount.origin() != Some(cost::Origin::Described);
            billed.contains(id)
                && !lines.any(|it| it.resource == **id && it.component == *component && by_use(it))
        });
        notes.extend(idle.map(|(id, component)| {
            format!("a usage table tells the {component} of {id}, which are not billed by use")
        }));
        notes.extend(self.pricing.notes.iter().cloned());
        let region = &self.material.snapshot.region;
        notes.extend(prices::missing(self.pricing, &self.material.case, region));
        notes.extend(prices::unused(self.pricing, &self.material.case, region));
        let unheard = self.material.snapshot.money.unheard.iter();
        let unheard = unheard.filter(|it| self.free.is_some() || !it.is_of_free_tier());
        notes.extend(unheard.map(ToString::to_string));
        let without = bill.own().filter(|it| it.amount.usd().is_none()).count();
        if self.format == Format::Focus && without > 0 {
            let lines = text::count(without, "line");
            notes.push(format!(
                "{lines} without a known amount left out, as a cost may not be empty in FOCUS"
            ));
        }
        if let Some(apps) = self.apps.filter(|it| !it.unreserved.is_empty()) {
            notes.push(format!(
                "counted as idle, as what they reserve was not read: {}",
                named(&apps.unreserved)
            ));
        }
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
