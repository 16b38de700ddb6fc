//! What the user said of a rack, put together: `racklens.toml`, `--config`, `--tfstate`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use clap::Args;

use crate::{
    config::{AccountTable, Config, CostTable, RackTable},
    cost::Usage,
    definition::Definition,
    failure::{Exit, Failure},
    file,
    terraform::{self, BadState},
    text, ui,
};

/// The configuration that is used when it is there and no other is named.
const USUAL: &str = "racklens.toml";

/// Where the command line says that a rack is described.
#[derive(Clone, Debug, Default, Args)]
pub struct Said {
    /// Configuration file [default: racklens.toml, where there is one]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Terraform state that describes the rack: a file, or s3://BUCKET/KEY
    #[arg(long, value_name = "FILE|S3", value_parser = place)]
    pub tfstate: Option<Place>,
}

/// Where a Terraform state lies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    File(PathBuf),
    S3 { bucket: String, key: String },
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(it) => it.display().fmt(f),
            Self::S3 { bucket, key } => write!(f, "s3://{bucket}/{key}"),
        }
    }
}

/// Reads a path or `s3://BUCKET/KEY`.
///
/// # Errors
/// When a bucket or a key is missing.
pub fn place(text: &str) -> Result<Place, String> {
    let Some(there) = text.strip_prefix("s3://") else {
        return Ok(Place::File(text.into()));
    };
    match there.split_once('/') {
        Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => Ok(Place::S3 {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        }),
        _ => Err("expected s3://BUCKET/KEY".to_owned()),
    }
}

/// What is said of one rack, its states not yet read.
#[derive(Clone, Debug, Default)]
pub struct Outline {
    definition: Definition,
    states: Vec<Place>,
}

/// The texts of states that a network call brought, by where they lie.
pub type Fetched = BTreeMap<Place, Vec<u8>>;

impl Said {
    /// What is said of that rack; `None` when nothing is.
    pub fn of(&self, rack: &str) -> Result<Option<Outline>, Failure> {
        let (config, path) = self.configuration()?;
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        let table = config.racks.get(rack);
        let mut states = Vec::new();
        for text in table.into_iter().flat_map(|it| &it.terraform) {
            states.push(match place(text) {
                Ok(Place::File(path)) => Place::File(folder.join(path)),
                Ok(there) => there,
                Err(why) => return Err(Failure::new(Exit::Usage, format!("`{text}`: {why}"))),
            });
        }
        states.extend(self.tfstate.clone());
        if !table.is_some_and(RackTable::says_what_it_is) && states.is_empty() {
            return Ok(None);
        }
        Ok(Some(Outline {
            definition: table.map(RackTable::definition).unwrap_or_default(),
            states,
        }))
    }

    /// How much that rack is told to use of what is billed by use.
    pub fn usage(&self, rack: &str) -> Result<Usage, Failure> {
        let mut config = self.configuration()?.0;
        let own = config.racks.remove(rack).map(|it| it.usage);
        Ok(own.unwrap_or_default().over(config.usage))
    }

    /// How costs are to be counted, and what is said of the account.
    pub fn costs(&self) -> Result<(CostTable, AccountTable), Failure> {
        let config = self.configuration()?.0;
        Ok((config.cost, config.account))
    }

    /// Every rack that the configuration defines, without its states.
    pub fn racks(&self) -> Result<BTreeMap<String, Definition>, Failure> {
        let racks = self.configuration()?.0.racks.into_iter();
        let racks = racks.filter(|(_, it)| it.says_what_it_is());
        Ok(racks.map(|(name, it)| (name, it.definition())).collect())
    }

    /// The accounts in which a teardown may run without a person at a terminal.
    #[cfg(feature = "aws")]
    pub fn unattended(&self) -> Result<Vec<String>, Failure> {
        Ok(self.configuration()?.0.teardown.accounts)
    }

    /// The configuration, and its file, beside which its paths start.
    pub fn configuration(&self) -> Result<(Config, PathBuf), Failure> {
        let usual = Path::new(USUAL);
        let path = match &self.config {
            Some(it) => it,
            None if usual.is_file() => usual,
            None => return Ok((Config::default(), usual.to_owned())),
        };
        let text = file::read_text(path, LARGEST_CONFIG)?;
        let config = Config::parse(&text).map_err(|it| {
            let message = format!("{}, {it}", path.display());
            Failure::new(Exit::Usage, message).hint(format!("the line is: {}", it.text))
        })?;
        Ok((config, path.to_owned()))
    }
}

const LARGEST_CONFIG: u64 = 1 << 20;
/// States of large organisations have some tens of megabytes.
pub const LARGEST_STATE: u64 = 256 << 20;

impl Outline {
    /// The states that only a network call brings, as buckets and keys.
    #[cfg(feature = "aws")]
    pub fn remote(&self) -> impl Iterator<Item = (&Place, &str, &str)> {
        self.states.iter().filter_map(|it| match it {
            Place::S3 { bucket, key } => Some((it, bucket.as_str(), key.as_str())),
            Place::File(_) => None,
        })
    }

    /// The definition, with what the states say about this account and region.
    pub fn complete(
        mut self,
        account: &str,
        region: &str,
        fetched: &Fetched,
    ) -> Result<Definition, Failure> {
        for place in self.states {
            let read;
            let text = match &place {
                Place::File(path) => {
                    read = file::read_bytes(path, LARGEST_STATE)?;
                    &read
                }
                Place::S3 { .. } => fetched.get(&place).ok_or_else(|| {
                    let message = format!("{place} is not read: --from asks no network");
                    Failure::new(Exit::Usage, message)
                        .hint("copy the state and give the file: --tfstate FILE")
                })?,
            };
            let managed = terraform::parse(text, account, region)
                .map_err(|it| Failure::new(Exit::Usage, format!("{place} {it}")).hint(help(&it)))?;
            if managed.elsewhere > 0 {
                ui::note(&text::harmless(&format!(
                    "{place}: {} in another account or region left out",
                    text::count(managed.elsewhere, "resource")
                )));
            }
            self.definition.terraform.extend(managed.resources);
        }
        Ok(self.definition)
    }
}

fn help(why: &BadState) -> &'static str {
    match why {
        BadState::Foreign(_) => "`terraform state pull > FILE` writes one",
        BadState::Format(_) => {
            "`terraform state pull > FILE` of Terraform 0.12 or later writes one"
        }
        BadState::OtherAccount { .. } => "is it the right --profile, or the right state?",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_a_file_or_an_object() {
        assert_eq!(place("a/b.tfstate"), Ok(Place::File("a/b.tfstate".into())));
        let there = place("s3://states/shop/terraform.tfstate").unwrap();
        assert_eq!(there.to_string(), "s3://states/shop/terraform.tfstate");
        assert!(place("s3://states").is_err());
        assert!(place("s3:///key").is_err());
    }
}
