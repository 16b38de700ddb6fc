//! The bill for scripts and spreadsheets.

use serde_json::{Map, Value, json};

use super::{View, known, others};
use crate::{
    cost::{
        self, Amount, LIMITS, Line, Origin,
        app::{self, Allocation, AppSum, Way},
        group::{self, By, Sum},
    },
    failure::{Exit, Failure},
    price::{
        Price,
        words::{arithmetic, first_paid},
    },
    report::csv,
    text,
};

const SUMS: &[&str] = &["Group", "MonthlyCost", "ByUse", "Unknown", "Shared"];

const LINES: &[&str] = &[
    "ResourceId",
    "Owner",
    "Component",
    "Service",
    "UsageType",
    "Status",
    "Quantity",
    "Unit",
    "UnitPrice",
    "Arithmetic",
    "MonthlyCost",
    "Currency",
    "PriceSource",
    "PriceDate",
    "PriceStanding",
    "Why",
    "SharedWith",
    "QuantityFrom",
];

impl View<'_> {
    pub(super) fn csv(&self) -> Result<String, Failure> {
        let failed = |it: csv::Failed| Failure::new(Exit::Failed, it.to_string());
        if self.by == By::Resource {
            let shown = self.shown();
            let rows = shown.into_iter().map(csv_row);
            return csv::simple(LINES, rows).map_err(failed);
        }
        let row = |it: &Sum, shared: bool| {
            vec![
                it.name.clone(),
                known(it)
                    .map(|it| it.cents().to_string())
                    .unwrap_or_default(),
                it.by_use.to_string(),
                it.unknown.to_string(),
                shared.to_string(),
            ]
        };
        let own = self.own_sums();
        let shared = self.sums(self.bill.shared());
        let own = own.iter().map(|it| row(it, false));
        let rows = own.chain(shared.iter().map(|it| row(it, true)));
        csv::simple(SUMS, rows).map_err(failed)
    }

    pub(super) fn json(&self) -> String {
        let bill = self.bill;
        let snapshot = self.material.snapshot;
        let sums = |sums: Vec<Sum>| -> Vec<Value> {
            let sum = |it: &Sum| {
                json!({
                    "name": it.name,
                    "usd": known(it),
                    "by_use": it.by_use,
                    "unknown": it.unknown,
                })
            };
            sums.iter().map(sum).collect()
        };
        let dates = bill.dates();
        let lines: Vec<Value> = self.shown().into_iter().map(json_line).collect();
        text::json(&json!({
            "schema_version": 1,
            "rack": self.material.case.rack.name,
            "account": snapshot.account,
            "region": snapshot.region,
            "taken": csv::stamp(snapshot.taken),
            "currency": "USD",
            "month": bill.month.name,
            "hours": bill.month.hours(),
            "total": bill.total(),
            "whole": bill.is_read() && !bill.has_unknown(),
            "shared": cost::sum(bill.shared()),
            "doubtful": bill.doubtful(),
            "oldest_price": dates.map(|it| it.0),
            "newest_price": dates.map(|it| it.1),
            "prices": {
                "chosen": self.pricing.chosen,
                "sources": self.sources(),
                "notes": self.pricing.notes,
            },
            "actual": self.actual_json(),
            "unheard": snapshot.money.unheard,
            "free_tier": self.free.as_ref().map(super::free::json),
            "limits": LIMITS,
            "by": self.by.name(),
            "rows": sums(self.own_sums()),
            "apps": self.apps.map(app_rows),
            "weights": self.apps.map(|_| self.weights.to_string()),
            "shared_rows": sums(self.sums(bill.shared())),
            "lines": lines,
            "gaps": bill.gaps,
            "unopened": bill.unopened,
            "untold": bill.untold,
        }))
    }

    /// The lines of the dearest resources, those of the rack alone first.
    fn shown(&self) -> Vec<&Line> {
        let of = |lines: Vec<&'_ Line>| -> Vec<String> {
            let sums = group::sums(lines, By::Resource);
            let top = self.top.unwrap_or(sums.len());
            sums.into_iter().take(top).map(|it| it.name).collect()
        };
        let own: Vec<&Line> = self.bill.own().collect();
        let shared: Vec<&Line> = self.bill.shared().collect();
        let mut shown = Vec::new();
        for lines in [own, shared] {
            for name in of(lines.clone()) {
                let named = lines.iter().filter(|it| it.resource.to_string() == name);
                shown.extend(named.copied());
            }
        }
        shown
    }
}

/// What each app comes to and how.
fn app_rows(apps: &Allocation) -> Vec<Value> {
    let row = |(it, exact): (AppSum, AppSum)| {
        let ways = Way::ALL.iter().map(|way| {
            let usd = it.by_way.get(way).copied().unwrap_or_default();
            (way.name().to_owned(), json!(usd))
        });
        let mut row = Map::from_iter(ways);
        row.insert("name".to_owned(), json!(it.sum.name));
        row.insert("usd".to_owned(), json!(it.sum.usd));
        let exact = exact.sum.usd.exact().normalize().to_string();
        row.insert("exact_usd".to_owned(), json!(exact));
        Value::Object(row)
    };
    let exact = apps.sums();
    let rounded = app::rounded(exact.clone()).into_iter();
    rounded.zip(exact).map(row).collect()
}

fn csv_row(line: &Line) -> Vec<String> {
    let price = line.amount.price();
    let of = |it: fn(&Price) -> String| price.map(it).unwrap_or_default();
    let (quantity, parts) = match &line.amount {
        Amount::Fixed {
            quantity, parts, ..
        } => (quantity.normalize().to_string(), arithmetic(parts)),
        Amount::ByUse(_) | Amount::Unknown { .. } => (String::new(), String::new()),
    };
    let why = match &line.amount {
        Amount::Unknown { why, .. } => why.clone(),
        Amount::Fixed { .. } | Amount::ByUse(_) => String::new(),
    };
    let usd = line.amount.usd();
    vec![
        line.resource.to_string(),
        line.owner.clone().unwrap_or_default(),
        line.component.to_owned(),
        line.service.to_owned(),
        line.usage.clone(),
        line.amount.name().to_owned(),
        quantity,
        of(|it| it.unit.name.to_owned()),
        of(|it| first_paid(it).to_string()),
        parts,
        usd.map(|it| it.cents().to_string()).unwrap_or_default(),
        "USD".to_owned(),
        of(|it| it.source.clone()),
        of(|it| it.as_of.clone()),
        of(|it| it.standing.name().to_owned()),
        why,
        others(line, "|"),
        line.amount
            .origin()
            .map(|it| it.name().to_owned())
            .unwrap_or_default(),
    ]
}

fn json_line(line: &Line) -> Value {
    let price = line.amount.price();
    let parts = match &line.amount {
        Amount::Fixed { parts, .. } => parts.as_slice(),
        Amount::ByUse(_) | Amount::Unknown { .. } => &[],
    };
    let parts = parts.iter().map(|it| {
        json!({
            "units": it.units.normalize().to_string(),
            "price": it.price.normalize().to_string(),
        })
    });
    let (quantity, why) = match &line.amount {
        Amount::Fixed { quantity, .. } => (Some(quantity.normalize().to_string()), None),
        Amount::ByUse(_) => (None, None),
        Amount::Unknown { why, .. } => (None, Some(why)),
    };
    json!({
        "resource": line.resource,
        "owner": line.owner,
        "shared_with": line.shared_with,
        "component": line.component,
        "service": line.service,
        "usage": line.usage,
        "status": line.amount.name(),
        "quantity": quantity,
        "unit": price.map(|it| it.unit.name),
        "price": price.map(|it| first_paid(it).to_string()),
        "parts": parts.collect::<Vec<_>>(),
        "usd": line.amount.usd(),
        "exact_usd": line.amount.usd().map(|it| it.exact().normalize().to_string()),
        "source": price.map(|it| &it.source),
        "as_of": price.map(|it| &it.as_of),
        "standing": price.map(|it| it.standing.name()),
        "why": why,
        "quantity_from": line.amount.origin().map(Origin::name),
    })
}
