//! KMS key: whatever it encrypted can be read only while it is there.
//!
//! Key: the key's id, not its ARN.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Fact, Kind, Model};
use crate::{
    arn,
    charge::Charge,
    id::ResourceId,
    relation::{Relation, RelationKind},
    removal::{Action, Data, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Key {
    /// What `DescribeKey` tells; the listing tells no more than that it is there.
    pub facts: Fact<KeyFacts>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeyFacts {
    /// AWS's word: `Enabled`, `Disabled`, `PendingDeletion`.
    pub state: String,
    /// `CUSTOMER`, or `AWS` for a key that a service made for itself.
    pub manager: String,
    pub description: String,
    /// `SYMMETRIC_DEFAULT`, `RSA_2048`.
    pub spec: Option<String>,
    /// `ENCRYPT_DECRYPT`, `SIGN_VERIFY`.
    pub usage: Option<String>,
    /// `AWS_KMS`, `EXTERNAL`, `AWS_CLOUDHSM`.
    pub origin: Option<String>,
    pub multi_region: bool,
    /// When it goes, where its deletion is scheduled.
    pub deletion: Option<Timestamp>,
}

impl Key {
    /// Whether a service of AWS made it for itself. `None` when that was not read.
    pub fn is_aws_managed(&self) -> Option<bool> {
        self.facts.known().map(|it| it.manager == "AWS")
    }
}

impl KeyFacts {
    /// Whether its deletion is scheduled; it decrypts nothing from that moment on.
    pub fn is_going(&self) -> bool {
        matches!(
            self.state.as_str(),
            "PendingDeletion" | "PendingReplicaDeletion"
        )
    }
}

/// The key, or alias, that a setting names by id, by ARN or by alias.
///
/// `None` for the aliases that AWS keeps for its own keys.
pub fn named(text: &str) -> Option<ResourceId> {
    let id = if text.starts_with("arn:") {
        arn::resource(text)?
    } else if text.starts_with("alias/") {
        ResourceId::new(Kind::KeyAlias, text)
    } else {
        ResourceId::new(Kind::Key, text)
    };
    let ours = !id.key.is_empty() && !id.key.starts_with("alias/aws/");
    (matches!(id.kind, Kind::Key | Kind::KeyAlias) && ours).then_some(id)
}

/// The edge to the key that a setting names.
pub fn used(text: Option<&str>, evidence: &'static str) -> Option<Relation> {
    let key = named(text?)?;
    Some(Relation::new(RelationKind::Uses, key, evidence))
}

impl Model for Key {
    fn relations(&self) -> Vec<Relation> {
        Vec::new()
    }

    fn charges(&self) -> Vec<Charge> {
        match self.facts.known() {
            Some(it) if it.manager == "CUSTOMER" && !it.is_going() => vec![
                Charge::per_month("key", "awskms", "KMS-Keys", 1),
                Charge::metered("requests", "awskms", "KMS-Requests", "request"),
            ],
            Some(_) => Vec::new(),
            None => vec![Charge::unread(
                "key",
                "awskms",
                "whether the key is the account's own was not read",
            )],
        }
    }

    fn removal(&self) -> Removal {
        match self.facts.known() {
            Some(it) if it.manager == "AWS" => Removal::Never("AWS manages this key"),
            Some(it) if it.is_going() => {
                Removal::Follows("its deletion is scheduled; AWS deletes it on that day")
            }
            _ => Removal::by(Action::ScheduleKeyDeletion).losing(Data::Keys),
        }
    }

    fn state(&self) -> Option<&str> {
        self.facts.known().map(|it| it.state.as_str())
    }

    fn summary(&self) -> String {
        let Some(facts) = self.facts.known() else {
            return "not described".to_owned();
        };
        let manager = match facts.manager.as_str() {
            "AWS" => "managed by AWS",
            "CUSTOMER" => "managed by the customer",
            it => it,
        };
        let mut text = manager.to_owned();
        if let Some(day) = facts.deletion {
            text.push_str(&format!(", goes {}", day.strftime("%Y-%m-%d")));
        }
        if !facts.description.is_empty() {
            text.push_str(": ");
            text.push_str(&facts.description);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charge::Amount;

    fn key(manager: &str, state: &str) -> Key {
        Key {
            facts: Fact::Known(KeyFacts {
                manager: manager.to_owned(),
                state: state.to_owned(),
                ..KeyFacts::default()
            }),
        }
    }

    #[test]
    fn a_key_of_aws_is_neither_billed_nor_removed() {
        let key = key("AWS", "Enabled");
        assert!(key.charges().is_empty());
        assert!(matches!(key.removal(), Removal::Never(_)));
    }

    #[test]
    fn a_key_that_was_not_described_may_be_billed() {
        let charges = Key::default().charges();
        assert!(matches!(charges[0].amount, Amount::Unread(_)));
    }

    #[test]
    fn a_disabled_key_is_billed_and_one_that_goes_is_not() {
        assert_eq!(key("CUSTOMER", "Disabled").charges().len(), 2);
        assert!(key("CUSTOMER", "PendingDeletion").charges().is_empty());
    }

    #[test]
    fn a_setting_may_name_a_key_in_four_ways() {
        for (text, id) in [
            ("1234-abcd", Some("key/1234-abcd")),
            (
                "arn:aws:kms:us-east-1:1:key/1234-abcd",
                Some("key/1234-abcd"),
            ),
            ("alias/data", Some("key-alias/alias/data")),
            (
                "arn:aws:kms:us-east-1:1:alias/data",
                Some("key-alias/alias/data"),
            ),
            ("alias/aws/s3", None),
            ("arn:aws:s3:::data", None),
            ("", None),
        ] {
            let named = named(text).map(|it| it.to_string());
            assert_eq!(named.as_deref(), id, "{text}");
        }
    }
}
