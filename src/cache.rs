//! Prices that AWS told, kept on disk: a folder for each service and region, a file for each day
//! on which AWS published a list.
//!
//! The folder may be deleted at any time: all that is in it can be asked for again.

use std::{
    collections::BTreeMap,
    env, fs, io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    failure::Failure,
    file,
    price::{Key, Price, stored},
    snapshot::money::PriceRow,
    text,
};

/// The format of the files. Another one is asked for anew.
const FORMAT: u32 = 1;
/// Nothing that AWS publishes for one rack is nearly as large.
const LARGEST: u64 = 16 << 20;

/// A folder of prices.
#[derive(Clone, Debug)]
pub struct Cache(PathBuf);

/// A price from the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub price: Price,
    /// When AWS told it.
    pub asked: Timestamp,
}

/// What the cache has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub prices: BTreeMap<Key, Kept>,
    /// Files that could not be used, and why.
    pub damaged: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shelf {
    format: u32,
    rows: Vec<Row>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    asked: Timestamp,
    price: PriceRow,
}

impl Cache {
    /// The cache in that folder, or in the one that the user's programs have for theirs. `None`
    /// where there is none.
    pub fn at(folder: Option<&Path>) -> Option<Self> {
        let of = |name: &str| {
            env::var_os(name)
                .filter(|it| !it.is_empty())
                .map(PathBuf::from)
        };
        let usual = || {
            let home = || Some(of("HOME")?.join(".cache"));
            // A path that is not whole would mean another folder in each place.
            let given = of("XDG_CACHE_HOME").filter(|it| it.is_absolute());
            let folder = given.or_else(|| of("LOCALAPPDATA")).or_else(home)?;
            Some(folder.join("racklens"))
        };
        let folder = folder.map(Path::to_owned).or_else(usual)?;
        Some(Self(folder.join("prices")))
    }

    /// The newest that is kept of each of these prices.
    pub fn read<'k>(&self, keys: impl IntoIterator<Item = &'k Key>) -> Found {
        let mut found = Found::default();
        let mut folders: BTreeMap<PathBuf, Vec<&Key>> = BTreeMap::new();
        for key in keys {
            if let Some(folder) = self.folder(key) {
                folders.entry(folder).or_default().push(key);
            }
        }
        for (folder, keys) in folders {
            for path in files(&folder) {
                match read(&path) {
                    Ok(rows) => take(rows, &keys, &mut found.prices),
                    Err(why) => {
                        let line = format!("{} cannot be used: {why}", path.display());
                        found.damaged.push(line);
                    }
                }
            }
        }
        found
    }

    /// Keeps these prices, told at that moment.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn keep<'k>(
        &self,
        prices: impl IntoIterator<Item = (&'k Key, &'k Price)>,
        asked: Timestamp,
    ) -> Result<(), Failure> {
        let mut files: BTreeMap<PathBuf, Vec<Row>> = BTreeMap::new();
        for (key, price) in prices {
            let day = Some(price.as_of.as_str()).filter(|it| !it.is_empty());
            let day = day.unwrap_or("undated");
            if let (Some(folder), true) = (self.folder(key), is_plain(day)) {
                let price = stored::row(key, price);
                let rows = files.entry(folder.join(format!("{day}.json"))).or_default();
                rows.push(Row { asked, price });
            }
        }
        for (path, fresh) in files {
            // What is damaged is written anew.
            let mut rows = read(&path).unwrap_or_default();
            let known = |it: &Row| {
                let same = |new: &Row| new.price.usage == it.price.usage;
                fresh.iter().any(same)
            };
            rows.retain(|it| !known(it));
            rows.extend(fresh);
            rows.sort_by(|a, b| a.price.cmp(&b.price));
            write(&path, rows)?;
        }
        Ok(())
    }

    /// `None` where a name could lead elsewhere: a snapshot tells its region, and anyone may have
    /// written that.
    fn folder(&self, key: &Key) -> Option<PathBuf> {
        let plain = is_plain(&key.service) && is_plain(&key.region);
        plain.then(|| self.0.join(&key.service).join(&key.region))
    }
}

fn is_plain(name: &str) -> bool {
    let plain = |it: u8| it.is_ascii_alphanumeric() || it == b'-';
    !name.is_empty() && name.bytes().all(plain)
}

/// The files of a folder, oldest list first. Nothing where there is no folder yet.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.map(|it| it.path());
    let mut paths: Vec<PathBuf> = paths
        .filter(|it| it.extension().is_some_and(|it| it == "json"))
        .collect();
    paths.sort();
    paths
}

fn read(path: &Path) -> Result<Vec<Row>, String> {
    let bytes = file::read_bytes(path, LARGEST).map_err(|it| it.message)?;
    let shelf: Shelf = serde_json::from_slice(&bytes).map_err(|it| it.to_string())?;
    if shelf.format != FORMAT {
        return Err(format!("it has format {}", shelf.format));
    }
    let rows = shelf.rows.into_iter();
    rows.map(|it| match stored::price(&it.price) {
        Ok(_) => Ok(it),
        Err(why) => Err(why.to_string()),
    })
    .collect()
}

/// Takes what is asked for and newer than what is there.
fn take(rows: Vec<Row>, keys: &[&Key], into: &mut BTreeMap<Key, Kept>) {
    for row in rows {
        let Ok((key, price)) = stored::price(&row.price) else {
            continue;
        };
        let asked = row.asked;
        let older = into.get(&key).is_none_or(|it| it.asked <= asked);
        if older && keys.contains(&&key) {
            into.insert(key, Kept { price, asked });
        }
    }
}

fn write(path: &Path, rows: Vec<Row>) -> Result<(), Failure> {
    let shelf = Shelf {
        format: FORMAT,
        rows,
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    let made: io::Result<()> = fs::create_dir_all(folder);
    made.map_err(|it| file::cannot_write(path, &it))?;
    file::write(path, &text::json(&shelf))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price::Book;

    const USAGE: &str = "NatGateway-Hours";

    fn key(region: &str) -> Key {
        Key::new("AmazonEC2", region, USAGE)
    }

    fn price(as_of: &str) -> Price {
        let book = Book::embedded().unwrap();
        let price = book.get(&key("us-east-1")).unwrap().clone();
        Price {
            as_of: as_of.to_owned(),
            ..price
        }
    }

    fn at(day: u8) -> Timestamp {
        format!("2026-11-{day:02}T00:00:00Z").parse().unwrap()
    }

    fn cache() -> (tempfile::TempDir, Cache) {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(Some(folder.path())).unwrap();
        (folder, cache)
    }

    #[test]
    fn what_was_kept_is_there_and_only_for_its_own_region() {
        let (_folder, cache) = cache();
        let (key, other) = (key("eu-north-1"), key("eu-north-2"));
        cache.keep([(&key, &price("2026-08-10"))], at(1)).unwrap();
        let found = cache.read([&key, &other]);
        assert_eq!(found.damaged, Vec::<String>::new());
        assert_eq!(found.prices.len(), 1);
        assert_eq!(found.prices[&key].asked, at(1));
    }

    #[test]
    fn a_file_is_named_by_service_region_and_the_day_of_publication() {
        let (folder, cache) = cache();
        let key = key("eu-north-1");
        cache.keep([(&key, &price("2026-08-10"))], at(1)).unwrap();
        let path = "prices/AmazonEC2/eu-north-1/2026-08-10.json";
        assert!(folder.path().join(path).is_file());
    }

    #[test]
    fn a_newer_answer_takes_the_place_of_an_older_one() {
        let (_folder, cache) = cache();
        let key = key("eu-north-1");
        for (list, day) in [("2026-10-10", 2), ("2026-08-10", 1), ("2026-10-10", 3)] {
            cache.keep([(&key, &price(list))], at(day)).unwrap();
        }
        let kept = &cache.read([&key]).prices[&key];
        assert_eq!((kept.asked, &*kept.price.as_of), (at(3), "2026-10-10"));
    }

    #[test]
    fn a_damaged_file_is_told_and_mended_by_the_next_answer() {
        let (folder, cache) = cache();
        let key = key("eu-north-1");
        let path = folder
            .path()
            .join("prices/AmazonEC2/eu-north-1/2026-08-10.json");
        let negative = r#"{"format":1,"rows":[{"asked":"2026-11-01T00:00:00Z","price":{
            "service":"AmazonEC2","region":"eu-north-1","usage":"NatGateway-Hours","unit":"hour",
            "tiers":[{"from":"0","price":"-1"}],"source":"x","as_of":"","standing":"verified"}}]}"#;
        for harm in [
            "{\"format\":1,\"rows\":[",
            "",
            "{\"format\":2,\"rows\":[]}",
            negative,
        ] {
            cache.keep([(&key, &price("2026-08-10"))], at(1)).unwrap();
            fs::write(&path, harm).unwrap();
            let found = cache.read([&key]);
            assert!(found.prices.is_empty(), "{harm}");
            assert_eq!(found.damaged.len(), 1, "{harm}");
        }
        cache.keep([(&key, &price("2026-08-10"))], at(2)).unwrap();
        assert_eq!(cache.read([&key]).prices.len(), 1);
    }

    #[test]
    fn a_name_cannot_lead_out_of_the_folder() {
        let (folder, cache) = cache();
        let (elsewhere, here) = (key("../../../elsewhere"), key("eu-north-1"));
        cache
            .keep([(&elsewhere, &price("2026-08-10"))], at(1))
            .unwrap();
        cache.keep([(&here, &price("../../x"))], at(1)).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
