//! How quantities and prices are told to a person.

use rust_decimal::Decimal;

use crate::{
    price::{Part, Price, grouped},
    text,
};

/// Below this, in US dollars, a price is told by the million.
const SMALL: Decimal = Decimal::from_parts(1, 0, 0, false, 4);

/// "730 hours", "1 key-month".
pub(super) fn quantity(number: Decimal, unit: &str) -> String {
    let number = number.round_dp(6).normalize();
    let plural = if number == Decimal::ONE { "" } else { "s" };
    format!("{} {unit}{plural}", grouped(number))
}

/// The price of a quantity: "0.023", or "51,200 × 0.023 + 10,240 × 0.022".
pub(super) fn arithmetic(parts: &[Part]) -> String {
    match parts {
        [one] => one.price.normalize().to_string(),
        several => {
            let parts = several.iter().map(|it| {
                let units = grouped(it.units.round_dp(6).normalize());
                format!("{units} × {}", it.price.normalize())
            });
            parts.collect::<Vec<_>>().join(" + ")
        }
    }
}

/// What one unit costs first: "0.03 per GB-month", "0.4 per million requests".
pub(super) fn rate(price: &Price) -> String {
    let one = first_paid(price);
    let unit = price.unit.name;
    if one >= SMALL || one.is_zero() {
        return format!("{one} per {unit}");
    }
    let million = one * Decimal::from(1_000_000);
    format!("{} per million {unit}s", million.normalize())
}

/// The price of a unit after what the organization is given for nothing.
pub(super) fn first_paid(price: &Price) -> Decimal {
    price.tiers.without_allowance().first().normalize()
}

/// A table for a wiki or a pull request. What AWS or a user wrote cannot end a cell.
pub(super) fn markdown(header: &[&str], rows: Vec<Vec<String>>) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let head = header.iter().map(|it| (*it).to_owned()).collect();
    let rule = header.iter().map(|_| "---".to_owned()).collect();
    let rows = rows.into_iter().map(|row| {
        let cells = row.iter().map(|it| cell(it));
        line(cells.collect())
    });
    [line(head), line(rule)].into_iter().chain(rows).collect()
}

/// Text as it may stand in a table or a line of Markdown.
pub(in crate::command) fn cell(text: &str) -> String {
    let mut safe = String::new();
    for it in text::harmless(text).chars() {
        if matches!(
            it,
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&'
        ) {
            safe.push('\\');
        }
        safe.push(it);
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_cannot_be_ended_or_made_to_look_like_more() {
        let rows = vec![vec!["a|b".to_owned(), "<img>\n*".to_owned()]];
        assert_eq!(
            markdown(&["one", "two"], rows),
            "| one | two |\n| --- | --- |\n| a\\|b | \\<img\\>\\\\u{a}\\* |\n"
        );
    }

    #[test]
    fn a_quantity_is_one_of_a_unit_or_some() {
        assert_eq!(quantity(Decimal::ONE, "key-month"), "1 key-month");
        assert_eq!(quantity(Decimal::from(1402), "hour"), "1,402 hours");
        assert_eq!(quantity(Decimal::new(50, 2), "GB-month"), "0.5 GB-months");
    }
}
