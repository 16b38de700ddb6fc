//! How the free tier is told to a person, wherever it is told.

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::{Allowance, Credits, FreeTier, Programme};
use crate::{
    cost::Month,
    price::{grouped, words::quantity as units},
};

/// How many of what uses an allowance are named.
const NAMED: usize = 3;

/// How many of what would have to go are named.
const GOING: usize = 8;

/// For a person: `2018-05-03 07:31 UTC`.
pub fn minute(it: Timestamp) -> String {
    it.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// A number with as many digits as matter.
pub fn number(it: Decimal) -> String {
    let places = if it >= Decimal::TEN { 1 } else { 4 };
    grouped(it.round_dp(places).normalize())
}

/// What the account may have for nothing, and until when.
pub fn programme(it: &Programme) -> String {
    match it {
        Programme::TwelveMonths { opened, until } => format!(
            "the account was opened on {opened}: its offers of twelve months end on {}",
            until.strftime("%Y-%m-%d")
        ),
        Programme::Over { opened } => {
            format!("the account was opened on {opened}: its offers of twelve months are over")
        }
        Programme::Credits {
            opened: Some(opened),
        } => format!(
            "the account was opened on {opened}: it has credits, and no offers of twelve months"
        ),
        Programme::Credits { opened: None } => {
            "the account has a plan with credits, and no offers of twelve months".to_owned()
        }
        Programme::Running => {
            "AWS counts offers of twelve months for the account, so that they hold; \
             until when is not known (say when it was opened with --opened)"
                .to_owned()
        }
        Programme::Unknown { perhaps: true, .. } => {
            "when the account was opened is not known: offers of twelve months may hold or be over \
             (say it with --opened)"
                .to_owned()
        }
        Programme::Unknown {
            perhaps: false,
            credits: false,
        } => "the account has no plan with credits, so that it was opened before 2025-07-15: its \
             offers of twelve months are over"
            .to_owned(),
        Programme::Unknown {
            perhaps: false,
            credits: true,
        } => "when the account was opened is not known: offers of twelve months have ended for \
             everybody; it may have credits (say it with --opened)"
            .to_owned(),
    }
}

/// Whose use is counted.
pub fn alone(free: &FreeTier) -> String {
    let counted = free.allowances.iter().filter(|it| it.counted.is_some());
    match counted.count() {
        0 => "assumes that the rack is alone in the account, and the account in its \
              organization: all of them draw on the same allowances"
            .to_owned(),
        it if it == free.allowances.len() => {
            "counts all of the account, by AWS's own figures".to_owned()
        }
        _ => "counts all of the account where AWS's own figures tell, marked *; of the others it \
              assumes that the rack is alone in it"
            .to_owned(),
    }
}

/// What the month comes to, without and with what is free.
pub fn totals(free: &FreeTier) -> String {
    let least = if free.least { "at least " } else { "" };
    let list = format!(
        "the month comes to {least}{} USD at list prices",
        free.gross
    );
    let always = format!("{} after what is always free", free.after_always);
    let perhaps = matches!(free.programme, Programme::Unknown { perhaps: true, .. });
    if perhaps {
        let all = free.after_all;
        return format!("{list}, {always}, and {all} if the offers of twelve months hold");
    }
    if free.after_all == free.after_always {
        return format!("{list}, {always}");
    }
    format!(
        "{list}, {always}, {} after all that is free",
        free.after_all
    )
}

/// When credits end, and what happens then.
pub fn credits(it: &Credits) -> Vec<String> {
    let plan = it.plan.as_deref();
    let burn = format!(
        "credits go at {} USD an hour",
        it.per_hour.exact().round_dp(4)
    );
    let latest = match it.at_the_latest {
        true => " at the latest, as not all that the rack costs is known",
        false => "",
    };
    let gone = match it.gone {
        Some(it) => format!("{}{latest}", minute(it)),
        None if it.at_the_latest => {
            "a day that nobody can tell, as nothing that the rack costs is known".to_owned()
        }
        None => "no day: nothing costs".to_owned(),
    };
    let mut told = vec![match it.left {
        Some(left) => format!("{burn}: {left} USD are gone on {gone}"),
        None => format!(
            "{burn}; how many are left is not known (say it with --credits): 100 USD would be gone \
             on {gone}"
        ),
    }];
    let day = |it: Timestamp| it.strftime("%Y-%m-%d").to_string();
    if plan != Some("PAID") {
        let ends = it.free_plan_ends.map(day);
        let ends = ends.unwrap_or_else(|| "six months after its opening".to_owned());
        told.push(format!(
            "on the free plan, AWS closes the account when the credits are gone, and at the latest \
             {ends}; it keeps the data for 90 days more, in which the paid plan opens it again"
        ));
    }
    if plan != Some("FREE") {
        let ends = it.expire.map(day);
        let ends = ends.unwrap_or_else(|| "a year after its opening".to_owned());
        told.push(format!(
            "on the paid plan, list prices are charged from then on; credits that are left end {ends}"
        ));
    }
    told
}

/// What is to be said of a month in which public addresses still cost nothing; no full stop.
pub fn before_addresses(month: &Month) -> Option<&'static str> {
    let before = month.name.as_deref().is_some_and(|it| it < "2024-02");
    before.then_some(
        "Public IPv4 addresses in use cost nothing before 2024-02-01; here they have the price of \
         today",
    )
}

/// What becomes of an allowance that ends, what causes it, and what would keep it. `name` makes
/// the name of a resource fit for where it is told.
pub fn story(free: &FreeTier, it: &Allowance, name: &dyn Fn(&str) -> String) -> String {
    let mut said: Vec<String> = end(free, it).into_iter().collect();
    let named = |of: usize| -> Vec<String> {
        let causes = it.causes.iter().take(of);
        causes.map(|it| name(&it.resource.to_string())).collect()
    };
    let causes = it.causes.iter().take(NAMED).zip(named(NAMED));
    let causes = causes.map(|(cause, name)| {
        let used = units(cause.used.round_dp(4), it.offer.unit);
        format!("{name} ({used})")
    });
    let causes: Vec<String> = causes.collect();
    if !causes.is_empty() {
        let others = match it.causes.len().saturating_sub(NAMED) {
            0 => String::new(),
            it => format!(", and {it} more"),
        };
        said.push(format!("Used by {}{others}.", causes.join(", ")));
    }
    // Nothing that is changed keeps an offer that ends.
    if it.lapses() {
        return said.join(" ");
    }
    if let (Some(first), Some(without)) = (named(1).first(), it.without_first) {
        let then = match without {
            Some(it) => format!("it would last until {}", minute(it.at)),
            None => "it would last the month".to_owned(),
        };
        said.push(format!("Without {first} {then}."));
    }
    let over = it.used - it.limit;
    if over > Decimal::ZERO {
        let over = units(over.round_dp(4), it.offer.unit);
        let limit = units(it.limit, it.offer.unit);
        let how = match it.fewest() {
            Some(0 | 1) => String::new(),
            Some(all) if all == it.causes.len() => format!(": none of the {all} may stay"),
            Some(some) if some <= GOING => format!(
                "; the fewest that would have to go are the {some} greatest: {}",
                named(some).join(", ")
            ),
            Some(some) => {
                format!("; the fewest that would have to go are the {some} greatest of them")
            }
            None => "; even without all that the rack has it would not, as the account has more"
                .to_owned(),
        };
        said.push(format!(
            "To stay within {limit}, the month must have {over} less{how}."
        ));
    }
    said.join(" ")
}

/// When an allowance ends, and whether that is past.
fn end(free: &FreeTier, it: &Allowance) -> Option<String> {
    let end = it.end?;
    let offer = it.offer.name;
    let when = minute(end.at);
    let after = number(end.hours.round_dp(1));
    let past = end.at <= free.at;
    if it.lapses() {
        let ends = if past { "ended" } else { "ends" };
        return Some(format!(
            "{offer}: the offer {ends} on {when}, {after} hours into the month, with the account's \
             twelfth month."
        ));
    }
    let is = if past { "was" } else { "is" };
    Some(format!(
        "{offer}: {is} gone on {when}, {after} hours into the month."
    ))
}
