//! Tables `[[mute]]`: findings that someone has accepted, why, and until when.

use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;

use super::{Placed, line_at};
use crate::{kind::Kind, mute::Mute, table};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MuteTable {
    rule: Spanned<String>,
    resource: Spanned<String>,
    key: Option<String>,
    rack: Option<String>,
    owner: Spanned<String>,
    reason: Spanned<String>,
    until: Spanned<toml::Value>,
}

impl MuteTable {
    /// The mute; else what is wrong with it, and in which line.
    pub(super) fn check(self, text: &str) -> Result<Mute, Placed<String>> {
        let bad = |at: usize, value: String| Placed {
            value,
            line: line_at(text, at),
        };
        for (name, it) in [("owner", &self.owner), ("reason", &self.reason)] {
            if it.get_ref().trim().is_empty() {
                let message = format!("a mute needs its `{name}`: say who accepts this, and why");
                return Err(bad(it.span().start, message));
            }
        }
        let resource = self.resource.get_ref();
        if let Some(message) = unusable(resource) {
            return Err(bad(self.resource.span().start, message));
        }
        let until = day(self.until.get_ref()).ok_or_else(|| {
            let message = "`until` is no day: write it as 2027-01-31".to_owned();
            bad(self.until.span().start, message)
        })?;
        Ok(Mute {
            line: line_at(text, self.rule.span().start),
            rule: self.rule.into_inner(),
            resource: self.resource.into_inner(),
            key: self.key,
            rack: self.rack,
            owner: self.owner.into_inner(),
            reason: self.reason.into_inner(),
            until,
        })
    }
}

/// Why a pattern can match no resource.
fn unusable(resource: &str) -> Option<String> {
    if resource == "*" {
        return None;
    }
    let Some((kind, key)) = resource.split_once('/') else {
        let what = "write KIND/KEY, where `*` stands for any letters: security-group/sg-0*";
        return Some(format!("`{resource}` names no resource: {what}"));
    };
    if key.is_empty() {
        return Some(format!(
            "`{resource}` names no resource: its key is missing"
        ));
    }
    if kind.contains(['*', '?']) || Kind::from_name(kind).is_some() {
        return None;
    }
    let all = Kind::ALL.iter().map(|it| it.name());
    let near = table::near(kind, all);
    let meant = if near.is_empty() {
        "`racklens rules facts` lists them".to_owned()
    } else {
        format!("did you mean {}?", near.join(" or "))
    };
    Some(format!("`{kind}` is no kind of resource: {meant}"))
}

fn day(value: &toml::Value) -> Option<Date> {
    let text = match value {
        toml::Value::Datetime(it) => it.to_string(),
        toml::Value::String(it) => it.clone(),
        toml::Value::Integer(_)
        | toml::Value::Float(_)
        | toml::Value::Boolean(_)
        | toml::Value::Array(_)
        | toml::Value::Table(_) => return None,
    };
    // A time of day would be taken for the whole day.
    Date::strptime("%Y-%m-%d", text.trim()).ok()
}
