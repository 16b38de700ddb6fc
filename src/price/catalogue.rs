//! Reads a book of prices from a table, and refuses one that could make a wrong bill.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Deserialize;

use super::{
    Book, Key, Price, Standing, Usage,
    tier::{BadTiers, Tier, Tiers},
    unit::Unit,
};

/// The prices that racklens brings with it. One line for each tier; usage types without their
/// region's prefix; narrowed down as the kinds do it.
const EMBEDDED: &str = include_str!("catalogue.csv");

/// Why a table is no book: where, and what is wrong there.
#[derive(Debug, thiserror::Error)]
#[error("line {line}, {about}: {what}")]
pub struct BadBook {
    pub line: u64,
    /// Service, region and usage type, as far as they are known.
    pub about: String,
    pub what: BadRow,
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
pub enum BadRow {
    #[error(transparent)]
    Form(#[from] csv::Error),
    #[error("`{0}` is no number")]
    Number(String),
    #[error("the unit `{0}` is unknown")]
    Unit(String),
    #[error("its unit is not that of the line before")]
    OtherUnit,
    #[error("prices are in {0}, not in USD")]
    Currency(String),
    #[error("`{0}` is none of verified, derived, unverified")]
    Standing(String),
    #[error("`{0}` is no date, month or year")]
    Date(String),
    #[error("a verified price needs a date")]
    Undated,
    #[error("there is no price in it")]
    Empty,
    #[error(transparent)]
    Tiers(#[from] BadTiers),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    service: String,
    region: String,
    usage: String,
    unit: String,
    from: String,
    /// `Inf` for no end.
    to: String,
    price: String,
    currency: String,
    source: String,
    as_of: String,
    standing: String,
}

/// A price that is still being put together.
struct Open {
    /// Of its first line.
    line: u64,
    tiers: Vec<Tier>,
    unit: Unit,
    source: String,
    as_of: String,
    standing: Standing,
}

impl Book {
    /// The prices that racklens brings with it.
    ///
    /// # Errors
    /// When what was built in is damaged; a test shows that it is not.
    pub fn embedded() -> Result<Self, BadBook> {
        Self::parse(EMBEDDED)
    }

    /// Reads a table with a line for each tier.
    ///
    /// # Errors
    /// For a number, unit, date or currency that is none of ours, a negative price, and prices of
    /// one thing that overlap, leave a hole or are there twice; and where there is none at all.
    pub fn parse(table: &str) -> Result<Self, BadBook> {
        let mut reader = csv::Reader::from_reader(table.as_bytes());
        let mut open: BTreeMap<Key, Open> = BTreeMap::new();
        for (line, row) in (2..).zip(reader.deserialize::<Row>()) {
            let row = row.map_err(|it| BadBook {
                line,
                about: "a row".to_owned(),
                what: it.into(),
            })?;
            let about = format!("{} {} {}", row.service, row.region, row.usage);
            add(&mut open, line, row).map_err(|what| BadBook { line, about, what })?;
        }
        let prices = open.into_iter().map(|(key, it)| {
            let line = it.line;
            let about = format!("{} {} {}", key.service, key.region, key.usage.name());
            let price = it.close().map_err(|it| BadBook {
                line,
                about,
                what: it.into(),
            })?;
            Ok((key, price))
        });
        let prices = prices.collect::<Result<BTreeMap<Key, Price>, BadBook>>()?;
        if prices.is_empty() {
            return Err(BadBook {
                line: 1,
                about: "all of it".to_owned(),
                what: BadRow::Empty,
            });
        }
        Ok(Self { prices })
    }
}

fn add(open: &mut BTreeMap<Key, Open>, line: u64, row: Row) -> Result<(), BadRow> {
    if row.currency != "USD" {
        return Err(BadRow::Currency(row.currency));
    }
    let Some(unit) = Unit::parse(&row.unit) else {
        return Err(BadRow::Unit(row.unit));
    };
    let tier = Tier {
        from: number(&row.from)?,
        to: match row.to.as_str() {
            "Inf" => None,
            it => Some(number(it)?),
        },
        price: number(&row.price)?,
    };
    let standings = Standing::ALL.iter();
    let standing = standings.copied().find(|it| it.name() == row.standing);
    let Some(standing) = standing else {
        return Err(BadRow::Standing(row.standing));
    };
    if !is_date(&row.as_of) {
        return Err(BadRow::Date(row.as_of));
    }
    if standing == Standing::Verified && row.as_of.is_empty() {
        return Err(BadRow::Undated);
    }
    let key = Key {
        usage: Usage::parse(&row.usage, &row.region),
        service: row.service,
        region: row.region,
    };
    let unit = unit.of(key.usage.name());
    let price = open.entry(key).or_insert_with(|| Open {
        line,
        tiers: Vec::new(),
        unit,
        source: row.source,
        as_of: row.as_of.clone(),
        standing,
    });
    if price.unit != unit {
        return Err(BadRow::OtherUnit);
    }
    price.tiers.push(tier);
    price.standing = price.standing.max(standing);
    price.as_of = std::mem::take(&mut price.as_of).min(row.as_of);
    Ok(())
}

impl Open {
    fn close(self) -> Result<Price, BadTiers> {
        Ok(Price {
            unit: self.unit,
            tiers: Tiers::new(self.tiers)?,
            source: self.source,
            as_of: self.as_of,
            standing: self.standing,
        })
    }
}

fn number(text: &str) -> Result<Decimal, BadRow> {
    text.parse().map_err(|_| BadRow::Number(text.to_owned()))
}

/// A day, a month, a year of the time of AWS, or nothing.
pub(super) fn is_date(text: &str) -> bool {
    // What is left out is the first of it.
    let day = match text.len() {
        0 => return true,
        4 => format!("{text}-01-01"),
        7 => format!("{text}-01"),
        10 => text.to_owned(),
        _ => return false,
    };
    let day = day.parse::<Date>();
    day.is_ok_and(|it| (2006..2100).contains(&it.year()))
}
