//! Which prices a rack is counted with, and where each of them comes from.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use clap::Args;

#[cfg(feature = "aws")]
use crate::{
    aws::{money::prices::Answer, session::Access},
    cache::{Cache, Found},
    price::{Price, ask::NoList},
    snapshot::money::Unheard,
};
use crate::{
    cost,
    failure::{Exit, Failure},
    file,
    price::{Book, Key, ask},
    rule::Case,
    snapshot::{Snapshot, money::PriceList},
    text,
};

/// A book of a user's own may have no more than this.
const LARGEST_BOOK: u64 = 64 << 20;

/// How many hours an answer of AWS's price list is good for; the list changes a few times a month.
#[cfg(feature = "aws")]
const FRESH_HOURS: i64 = 24;

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Prices")]
pub struct Prices {
    /// Prices to count with: auto, live, embedded, or a file of your own
    ///
    /// embedded: those that this version brings, for us-east-1, us-west-2 and eu-west-1. live: AWS's
    /// price list, asked for what the rack is billed for; a price that does not come is the
    /// embedded one of the same region, or unknown. auto: those that the snapshot was stored with;
    /// else the embedded ones, and, where the rack is read from AWS, AWS's own for what is not
    /// among them. A file holds prices of your own, which go before the embedded ones; its columns
    /// are service, region, usage, unit, from, to, price, currency, source, as_of, standing.
    #[arg(long, value_name = "WHICH", default_value = "auto", value_parser = choice)]
    pub prices: Choice,
    /// Folder for prices that AWS told; they are used for a day, and when AWS does not answer
    /// [default: racklens in the user's cache folder]
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "DIR")]
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

/// The prices of one rack, and what is to be said of them.
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
    /// What the rack is billed for.
    keys: BTreeSet<Key>,
}

impl Priced {
    /// Those that the rack is counted with, to be kept with its snapshot.
    pub fn list(&self) -> PriceList {
        let mut used = Book::default();
        for key in &self.keys {
            if let Some(price) = self.book.get(key) {
                used.set(key.clone(), price.clone());
            }
        }
        PriceList {
            chosen: self.chosen.clone(),
            rows: used.rows(),
        }
    }

    /// How many of the prices that the rack is counted with come from where.
    pub fn sources(&self) -> BTreeMap<&str, usize> {
        let mut sources = BTreeMap::new();
        for price in self.keys.iter().filter_map(|it| self.book.get(it)) {
            *sources.entry(price.source.as_str()).or_default() += 1;
        }
        sources
    }
}

/// How AWS may be asked; `None` where it may not.
#[cfg(feature = "aws")]
pub type Way<'a> = Option<&'a Access>;
#[cfg(not(feature = "aws"))]
pub type Way<'a> = Option<&'a std::convert::Infallible>;

impl Prices {
    /// The prices for a rack. `live` says whether its description just came from AWS; a file is
    /// counted without asking anyone unless live prices are asked for by name.
    ///
    /// # Errors
    /// When a file is no book of prices, or someone asked to stop.
    pub fn of(
        &self,
        snapshot: &Snapshot,
        case: &Case<'_>,
        live: bool,
        way: Way<'_>,
    ) -> Result<Priced, Failure> {
        let keys = cost::wanted(case, &snapshot.region);
        let mut priced = Priced {
            chosen: self.prices.name(),
            keys,
            ..Priced::default()
        };
        match (&self.prices, &snapshot.money.prices) {
            (Choice::File(path), _) => {
                let table = file::read_text(path, LARGEST_BOOK)?;
                let own = Book::parse(&table).map_err(|it| {
                    let message = format!("{}, {it}", path.display());
                    Failure::new(Exit::Usage, message)
                })?;
                priced.book = own.over(embedded()?);
            }
            (Choice::Auto, Some(list)) => {
                priced.book = Book::stored(&list.rows).map_err(|it| {
                    let message = format!("the snapshot's own prices cannot be used: {it}");
                    Failure::new(Exit::Failed, message).hint("count with others: --prices embedded")
                })?;
                priced.chosen = "stored".to_owned();
                priced.notes.push(format!(
                    "prices are the {} that were stored with the snapshot; --prices embedded or \
                     live counts with others",
                    list.rows.len()
                ));
            }
            _ => priced.book = embedded()?,
        }
        self.complete(&mut priced, &snapshot.region, live, way)?;
        Ok(priced)
    }

    /// Asks AWS for what is to be asked for.
    #[cfg(feature = "aws")]
    fn complete(
        &self,
        priced: &mut Priced,
        region: &str,
        live: bool,
        way: Way<'_>,
    ) -> Result<(), Failure> {
        let named = self.prices == Choice::Live;
        let asked: Vec<Key> = match &self.prices {
            Choice::Live => priced.keys.iter().cloned().collect(),
            Choice::Auto if live && priced.chosen == "auto" => {
                let missing = priced
                    .keys
                    .iter()
                    .filter(|it| priced.book.get(it).is_none());
                missing.cloned().collect()
            }
            Choice::Auto | Choice::Embedded | Choice::File(_) => Vec::new(),
        };
        let (Some(access), false) = (way, asked.is_empty()) else {
            return Ok(());
        };
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
    fn complete(&self, _: &mut Priced, _: &str, _: bool, _: Way<'_>) -> Result<(), Failure> {
        Ok(())
    }
}

fn embedded() -> Result<Book, Failure> {
    Book::embedded().map_err(|it| Failure::new(Exit::Failed, it.to_string()))
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
            self.notes.push(format!(
                "AWS's price list did not tell {}: {} was {} ({}; needs {}); {}",
                text::count(keys.len(), "price"),
                it.call,
                it.reason.name(),
                it.code,
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
