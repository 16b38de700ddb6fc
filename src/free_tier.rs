//! What AWS gives for nothing, how fast a rack uses it up, and what the month costs then.

use std::{cmp::Reverse, collections::BTreeMap};

use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};
use rust_decimal::{Decimal, prelude::ToPrimitive as _};

use crate::{
    cost::{Amount, Bill, Line, Month},
    graph::Graph,
    id::ResourceId,
    price::{Price, Usd, tier},
    snapshot::money::{self, Account},
};

mod account;
pub mod burn;
pub mod offer;
pub mod programme;
pub mod words;

pub use {
    offer::{OFFERS, Offer, Term},
    programme::{BadOpening, Programme, Sureness},
};

use burn::Flow;
use offer::Place;

/// How much of an allowance is gone when AWS sends its mail: 85 of 100.
const MAIL_AT: Decimal = Decimal::from_parts(85, 0, 0, false, 2);

/// US dollars that every account with a plan is given at its opening.
pub const SIGN_UP_CREDITS: Decimal = Decimal::from_parts(100, 0, 0, false, 0);

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    pub region: &'a str,
    /// The moment from which on it is looked at; it lies in the bill's month.
    pub at: Timestamp,
    /// The day on which the account, or the one that pays for it, was opened.
    pub opened: Option<Date>,
    /// US dollars of credits that are left, where the user told.
    pub credits: Option<Decimal>,
    pub account: Option<&'a Account>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadQuestion {
    #[error(transparent)]
    Opening(#[from] BadOpening),
    #[error("a free tier is of a month of the calendar")]
    NoMonth,
    #[error("{0} does not lie in {1}")]
    OtherMonth(Timestamp, String),
}

/// The free tier of a rack's month.
#[derive(Clone, Debug)]
pub struct FreeTier {
    pub programme: Programme,
    pub month: Month,
    pub at: Timestamp,
    /// What the rack draws on, the first to end first, then the most used.
    pub allowances: Vec<Allowance>,
    /// Offers that hold and that nothing of the rack draws on.
    pub untouched: Vec<&'static Offer>,
    /// Known costs that no allowance covers, by what they are for, the dearest first.
    pub uncovered: Vec<(&'static str, Usd)>,
    /// What the month comes to at list prices, of each thing from when it was made.
    pub gross: Usd,
    /// The same after what is free for everybody.
    pub after_always: Usd,
    /// The same after all that is free, also of what holds only perhaps.
    pub after_all: Usd,
    pub credits: Option<Credits>,
    /// Whether what the month comes to is the least, as something is unknown or was not read.
    pub least: bool,
    /// What nobody can price, and why.
    pub unknown: Vec<(ResourceId, &'static str, String)>,
    /// What no allowance covers and is billed by use that nobody told, with how often that is so.
    pub by_use: Vec<(&'static str, usize)>,
    /// Whether something of the rack was made within the month, so that it is not a whole one.
    pub partial: bool,
}

/// A moment of the month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Since the month's beginning.
    pub hours: Decimal,
    pub at: Timestamp,
}

/// Something that uses an allowance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    pub resource: ResourceId,
    pub component: &'static str,
    pub flow: Flow,
    /// What it uses in this month.
    pub used: Decimal,
}

/// One allowance and what becomes of it.
#[derive(Clone, Debug)]
pub struct Allowance {
    pub offer: &'static Offer,
    pub sure: Sureness,
    /// In units of the offer.
    pub limit: Decimal,
    /// What the month comes to.
    pub used: Decimal,
    /// What an hour uses at the end of the month.
    pub per_hour: Decimal,
    /// The greatest first.
    pub causes: Vec<Cause>,
    /// When AWS mails that 85 % are gone.
    pub mail: Option<Moment>,
    /// When nothing is free any more, as it is used up or as the offer ends. `None`: not in this
    /// month.
    pub end: Option<Moment>,
    /// When nothing were left without the first cause, where there is another.
    pub without_first: Option<Option<Moment>>,
    /// When the offer itself ends within the month, used up or not.
    pub expires: Option<Moment>,
    /// What it saves the rack in the month, and what the rack pays beyond it.
    pub saves: Usd,
    pub costs: Usd,
    /// What draws on it too, but nobody told how much.
    pub untold: Vec<(ResourceId, &'static str)>,
    /// AWS's own count, as of the moment at which it was read.
    pub counted: Option<money::Offer>,
    /// All that draws on it, as streams: what is drawn on a page.
    pub flows: Vec<Flow>,
}

impl Allowance {
    /// Whether anything tells how much of it is used.
    pub fn is_known(&self) -> bool {
        !self.causes.is_empty() || self.counted.is_some()
    }

    /// Whether the offer ends within the month, before it is used up.
    pub fn lapses(&self) -> bool {
        self.expires.is_some() && self.end == self.expires
    }

    /// How many of its causes, the greatest first, would have to go so that the month stays within
    /// it: the fewest that do. `None` where not even all of them are enough.
    pub fn fewest(&self) -> Option<usize> {
        let mut over = self.used - self.limit;
        for (n, cause) in self.causes.iter().enumerate() {
            if over <= Decimal::ZERO {
                return Some(n);
            }
            over -= cause.used;
        }
        (over <= Decimal::ZERO).then_some(self.causes.len())
    }

    /// How much of it the month uses; `None` where nothing is given.
    pub fn percent(&self) -> Option<Decimal> {
        self.used
            .saturating_mul(Decimal::ONE_HUNDRED)
            .checked_div(self.limit)
    }
}

/// The credits of an account with a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credits {
    /// `FREE` or `PAID`, where it was read.
    pub plan: Option<String>,
    /// US dollars left at the moment of asking, where that is known.
    pub left: Option<Usd>,
    /// US dollars an hour after what is always free, once all runs that was made in the month.
    pub per_hour: Usd,
    /// When they are gone; of 100 dollars where it is not known how many are left.
    pub gone: Option<Timestamp>,
    /// Whether they may be gone sooner, as not all that the rack costs is known.
    pub at_the_latest: bool,
    /// When a free plan ends at the latest, and the account is closed.
    pub free_plan_ends: Option<Timestamp>,
    /// When what is left of the credits is lost.
    pub expire: Option<Timestamp>,
}

/// Makes out the free tier for a rack's bill of one month of the calendar.
///
/// Pools are the account's, not the rack's: without the account's own figures the rack is taken to
/// be alone in it. Things are used at a constant pace, from the month's beginning or from when
/// they were made.
///
/// # Errors
/// When the bill is of no month, the moment of another, or the account's opening cannot be.
pub fn assess(
    bill: &Bill<'_>,
    graph: &Graph<'_>,
    question: &Question<'_>,
) -> Result<FreeTier, BadQuestion> {
    let month = &bill.month;
    let begins = month.begins().ok_or(BadQuestion::NoMonth)?;
    let hours = Decimal::from(month.hours());
    let inside = |it: &Decimal| *it >= Decimal::ZERO && *it < hours;
    if month.hours_until(question.at).filter(inside).is_none() {
        let name = month.name.clone().unwrap_or_default();
        return Err(BadQuestion::OtherMonth(question.at, name));
    }
    let programme = Programme::find(question.opened, question.account, begins, question.at)?;
    let view = View {
        bill,
        graph,
        question,
        programme,
        hours,
    };
    let mut allowances = Vec::new();
    let mut untouched = Vec::new();
    let name = month.name.as_deref().unwrap_or_default();
    for offer in OFFERS.iter().filter(|it| it.is_there_in(name)) {
        let Some(sure) = programme.has(offer.term) else {
            continue;
        };
        match view.allowance(offer, sure) {
            Some(it) => allowances.push(it),
            None => untouched.push(offer),
        }
    }
    allowances.sort_by(|a, b| {
        let end = |it: &Allowance| (it.end.is_none(), it.end);
        let used = b.percent().cmp(&a.percent());
        end(a).cmp(&end(b)).then(used)
    });
    let gross = view.gross();
    let saved = |term: &dyn Fn(Term) -> bool| -> Decimal {
        let all = allowances.iter().filter(|it| term(it.offer.term));
        all.map(|it| it.saves.exact()).sum()
    };
    let after_always = gross - saved(&|it| it == Term::Always);
    let after_all = gross - saved(&|_| true);
    let uncovered = view.uncovered(&allowances);
    Ok(FreeTier {
        programme,
        month: month.clone(),
        at: question.at,
        credits: view.credits(&allowances),
        least: bill.has_unknown() || !bill.is_read(),
        unknown: view.unknown(),
        by_use: view.by_use(&allowances),
        partial: bill.own().any(|it| !view.from(&it.resource).is_zero()),
        allowances,
        untouched,
        uncovered,
        gross: Usd::new(gross),
        after_always: Usd::new(after_always),
        after_all: Usd::new(after_all),
    })
}

/// What a line uses in a whole month, and its price.
fn fixed(line: &Line) -> Option<(Decimal, &Price)> {
    match &line.amount {
        Amount::Fixed {
            quantity, price, ..
        } => Some((*quantity, price)),
        Amount::ByUse(_) | Amount::Unknown { .. } => None,
    }
}

/// What so much costs at list prices.
fn dollars(quantity: Decimal, price: &Price) -> Decimal {
    let parts = price.tiers.without_allowance().split(quantity);
    parts.and_then(|it| tier::total(&it)).unwrap_or_default()
}

struct View<'v, 'a> {
    bill: &'v Bill<'a>,
    graph: &'v Graph<'a>,
    question: &'v Question<'v>,
    programme: Programme,
    hours: Decimal,
}

impl View<'_, '_> {
    /// Hours of the month that were over when a resource was made.
    fn from(&self, id: &ResourceId) -> Decimal {
        let created = self.graph.get(id).and_then(|it| it.created);
        let hours = created.and_then(|it| self.bill.month.hours_until(it));
        let hours = hours.unwrap_or_default();
        hours.clamp(Decimal::ZERO, self.hours)
    }

    fn moment(&self, hours: Decimal) -> Option<Moment> {
        let at = self.bill.month.after(hours)?;
        Some(Moment { hours, at })
    }

    /// What a line comes to in this month.
    fn month_of(&self, line: &Line) -> Decimal {
        let Some((full, price)) = fixed(line) else {
            return Decimal::ZERO;
        };
        let flow = Flow {
            full,
            from: self.from(&line.resource),
        };
        dollars(flow.until(self.hours, self.hours), price)
    }

    fn gross(&self) -> Decimal {
        let lines = self.bill.own().map(|it| self.month_of(it));
        lines.fold(Decimal::ZERO, Decimal::saturating_add)
    }

    /// Of an offer what becomes of it; `None` where nothing draws on it.
    fn allowance(&self, offer: &'static Offer, sure: Sureness) -> Option<Allowance> {
        let region = self.question.region;
        let place = Place { region };
        let lines: Vec<&Line> = self
            .bill
            .own()
            .filter(|it| offer.covers(it, place))
            .collect();
        let counted = self
            .question
            .account
            .and_then(|it| account::count(it, offer, region));
        if lines.is_empty() {
            return None;
        }
        let mut causes: Vec<Cause> = lines
            .iter()
            .filter_map(|line| {
                let (full, _) = fixed(line)?;
                let from = self.from(&line.resource);
                let flow = Flow { full, from };
                Some(Cause {
                    resource: line.resource.clone(),
                    component: line.component,
                    flow,
                    used: flow.until(self.hours, self.hours),
                })
            })
            .filter(|it| it.used > Decimal::ZERO)
            .collect();
        causes.sort_by(|a, b| b.used.cmp(&a.used).then(a.resource.cmp(&b.resource)));
        let untold = lines.iter().filter(|it| fixed(it).is_none());
        let untold = untold.map(|it| (it.resource.clone(), it.component));
        let untold: Vec<(ResourceId, &'static str)> = untold.collect();
        // Known to be nothing at all.
        if causes.is_empty() && untold.is_empty() {
            return None;
        }
        let own: Vec<Flow> = causes.iter().map(|it| it.flow).collect();
        let limit = counted.map_or(offer.limit(), |it| it.limit);
        let flows = match counted {
            Some(item) => self.with_others(&own, item),
            None => own.clone(),
        };
        let expires = self.expires(offer.term);
        let reach = |flows: &[Flow], amount| {
            let hour = burn::reached(flows, amount, self.hours)?;
            self.moment(hour)
        };
        // An offer that ends covers nothing any more, whatever is left of it.
        let last = |used_up: Option<Moment>| match expires {
            Some(it) => Some(used_up.map_or(it, |end| end.min(it))),
            None => used_up,
        };
        let end = last(reach(&flows, limit));
        let mail = reach(&flows, limit.saturating_mul(MAIL_AT));
        let without_first = (causes.len() > 1).then(|| {
            let first = causes.first().map(|it| it.flow);
            let mut rest = flows.clone();
            if let Some(at) = rest.iter().position(|it| Some(*it) == first) {
                rest.remove(at);
            }
            last(reach(&rest, limit))
        });
        let covered = end.map_or(self.hours, |it| it.hours);
        let (saves, costs) = self.divided(&lines, covered);
        Some(Allowance {
            offer,
            sure,
            limit,
            used: burn::used(&flows, self.hours, self.hours),
            per_hour: self.pace(&flows),
            mail: mail.filter(|it| expires.is_none_or(|end| it.at < end.at)),
            end,
            without_first,
            expires,
            saves: Usd::new(saves),
            costs: Usd::new(costs),
            untold,
            counted: counted.cloned(),
            causes,
            flows,
        })
    }

    /// What these use in an hour at the end of the month.
    fn pace(&self, flows: &[Flow]) -> Decimal {
        let full = flows.iter().map(|it| it.full);
        let full = full.fold(Decimal::ZERO, Decimal::saturating_add);
        full.checked_div(self.hours).unwrap_or_default()
    }

    /// The rack's streams and one more: what AWS counts beyond them, taken to go on as it did.
    fn with_others(&self, own: &[Flow], item: &money::Offer) -> Vec<Flow> {
        let read = self.question.account.map(|it| it.asked);
        let read = read.and_then(|it| self.bill.month.hours_until(it));
        let Some(read) = read.filter(|it| *it > Decimal::ZERO && *it <= self.hours) else {
            return own.to_vec();
        };
        let ours = burn::used(own, read, self.hours);
        let full = |used: Decimal| {
            let whole = used.saturating_mul(self.hours);
            whole.checked_div(read).unwrap_or_default()
        };
        if item.actual >= ours {
            let others = Flow {
                full: full(item.actual - ours),
                from: Decimal::ZERO,
            };
            return own.iter().copied().chain([others]).collect();
        }
        // AWS has counted less than the rack should have used: its count is the better one.
        vec![Flow {
            full: full(item.actual),
            from: Decimal::ZERO,
        }]
    }

    /// When offers of a term end within the month.
    fn expires(&self, term: Term) -> Option<Moment> {
        let Programme::TwelveMonths { until, .. } = self.programme else {
            return None;
        };
        let hours = self.bill.month.hours_until(until)?;
        let inside = term == Term::TwelveMonths && hours < self.hours;
        self.moment(hours).filter(|_| inside)
    }

    /// What lines cost up to an hour of the month, which is saved, and after it.
    fn divided(&self, lines: &[&Line], covered: Decimal) -> (Decimal, Decimal) {
        let mut saves = Decimal::ZERO;
        let mut costs = Decimal::ZERO;
        for line in lines {
            let Some((full, price)) = fixed(line) else {
                continue;
            };
            let from = self.from(&line.resource);
            let flow = Flow { full, from };
            let used = flow.until(self.hours, self.hours);
            let free = flow.until(covered, self.hours);
            let after = dollars((used - free).max(Decimal::ZERO), price);
            saves += dollars(used, price) - after;
            costs += after;
        }
        (saves, costs)
    }

    fn uncovered(&self, allowances: &[Allowance]) -> Vec<(&'static str, Usd)> {
        let place = Place {
            region: self.question.region,
        };
        let mut sums: BTreeMap<&'static str, Usd> = BTreeMap::new();
        for line in self.bill.own() {
            let covered = allowances.iter().any(|it| it.offer.covers(line, place));
            let usd = Usd::new(self.month_of(line));
            if !covered && usd > Usd::ZERO {
                // A machine has one, a load balancer several.
                let name = match line.component {
                    "public IPv4 address" => "public IPv4 addresses",
                    other => other,
                };
                let sum = sums.entry(name).or_default();
                *sum = *sum + usd;
            }
        }
        let mut sums: Vec<(&'static str, Usd)> = sums.into_iter().collect();
        sums.sort_by_key(|it| Reverse(it.1));
        sums
    }

    fn unknown(&self) -> Vec<(ResourceId, &'static str, String)> {
        let lines = self.bill.own().filter_map(|line| match &line.amount {
            Amount::Unknown { why, .. } => {
                Some((line.resource.clone(), line.component, why.clone()))
            }
            Amount::Fixed { .. } | Amount::ByUse(_) => None,
        });
        lines.collect()
    }

    fn by_use(&self, allowances: &[Allowance]) -> Vec<(&'static str, usize)> {
        let place = Place {
            region: self.question.region,
        };
        let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
        for line in self.bill.own() {
            let covered = allowances.iter().any(|it| it.offer.covers(line, place));
            if !covered && matches!(line.amount, Amount::ByUse(_)) {
                *counts.entry(line.component).or_default() += 1;
            }
        }
        counts.into_iter().collect()
    }

    /// What the rack has cost from the month's beginning until an hour of it, beyond what these
    /// offers cover until their own hours. All of it runs since then where it is `settled`.
    fn spent(&self, free: &[(&'static Offer, Decimal)], hour: Decimal, settled: bool) -> Decimal {
        let region = self.question.region;
        let place = Place { region };
        let each = self.bill.own().filter_map(|line| {
            let (full, price) = fixed(line)?;
            let from = match settled {
                true => Decimal::ZERO,
                false => self.from(&line.resource),
            };
            let flow = Flow { full, from };
            let free = free.iter().find(|it| it.0.covers(line, place));
            let free = free.map(|it| flow.until(it.1.min(hour), self.hours));
            let used = flow.until(hour, self.hours) - free.unwrap_or_default();
            Some(dollars(used.max(Decimal::ZERO), price))
        });
        each.fold(Decimal::ZERO, Decimal::saturating_add)
    }

    /// When so many dollars are spent: by what runs in this month, then by all that runs at its
    /// end.
    fn gone(
        &self,
        left: Decimal,
        spent: impl Fn(Decimal) -> Decimal,
        per_hour: Decimal,
    ) -> Option<Timestamp> {
        let now = self.bill.month.hours_until(self.question.at)?;
        let before = spent(now);
        let rest = spent(self.hours) - before;
        if rest <= left {
            let more = (left - rest).checked_div(per_hour)?;
            return later(self.bill.month.after(self.hours)?, more);
        }
        // The last second at which it is not more, as what is spent never grows less.
        let hour = Decimal::from(3600);
        let (mut enough, mut short) = (0, ((self.hours - now) * hour).ceil().to_i64()?);
        while short - enough > 1 {
            let middle = enough + (short - enough) / 2;
            let then = now + Decimal::from(middle) / hour;
            match spent(then) - before <= left {
                true => enough = middle,
                false => short = middle,
            }
        }
        later(self.question.at, Decimal::from(enough) / hour)
    }

    fn credits(&self, allowances: &[Allowance]) -> Option<Credits> {
        let Programme::Credits { opened } = self.programme else {
            return None;
        };
        let plan = self
            .question
            .account
            .and_then(|it| it.plan.known()?.as_ref());
        let left = plan.and_then(|it| it.credits).or(self.question.credits);
        let always = || allowances.iter().filter(|it| it.offer.term == Term::Always);
        let free: Vec<_> = always()
            .map(|it| (it.offer, it.end.map_or(self.hours, |it| it.hours)))
            .collect();
        let settled: Vec<_> = always()
            .map(|it| {
                let flows = it.flows.iter().map(|it| Flow {
                    from: Decimal::ZERO,
                    ..*it
                });
                let flows: Vec<Flow> = flows.collect();
                let end = burn::reached(&flows, it.limit, self.hours);
                (it.offer, end.unwrap_or(self.hours))
            })
            .collect();
        let month = self.spent(&settled, self.hours, true);
        let per_hour = month.checked_div(self.hours).unwrap_or_default();
        let dollars = left.unwrap_or(SIGN_UP_CREDITS);
        let gone = self.gone(dollars, |hour| self.spent(&free, hour, false), per_hour);
        let months = |number: i32| {
            let day = opened?.checked_add(Span::new().months(number)).ok()?;
            Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp())
        };
        Some(Credits {
            plan: plan.map(|it| it.kind.clone()),
            left: left.map(Usd::new),
            per_hour: Usd::new(per_hour),
            gone,
            at_the_latest: !self.bill.is_read()
                || self.bill.own().any(|it| it.amount.usd().is_none()),
            free_plan_ends: plan.and_then(|it| it.expires).or_else(|| months(6)),
            expire: months(12),
        })
    }
}

/// So many hours after a moment, whole seconds; `None` for what no calendar has.
fn later(from: Timestamp, hours: Decimal) -> Option<Timestamp> {
    let seconds = hours.checked_mul(Decimal::from(3600))?.floor().to_i64()?;
    Timestamp::from_second(from.as_second().checked_add(seconds)?).ok()
}

#[cfg(test)]
mod tests;
