//! List prices: what AWS asks for a usage type in a region, and what a quantity of it comes to.

use std::{collections::BTreeMap, fmt, ops::Add};

use rust_decimal::{Decimal, RoundingStrategy, prelude::ToPrimitive as _};
use serde::{Serialize, Serializer};

pub mod ask;
pub mod catalogue;
pub mod product;
pub mod stored;
pub mod tier;
pub mod unit;
pub mod usage;
pub mod words;

pub use {
    catalogue::BadBook,
    tier::{Part, Tier, Tiers},
    unit::{Basis, Unit},
    usage::Usage,
};

const CENT: Decimal = Decimal::from_parts(1, 0, 0, false, 2);

/// The region under which the book has what AWS prices alike everywhere.
pub const GLOBAL: &str = "global";

/// Services that have no prices of a region.
const GLOBAL_SERVICES: &[&str] = &["AmazonRoute53"];

/// An amount of US dollars, exact; only what is shown is rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Usd(Decimal);

impl Usd {
    pub const ZERO: Self = Self(Decimal::ZERO);

    pub fn new(amount: Decimal) -> Self {
        Self(amount)
    }

    /// The exact amount.
    pub fn exact(self) -> Decimal {
        self.0
    }

    /// Rounded half up to the cent, always with two places: `1402.88`.
    pub fn cents(self) -> Decimal {
        let strategy = RoundingStrategy::MidpointAwayFromZero;
        let mut cents = self.0.round_dp_with_strategy(2, strategy);
        cents.rescale(2);
        cents
    }
}

/// Rounds parts of an amount to cents so that what is shown of them adds up to what is shown of
/// the whole: each is cut to its cent, and the cents that are left over go to those that lost most.
///
/// The whole is the parts' sum, or that rounded in this way already.
pub fn in_cents(parts: &[Usd], whole: Usd) -> Vec<Usd> {
    let cut = |it: &Usd| {
        it.exact()
            .round_dp_with_strategy(2, RoundingStrategy::ToNegativeInfinity)
    };
    let mut cents: Vec<Decimal> = parts.iter().map(cut).collect();
    let shown = cents
        .iter()
        .fold(Decimal::ZERO, |sum, it| sum.saturating_add(*it));
    let left = (whole.cents() - shown).saturating_mul(Decimal::ONE_HUNDRED);
    let left = left.to_usize().unwrap_or_default();
    let mut lost: Vec<(Decimal, usize)> = parts
        .iter()
        .zip(&cents)
        .map(|(part, shown)| part.exact() - shown)
        .zip(0..)
        .collect();
    // The first of those that lost the same.
    lost.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    for (_, at) in lost.into_iter().take(left) {
        if let Some(it) = cents.get_mut(at) {
            *it += CENT;
        }
    }
    cents.into_iter().map(Usd).collect()
}

impl Add for Usd {
    type Output = Self;

    /// Stays at the greatest amount that can be told, which nobody owes.
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl std::iter::Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::ZERO, Add::add)
    }
}

/// For a person: `1,402.88`.
impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&grouped(self.cents()))
    }
}

/// To the cent, as text, so that no reader makes a binary fraction of it.
impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.cents())
    }
}

/// A number with commas between its thousands: `51,200.5`.
pub fn grouped(number: Decimal) -> String {
    let text = number.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let (sign, digits) = match whole.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", whole),
    };
    let mut grouped = sign.to_owned();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if !fraction.is_empty() {
        grouped.push('.');
        grouped.push_str(fraction);
    }
    grouped
}

/// How far a price can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Seen in what AWS publishes or bills.
    Verified,
    /// Concluded from a verified one.
    Derived,
    /// Neither: it should be held against AWS's own list.
    Unverified,
}

impl Standing {
    pub const ALL: &[Self] = &[Self::Verified, Self::Derived, Self::Unverified];

    pub fn name(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Derived => "derived",
            Self::Unverified => "unverified",
        }
    }
}

/// What one usage type costs in one region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    pub unit: Unit,
    pub tiers: Tiers,
    /// What kind of source tells it: `AWS Price List`, `AWS bill`, `derived`.
    pub source: String,
    /// The day, month or year of which it is known: `2026-09-29`, `2026-09`, `2026`. Of several
    /// tiers the oldest; empty where it is of no date.
    pub as_of: String,
    /// Of several tiers the worst.
    pub standing: Standing,
}

/// Which price: service, region, usage type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Price List service code.
    pub service: String,
    /// [`GLOBAL`] for a service that has no prices of a region.
    pub region: String,
    pub usage: Usage,
}

impl Key {
    /// The key of a usage type as a kind writes it, `LoadBalancerUsage|productFamily=Load Balancer`.
    pub fn new(service: &str, region: &str, usage: &str) -> Self {
        let global = GLOBAL_SERVICES.contains(&service);
        Self {
            service: service.to_owned(),
            region: if global { GLOBAL } else { region }.to_owned(),
            usage: Usage::parse(usage, region),
        }
    }
}

/// For a person: `AmazonEC2 us-east-1 BoxUsage:t2.small`.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.service, self.region, self.usage)
    }
}

/// The prices that are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    prices: BTreeMap<Key, Price>,
}

impl Book {
    /// The price of a usage type as a kind writes it, `LoadBalancerUsage|productFamily=Load
    /// Balancer`. Never the price of another region, nor that of a wider or narrower question.
    pub fn price(&self, service: &str, region: &str, usage: &str) -> Option<&Price> {
        self.get(&Key::new(service, region, usage))
    }

    pub fn get(&self, key: &Key) -> Option<&Price> {
        self.prices.get(key)
    }

    /// Puts a price in, in the place of one that is there.
    pub fn set(&mut self, key: Key, price: Price) {
        self.prices.insert(key, price);
    }

    /// All prices, in order.
    pub fn all(&self) -> impl Iterator<Item = (&Key, &Price)> {
        self.prices.iter()
    }

    /// These prices, and those of `other` for what these do not tell.
    #[must_use]
    pub fn over(self, mut other: Self) -> Self {
        other.prices.extend(self.prices);
        other
    }

    /// Whether any price of that region is known.
    pub fn knows_region(&self, region: &str) -> bool {
        self.prices.keys().any(|it| it.region == region)
    }

    pub fn len(&self) -> usize {
        self.prices.len()
    }

    pub fn is_empty(&self) -> bool {
        self.prices.is_empty()
    }
}

#[cfg(test)]
mod tests;
