//! What a rule's file says, and what it is in the program.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Category, Consequence, Rule, Severity, Status};
use crate::{
    id::ResourceId,
    snapshot::{
        Resource,
        money::{Account, Metered},
    },
};

/// The text and numbers of a rule, from its file.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Words {
    /// What is wrong when it fails, in a few words.
    pub title: String,
    pub severity: Severity,
    pub category: Category,
    /// What it means for whoever takes the rack down; rules without one are no part of that
    /// review.
    #[serde(default)]
    pub teardown: Option<Consequence>,
    /// Whether what it is about could go, and all that it costs with it.
    #[serde(default)]
    pub waste: bool,
    /// What it means for a rack.
    pub risk: String,
    /// Steps that mend it.
    pub remedy: Vec<String>,
    /// `https://` addresses.
    pub references: Vec<String>,
    /// What Prowler, Security Hub and Trusted Advisor call their nearest check.
    #[serde(default)]
    pub equivalents: Vec<String>,
    /// Its adjustable numbers and lists, with their defaults.
    #[serde(default)]
    pub parameters: toml::Table,
    /// Small accounts on which it must fail, pass or not know.
    pub example: Vec<Example>,
}

impl Words {
    /// A parameter that is a list of ports.
    pub fn ports(&self, name: &str) -> Vec<u16> {
        let ports = self.parameters.get(name).and_then(toml::Value::as_array);
        let ports = ports.into_iter().flatten();
        ports
            .filter_map(|it| u16::try_from(it.as_integer()?).ok())
            .collect()
    }

    /// A parameter that is a list of texts.
    pub fn texts(&self, name: &str) -> Vec<&str> {
        let texts = self.parameters.get(name).and_then(toml::Value::as_array);
        let texts = texts.into_iter().flatten();
        texts.filter_map(toml::Value::as_str).collect()
    }

    /// A parameter that is a text; empty where it is missing.
    pub fn text(&self, name: &str) -> &str {
        let text = self.parameters.get(name).and_then(toml::Value::as_str);
        text.unwrap_or_default()
    }

    /// A parameter that is a number; 0 where it is missing.
    pub fn number(&self, name: &str) -> i64 {
        let number = self.parameters.get(name).and_then(toml::Value::as_integer);
        number.unwrap_or_default()
    }
}

/// A small account and what the rule must say about one resource in it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Example {
    /// What it shows, as a sentence without its full stop.
    pub name: String,
    pub subject: ResourceId,
    pub verdict: Status,
    /// What the account says of itself, where it was asked.
    #[serde(default)]
    pub account: Option<Account>,
    /// What CloudWatch counted, where it was asked.
    #[serde(default)]
    pub used: Option<Metered>,
    pub resources: Vec<Resource>,
}

/// A rule's file that cannot be understood; a test keeps this from ever being seen.
#[derive(Debug, thiserror::Error)]
#[error("rules/{id}.toml: {source}")]
pub struct BadWords {
    id: &'static str,
    source: toml::de::Error,
}

impl Rule {
    /// Reads the rule's file.
    ///
    /// # Errors
    /// When the file is not what a rule's file should be.
    pub fn words(&self) -> Result<Words, BadWords> {
        toml::from_str(self.words).map_err(|source| BadWords {
            id: self.id,
            source,
        })
    }

    /// What its file remarks on its parameters, by their names. A remark stands above the
    /// parameters that it is about.
    pub fn remarks(&self) -> BTreeMap<String, String> {
        let lines = self.words.lines();
        let lines = lines.skip_while(|it| *it != "[parameters]").skip(1);
        let mut remarks = BTreeMap::new();
        let mut remark: Vec<&str> = Vec::new();
        let mut above = false;
        for line in lines.take_while(|it| !it.starts_with('[')) {
            if let Some(text) = line.strip_prefix("# ") {
                if !above {
                    remark.clear();
                }
                remark.push(text);
                above = true;
            } else {
                above = false;
                let name = line.split_once(" = ").map(|it| it.0);
                // What is indented goes on with a list.
                if let Some(name) = name.filter(|it| !it.starts_with(' ')) {
                    remarks.insert(name.to_owned(), remark.join(" "));
                }
            }
        }
        remarks
    }
}
