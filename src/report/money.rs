//! What a rack costs, put in the order of reading.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::{Finding, Link};
use crate::{
    cost::{
        Amount, Bill, Line, Origin,
        app::{self, Allocation, AppSum, Way, Weights},
        group::{self, By},
        spent,
    },
    free_tier::FreeTier,
    id::ResourceId,
    price::{Price, Standing, Usd, tier, words},
    rule::{Case, Category, Cost, Status, Verdict},
    snapshot::money::Spent,
};

mod burn;

pub use burn::{Burn, Curve, Day};

/// What a report tells of costs, as it was counted.
#[derive(Clone, Copy, Debug)]
pub struct Costs<'a> {
    pub bill: &'a Bill<'a>,
    pub apps: &'a Allocation,
    pub weights: Weights,
    pub free: Option<&'a FreeTier>,
    /// What AWS has counted in truth, where it was asked.
    pub spent: Option<&'a Spent>,
}

/// What a rack costs.
#[derive(Clone, Debug)]
pub struct Money {
    pub total: Usd,
    /// Whether it is at least so much, as something is unknown or was not read.
    pub least: bool,
    pub per_hour: Decimal,
    /// `2018-05`; `None` for the usual month of estimates.
    pub month: Option<String>,
    pub hours: u32,
    /// What others use too; not in the total.
    pub shared: Usd,
    /// When the oldest of what costs was made.
    pub since: Option<Timestamp>,
    /// What was paid from then to the snapshot, about, of what it is known when it was made.
    pub so_far: Usd,
    pub services: Vec<Bar>,
    pub apps: Vec<App>,
    /// `9:1`.
    pub weights: String,
    /// What of the machines nobody has reserved.
    pub idle: Usd,
    pub confidence: Vec<Confidence>,
    /// What of the total rests on prices that are derived or unverified.
    pub doubtful: Usd,
    pub waste: Vec<Waste>,
    /// Of all wasted resources, each counted once.
    pub wasted: Usd,
    pub by_use: Vec<ByUse>,
    pub unknown: Vec<Unknown>,
    pub sources: Vec<Source>,
    /// The known month of each resource that has one, by id; what is shared is not among them.
    pub of: BTreeMap<String, Usd>,
    pub burn: Option<Burn>,
    /// What AWS has counted in truth; no part of anything else here.
    pub actual: Option<Actual>,
}

/// What AWS has counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actual {
    /// Of when and of what it is.
    pub about: String,
    pub sum: Usd,
    /// The dearest first.
    pub services: Vec<(String, Usd)>,
}

/// One row with a bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    pub name: String,
    /// `None` where no line of it has a known amount.
    pub usd: Option<Usd>,
    /// Of the longest bar, 0 to 100.
    pub length: u32,
    pub by_use: usize,
    pub unknown: usize,
}

/// One app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// It is an app, and not what is left over.
    pub is_named: bool,
    pub bar: Bar,
    /// How it came to it, where there is more than one way: `own 1.20, machines 3.40`.
    pub ways: String,
}

/// How sure a part of the total is, or what is not in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confidence {
    pub name: &'static str,
    pub lines: usize,
    /// `None` where the lines have no amount.
    pub usd: Option<Usd>,
    pub why: &'static str,
}

/// A finding that costs.
#[derive(Clone, Debug)]
pub struct Waste {
    pub title: String,
    /// Of the finding.
    pub anchor: String,
    pub subject: Arc<Link>,
    pub usd: Usd,
}

/// Something that costs as it is used, and nobody told how much.
#[derive(Clone, Debug)]
pub struct ByUse {
    pub link: Arc<Link>,
    pub component: &'static str,
    /// For one unit, or a million where it is small: `0.4 per million requests`.
    pub rate: String,
}

/// Something that nobody can price.
#[derive(Clone, Debug)]
pub struct Unknown {
    pub link: Arc<Link>,
    pub component: &'static str,
    pub why: String,
}

/// Where prices are from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub name: String,
    /// `verified`, `derived`, `unverified`.
    pub standing: &'static str,
    pub lines: usize,
    pub usd: Usd,
    /// Empty where they are of no date.
    pub oldest: String,
    pub newest: String,
}

/// Puts it in order. `link` tells how the page names a resource.
pub(super) fn money(
    case: &Case<'_>,
    costs: &Costs<'_>,
    findings: &[Finding],
    link: &dyn Fn(&ResourceId) -> Arc<Link>,
) -> Money {
    let Costs {
        bill, apps, free, ..
    } = *costs;
    let hours = bill.month.hours();
    let total = bill.total();
    let of = by_resource(bill);
    let sums = app::rounded(apps.sums());
    let longest = sums.iter().map(|it| it.sum.usd).max().unwrap_or_default();
    let waste = waste(findings);
    let wasted: BTreeMap<&str, Usd> = waste.iter().map(|it| (&*it.subject.id, it.usd)).collect();
    let (since, so_far) = so_far(case, bill);
    Money {
        total,
        least: bill.has_unknown() || !bill.is_read(),
        per_hour: total
            .exact()
            .checked_div(hours.into())
            .unwrap_or_default()
            .round_dp(4),
        month: bill.month.name.clone(),
        hours,
        shared: crate::cost::sum(bill.shared()),
        since,
        so_far,
        services: bars(&group::rounded(group::sums(bill.own(), By::Service))),
        apps: sums.iter().map(|it| row(it, longest)).collect(),
        weights: costs.weights.to_string(),
        idle: idle(&sums),
        confidence: confidence(bill),
        doubtful: bill.doubtful(),
        wasted: wasted.into_values().sum(),
        waste,
        by_use: by_use(bill, link),
        unknown: unknown(bill, link),
        sources: sources(bill),
        of,
        burn: free.map(burn::burn),
        actual: costs.spent.map(actual),
    }
}

fn actual(spent: &Spent) -> Actual {
    let services = spent.services.iter();
    let services = services.map(|(name, usd)| (name.clone(), Usd::new(*usd)));
    let mut services: Vec<(String, Usd)> = services.collect();
    services.sort_by_key(|it| Reverse(it.1));
    Actual {
        about: spent::about(spent),
        sum: spent::sum(spent),
        services,
    }
}

/// What the known lines of each resource come to.
fn by_resource(bill: &Bill<'_>) -> BTreeMap<String, Usd> {
    let mut of: BTreeMap<String, Usd> = BTreeMap::new();
    for line in bill.own() {
        if let Some(usd) = line.amount.usd() {
            let sum = of.entry(line.resource.to_string()).or_default();
            *sum = *sum + usd;
        }
    }
    of
}

/// What a failure about cost is about costs a month, known and at least: its subject, or what the
/// rule names in its place.
pub fn saved(costs: &Costs<'_>, category: Category, verdict: &Verdict) -> Option<Usd> {
    if category != Category::Cost || verdict.status != Status::Fail {
        return None;
    }
    let of_all = |those: &[&ResourceId]| -> Usd {
        let lines = costs.bill.own().filter(|it| those.contains(&&it.resource));
        lines.filter_map(|it| it.amount.usd()).sum()
    };
    let known = match &verdict.cost {
        None => of_all(&[&verdict.subject]),
        Some(Cost::Of(those)) => of_all(&those.iter().collect::<Vec<_>>()),
        Some(Cost::Part { of, usage }) => {
            let lines = costs.bill.own();
            let lines = lines.filter(|it| of.contains(&it.resource) && it.usage.ends_with(usage));
            lines.filter_map(|it| it.amount.usd()).sum()
        }
        Some(Cost::Usage(usage)) => {
            let lines = costs.bill.own().filter(|it| it.usage.starts_with(usage));
            lines.filter_map(|it| it.amount.usd()).sum()
        }
        Some(Cost::Stored { usage, gigabytes }) => stored(costs, verdict, usage, *gigabytes)?,
    };
    // Less than half a cent is not worth a word.
    Some(known).filter(|it| it.cents() > Decimal::ZERO)
}

/// What is stored now, at the price that the bill has for it; what was told of its use counts more.
fn stored(costs: &Costs<'_>, verdict: &Verdict, usage: &str, gigabytes: Decimal) -> Option<Usd> {
    let mut lines = costs.bill.own();
    let line = lines.find(|it| it.resource == verdict.subject && it.usage == usage)?;
    match &line.amount {
        Amount::ByUse(price) => {
            let parts = price.tiers.split(gigabytes)?;
            tier::total(&parts).map(Usd::new)
        }
        it @ (Amount::Fixed { .. } | Amount::Unknown { .. }) => it.usd(),
    }
}

fn bar(sum: &group::Sum, longest: Usd) -> Bar {
    let share = sum.usd.exact().saturating_mul(Decimal::ONE_HUNDRED);
    let share = share.checked_div(longest.exact()).unwrap_or_default();
    Bar {
        name: sum.name.clone(),
        usd: (sum.known > 0).then_some(sum.usd),
        length: u32::try_from(share.round()).unwrap_or_default(),
        by_use: sum.by_use,
        unknown: sum.unknown,
    }
}

fn bars(sums: &[group::Sum]) -> Vec<Bar> {
    let longest = sums.iter().map(|it| it.usd).max().unwrap_or_default();
    sums.iter().map(|it| bar(it, longest)).collect()
}

fn row(it: &AppSum, longest: Usd) -> App {
    let ways = Way::ALL.iter();
    let ways = ways.filter_map(|way| {
        let usd = it.by_way.get(way).filter(|it| **it > Usd::ZERO)?;
        Some(format!("{} {usd}", way.name()))
    });
    let ways: Vec<String> = ways.collect();
    App {
        is_named: matches!(it.app, app::App::Named(_)),
        bar: bar(&it.sum, longest),
        ways: match ways.len() {
            0 | 1 => String::new(),
            _ => ways.join(", "),
        },
    }
}

fn idle(sums: &[AppSum]) -> Usd {
    let idle = sums.iter().filter(|it| it.app == app::App::Idle);
    idle.map(|it| it.sum.usd).sum()
}

/// When the oldest of what costs was made, and what all of it has cost since it was made.
fn so_far(case: &Case<'_>, bill: &Bill<'_>) -> (Option<Timestamp>, Usd) {
    let hours = Decimal::from(bill.month.hours());
    let mut since: Option<Timestamp> = None;
    let mut sum = Usd::ZERO;
    for line in bill.own() {
        let created = case.graph.get(&line.resource).and_then(|it| it.created);
        let (Some(usd), Some(created)) = (line.amount.usd(), created) else {
            continue;
        };
        let seconds = case.taken.as_second() - created.as_second();
        let age = Decimal::from(seconds.max(0)) / Decimal::from(3600);
        let cost = usd.exact().saturating_mul(age).checked_div(hours);
        sum = sum + Usd::new(cost.unwrap_or_default());
        since = Some(since.map_or(created, |it| it.min(created)));
    }
    (since, sum)
}

fn confidence(bill: &Bill<'_>) -> Vec<Confidence> {
    let known = |name, why, sure: bool, test: &dyn Fn(Origin) -> bool| {
        let verified = |it: &Price| it.standing == Standing::Verified;
        let lines: Vec<&Line> = bill
            .own()
            .filter(|it| it.amount.origin().is_some_and(test))
            .filter(|it| it.amount.price().is_some_and(verified) == sure)
            .collect();
        Confidence {
            name,
            lines: lines.len(),
            usd: Some(lines.iter().filter_map(|it| it.amount.usd()).sum()),
            why,
        }
    };
    let without = |name, why, test: fn(&Amount) -> bool| Confidence {
        name,
        lines: bill.own().filter(|it| test(&it.amount)).count(),
        usd: None,
        why,
    };
    let measured = |it| matches!(it, Origin::Measured { .. });
    let all = [
        known(
            "measured",
            "list price × what CloudWatch counted",
            true,
            &measured,
        ),
        known(
            "measured, price in doubt",
            "derived or unverified price × what CloudWatch counted",
            false,
            &measured,
        ),
        known(
            "described",
            "list price × what AWS describes, for all hours of the month",
            true,
            &|it| it == Origin::Described,
        ),
        known(
            "described, price in doubt",
            "derived or unverified price × what AWS describes, for all hours of the month",
            false,
            &|it| it == Origin::Described,
        ),
        known(
            "given",
            "list price × what a usage table tells",
            true,
            &|it| it == Origin::Given,
        ),
        known(
            "given, price in doubt",
            "derived or unverified price × what a usage table tells",
            false,
            &|it| it == Origin::Given,
        ),
        without(
            "by use",
            "has a price for each unit, and nobody told how many; not in the total",
            |it| matches!(it, Amount::ByUse(_)),
        ),
        without(
            "unknown",
            "has no known price, or was not read; not in the total",
            |it| matches!(it, Amount::Unknown { .. }),
        ),
    ];
    all.into_iter().filter(|it| it.lines > 0).collect()
}

/// The findings that cost and that nobody has accepted, the dearest first.
fn waste(findings: &[Finding]) -> Vec<Waste> {
    let counted = findings
        .iter()
        .filter(|it| it.is_waste && it.muted.is_none());
    let costly = counted.filter_map(|it| {
        Some(Waste {
            title: it.title.to_string(),
            anchor: it.anchor.clone(),
            subject: it.subject.clone(),
            usd: it.saves?,
        })
    });
    let mut waste: Vec<Waste> = costly.collect();
    waste.sort_by(|a, b| {
        b.usd
            .cmp(&a.usd)
            .then_with(|| a.subject.id.cmp(&b.subject.id))
    });
    waste
}

fn by_use(bill: &Bill<'_>, link: &dyn Fn(&ResourceId) -> Arc<Link>) -> Vec<ByUse> {
    let lines = bill.own().filter_map(|line| match &line.amount {
        Amount::ByUse(price) => Some(ByUse {
            link: link(&line.resource),
            component: line.component,
            rate: words::rate(price),
        }),
        Amount::Fixed { .. } | Amount::Unknown { .. } => None,
    });
    lines.collect()
}

fn unknown(bill: &Bill<'_>, link: &dyn Fn(&ResourceId) -> Arc<Link>) -> Vec<Unknown> {
    let lines = bill.own().filter_map(|line| match &line.amount {
        Amount::Unknown { why, .. } => Some(Unknown {
            link: link(&line.resource),
            component: line.component,
            why: why.clone(),
        }),
        Amount::Fixed { .. } | Amount::ByUse(_) => None,
    });
    lines.collect()
}

fn sources(bill: &Bill<'_>) -> Vec<Source> {
    let mut sources: BTreeMap<(&str, &'static str), (usize, Usd, BTreeSet<&str>)> = BTreeMap::new();
    for line in bill.own() {
        let Some(price) = line.amount.price() else {
            continue;
        };
        let Price {
            source, standing, ..
        } = price;
        let of = sources.entry((source, standing.name())).or_default();
        of.0 += 1;
        of.1 = of.1 + line.amount.usd().unwrap_or_default();
        if !price.as_of.is_empty() {
            of.2.insert(&price.as_of);
        }
    }
    let sources = sources.into_iter().map(|((name, standing), it)| Source {
        name: name.to_owned(),
        standing,
        lines: it.0,
        usd: it.1,
        oldest: it.2.first().copied().unwrap_or_default().to_owned(),
        newest: it.2.last().copied().unwrap_or_default().to_owned(),
    });
    let mut sources: Vec<Source> = sources.collect();
    sources.sort_by_key(|it| Reverse(it.usd));
    sources
}

#[cfg(test)]
mod tests;
