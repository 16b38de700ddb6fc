//! Graduated prices: the first so many at one price, the next at another.

use rust_decimal::Decimal;

/// One price, and from and up to which quantity it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    pub from: Decimal,
    /// `None` for no end.
    pub to: Option<Decimal>,
    /// US dollars for one unit.
    pub price: Decimal,
}

/// Prices that follow on each other from nothing on, without gap or overlap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tiers(Vec<Tier>);

/// So many units at one price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    pub units: Decimal,
    pub price: Decimal,
}

/// Why prices are no tiers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTiers {
    #[error("there is no price")]
    Empty,
    #[error("the price {0} is negative")]
    Negative(Decimal),
    #[error("two prices begin at {0}")]
    Duplicate(Decimal),
    #[error("the prices from {0} on overlap")]
    Overlap(Decimal),
    #[error("there is no price between {0} and {1}")]
    Hole(Decimal, Decimal),
    #[error("the price from {0} on ends before it begins")]
    Backwards(Decimal),
}

impl Tiers {
    /// Puts prices in order.
    ///
    /// # Errors
    /// When one is negative, or when they do not follow on each other from nothing on.
    pub fn new(mut tiers: Vec<Tier>) -> Result<Self, BadTiers> {
        tiers.sort_by_key(|it| it.from);
        if let Some(it) = tiers.iter().find(|it| it.price < Decimal::ZERO) {
            return Err(BadTiers::Negative(it.price));
        }
        if let Some(it) = tiers
            .iter()
            .find(|it| it.to.is_some_and(|to| to <= it.from))
        {
            return Err(BadTiers::Backwards(it.from));
        }
        let first = tiers.first().ok_or(BadTiers::Empty)?;
        if first.from != Decimal::ZERO {
            return Err(BadTiers::Hole(Decimal::ZERO, first.from));
        }
        for pair in tiers.windows(2) {
            if let [before, after] = pair {
                match before.to {
                    _ if before.from == after.from => {
                        return Err(BadTiers::Duplicate(after.from));
                    }
                    Some(to) if to == after.from => {}
                    Some(to) if to < after.from => return Err(BadTiers::Hole(to, after.from)),
                    Some(_) | None => return Err(BadTiers::Overlap(after.from)),
                }
            }
        }
        Ok(Self(tiers))
    }

    pub fn all(&self) -> &[Tier] {
        &self.0
    }

    /// The price of the first unit.
    pub fn first(&self) -> Decimal {
        self.0.first().map_or(Decimal::ZERO, |it| it.price)
    }

    /// The same without what is given for nothing at the beginning: an allowance of the whole
    /// organization, which no single resource can claim. Its units have the first price that costs.
    pub fn without_allowance(&self) -> Self {
        let free = self.0.iter().take_while(|it| it.price.is_zero()).count();
        let mut paid: Vec<Tier> = self.0.iter().skip(free).copied().collect();
        match paid.first_mut() {
            Some(first) => {
                first.from = Decimal::ZERO;
                Self(paid)
            }
            // It costs nothing at all.
            None => self.clone(),
        }
    }

    /// What a quantity falls into, tier by tier, each unit at the price of its own tier. `None`
    /// for less than nothing, and for more than there are prices for.
    pub fn split(&self, quantity: Decimal) -> Option<Vec<Part>> {
        let most = self.0.last().and_then(|it| it.to);
        if quantity < Decimal::ZERO || most.is_some_and(|it| quantity > it) {
            return None;
        }
        let reached = self.0.iter().filter(|it| quantity > it.from);
        let mut parts: Vec<Part> = reached
            .map(|it| Part {
                units: it.to.map_or(quantity, |to| quantity.min(to)) - it.from,
                price: it.price,
            })
            .collect();
        if parts.is_empty() {
            parts.push(Part {
                units: quantity,
                price: self.first(),
            });
        }
        Some(parts)
    }
}

/// What all parts come to, in US dollars; `None` when that is too much to be told.
pub fn total(parts: &[Part]) -> Option<Decimal> {
    parts.iter().try_fold(Decimal::ZERO, |sum, it| {
        sum.checked_add(it.units.checked_mul(it.price)?)
    })
}
