//! What a resource bills for, as a question for the price list.

use rust_decimal::Decimal;

/// A question for the price list: which product, and how much of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// What a person calls it: "instance hours", "storage".
    pub component: &'static str,
    /// Price List service code, for example `AmazonEC2`.
    pub service: &'static str,
    /// Usage type without its region prefix, for example `BoxUsage:t2.small`.
    pub usage: String,
    pub amount: Amount,
}

/// How much is billed, as far as the resource's own description tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Amount {
    /// This many units for every hour that it exists.
    PerHour(Decimal),
    /// This many units for every month that it exists (GB-months, alarms, keys).
    PerMonth(Decimal),
    /// Depends on use that its description does not tell; the unit that is counted.
    Metered(&'static str),
    /// It may cost something, and what tells how much was not read: a clause that says so.
    Unread(&'static str),
}

impl Charge {
    /// `units` for every hour that the resource exists.
    pub fn per_hour(
        component: &'static str,
        service: &'static str,
        usage: impl Into<String>,
        units: impl Into<Decimal>,
    ) -> Self {
        Self {
            component,
            service,
            usage: usage.into(),
            amount: Amount::PerHour(units.into()),
        }
    }

    /// `units` for every month that the resource exists.
    pub fn per_month(
        component: &'static str,
        service: &'static str,
        usage: impl Into<String>,
        units: impl Into<Decimal>,
    ) -> Self {
        Self {
            component,
            service,
            usage: usage.into(),
            amount: Amount::PerMonth(units.into()),
        }
    }

    /// Billed by use, counted in `unit`.
    pub fn metered(
        component: &'static str,
        service: &'static str,
        usage: impl Into<String>,
        unit: &'static str,
    ) -> Self {
        Self {
            component,
            service,
            usage: usage.into(),
            amount: Amount::Metered(unit),
        }
    }

    /// Billed, or perhaps billed, by what was not read.
    pub fn unread(component: &'static str, service: &'static str, why: &'static str) -> Self {
        Self {
            component,
            service,
            usage: String::new(),
            amount: Amount::Unread(why),
        }
    }
}

/// Bytes in the gigabytes that AWS bills: 2³⁰ each.
pub fn gigabytes(bytes: u64) -> Decimal {
    Decimal::from(bytes) / Decimal::from(1_u64 << 30)
}
