//! `racklens.toml`: what a user settles once instead of saying it with every command.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer};

use crate::{
    cost::{Usage, app::Weights, usage::Quantity},
    definition::{self, Definition},
    id::ResourceId,
};

/// The whole file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Racks by name.
    #[serde(rename = "rack")]
    pub racks: BTreeMap<String, RackTable>,
    /// How much any rack uses of what is billed by use.
    pub usage: Usage,
    pub cost: CostTable,
    pub account: AccountTable,
    pub teardown: TeardownTable,
}

/// The table `[teardown]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TeardownTable {
    /// Numbers of the accounts in which a teardown may run without a person at a terminal.
    pub accounts: Vec<String>,
}

/// The table `[account]`: what of the account AWS does not tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountTable {
    /// The day on which it, or the one that pays for it, was opened.
    #[serde(deserialize_with = "day")]
    pub opened: Option<Date>,
    /// US dollars of credits that are left.
    pub credits: Option<Quantity>,
}

/// A day, with or without quotation marks around it.
fn day<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Date>, D::Error> {
    let given = toml::Value::deserialize(from)?;
    let text = given.as_str().map(ToOwned::to_owned);
    let text = text.unwrap_or_else(|| given.to_string());
    let parsed = text
        .parse()
        .map_err(|_| serde::de::Error::custom(format!("`{text}` is no day such as 2018-04-29")))?;
    Ok(Some(parsed))
}

/// The table `[cost]`: how costs are counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CostTable {
    /// What a vCPU counts against a GiB of memory when a machine is split among apps.
    pub weights: Weights,
}

/// A table `[rack.NAME]`, before its Terraform states are read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RackTable {
    /// Names of CloudFormation stacks.
    pub stacks: Vec<String>,
    /// Name of an ECS cluster.
    pub cluster: Option<String>,
    /// Tags of which a resource of the rack has all.
    pub tags: BTreeMap<String, String>,
    /// Terraform states: files, beside this one unless absolute, or `s3://BUCKET/KEY`.
    #[serde(deserialize_with = "one_or_more")]
    pub terraform: Vec<String>,
    /// Resources of the rack, `KIND/KEY` or ARNs.
    #[serde(deserialize_with = "definition::references")]
    pub own: Vec<ResourceId>,
    /// Resources that stay when the rack goes.
    #[serde(deserialize_with = "definition::references")]
    pub keep: Vec<ResourceId>,
    /// How much the rack uses of what is billed by use; counts more than `[usage]`.
    pub usage: Usage,
}

/// Why a file is no configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct BadConfig {
    /// From 1.
    pub line: usize,
    pub message: String,
    /// The line itself.
    pub text: String,
}

impl Config {
    /// Reads the file's text.
    ///
    /// # Errors
    /// When it is not TOML, has an unknown key, or a value of another type than that key takes.
    pub fn parse(text: &str) -> Result<Self, BadConfig> {
        let config: Self = toml::from_str(text).map_err(|it| {
            let at = it.span().map_or(0, |it| it.start.min(text.len()));
            bad(text, at, it.message())
        })?;
        for (name, table) in &config.racks {
            if !table.says_what_it_is() && table.usage.is_empty() {
                let at = text.find(name.as_str()).unwrap_or_default();
                let what = "give stacks, cluster, tags, terraform or own";
                let message = format!("rack `{name}` does not say what it is: {what}");
                return Err(bad(text, at, &message));
            }
        }
        Ok(config)
    }
}

fn bad(text: &str, at: usize, message: &str) -> BadConfig {
    let before = text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count();
    BadConfig {
        line: line + 1,
        message: message.replace('\n', " "),
        text: text.lines().nth(line).unwrap_or_default().trim().to_owned(),
    }
}

impl RackTable {
    /// Whether the rack is to be found by what stands here, and not by its name.
    pub fn says_what_it_is(&self) -> bool {
        !self.terraform.is_empty() || !self.definition().is_empty()
    }

    /// What it says without its Terraform states.
    pub fn definition(&self) -> Definition {
        Definition {
            stacks: self.stacks.clone(),
            cluster: self.cluster.clone(),
            tags: self.tags.clone(),
            own: self.own.clone(),
            keep: self.keep.clone(),
            terraform: BTreeMap::new(),
        }
    }
}

/// One text, or a list of them.
fn one_or_more<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a text or a list of texts")]
    enum Given {
        One(String),
        More(Vec<String>),
    }
    Ok(match Given::deserialize(from)? {
        Given::One(it) => vec![it],
        Given::More(it) => it,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let bad = Config::parse(text).unwrap_err();
        format!("{bad} <{}>", bad.text)
    }

    #[test]
    fn a_rack_is_told_by_any_of_its_marks() {
        let config = Config::parse(
            r#"
            [rack.shop]
            stacks = ["shop", "shop-db"]
            cluster = "shop"
            tags = { Project = "shop" }
            terraform = "terraform.tfstate"
            own = ["db-instance/shop", "arn:aws:s3:::shop-uploads"]
            keep = ["bucket/shop-backups"]
            "#
            .replace("db-instance", "instance")
            .as_str(),
        )
        .unwrap();
        let shop = &config.racks["shop"];
        assert_eq!(shop.terraform, ["terraform.tfstate"]);
        let own: Vec<String> = shop.own.iter().map(ToString::to_string).collect();
        assert_eq!(own, ["instance/shop", "bucket/shop-uploads"]);
        assert_eq!(shop.definition().cluster.as_deref(), Some("shop"));
    }

    #[test]
    fn accounts_for_unattended_teardowns_are_named() {
        let config = Config::parse("[teardown]\naccounts = [\"123456789012\"]\n").unwrap();
        assert_eq!(config.teardown.accounts, ["123456789012"]);
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line() {
        let said = refused("[rack.shop]\ncluster = \"shop\"\nstack = [\"shop\"]\n");
        assert!(said.starts_with("line 3: unknown field `stack`"), "{said}");
        assert!(said.ends_with("<stack = [\"shop\"]>"), "{said}");
    }

    #[test]
    fn a_value_of_another_type_is_refused_with_its_line() {
        let said = refused("[rack.shop]\n\nstacks = \"shop\"\n");
        assert!(said.starts_with("line 3: invalid type"), "{said}");
    }

    #[test]
    fn a_resource_that_has_no_kind_is_refused_with_its_line() {
        let said = refused("[rack.shop]\nown = [\"shop\"]\n");
        assert!(
            said.starts_with("line 2: `shop` is not a resource name"),
            "{said}"
        );
    }

    #[test]
    fn an_account_has_a_day_and_credits() {
        for day in ["2018-04-29", "\"2018-04-29\""] {
            let text = format!("[account]\nopened = {day}\ncredits = 99.5\n");
            let account = Config::parse(&text).unwrap().account;
            assert_eq!(account.opened.unwrap().to_string(), "2018-04-29");
            assert_eq!(account.credits.unwrap().0.to_string(), "99.5");
        }
        let said = refused("[account]\nopened = \"spring\"\n");
        assert!(said.starts_with("line 2: `spring` is no day"), "{said}");
    }

    #[test]
    fn costs_are_weighed_as_it_says() {
        let weights = |text: &str| Config::parse(text).unwrap().cost.weights.to_string();
        assert_eq!(weights(""), "9:1");
        assert_eq!(
            weights("[cost]\nweights = { cpu = 3, memory = 0.5 }\n"),
            "3:0.5"
        );
        let said = refused("[cost]\nweights = { cpu = 0, memory = 0 }\n");
        assert!(
            said.starts_with("line 2: weights are not negative"),
            "{said}"
        );
    }

    #[test]
    fn a_rack_of_which_only_its_use_is_said_is_found_by_its_name() {
        let config = Config::parse("[rack.shop.usage]\nqueue = { requests = 5 }\n").unwrap();
        assert!(!config.racks["shop"].says_what_it_is());
    }

    #[test]
    fn a_rack_of_which_nothing_is_said_is_refused() {
        let said = refused("# ours\n[rack.shop]\nkeep = [\"bucket/b\"]\n");
        assert!(
            said.starts_with("line 2: rack `shop` does not say what it is"),
            "{said}"
        );
    }
}
