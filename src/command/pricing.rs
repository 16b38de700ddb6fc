//! What costs are counted with: prices, amounts of use, and what the user said of the account.

use super::{
    cost::free,
    definition::Said,
    prices::{self, Prices, Reach},
};
use crate::{
    config::{AccountTable, CostTable},
    cost::{self, Month, Terms, Usage, app, meter},
    failure::Failure,
    free_tier::{self, Programme, Question},
    price::{Book, Key},
    report::{Costs, Material},
    snapshot::Snapshot,
};

/// All that costs are counted with.
#[derive(Clone, Debug, Default)]
pub struct Pricing {
    pub book: Book,
    /// How the prices were chosen: "auto", "stored", "live".
    pub chosen: String,
    /// Sentences about the prices, for a person.
    pub notes: Vec<String>,
    /// Whether AWS was asked for prices by name and did not tell all of them.
    pub unheard: bool,
    /// What a user's own file has prices of.
    pub own: Vec<Key>,
    /// What the user told of use; what was measured is the snapshot's.
    pub usage: Usage,
    pub costs: CostTable,
    pub account: AccountTable,
}

impl Pricing {
    /// The list prices that racklens brings, and nothing that a user said.
    ///
    /// # Errors
    /// When what was built in is damaged.
    pub fn embedded() -> Result<Self, Failure> {
        Ok(Self {
            book: prices::embedded()?,
            chosen: "embedded".to_owned(),
            ..Self::default()
        })
    }

    /// The prices, and what the user's configuration says of a rack.
    ///
    /// # Errors
    /// When the prices or the configuration cannot be used.
    pub fn of(
        snapshot: &Snapshot,
        said: &Said,
        prices: &Prices,
        reach: Reach<'_>,
    ) -> Result<Self, Failure> {
        let (costs, account) = said.costs()?;
        // Said before anything is counted, also where no free tier is asked for.
        let taken = snapshot.taken;
        Programme::find(account.opened, None, taken, taken)
            .map_err(|it| free::refused(&it.into()))?;
        let usage = said.usage(&snapshot.rack)?;
        let priced = prices.of(snapshot, reach)?;
        Ok(Self {
            book: priced.book,
            chosen: priced.chosen,
            notes: priced.notes,
            unheard: priced.unheard,
            own: priced.own,
            usage,
            costs,
            account,
        })
    }

    /// How much is used in a month: what the user told, and what was measured of the rest.
    pub fn used(&self, material: &Material<'_>, month: &Month) -> Usage {
        let snapshot = material.snapshot;
        let measured = snapshot.money.used.as_ref();
        let measured = measured.map(|it| meter::usage(&material.case, &snapshot.region, it, month));
        self.usage.clone().over(measured.unwrap_or_default())
    }

    /// Counts a usual month, and the free tier of the month in which the snapshot was taken.
    ///
    /// # Errors
    /// When what was said of the account cannot be, or `then` fails.
    pub fn counted<T>(
        &self,
        material: &Material<'_>,
        then: impl FnOnce(&Costs<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let snapshot = material.snapshot;
        let of = |month: &Month| {
            let terms = Terms {
                region: &snapshot.region,
                book: &self.book,
                month,
                usage: &self.used(material, month),
            };
            cost::bill(&material.case, &terms)
        };
        let bill = of(&Month::usual());
        let apps = app::allocate(&material.case, &bill, self.costs.weights);
        let question = Question {
            region: &snapshot.region,
            at: snapshot.taken,
            opened: self.account.opened,
            credits: self.account.credits.map(|it| it.0),
            account: snapshot.money.free_tier.as_ref(),
        };
        let month = of(&Month::around(snapshot.taken));
        let free = free_tier::assess(&month, material.case.graph, &question)
            .map_err(|it| free::refused(&it))?;
        then(&Costs {
            bill: &bill,
            apps: &apps,
            weights: self.costs.weights,
            free: Some(&free),
            spent: snapshot.money.spent.as_ref(),
        })
    }
}
