//! Lines of a bill added up by what a reader asks for.

use std::{cmp::Reverse, collections::BTreeMap};

use super::{Amount, Line, service::Service};
use crate::price::{Usd, in_cents};

/// What lines are added up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// AWS's service, by its name on a bill.
    Service,
    /// The stack, or the ECS service, that a resource is there for.
    Stack,
    /// The resource.
    Resource,
    /// The app that it is counted for: see [`super::app`]. Lines themselves only tell their owner.
    App,
}

impl By {
    pub fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Stack => "stack",
            Self::Resource => "resource",
            Self::App => "app",
        }
    }
}

/// Some lines together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    pub name: String,
    /// What is known of them, at least so much.
    pub usd: Usd,
    /// Lines with a known amount.
    pub known: usize,
    /// Lines that depend on use.
    pub by_use: usize,
    /// Lines that nobody can price.
    pub unknown: usize,
}

impl Sum {
    fn add(&mut self, amount: &Amount) {
        match amount {
            Amount::Fixed { usd, .. } => {
                self.usd = self.usd + *usd;
                self.known += 1;
            }
            Amount::ByUse(_) => self.by_use += 1,
            Amount::Unknown { .. } => self.unknown += 1,
        }
    }
}

/// Adds lines up, the dearest first.
pub fn sums<'l>(lines: impl IntoIterator<Item = &'l Line>, by: By) -> Vec<Sum> {
    let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
    for line in lines {
        let name = match by {
            By::Service => Service::of(line.service, &line.usage).name.to_owned(),
            By::Stack | By::App => line.owner.clone().unwrap_or_else(|| "no stack".to_owned()),
            By::Resource => line.resource.to_string(),
        };
        sums.entry(name).or_default().add(&line.amount);
    }
    let named = sums.into_iter();
    let mut sums: Vec<Sum> = named.map(|(name, it)| Sum { name, ..it }).collect();
    sums.sort_by_key(|it| Reverse(it.usd));
    sums
}

/// In cents that add up to what is shown of all of them.
pub fn rounded(mut sums: Vec<Sum>) -> Vec<Sum> {
    let exact: Vec<Usd> = sums.iter().map(|it| it.usd).collect();
    let cents = in_cents(&exact, exact.iter().copied().sum());
    for (sum, cents) in sums.iter_mut().zip(cents) {
        sum.usd = cents;
    }
    sums
}

/// Keeps the `top` dearest and adds up the others.
pub fn cut(mut sums: Vec<Sum>, top: usize) -> Vec<Sum> {
    if sums.len() <= top {
        return sums;
    }
    let others = sums.split_off(top);
    let mut rest = Sum {
        name: format!("{} others", others.len()),
        ..Sum::default()
    };
    for it in &others {
        rest.usd = rest.usd + it.usd;
        rest.known += it.known;
        rest.by_use += it.by_use;
        rest.unknown += it.unknown;
    }
    sums.push(rest);
    sums
}
