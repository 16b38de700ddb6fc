//! The free tier of a rack's month, for a person, for scripts and for spreadsheets.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::Table;
use crate::{
    cost::Month,
    failure::{Exit, Failure},
    free_tier::{
        Allowance, BadQuestion, FreeTier, Moment, Programme, Sureness,
        words::{self, minute, number},
    },
    price::words::quantity as units,
    report::csv,
};

/// A day, or a moment of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct At(pub(super) Timestamp);

/// Reads `2018-05-01` or `2018-05-01T16:54:34Z`.
pub(super) fn moment(text: &str) -> Result<At, String> {
    if let Ok(it) = text.parse::<Timestamp>() {
        return Ok(At(it));
    }
    let day = day(text).ok();
    let midnight = day.and_then(|it| it.to_zoned(TimeZone::UTC).ok());
    let expected = "expected a day such as 2018-05-01, or a moment such as 2018-05-01T16:54:34Z";
    midnight
        .map(|it| At(it.timestamp()))
        .ok_or_else(|| expected.to_owned())
}

/// Reads `2018-04-29`.
pub(super) fn day(text: &str) -> Result<Date, String> {
    let expected = || "expected a day such as 2018-04-29".to_owned();
    // Nothing behind it: a time of day would be taken and forgotten.
    if text.len() != "2018-04-29".len() {
        return Err(expected());
    }
    text.parse().map_err(|_| expected())
}

/// The month that is asked for, and the moment of it from which on it is looked at.
pub(super) fn month(asked: Option<Month>, at: Option<At>, taken: Timestamp) -> (Month, Timestamp) {
    let seen = at.map_or(taken, |it| it.0);
    let Some(month) = asked else {
        return (Month::around(seen), seen);
    };
    let inside = Month::around(seen) == month;
    match month.begins() {
        Some(begins) if at.is_none() && !inside => (month, begins),
        _ => (month, seen),
    }
}

pub(crate) fn refused(why: &BadQuestion) -> Failure {
    Failure::new(Exit::Usage, why.to_string())
}

fn short(it: Timestamp) -> String {
    it.strftime("%m-%d %H:%M").to_string()
}

/// The page about a rack's free tier.
pub(super) fn page(free: &FreeTier, rack: &str, table: Table, name: fn(&str) -> String) -> String {
    let rack = name(rack);
    let month = free.month.name.as_deref().unwrap_or_default();
    let mut head = vec![format!(
        "{rack}: free tier in {month}, as of {}",
        minute(free.at)
    )];
    head.push(words::programme(&free.programme));
    head.push(words::alone(free));
    head.push(words::totals(free));
    if free.partial {
        head.push("what was made within the month counts from then on".to_owned());
    }
    head.extend(free.credits.iter().flat_map(words::credits));
    let mut parts = vec![format!(
        "{}\n",
        head.join("\n- ").replacen("\n- ", "\n\n- ", 1)
    )];
    let known: Vec<&Allowance> = free.allowances.iter().filter(|it| it.is_known()).collect();
    if !known.is_empty() {
        let names = [
            "allowance",
            "holds",
            "this month",
            "free",
            "used",
            "an hour",
            "mail at 85 %",
            "gone",
            "then costs",
        ];
        let rows = known.iter().map(|it| row(free, it)).collect();
        parts.push(table(&names, rows));
    }
    if !free.unknown.is_empty() {
        let rows = free.unknown.iter().map(|(resource, what, why)| {
            vec![resource.to_string(), (*what).to_owned(), why.clone()]
        });
        let rows = table(&["resource", "what", "why"], rows.collect());
        parts.push(format!("Unknown, in none of these figures:\n\n{rows}"));
    }
    let ends = known.into_iter().filter(|it| it.end.is_some());
    parts.extend(ends.map(|it| format!("{}\n", words::story(free, it, &name))));
    parts.extend(rest(free).into_iter().map(|it| format!("{it}\n")));
    parts.join("\n")
}

fn row(free: &FreeTier, it: &Allowance) -> Vec<String> {
    let mark = if it.counted.is_some() { " *" } else { "" };
    let holds = match it.sure {
        Sureness::Sure => it.offer.term.name().to_owned(),
        Sureness::Perhaps => format!("{}, perhaps", it.offer.term.name()),
    };
    let percent = it
        .percent()
        .map(|it| format!("{} %", number(it.round_dp(1))));
    let when = |it: Option<Moment>| match it {
        Some(it) if it.at <= free.at => format!("since {}", short(it.at)),
        Some(it) => short(it.at),
        None => "not this month".to_owned(),
    };
    let end = match it.end.filter(|_| it.lapses()) {
        Some(end) if end.at <= free.at => format!("offer ended {}", short(end.at)),
        Some(end) => format!("offer ends {}", short(end.at)),
        None => when(it.end),
    };
    let costs = (!it.costs.exact().is_zero()).then(|| it.costs.to_string());
    vec![
        format!("{}{mark}", it.offer.name),
        holds,
        number(it.used),
        units(it.limit, it.offer.unit),
        percent.unwrap_or_default(),
        number(it.per_hour),
        when(it.mail),
        end,
        costs.unwrap_or_default(),
    ]
}

/// What no allowance covers, what nobody told, what nothing draws on.
fn rest(free: &FreeTier) -> Vec<String> {
    let mut said = Vec::new();
    if !free.uncovered.is_empty() {
        let each = free.uncovered.iter();
        let each: Vec<String> = each.map(|(name, usd)| format!("{name} {usd}")).collect();
        said.push(format!("No allowance covers: {}.", each.join(", ")));
    }
    let untold = free.allowances.iter().filter(|it| !it.untold.is_empty());
    let untold: Vec<String> = untold
        .map(|it| format!("{} ({})", it.offer.name, it.untold.len()))
        .collect();
    if !untold.is_empty() {
        said.push(format!(
            "Used too, but nobody told how much, so that the month may cost more: {}. A table \
             [usage] in racklens.toml tells.",
            untold.join(", ")
        ));
    }
    if !free.by_use.is_empty() {
        let each = free.by_use.iter();
        let each: Vec<String> = each.map(|(name, it)| format!("{name} ({it})")).collect();
        said.push(format!(
            "By use that nobody told, and no allowance covers: {}.",
            each.join(", ")
        ));
    }
    said.extend(words::before_addresses(&free.month).map(|it| format!("{it}.")));
    said.push(
        "What goes out to the internet is not counted; the account has 100 GB of it a month for \
         nothing."
            .to_owned(),
    );
    if !free.untouched.is_empty() {
        let names: Vec<&str> = free.untouched.iter().map(|it| it.name).collect();
        said.push(format!(
            "Nothing of the rack draws on: {}.",
            names.join(", ")
        ));
    }
    said
}

/// The same for scripts.
pub(super) fn json(free: &FreeTier) -> Value {
    let moment = |it: Option<Moment>| it.map(|it| csv::stamp(it.at));
    let plain = |it: Decimal| it.normalize().to_string();
    let allowances = free.allowances.iter().map(|it| {
        let causes = it.causes.iter().map(|cause| {
            json!({
                "resource": cause.resource,
                "component": cause.component,
                "used": plain(cause.used),
            })
        });
        let untold = it
            .untold
            .iter()
            .map(|(resource, component)| json!({ "resource": resource, "component": component }));
        json!({
            "name": it.offer.name,
            "term": it.offer.term.name(),
            "sure": it.sure == Sureness::Sure,
            "regional": it.offer.regional,
            "unit": it.offer.unit,
            "limit": plain(it.limit),
            "used": plain(it.used),
            "percent": it.percent().map(|it| plain(it.round_dp(2))),
            "per_hour": plain(it.per_hour.round_dp(8)),
            "mail": moment(it.mail),
            "gone": moment(it.end),
            "gone_after_hours": it.end.map(|it| plain(it.hours.round_dp(3))),
            "gone_without_first": it.without_first.map(moment),
            "offer_ends": moment(it.expires),
            "saves": it.saves,
            "costs": it.costs,
            "counted_by_aws": it.counted,
            "causes": causes.collect::<Vec<_>>(),
            "untold": untold.collect::<Vec<_>>(),
        })
    });
    let (programme, opened) = match &free.programme {
        Programme::TwelveMonths { opened, .. } => ("12-months", Some(*opened)),
        Programme::Over { opened } => ("12-months-over", Some(*opened)),
        Programme::Credits { opened } => ("credits", *opened),
        Programme::Running => ("12-months", None),
        Programme::Unknown { .. } => ("unknown", None),
    };
    let credits = free.credits.as_ref().map(|it| {
        json!({
            "plan": it.plan,
            "left": it.left,
            "per_hour": plain(it.per_hour.exact().round_dp(8)),
            "gone": it.gone.map(csv::stamp),
            "at_the_latest": it.at_the_latest,
            "free_plan_ends": it.free_plan_ends.map(csv::stamp),
            "expire": it.expire.map(csv::stamp),
        })
    });
    let uncovered = free.uncovered.iter();
    let uncovered = uncovered.map(|(name, usd)| json!({ "component": name, "usd": usd }));
    let unknown = free.unknown.iter().map(|(resource, component, why)| {
        json!({ "resource": resource, "component": component, "why": why })
    });
    let by_use = free.by_use.iter();
    let by_use = by_use.map(|(name, it)| json!({ "component": name, "lines": it }));
    json!({
        "programme": programme,
        "opened": opened.map(|it| it.to_string()),
        "month": free.month.name,
        "at": csv::stamp(free.at),
        "assumes_alone": free.allowances.iter().any(|it| it.counted.is_none()),
        "gross": free.gross,
        "after_always_free": free.after_always,
        "after_all_free": free.after_all,
        "whole": !free.least,
        "unknown": unknown.collect::<Vec<_>>(),
        "by_use": by_use.collect::<Vec<_>>(),
        "credits": credits,
        "allowances": allowances.collect::<Vec<_>>(),
        "uncovered": uncovered.collect::<Vec<_>>(),
        "untouched": free.untouched.iter().map(|it| it.name).collect::<Vec<_>>(),
    })
}

const COLUMNS: &[&str] = &[
    "Allowance",
    "Term",
    "Sure",
    "Limit",
    "Unit",
    "UsedInMonth",
    "Percent",
    "PerHour",
    "MailAt",
    "GoneAt",
    "Saves",
    "Costs",
    "Currency",
    "CountedByAws",
    "Causes",
    "Untold",
];

/// The same for a spreadsheet.
pub(super) fn table(free: &FreeTier) -> Result<String, csv::Failed> {
    let moment = |it: Option<Moment>| it.map(|it| csv::stamp(it.at)).unwrap_or_default();
    let rows = free.allowances.iter().map(|it| {
        let unknown = !it.is_known();
        let known = |text: Decimal| match unknown {
            true => String::new(),
            false => text.normalize().to_string(),
        };
        let causes = it.causes.iter().map(|it| it.resource.to_string());
        let untold = it.untold.iter().map(|it| it.0.to_string());
        vec![
            it.offer.name.to_owned(),
            it.offer.term.name().to_owned(),
            (it.sure == Sureness::Sure).to_string(),
            it.limit.normalize().to_string(),
            it.offer.unit.to_owned(),
            known(it.used),
            it.percent()
                .map(|it| known(it.round_dp(2)))
                .unwrap_or_default(),
            known(it.per_hour.round_dp(8)),
            moment(it.mail),
            moment(it.end),
            it.saves.cents().to_string(),
            it.costs.cents().to_string(),
            "USD".to_owned(),
            it.counted.is_some().to_string(),
            causes.collect::<Vec<_>>().join("|"),
            untold.collect::<Vec<_>>().join("|"),
        ]
    });
    csv::simple(COLUMNS, rows)
}
