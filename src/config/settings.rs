//! Tables `[rule.ID]`: a rule's severity, its parameters, and whether it is asked at all.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::line_at;
use crate::rule::Severity;

/// What is set for one rule.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Setting {
    /// Where its table begins, from 1.
    pub line: usize,
    pub severity: Option<Placed<Severity>>,
    pub enabled: Option<Placed<bool>>,
    pub parameters: BTreeMap<String, Placed<toml::Value>>,
}

/// A value, and the line that says it.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed<T> {
    pub value: T,
    /// From 1.
    pub line: usize,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SettingTable {
    severity: Option<Spanned<Severity>>,
    enabled: Option<Spanned<bool>>,
    parameters: BTreeMap<String, Spanned<toml::Value>>,
}

impl SettingTable {
    pub(super) fn placed(self, line: usize, text: &str) -> Setting {
        let parameters = self.parameters.into_iter();
        Setting {
            line,
            severity: self.severity.map(|it| placed(it, text)),
            enabled: self.enabled.map(|it| placed(it, text)),
            parameters: parameters
                .map(|(name, it)| (name, placed(it, text)))
                .collect(),
        }
    }
}

fn placed<T>(it: Spanned<T>, text: &str) -> Placed<T> {
    let line = line_at(text, it.span().start);
    Placed {
        value: it.into_inner(),
        line,
    }
}
