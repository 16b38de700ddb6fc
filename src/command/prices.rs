//! Which prices a rack is counted with, and where each of them comes from.

#[cfg(feature = "aws")]
use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use super::pricing::Pricing;
#[cfg(feature = "aws")]
use crate::{
    aws::{
        money::{self, prices::Answer},
        session::Access,
    },
    cache::{Cache, Found},
    price::{
        Price,
        ask::{self, NoList},
    },
    snapshot::money::Unheard,
    text,
};
use crate::{
    cli::Input,
    cost,
    failure::{Exit, Failure},
    file,
    price::{Book, Key},
    rule::Case,
    snapshot::{Origin, Snapshot, money::PriceList},
};

/// How prices are called that a snapshot holds.
const STORED: &str = "stored";

/// What to do about prices that are not among the embedded ones.
const MISSING: &str = "not among those that racklens brings; --prices live asks AWS's price list";

/// How many prices that nothing is billed at are named.
const NAMED: usize = 5;

/// A book of a user's own may have no more than this.
const LARGEST_BOOK: u64 = 64 << 20;

/// How many hours an answer of AWS's price list is good for; the list changes a few times a month.
#[cfg(feature = "aws")]
const FRESH_HOURS: i64 = 24;

#[derive(Clone, Debug, Args)]
pub struct Prices {
    /// Prices to count with: auto, live, embedded, or a file of your own
    ///
    /// embedded: those that this version brings, for us-east-1, us-west-2 and eu-west-1. live: AWS's
    /// price list, asked for what the rack is billed for; a price that does not come is the
    /// embedded one of the same region, or unknown. auto: those that the snapshot was stored with;
    /// else the embedded ones, and, where the rack is read from AWS, AWS's own for what is not
    /// among them. A file holds prices of your own, which go before the embedded ones; its columns
    /// are service, region, usage, unit, from, to, price, currency, source, as_of, standing.
    #[arg(long, value_name = "auto|live|embedded|FILE", default_value = "auto", help_heading = "Prices", value_parser = choice)]
    pub prices: Choice,
    /// Folder for prices that AWS told; they are used for a day, and when AWS does not answer
    /// [default: racklens in the user's cache folder]
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "DIR", help_heading = "Prices")]
    pub cache: Option<PathBuf>,
}

/// Where prices are taken from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    Auto,
    Live,
    Embedded,
    File(PathBuf),
}

impl Choice {
    /// The word for it, or the file's name.
    fn name(&self) -> String {
        match self {
            Self::Auto => "auto".to_owned(),
            Self::Live => "live".to_owned(),
            Self::Embedded => "embedded".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }
}

/// Reads a choice; what is none of the words is a file.
pub fn choice(text: &str) -> Result<Choice, String> {
    match text {
        "auto" => Ok(Choice::Auto),
        "live" if cfg!(feature = "aws") => Ok(Choice::Live),
        "live" => Err("this racklens was built without AWS and can ask for no prices".to_owned()),
        "embedded" => Ok(Choice::Embedded),
        "" => Err("expected auto, live, embedded or a file".to_owned()),
        path => Ok(Choice::File(path.into())),
    }
}

impl Default for Prices {
    fn default() -> Self {
        Self {
            prices: Choice::Auto,
            #[cfg(feature = "aws")]
            cache: None,
        }
    }
}

/// How AWS may be asked for prices; by default not at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reach<'a> {
    /// Whether the rack's description just came from there.
    #[cfg(feature = "aws")]
    live: bool,
    #[cfg(feature = "aws")]
    access: Option<&'a Access>,
    #[cfg(not(feature = "aws"))]
    nobody: std::marker::PhantomData<&'a ()>,
}

impl<'a> Reach<'a> {
    /// As it was said where the rack's description comes from.
    pub fn of(input: &'a Input) -> Self {
        #[cfg(feature = "aws")]
        return Self {
            live: input.source.from.is_none(),
            access: Some(&input.access),
        };
        #[cfg(not(feature = "aws"))]
        {
            let _: &'a Input = input;
            Self::default()
        }
    }

    /// AWS, of which the rack's description just came.
    #[cfg(feature = "aws")]
    pub fn live(access: &'a Access) -> Self {
        Self {
            live: true,
            access: Some(access),
        }
    }
}

/// Prices, and what is to be said of them.
#[derive(Clone, Debug, Default)]
pub struct Priced {
    pub book: Book,
    /// How they were chosen.
    pub chosen: String,
    /// Sentences for a person: where prices come from if not from this version, and what did not
    /// come.
    pub notes: Vec<String>,
    /// Whether AWS was asked for prices by name and did not tell all of them.
    pub unheard: bool,
    /// What a user's own file has prices of.
    pub own: Vec<Key>,
}

impl Prices {
    /// The prices for a rack. A file is counted without asking anyone unless live prices are asked
    /// for by name.
    ///
    /// # Errors
    /// When a file is no book of prices, nobody can be asked, or someone asked to stop.
    pub fn of(&self, snapshot: &Snapshot, reach: Reach<'_>) -> Result<Priced, Failure> {
        let mut priced = Priced {
            chosen: self.prices.name(),
            ..Priced::default()
        };
        match (&self.prices, &snapshot.money.prices) {
            (Choice::File(path), _) => {
                let table = file::read_text(path, LARGEST_BOOK)?;
                let own = Book::parse(&table).map_err(|it| {
                    Failure::new(Exit::Usage, format!("{}, {it}", path.display()))
                        .hint("one row for each tier; no price was taken from it")
                })?;
                priced.own = own.all().map(|it| it.0.clone()).collect();
                priced.book = own.over(embedded()?);
            }
            (Choice::Auto, Some(list)) => {
                priced.book = Book::stored(&list.rows).map_err(|it| {
                    let message = format!("the snapshot's own prices cannot be used: {it}");
                    Failure::new(Exit::Failed, message).hint("count with others: --prices embedded")
                })?;
                STORED.clone_into(&mut priced.chosen);
                priced.notes.push(format!(
                    "prices are the {} that were stored with the snapshot; --prices embedded or \
                     live counts with others",
                    list.rows.len()
                ));
            }
            _ => priced.book = embedded()?,
        }
        self.complete(&mut priced, snapshot, reach)?;
        Ok(priced)
    }

    /// Asks AWS for what is to be asked for.
    #[cfg(feature = "aws")]
    fn complete(
        &self,
        priced: &mut Priced,
        snapshot: &Snapshot,
        reach: Reach<'_>,
    ) -> Result<(), Failure> {
        let named = self.prices == Choice::Live;
        let by_itself = reach.live && priced.chosen == Choice::Auto.name();
        if !(named || by_itself) {
            return Ok(());
        }
        let Some(access) = reach.access else {
            let message = "AWS's price list is not asked here";
            return Err(Failure::new(Exit::Usage, message)
                .hint("--prices embedded, or a file of your own prices"));
        };
        let region = &snapshot.region;
        let mut asked = super::look(snapshot, |case| Ok(cost::wanted(case, region)))?;
        asked.retain(|it| named || priced.book.get(it).is_none());
        let asked: Vec<Key> = asked.into_iter().collect();
        if asked.is_empty() {
            return Ok(());
        }
        let endpoint = match ask::endpoint(region) {
            Ok(it) => it,
            Err(why @ NoList) => {
                priced.unheard = named;
                priced
                    .notes
                    .push(format!("{why}; {}", left(priced, &asked)));
                return Ok(());
            }
        };
        let cache = Cache::at(self.cache.as_deref());
        let kept = cache
            .as_ref()
            .map_or_else(Found::default, |it| it.read(&asked));
        let damaged = kept.damaged.iter();
        priced
            .notes
            .extend(damaged.map(|it| format!("{it}; its prices are asked for anew")));
        let now = super::live::now();
        let fresh = |asked: jiff::Timestamp| {
            let hours = now.duration_since(asked).as_hours();
            (0..FRESH_HOURS).contains(&hours)
        };
        let stale = |key: &Key| kept.prices.get(key).is_none_or(|it| !fresh(it.asked));
        let (ask, rest): (Vec<Key>, Vec<Key>) = asked.into_iter().partition(stale);
        for key in rest {
            if let Some(it) = kept.prices.get(&key) {
                priced.book.set(key, it.price.clone());
            }
        }
        let answers = if ask.is_empty() {
            Vec::new()
        } else {
            super::live::prices(access, endpoint, ask)?
        };
        let told = priced.take(answers, &kept, named);
        if let Some(cache) = cache
            && let Err(why) = cache.keep(told.iter().map(|it| (&it.0, &it.1)), now)
        {
            let why = why.message;
            priced
                .notes
                .push(format!("prices that AWS told are not kept: {why}"));
        }
        Ok(())
    }

    #[cfg(not(feature = "aws"))]
    #[expect(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "it asks nobody"
    )]
    fn complete(&self, _: &mut Priced, _: &Snapshot, _: Reach<'_>) -> Result<(), Failure> {
        Ok(())
    }
}

/// Those that racklens brings.
///
/// # Errors
/// When what was built in is damaged.
pub fn embedded() -> Result<Book, Failure> {
    Book::embedded().map_err(|it| Failure::new(Exit::Failed, it.to_string()))
}

/// Those of a book that a rack is counted with, to be kept with its snapshot.
pub fn used(book: &Book, chosen: &str, case: &Case<'_>, region: &str) -> PriceList {
    let mut used = Book::default();
    for key in cost::wanted(case, region) {
        if let Some(price) = book.get(&key) {
            used.set(key, price.clone());
        }
    }
    PriceList {
        chosen: chosen.to_owned(),
        rows: used.rows(),
    }
}

/// What a rack is billed for and no price is known of, where AWS's price list was not asked.
pub fn missing(pricing: &Pricing, case: &Case<'_>, region: &str) -> Option<String> {
    let offline = [
        Choice::Auto.name(),
        Choice::Embedded.name(),
        STORED.to_owned(),
    ];
    if cfg!(not(feature = "aws")) || !offline.contains(&pricing.chosen) {
        return None;
    }
    let wanted = cost::wanted(case, region);
    let missing = wanted.iter().filter(|it| pricing.book.get(it).is_none());
    match missing.count() {
        0 => None,
        1 => Some(format!("1 price {MISSING}")),
        it => Some(format!("{it} prices {MISSING}")),
    }
}

/// What a user's own file has a price of and a rack is not billed for: a price that was misspelt
/// would else be missed without a word.
pub fn unused(pricing: &Pricing, case: &Case<'_>, region: &str) -> Option<String> {
    let wanted = cost::wanted(case, region);
    let unused = pricing.own.iter().filter(|it| !wanted.contains(it));
    let unused: Vec<String> = unused.map(ToString::to_string).collect();
    let rest = match unused.len().saturating_sub(NAMED) {
        0 => String::new(),
        it => format!(" and {it} more"),
    };
    let named = unused.get(..NAMED.min(unused.len())).unwrap_or_default();
    (!unused.is_empty()).then(|| {
        format!(
            "{} has prices of what this rack is not billed for: {}{rest}",
            pricing.chosen,
            named.join(", ")
        )
    })
}

/// Keeps the prices that a rack is counted with in its snapshot, so that a later version, which
/// brings others, counts the same.
pub fn store(pricing: &Pricing, snapshot: &mut Snapshot) -> Result<(), Failure> {
    if pricing.chosen == STORED {
        return Ok(());
    }
    let region = &snapshot.region;
    let list = super::look(snapshot, |case| {
        Ok(used(&pricing.book, &pricing.chosen, case, region))
    })?;
    snapshot.money.prices = Some(list);
    // It is no longer what its file says.
    snapshot.origin = Origin::default();
    Ok(())
}

#[cfg(feature = "aws")]
impl Priced {
    /// Puts what AWS told into the book, and says what it did not. Returns what it told.
    fn take(
        &mut self,
        answers: Vec<(Key, Answer)>,
        kept: &Found,
        named: bool,
    ) -> Vec<(Key, Price)> {
        let mut told = Vec::new();
        let mut none: Vec<(Key, String)> = Vec::new();
        let mut silent: BTreeMap<Unheard, Vec<Key>> = BTreeMap::new();
        for (key, answer) in answers {
            match answer {
                Answer::Price(price) => {
                    self.book.set(key.clone(), price.clone());
                    told.push((key, price));
                }
                Answer::None(why) => none.push((key, why)),
                Answer::Unheard(it) => {
                    if let Some(it) = kept.prices.get(&key) {
                        self.book.set(key.clone(), it.price.clone());
                    }
                    silent.entry(it).or_default().push(key);
                }
            }
        }
        for (key, why) in none {
            let left = left(self, std::slice::from_ref(&key));
            let line = format!("AWS's price list has no one price of {key}: {why}; {left}");
            self.notes.push(line);
        }
        for (it, keys) in silent {
            self.unheard |= named;
            // Where nothing was asked, there is no code of AWS's to look up.
            let why = match it.code.as_str() {
                money::NOT_ASKED => &it.message,
                code => code,
            };
            self.notes.push(format!(
                "AWS's price list did not tell {}: {} was {} ({why}; needs {}); {}",
                text::count(keys.len(), "price"),
                it.call,
                it.reason.name(),
                it.action,
                left(self, &keys)
            ));
        }
        told
    }
}

/// What is counted with instead of prices that did not come.
#[cfg(feature = "aws")]
fn left(priced: &Priced, keys: &[Key]) -> String {
    let there: Vec<&Price> = keys.iter().filter_map(|it| priced.book.get(it)).collect();
    let earlier = there.iter().filter(|it| it.source == ask::SOURCE).count();
    let counts = [
        (earlier, "that AWS told earlier"),
        (there.len() - earlier, "that racklens brings"),
        (keys.len() - there.len(), "unknown"),
    ];
    let counts = counts.iter().filter(|it| it.0 > 0);
    let counts: Vec<String> = counts.map(|it| format!("{} {}", it.0, it.1)).collect();
    format!("instead: {}", counts.join(", "))
}
