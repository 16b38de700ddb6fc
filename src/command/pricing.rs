//! What costs are counted with: prices, amounts of use, and what the user said of the account.

use std::path::PathBuf;

use clap::Args;

use super::{cost::free, definition::Said};
use crate::{
    config::{AccountTable, CostTable},
    cost::{self, Month, Terms, Usage, app},
    failure::{Exit, Failure},
    file,
    free_tier::{self, Question},
    price::Book,
    report::{Costs, Material},
};

/// Larger than all of AWS's prices that a rack could ask for.
const LARGEST_BOOK: u64 = 16 << 20;

/// Prices besides those that racklens brings.
#[derive(Clone, Debug, Default, Args)]
pub struct Prices {
    /// Prices of your own, which go before those of the list: a table with the columns service,
    /// region, usage, unit, from, to, price, currency, source, as_of, standing
    #[arg(long, value_name = "FILE")]
    pub prices: Option<PathBuf>,
}

impl Prices {
    /// The user's prices before those that racklens brings.
    ///
    /// # Errors
    /// When the file cannot be read, or could make a wrong bill.
    pub fn book(&self) -> Result<Book, Failure> {
        let own = Book::embedded().map_err(|it| Failure::new(Exit::Failed, it.to_string()))?;
        let Some(path) = &self.prices else {
            return Ok(own);
        };
        let text = file::read_text(path, LARGEST_BOOK)?;
        let book = Book::parse(&text).map_err(|it| {
            Failure::new(Exit::Usage, format!("{}, {it}", path.display()))
                .hint("one row for each tier; no price was taken from it")
        })?;
        Ok(book.over(own))
    }
}

/// All that costs are counted with.
#[derive(Clone, Debug, Default)]
pub struct Pricing {
    pub book: Book,
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
            book: Prices::default().book()?,
            ..Self::default()
        })
    }

    /// The prices, and what the user's configuration says of a rack.
    ///
    /// # Errors
    /// When the prices or the configuration cannot be used.
    pub fn of(rack: &str, said: &Said, prices: &Prices) -> Result<Self, Failure> {
        let book = prices.book()?;
        let (costs, account) = said.costs()?;
        Ok(Self {
            book,
            usage: said.usage(rack)?,
            costs,
            account,
        })
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
                usage: &self.usage,
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
            account: None,
        };
        let month = of(&Month::around(snapshot.taken));
        let free = free_tier::assess(&month, material.case.graph, &question)
            .map_err(|it| free::refused(&it))?;
        then(&Costs {
            bill: &bill,
            apps: &apps,
            weights: self.costs.weights,
            free: Some(&free),
        })
    }
}
