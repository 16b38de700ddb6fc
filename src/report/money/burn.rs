//! The free tier as a page draws it: how much is left of each allowance, day by day.

use rust_decimal::{Decimal, prelude::ToPrimitive as _};

use crate::{
    free_tier::{Allowance, FreeTier, Moment, burn, words},
    price::Usd,
};

/// The drawing's size, in its own units. Ground for the days below and the per cents beside.
const WIDTH: i64 = 720;
const HEIGHT: i64 = 200;

/// How many allowances are drawn; a table below tells of all.
const DRAWN: usize = 6;

/// A month of free tier.
#[derive(Clone, Debug)]
pub struct Burn {
    pub month: String,
    /// Sentences that begin small and have no full stop.
    pub facts: Vec<String>,
    /// The first to end first.
    pub curves: Vec<Curve>,
    /// Allowances that are used by an amount that nobody told.
    pub untold: Vec<&'static str>,
    /// Where the snapshot was taken, and where the 85 % lie.
    pub now: i64,
    pub mail_height: i64,
    pub days: Vec<Day>,
    /// The first end, for the headline.
    pub first: Option<(String, String)>,
    pub gross: Usd,
    pub after: Usd,
}

/// A day at the foot of the drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    pub at: i64,
    pub number: i64,
}

/// One allowance.
#[derive(Clone, Debug)]
pub struct Curve {
    /// From 1; empty where it is not drawn.
    pub number: String,
    pub name: &'static str,
    /// Whether AWS's own figures tell, and whether it is not sure that the offer holds.
    pub counted: bool,
    pub perhaps: bool,
    pub used: String,
    pub limit: String,
    pub percent: String,
    pub mail: String,
    pub end: String,
    pub ends: bool,
    pub costs: Option<Usd>,
    pub cause: String,
    /// `0,0 54,200`: what is left, from the whole down to nothing.
    pub points: String,
    /// Where its number stands.
    pub label: (i64, i64),
}

/// Draws a rack's free tier.
pub(super) fn burn(free: &FreeTier) -> Burn {
    let hours = Decimal::from(free.month.hours());
    let known = free.allowances.iter().filter(|it| it.is_known());
    let curves: Vec<Curve> = known
        .enumerate()
        .map(|(n, it)| curve(free, n, it))
        .collect();
    let first = free.allowances.iter().find_map(|it| {
        let end = it.end?;
        Some((it.offer.name.to_owned(), words::minute(end.at)))
    });
    let mut facts = vec![
        words::programme(&free.programme),
        words::alone(free),
        words::totals(free),
    ];
    facts.extend(free.credits.iter().flat_map(words::credits));
    let untold = free.allowances.iter().filter(|it| !it.untold.is_empty());
    let days = (1..=hours.to_i64().unwrap_or_default() / 24).step_by(5);
    Burn {
        month: free.month.name.clone().unwrap_or_default(),
        facts,
        curves,
        untold: untold.map(|it| it.offer.name).collect(),
        now: free
            .month
            .hours_until(free.at)
            .map_or(0, |it| across(it, hours)),
        mail_height: HEIGHT * 85 / 100,
        days: days
            .map(|number| Day {
                at: across(Decimal::from((number - 1) * 24), hours),
                number,
            })
            .collect(),
        first,
        gross: free.gross,
        after: free.after_all,
    }
}

fn across(hour: Decimal, hours: Decimal) -> i64 {
    let at = hour.saturating_mul(Decimal::from(WIDTH)).checked_div(hours);
    at.and_then(|it| it.round().to_i64()).unwrap_or_default()
}

fn down(used: Decimal, limit: Decimal) -> i64 {
    let share = used
        .checked_div(limit)
        .unwrap_or(Decimal::ONE)
        .min(Decimal::ONE);
    (share * Decimal::from(HEIGHT))
        .round()
        .to_i64()
        .unwrap_or(HEIGHT)
}

fn curve(free: &FreeTier, n: usize, it: &Allowance) -> Curve {
    let hours = Decimal::from(free.month.hours());
    // Where its pace changes: when something begins, and when it ends.
    let mut corners: Vec<Decimal> = it.flows.iter().map(|it| it.from).collect();
    let last = it.end.map_or(hours, |it| it.hours);
    corners.extend([Decimal::ZERO, last]);
    corners.retain(|it| *it <= last);
    corners.sort();
    corners.dedup();
    let points: Vec<(i64, i64)> = corners
        .iter()
        .map(|hour| {
            let used = burn::used(&it.flows, *hour, hours);
            (across(*hour, hours), down(used, it.limit))
        })
        .collect();
    let said: Vec<String> = points.iter().map(|(x, y)| format!("{x},{y}")).collect();
    let when = |it: Option<Moment>| match it {
        Some(it) => words::minute(it.at),
        None => "not this month".to_owned(),
    };
    let percent = it.percent().map(|it| words::number(it.round_dp(1)));
    let cause = it.causes.first().map(|it| it.resource.to_string());
    Curve {
        number: if n < DRAWN {
            (n + 1).to_string()
        } else {
            String::new()
        },
        name: it.offer.name,
        counted: it.counted.is_some(),
        perhaps: it.sure == crate::free_tier::Sureness::Perhaps,
        used: words::number(it.used),
        limit: format!("{} {}s", words::number(it.limit), it.offer.unit),
        percent: percent.unwrap_or_default(),
        mail: when(it.mail),
        end: when(it.end),
        ends: it.end.is_some(),
        costs: Some(it.costs).filter(|it| *it > Usd::ZERO),
        cause: cause.unwrap_or_default(),
        label: points.last().copied().unwrap_or_default(),
        points: said.join(" "),
    }
}
