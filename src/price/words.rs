//! How quantities and prices are told to a person.

use rust_decimal::Decimal;

use super::{Part, Price, grouped};

/// Below this, in US dollars, a price is told by the million.
const SMALL: Decimal = Decimal::from_parts(1, 0, 0, false, 4);

/// "730 hours", "1 key-month".
pub fn quantity(number: Decimal, unit: &str) -> String {
    let number = number.round_dp(6).normalize();
    let unit = match number == Decimal::ONE {
        true => unit.to_owned(),
        false => several(unit),
    };
    format!("{} {unit}", grouped(number))
}

/// The price of a quantity: "0.023", or "51,200 × 0.023 + 10,240 × 0.022".
pub fn arithmetic(parts: &[Part]) -> String {
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
pub fn rate(price: &Price) -> String {
    let one = first_paid(price);
    let unit = price.unit.name;
    if one >= SMALL || one.is_zero() {
        return format!("{one} per {unit}");
    }
    let million = one * Decimal::from(1_000_000);
    format!("{} per million {}", million.normalize(), several(unit))
}

/// Some of a unit: "queries", "GB", "GB-months".
fn several(unit: &str) -> String {
    match unit.strip_suffix("query") {
        Some(before) => format!("{before}queries"),
        None if unit == "GB" => unit.to_owned(),
        None => format!("{unit}s"),
    }
}

/// The price of a unit after what the organization is given for nothing.
pub fn first_paid(price: &Price) -> Decimal {
    price.tiers.without_allowance().first().normalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_is_one_of_a_unit_or_some() {
        assert_eq!(quantity(Decimal::ONE, "key-month"), "1 key-month");
        assert_eq!(quantity(Decimal::from(1402), "hour"), "1,402 hours");
        assert_eq!(quantity(Decimal::new(50, 2), "GB-month"), "0.5 GB-months");
        assert_eq!(quantity(Decimal::TWO, "query"), "2 queries");
        assert_eq!(quantity(Decimal::TWO, "GB"), "2 GB");
    }
}
