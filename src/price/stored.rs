//! Prices as rows of a file, and a book made of such rows.

use super::{
    Book, Key, Price, Standing, Usage,
    catalogue::is_date,
    tier::{BadTiers, Tier, Tiers},
    unit::Unit,
};
use crate::snapshot::money::{PriceRow, PriceTier};

/// Why rows are no book: which one, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the price of {about}: {what}")]
pub struct BadRow {
    /// Service, region and usage type.
    pub about: String,
    pub what: Flaw,
}

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    #[error("the unit `{0}` is unknown")]
    Unit(String),
    #[error("`{0}` is none of verified, derived, unverified")]
    Standing(String),
    #[error("`{0}` is no date, month or year")]
    Date(String),
    #[error(transparent)]
    Tiers(#[from] BadTiers),
    #[error("it is there twice")]
    Twice,
}

/// A price with its key as a row.
pub fn row(key: &Key, price: &Price) -> PriceRow {
    let tiers = price.tiers.all().iter();
    PriceRow {
        service: key.service.clone(),
        region: key.region.clone(),
        usage: key.usage.to_string(),
        unit: price.unit.name.to_owned(),
        tiers: tiers
            .map(|it| PriceTier {
                from: it.from.normalize(),
                to: it.to.map(|it| it.normalize()),
                price: it.price.normalize(),
            })
            .collect(),
        source: price.source.clone(),
        as_of: price.as_of.clone(),
        standing: price.standing.name().to_owned(),
    }
}

/// A row as a price with its key.
///
/// # Errors
/// For a unit, a standing or a date that is none of ours, and for prices that are no tiers.
pub fn price(row: &PriceRow) -> Result<(Key, Price), BadRow> {
    let usage = Usage::parse(&row.usage, &row.region);
    let key = Key {
        service: row.service.clone(),
        region: row.region.clone(),
        usage,
    };
    let bad = |what: Flaw| BadRow {
        about: key.to_string(),
        what,
    };
    let unit = Unit::named(&row.unit).ok_or_else(|| bad(Flaw::Unit(row.unit.clone())))?;
    let mut standings = Standing::ALL.iter().copied();
    let standing = standings.find(|it| it.name() == row.standing);
    let standing = standing.ok_or_else(|| bad(Flaw::Standing(row.standing.clone())))?;
    if !is_date(&row.as_of) {
        return Err(bad(Flaw::Date(row.as_of.clone())));
    }
    let tiers = row.tiers.iter().map(|it| Tier {
        from: it.from,
        to: it.to,
        price: it.price,
    });
    let tiers = Tiers::new(tiers.collect()).map_err(|it| bad(it.into()))?;
    let price = Price {
        unit,
        tiers,
        source: row.source.clone(),
        as_of: row.as_of.clone(),
        standing,
    };
    Ok((key, price))
}

impl Book {
    /// The prices that stand in a file.
    ///
    /// # Errors
    /// When a row is no price, or two rows are about one thing.
    pub fn stored(rows: &[PriceRow]) -> Result<Self, BadRow> {
        let mut book = Self::default();
        for row in rows {
            let (key, price) = price(row)?;
            if book.get(&key).is_some() {
                let about = key.to_string();
                let what = Flaw::Twice;
                return Err(BadRow { about, what });
            }
            book.set(key, price);
        }
        Ok(book)
    }

    /// All its prices as rows, in order.
    pub fn rows(&self) -> Vec<PriceRow> {
        self.all().map(|(key, price)| row(key, price)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<PriceRow> {
        Book::embedded().unwrap().rows()
    }

    #[test]
    fn a_book_comes_out_of_its_rows_as_it_went_in() {
        let book = Book::embedded().unwrap();
        let text = serde_json::to_string(&book.rows()).unwrap();
        let rows: Vec<PriceRow> = serde_json::from_str(&text).unwrap();
        assert_eq!(Book::stored(&rows).unwrap(), book);
    }

    #[test]
    fn a_row_that_could_make_a_wrong_bill_is_refused() {
        type Harm = fn(&mut PriceRow);
        let harms: [(Harm, &str); 5] = [
            (
                |it| it.unit = "fortnight".to_owned(),
                "`fortnight` is unknown",
            ),
            (|it| it.standing = "sure".to_owned(), "`sure` is none of"),
            (|it| it.tiers[0].price = (-1).into(), "-1 is negative"),
            (|it| it.tiers.clear(), "there is no price"),
            (|it| it.as_of = "May".to_owned(), "`May` is no date"),
        ];
        for (harm, said) in harms {
            let mut rows = rows();
            harm(&mut rows[0]);
            let why = Book::stored(&rows).unwrap_err().to_string();
            assert!(why.contains(said), "{why}");
        }
    }

    #[test]
    fn two_prices_of_one_thing_are_refused() {
        let row = rows().remove(0);
        let why = Book::stored(&[row.clone(), row]).unwrap_err();
        assert_eq!(why.what, Flaw::Twice);
    }
}
