//! The free tier as a page draws it: how much is left of each allowance, day by day.

use rust_decimal::{Decimal, prelude::ToPrimitive as _};

use crate::{
    free_tier::{Allowance, FreeTier, Moment, Sureness, burn, words},
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
    /// What becomes of each allowance that ends, why, and what would keep it.
    pub stories: Vec<String>,
    /// What is to be known of the month besides, without a full stop.
    pub note: Option<&'static str>,
    /// The first end, for the headline.
    pub first: Option<(String, String)>,
    /// Whether that end was over when the snapshot was taken.
    pub first_past: bool,
    /// Whether it is not sure that the offer holds.
    pub first_perhaps: bool,
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
    /// How much an hour uses, at the month's end.
    pub per_hour: String,
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

impl Burn {
    /// Whether some of it is not sure to hold.
    pub fn is_perhaps(&self) -> bool {
        self.curves.iter().any(|it| it.perhaps)
    }
}

/// Draws a rack's free tier.
pub(super) fn burn(free: &FreeTier) -> Burn {
    let hours = Decimal::from(free.month.hours());
    let known = free.allowances.iter().filter(|it| it.is_known());
    let mut curves: Vec<Curve> = known
        .enumerate()
        .map(|(n, it)| curve(free, n, it))
        .collect();
    part(&mut curves);
    let ending = free
        .allowances
        .iter()
        .filter(|it| it.is_known() && it.end.is_some());
    let ending: Vec<&Allowance> = ending.collect();
    let ends = ending.first().copied();
    let perhaps = |it: &Allowance| it.sure == Sureness::Perhaps;
    let first = ends.and_then(|it| Some((it.offer.name.to_owned(), words::minute(it.end?.at))));
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
        stories: ending
            .iter()
            .map(|it| words::story(free, it, &ToOwned::to_owned))
            .collect(),
        note: words::before_addresses(&free.month),
        first,
        first_past: ends.is_some_and(|it| it.end.is_some_and(|end| end.at <= free.at)),
        first_perhaps: ends.is_some_and(perhaps),
        gross: free.gross,
        after: free.after_all,
    }
}

/// Moves numbers apart that would stand on each other.
fn part(curves: &mut [Curve]) {
    let mut taken: Vec<(i64, i64)> = Vec::new();
    for it in curves {
        let near = |(x, y): (i64, i64), taken: &[(i64, i64)]| {
            let close = |other: &(i64, i64)| (other.0 - x).abs() < 18 && (other.1 - y).abs() < 18;
            taken.iter().any(close)
        };
        while near(it.label, &taken) && it.label.0 > 20 {
            it.label.0 -= 20;
        }
        taken.push(it.label);
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
        perhaps: it.sure == Sureness::Perhaps,
        used: words::number(it.used),
        limit: format!("{} {}s", words::number(it.limit), it.offer.unit),
        per_hour: words::number(it.per_hour),
        percent: percent.unwrap_or_default(),
        mail: when(it.mail),
        end: match it.end.filter(|_| it.lapses()) {
            Some(end) => format!("offer ends {}", words::minute(end.at)),
            None => when(it.end),
        },
        ends: it.end.is_some(),
        costs: Some(it.costs).filter(|it| *it > Usd::ZERO),
        cause: cause.unwrap_or_default(),
        label: points.last().copied().unwrap_or_default(),
        points: said.join(" "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cost::{
            self, Month, Terms, Usage,
            tests::{BOOK, convox},
        },
        free_tier::{self, Question},
        testing,
    };

    fn drawn() -> Burn {
        let month = Month::parse("2018-05").unwrap();
        let question = Question {
            region: "us-east-1",
            at: "2018-05-01T12:00:00Z".parse().unwrap(),
            opened: Some("2018-04-29".parse().unwrap()),
            credits: None,
            account: None,
        };
        let test = |case: &crate::rule::Case<'_>| {
            let terms = Terms {
                region: "us-east-1",
                book: &BOOK,
                month: &month,
                usage: &Usage::default(),
            };
            let bill = cost::bill(case, &terms);
            burn(&free_tier::assess(&bill, case.graph, &question).unwrap())
        };
        testing::owned(&convox(), &[], |_| true, test)
    }

    #[test]
    fn a_curve_goes_from_the_whole_down_to_where_it_ends() {
        let burn = drawn();
        let disks = &burn.curves[0];
        // 55.522 of 744 hours × 720 = 53.7
        assert_eq!(disks.points, "0,0 54,200");
        assert_eq!(disks.end, "2018-05-03 07:31 UTC");
        // 80 % are used in the whole month.
        let tables = burn.curves.iter().find(|it| !it.ends).unwrap();
        assert_eq!(tables.points, "0,0 720,160");
        // 12 of 744 hours × 720 = 11.6
        assert_eq!((burn.now, burn.mail_height), (12, 170));
        assert_eq!(burn.days.len(), 7);
    }

    #[test]
    fn no_number_stands_on_another() {
        let mut labels: Vec<(i64, i64)> = drawn().curves.iter().map(|it| it.label).collect();
        labels.sort_unstable();
        let before = labels.len();
        labels.dedup();
        assert_eq!(labels.len(), before);
    }

    #[test]
    fn the_first_to_end_is_told_first() {
        let burn = drawn();
        let (name, when) = burn.first.unwrap();
        assert_eq!((&*name, &*when), ("EBS storage", "2018-05-03 07:31 UTC"));
        assert!(!burn.first_perhaps);
    }
}
