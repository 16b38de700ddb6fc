//! The bill for a person: the total, what is missing from it, what it is made of.

use super::{Table, View, known, others};
use crate::{
    cost::{
        self, Amount, LIMITS, Line, Origin,
        app::{self, Allocation, AppSum, Way},
        group::{self, By, Sum},
    },
    free_tier::words,
    price::{
        Usd, ask,
        words::{arithmetic, quantity, rate},
    },
    text,
};

impl View<'_> {
    /// For a person: the total first, then what is missing from it, then what it is made of.
    pub(super) fn page(&self, table: Table, name: fn(&str) -> String) -> String {
        let mut parts = vec![self.head(&name(&self.material.case.rack.name))];
        let own: Vec<&Line> = self.bill.own().collect();
        if !own.is_empty() {
            parts.push(self.own_table(table, &own));
        }
        let unknown = own.iter().filter_map(|it| match &it.amount {
            Amount::Unknown { why, .. } => Some(vec![
                it.resource.to_string(),
                it.component.to_owned(),
                why.clone(),
            ]),
            Amount::Fixed { .. } | Amount::ByUse(_) => None,
        });
        let unknown: Vec<Vec<String>> = unknown.collect();
        if !unknown.is_empty() {
            let rows = table(&["resource", "what", "why"], unknown);
            parts.push(format!("Unknown, not in the total:\n\n{rows}"));
        }
        let shared: Vec<&Line> = self.bill.shared().collect();
        if !shared.is_empty() {
            let rows = table(
                &["resource", "what", "monthly", "with"],
                shared_rows(&shared),
            );
            parts.push(format!("Shared with others, not in the total:\n\n{rows}"));
        }
        parts.extend(self.actual_page(table, name));
        parts.join("\n")
    }

    /// What each app comes to, and how; apps that come to nothing are left to the last rows.
    fn app_table(&self, table: Table, apps: &Allocation) -> String {
        let sums = app::rounded(apps.sums());
        let top = self.top.unwrap_or(sums.len());
        let others = sums.get(top..).unwrap_or_default();
        let mut rows: Vec<Vec<String>> = sums.iter().take(top).map(app_row).collect();
        if !others.is_empty() {
            let rest = group::cut(others.iter().map(|it| it.sum.clone()).collect(), 0);
            rows.extend(rest.iter().map(|it| {
                let ways = Way::ALL.iter().map(|way| {
                    let usd = others.iter().filter_map(|it| it.by_way.get(way));
                    usd.copied().sum::<Usd>()
                });
                numbers(it, ways.map(|it| it.to_string()))
            }));
        }
        let mut head = vec!["app", "monthly"];
        head.extend(Way::ALL.iter().map(|it| it.name()));
        head.extend(["by use", "unknown"]);
        format!(
            "{}\nMachines are split by what tasks reserve, a vCPU to a GiB of memory as {}; load \
             balancers and what task\ndefinitions name, in equal parts by who uses them.\n",
            table(&head, rows),
            self.weights
        )
    }

    fn own_table(&self, table: Table, own: &[&Line]) -> String {
        if let Some(apps) = self.apps.filter(|_| self.by == By::App) {
            return self.app_table(table, apps);
        }
        let sums = self.sums(own.iter().copied());
        if self.by == By::Resource {
            let rows = sums.iter().flat_map(|sum| {
                let of = own.iter().filter(|it| it.resource.to_string() == sum.name);
                let rows: Vec<Vec<String>> = of.map(|it| line_row(it)).collect();
                if rows.is_empty() {
                    vec![vec![
                        sum.name.clone(),
                        String::new(),
                        String::new(),
                        String::new(),
                        said(sum),
                    ]]
                } else {
                    rows
                }
            });
            let head = ["resource", "what", "quantity", "price", "monthly"];
            return table(&head, rows.collect());
        }
        let rows = sums.iter().map(|it| {
            vec![
                it.name.clone(),
                said(it),
                number(it.by_use),
                number(it.unknown),
            ]
        });
        table(
            &[self.by.name(), "monthly", "by use", "unknown"],
            rows.collect(),
        )
    }

    /// The lines that matter most.
    fn head(&self, rack: &str) -> String {
        let bill = self.bill;
        let month = match &bill.month.name {
            Some(name) => format!("in {name}, {} hours", bill.month.hours()),
            None => format!("a month of {} hours", bill.month.hours()),
        };
        let least = if bill.has_unknown() || !bill.is_read() {
            "at least "
        } else {
            ""
        };
        let mut lines = vec![format!("{rack}: {least}{} USD {month}", bill.total())];
        let lacking = |test: fn(&Amount) -> bool| bill.own().filter(|it| test(&it.amount)).count();
        let by_use = lacking(|it| matches!(it, Amount::ByUse(_)));
        if by_use > 0 {
            let lines_by_use = text::count(by_use, "line");
            lines.push(format!(
                "by use: {lines_by_use}, priced by the unit, not in the total"
            ));
        }
        let unknown = lacking(|it| matches!(it, Amount::Unknown { .. }));
        if unknown > 0 {
            let unknown = text::count(unknown, "line");
            lines.push(format!("unknown: {unknown}, not in the total"));
        }
        let shared = cost::sum(bill.shared());
        if bill.shared().next().is_some() {
            lines.push(format!(
                "shared with others: {shared} USD, not in the total"
            ));
        }
        if let Some((oldest, newest)) = bill.dates() {
            lines.push(if oldest == newest {
                format!("prices of {oldest}")
            } else {
                format!("prices of {oldest} to {newest}")
            });
        }
        if let Some(told) = self.sources().get(ask::SOURCE) {
            let prices = text::count(*told, "price");
            lines.push(format!("{prices} told by AWS's price list"));
        }
        let addresses = bill
            .own()
            .any(|it| it.usage.starts_with("PublicIPv4:InUse"));
        lines.extend(
            words::before_addresses(&bill.month)
                .filter(|_| addresses)
                .map(ToOwned::to_owned),
        );
        if bill.doubtful() > Usd::ZERO {
            lines.push(format!(
                "{} USD of it at prices that are derived or unverified",
                bill.doubtful()
            ));
        }
        lines.push(LIMITS.to_owned());
        let mut head = lines.join("\n- ").replacen("\n- ", "\n\n- ", 1);
        head.push('\n');
        head
    }
}

/// A count, or nothing for none.
fn number(it: usize) -> String {
    match it {
        0 => String::new(),
        it => it.to_string(),
    }
}

/// App, amount, how it came to it, what has no amount.
fn app_row(it: &AppSum) -> Vec<String> {
    let ways = Way::ALL.iter().map(|way| it.by_way.get(way));
    let ways = ways.map(|it| it.map(ToString::to_string).unwrap_or_default());
    numbers(&it.sum, ways)
}

fn numbers(sum: &Sum, ways: impl Iterator<Item = String>) -> Vec<String> {
    let mut row = vec![sum.name.clone(), said(sum)];
    row.extend(ways);
    row.extend([number(sum.by_use), number(sum.unknown)]);
    row
}

/// Where a quantity is from, when not from what AWS describes.
fn told_by(origin: Origin) -> String {
    match origin {
        Origin::Described => String::new(),
        Origin::Given => " (given)".to_owned(),
        Origin::Measured { days } => format!(" (of {} measured)", text::count(days.into(), "day")),
    }
}

fn said(sum: &Sum) -> String {
    known(sum).map_or_else(String::new, |it| it.to_string())
}

/// Resource, what, quantity, price, amount.
fn line_row(line: &Line) -> Vec<String> {
    let (quantity, price, monthly) = match &line.amount {
        Amount::Fixed {
            quantity: units,
            parts,
            usd,
            price,
            origin,
        } => (
            format!("{}{}", quantity(*units, price.unit.name), told_by(*origin)),
            arithmetic(parts),
            usd.to_string(),
        ),
        Amount::ByUse(price) => (String::new(), rate(price), "by use".to_owned()),
        Amount::Unknown { .. } => (String::new(), String::new(), "unknown".to_owned()),
    };
    vec![
        line.resource.to_string(),
        line.component.to_owned(),
        quantity,
        price,
        monthly,
    ]
}

/// Resource, what, amount, the others.
fn shared_rows(lines: &[&Line]) -> Vec<Vec<String>> {
    let row = |line: &&Line| {
        let amount = match &line.amount {
            Amount::Fixed { usd, .. } => usd.to_string(),
            Amount::ByUse(price) => rate(price),
            Amount::Unknown { why, .. } => format!("unknown: {why}"),
        };
        vec![
            line.resource.to_string(),
            line.component.to_owned(),
            amount,
            others(line, ", "),
        ]
    };
    lines.iter().map(row).collect()
}
