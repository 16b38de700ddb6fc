//! One product of the price list as `GetProducts` answers it, and whether it is what was asked for.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Deserialize;

use super::{
    GLOBAL, Key, Usage,
    tier::{BadTiers, Tier, Tiers},
    unit::Unit,
};

/// AWS's code for paying by use, without any commitment.
const ON_DEMAND: &str = "JRTCKXETXF";

/// What a plain Linux instance hour is narrowed down by. The same usage type has other prices for
/// other software, and the price 0 for capacity that was reserved.
pub(super) const PLAIN_LINUX: &[(&str, &str)] = &[
    ("operatingSystem", "Linux"),
    ("preInstalledSw", "NA"),
    ("tenancy", "Shared"),
    ("capacitystatus", "Used"),
    ("marketoption", "OnDemand"),
];

/// The attribute that tells the engine of a database.
const ENGINE: &str = "databaseEngine";

/// A product with its on-demand price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    pub sku: String,
    pub service: String,
    /// Not every product has one: public IPv4 addresses have none.
    pub family: Option<String>,
    pub attributes: BTreeMap<String, String>,
    pub unit: Unit,
    pub tiers: Tiers,
    /// When AWS published the list that it stands in, for example `2026-08-10T21:57:58Z`.
    pub published: Option<String>,
}

/// Why a string is no product that we can price with.
#[derive(Debug, thiserror::Error)]
pub enum BadProduct {
    #[error("it is no product of the price list: {0}")]
    Form(#[from] serde_json::Error),
    #[error("{0} has no on-demand price")]
    NoOnDemand(String),
    #[error("{0} has more than one on-demand price")]
    Ambiguous(String),
    #[error("{0} has no price in USD")]
    Currency(String),
    #[error("{0} is counted in `{1}`, which is unknown")]
    Unit(String, String),
    #[error("{0} is counted in more than one unit")]
    Units(String),
    #[error("{0}: `{1}` is no number")]
    Number(String, String),
    #[error("{0}: {1}")]
    Tiers(String, BadTiers),
}

/// Why no one price was found among products.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPrice {
    #[error("none of the products is what was asked for")]
    Absent,
    #[error("products {0} and {1} both fit, at different prices")]
    Ambiguous(String, String),
    /// What AWS gives in a bundle or has reserved stands in the list at 0, beside what it costs.
    #[error("the only product that fits, {0}, is for nothing")]
    Free(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    product: Described,
    service_code: Option<String>,
    terms: Terms,
    publication_date: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    sku: String,
    product_family: Option<String>,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Terms {
    #[serde(rename = "OnDemand", default)]
    on_demand: BTreeMap<String, Term>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Term {
    price_dimensions: BTreeMap<String, Dimension>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dimension {
    unit: String,
    begin_range: Option<String>,
    end_range: Option<String>,
    price_per_unit: BTreeMap<String, String>,
}

impl Product {
    /// Reads one string of a `PriceList`.
    ///
    /// # Errors
    /// When it is no such document, or has no one on-demand price in US dollars and a known unit.
    pub fn parse(document: &str) -> Result<Self, BadProduct> {
        let document: Document = serde_json::from_str(document)?;
        let Document { product, terms, .. } = document;
        let sku = product.sku;
        let mut terms = terms.on_demand.into_iter();
        let mut terms = terms.by_ref().filter(|(code, _)| is_on_demand(code));
        let (_, term) = terms
            .next()
            .ok_or_else(|| BadProduct::NoOnDemand(sku.clone()))?;
        if terms.next().is_some() {
            return Err(BadProduct::Ambiguous(sku));
        }
        let dimensions = term.price_dimensions.values();
        let tiers = dimensions.clone().map(|it| tier(&sku, it));
        let tiers = Tiers::new(tiers.collect::<Result<_, _>>()?)
            .map_err(|it| BadProduct::Tiers(sku.clone(), it))?;
        let units = dimensions.map(|it| {
            let unknown = || BadProduct::Unit(sku.clone(), it.unit.clone());
            Unit::parse(&it.unit).ok_or_else(unknown)
        });
        let mut units = units.collect::<Result<Vec<Unit>, _>>()?;
        units.dedup();
        let [unit] = units[..] else {
            return Err(BadProduct::Units(sku));
        };
        let service = document.service_code;
        let service = service.or_else(|| product.attributes.get("servicecode").cloned());
        Ok(Self {
            service: service.unwrap_or_default(),
            family: product.product_family,
            attributes: product.attributes,
            unit,
            tiers,
            published: document.publication_date,
            sku,
        })
    }

    /// Whether it is that usage type of that region, and all that narrows the usage type down.
    pub fn is(&self, region: &str, usage: &Usage) -> bool {
        let attribute = |name: &str| self.attributes.get(name).map(String::as_str);
        let own = Usage::parse(attribute("usagetype").unwrap_or_default(), region);
        let fits = |(name, wanted): (&str, &str)| match name {
            "productFamily" => self.family.as_deref() == Some(wanted),
            it => attribute(it) == Some(wanted),
        };
        let narrowed = usage.filters().next().is_some();
        let plain = usage.name().starts_with("BoxUsage:") && !narrowed;
        let there = match attribute("regionCode") {
            Some(it) if region != GLOBAL => it == region,
            // What has no region of its own is told without one, or as of everywhere.
            it => region == GLOBAL && it.is_none_or(|it| it.is_empty() || it.contains(GLOBAL)),
        };
        there
            && own.name() == usage.name()
            && usage.filters().all(fits)
            && (!plain || PLAIN_LINUX.iter().all(|it| fits(*it)))
    }

    /// The one that is asked for. AWS has some products twice, under two numbers at one price,
    /// and some beside a twin that costs nothing.
    ///
    /// # Errors
    /// When none fits, when two do at different prices, as nobody can tell which is billed then,
    /// or when what fits is for nothing.
    pub fn find<'a>(all: &'a [Self], key: &Key) -> Result<&'a Self, NoPrice> {
        let fits = |it: &&Self| it.service == key.service && it.is(&key.region, &key.usage);
        let fitting: Vec<&Self> = all.iter().filter(fits).collect();
        let any = fitting.first().ok_or(NoPrice::Absent)?;
        let free = |it: &Self| it.tiers.all().iter().all(|it| it.price.is_zero());
        let mut paid: Vec<&Self> = fitting.iter().copied().filter(|it| !free(it)).collect();
        // RDS has the storage of every engine, and that of each under the same name.
        let of_any = |it: &Self| it.attributes.get(ENGINE).is_some_and(|it| it == "Any");
        if paid.iter().any(|it| of_any(it)) {
            paid.retain(|it| of_any(it));
        }
        let Some(first) = paid.first() else {
            return Err(NoPrice::Free(any.sku.clone()));
        };
        let differs = |it: &&&Self| (&it.tiers, it.unit) != (&first.tiers, first.unit);
        match paid.iter().find(differs) {
            Some(it) => Err(NoPrice::Ambiguous(first.sku.clone(), it.sku.clone())),
            None => Ok(first),
        }
    }
}

/// `NN4EGUUQRWVYP98C.JRTCKXETXF`
fn is_on_demand(code: &str) -> bool {
    code.split('.').nth(1) == Some(ON_DEMAND)
}

fn tier(sku: &str, dimension: &Dimension) -> Result<Tier, BadProduct> {
    let number = |it: &str| {
        let bad = |_| BadProduct::Number(sku.to_owned(), it.to_owned());
        it.parse::<Decimal>().map_err(bad)
    };
    let price = dimension.price_per_unit.get("USD");
    let price = price.ok_or_else(|| BadProduct::Currency(sku.to_owned()))?;
    Ok(Tier {
        from: number(dimension.begin_range.as_deref().unwrap_or("0"))?,
        to: match dimension.end_range.as_deref() {
            None | Some("Inf") => None,
            Some(it) => Some(number(it)?),
        },
        price: number(price)?,
    })
}

#[cfg(test)]
mod tests;
