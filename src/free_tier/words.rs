//! How the free tier is told to a person, wherever it is told.

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::{Credits, FreeTier, Programme};
use crate::price::grouped;

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
        Programme::Unknown { perhaps: true } => {
            "when the account was opened is not known: offers of twelve months may hold or be over \
             (say it with --opened)"
                .to_owned()
        }
        Programme::Unknown { perhaps: false } => {
            "when the account was opened is not known: offers of twelve months have ended for \
             everybody; it may have credits (say it with --opened)"
                .to_owned()
        }
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
    let list = format!("the month comes to {} USD at list prices", free.gross);
    let always = format!("{} after what is always free", free.after_always);
    let perhaps = matches!(free.programme, Programme::Unknown { perhaps: true });
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
    let gone = it.gone.map_or("never".to_owned(), minute);
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
