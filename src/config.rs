//! `racklens.toml`: what a user settles once instead of saying it with every command.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use crate::{
    cost::{Usage, app::Weights, usage::Quantity},
    definition::{self, Definition},
    id::ResourceId,
    mute::Mute,
};
use mutes::MuteTable;
use settings::SettingTable;
pub use settings::{Placed, Setting};

mod mutes;
mod settings;

/// The whole file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// Racks by name.
    pub racks: BTreeMap<String, RackTable>,
    /// Folders of the user's own rules, beside this file unless absolute.
    pub rules: Vec<String>,
    /// What is set for a rule, by its id.
    pub settings: BTreeMap<String, Setting>,
    /// Findings that someone has accepted until a day.
    pub mutes: Vec<Mute>,
    /// How much any rack uses of what is billed by use.
    pub usage: Usage,
    pub cost: CostTable,
    pub account: AccountTable,
    pub teardown: TeardownTable,
    text: String,
}

/// The file as it is written.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    rack: BTreeMap<String, RackTable>,
    #[serde(deserialize_with = "one_or_more")]
    rules: Vec<String>,
    rule: BTreeMap<Spanned<String>, SettingTable>,
    mute: Vec<MuteTable>,
    usage: Usage,
    cost: CostTable,
    account: AccountTable,
    teardown: TeardownTable,
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
        let file: File = toml::from_str(text).map_err(|it| {
            let at = it.span().map_or(0, |it| it.start.min(text.len()));
            bad(text, line_at(text, at), it.message())
        })?;
        for (name, table) in &file.rack {
            if !table.says_what_it_is() && table.usage.is_empty() {
                let at = text.find(name.as_str()).unwrap_or_default();
                let what = "give stacks, cluster, tags, terraform or own";
                let message = format!("rack `{name}` does not say what it is: {what}");
                return Err(bad(text, line_at(text, at), &message));
            }
        }
        let settings = file.rule.into_iter().map(|(name, it)| {
            let line = line_at(text, name.span().start);
            (name.into_inner(), it.placed(line, text))
        });
        let settings = settings.collect();
        let mutes = file
            .mute
            .into_iter()
            .map(|it| it.check(text).map_err(|it| bad(text, it.line, &it.value)));
        Ok(Self {
            racks: file.rack,
            rules: file.rules,
            settings,
            mutes: mutes.collect::<Result<_, _>>()?,
            usage: file.usage,
            cost: file.cost,
            account: file.account,
            teardown: file.teardown,
            text: text.to_owned(),
        })
    }

    /// That something of the file is wrong, which only shows beside what it is about.
    pub fn bad(&self, line: usize, message: &str) -> BadConfig {
        bad(&self.text, line, message)
    }
}

/// The line of a place in a text, from 1.
fn line_at(text: &str, at: usize) -> usize {
    let before = text.get(..at).unwrap_or_default();
    before.matches('\n').count() + 1
}

fn bad(text: &str, line: usize, message: &str) -> BadConfig {
    BadConfig {
        line,
        message: message.replace('\n', " "),
        text: text
            .lines()
            .nth(line.saturating_sub(1))
            .unwrap_or_default()
            .trim()
            .to_owned(),
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

    const MUTE: &str = "[[mute]]
rule = \"sg-world-admin-port\"
resource = \"security-group/sg-0*\"
owner = \"jane\"
reason = \"the bastion goes in May\"
until = 2027-01-31
";

    #[test]
    fn a_rule_is_set_with_the_lines_that_say_so() {
        let config = Config::parse(
            "rules = \"mine\"\n\n[rule.cert-expiring]\nseverity = \"low\"\nenabled = false\n\
             parameters = { soon = 60 }\n",
        )
        .unwrap();
        assert_eq!(config.rules, ["mine"]);
        let setting = &config.settings["cert-expiring"];
        assert_eq!(setting.line, 3);
        assert_eq!(setting.severity.as_ref().map(|it| it.line), Some(4));
        assert_eq!(setting.enabled.as_ref().map(|it| it.value), Some(false));
        assert_eq!(setting.parameters["soon"].line, 6);
    }

    #[test]
    fn a_mute_has_all_that_it_needs() {
        let config = Config::parse(&format!("# ours\n{MUTE}")).unwrap();
        let mute = &config.mutes[0];
        assert_eq!(
            (mute.line, mute.until.to_string().as_str()),
            (3, "2027-01-31")
        );
        let quoted = MUTE.replace("2027-01-31", "\"2027-01-31\"");
        assert!(Config::parse(&quoted).is_ok());
    }

    #[test]
    fn a_mute_without_reason_owner_or_end_is_refused() {
        for key in ["owner", "reason", "until", "rule", "resource"] {
            let lines: Vec<&str> = MUTE.lines().filter(|it| !it.starts_with(key)).collect();
            let said = refused(&lines.join("\n"));
            assert!(said.contains(&format!("missing field `{key}`")), "{said}");
        }
        let said = refused(&MUTE.replace("jane", " "));
        assert!(
            said.starts_with("line 4: a mute needs its `owner`"),
            "{said}"
        );
    }

    #[test]
    fn a_day_that_is_none_is_refused_with_its_line() {
        for day in [
            "2027-02-31",
            "\"31.01.2027\"",
            "2027",
            "\"soon\"",
            "2027-01-31T12:00:00Z",
        ] {
            let said = refused(&MUTE.replace("2027-01-31", day));
            assert!(said.starts_with("line 6: "), "{day}: {said}");
        }
    }

    #[test]
    fn a_resource_that_can_be_none_is_refused() {
        for (resource, why) in [
            ("sg-0123", "names no resource"),
            ("security-grup/sg-0*", "did you mean security-group"),
            ("security-group/", "its key is missing"),
        ] {
            let said = refused(&MUTE.replace("security-group/sg-0*", resource));
            assert!(said.starts_with("line 3: "), "{said}");
            assert!(said.contains(why), "{said}");
        }
        assert!(Config::parse(&MUTE.replace("security-group/sg-0*", "*/prod*")).is_ok());
    }

    #[test]
    fn an_unknown_key_of_a_mute_or_a_rule_is_refused_with_its_line() {
        let said = refused(&format!("{MUTE}untill = 2027-01-31\n"));
        assert!(said.starts_with("line 7: unknown field `untill`"), "{said}");
        let said = refused("[rule.cert-expiring]\nsoon = 60\n");
        assert!(said.starts_with("line 2: unknown field `soon`"), "{said}");
        let said = refused("[rule.cert-expiring]\nseverity = \"bad\"\n");
        assert!(said.starts_with("line 2: unknown variant `bad`"), "{said}");
    }
}
