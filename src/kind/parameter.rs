//! Systems Manager parameter: a setting that tasks are started with. Its value is never read.
//!
//! Key: the parameter's name, with the slash before it where it has one.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Kind, Model, key};
use crate::{
    charge::Charge,
    id::ResourceId,
    relation::Relation,
    removal::{Action, Data, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Parameter {
    /// `String`, `StringList` or `SecureString`.
    #[serde(rename = "type")]
    pub parameter_type: String,
    /// `Standard`, which costs nothing, or `Advanced`.
    pub tier: Option<String>,
    /// The KMS key of a `SecureString`, by id, ARN or alias.
    pub key: Option<String>,
    pub modified: Option<Timestamp>,
    pub version: Option<u64>,
    /// `text`, `aws:ec2:image`.
    pub data_type: Option<String>,
}

/// The parameter that a name names, with or without `:version` behind it, or the secret, where the
/// name is one of those by which Systems Manager lends out secrets.
///
/// `None` for the parameters of AWS's own.
pub fn named(text: &str) -> Option<ResourceId> {
    let name = text.split(':').next().unwrap_or(text);
    if let Some(secret) = name.strip_prefix("/aws/reference/secretsmanager/") {
        return Some(ResourceId::new(Kind::Secret, secret));
    }
    let ours = !name.is_empty() && !name.starts_with("/aws/service/");
    ours.then(|| ResourceId::new(Kind::Parameter, name))
}

impl Model for Parameter {
    fn relations(&self) -> Vec<Relation> {
        key::used(self.key.as_deref(), "KeyId")
            .into_iter()
            .collect()
    }

    fn charges(&self) -> Vec<Charge> {
        let (component, service) = ("advanced parameter", "AWSSystemsManager");
        match self.tier.as_deref() {
            Some("Advanced") => {
                let usage = "PS-Advanced-Param-Tier1";
                vec![Charge::per_hour(component, service, usage, 1)]
            }
            Some(_) => Vec::new(),
            None => vec![Charge::unread(
                component,
                service,
                "whether it is an advanced parameter was not read",
            )],
        }
    }

    fn removal(&self) -> Removal {
        Removal::by(Action::DeleteParameter).losing(Data::Secrets)
    }

    fn summary(&self) -> String {
        let tier = self.tier.as_deref();
        let tier = tier.map(|it| format!(", tier {it}")).unwrap_or_default();
        let version = self.version;
        let version = version
            .map(|it| format!(", version {it}"))
            .unwrap_or_default();
        format!("{}{tier}{version}", self.parameter_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charge::Amount;

    #[test]
    fn a_name_may_name_a_parameter_of_ours_of_aws_or_a_secret() {
        for (text, id) in [
            ("/prod/db", Some("parameter//prod/db")),
            ("token", Some("parameter/token")),
            ("/prod/db:3", Some("parameter//prod/db")),
            (
                "/aws/reference/secretsmanager/prod/db",
                Some("secret/prod/db"),
            ),
            (
                "/aws/service/ecs/optimized-ami/amazon-linux-2/recommended",
                None,
            ),
            ("", None),
        ] {
            let named = named(text).map(|it| it.to_string());
            assert_eq!(named.as_deref(), id, "{text}");
        }
    }

    #[test]
    fn only_an_advanced_one_is_billed() {
        let of = |tier: &str| Parameter {
            tier: Some(tier.to_owned()),
            ..Parameter::default()
        };
        assert!(of("Standard").charges().is_empty());
        assert_eq!(of("Advanced").charges().len(), 1);
    }

    #[test]
    fn one_of_an_unknown_tier_may_be_billed() {
        let charges = Parameter::default().charges();
        assert!(matches!(charges[0].amount, Amount::Unread(_)));
    }

    #[test]
    fn it_uses_its_key_unless_that_is_of_aws() {
        let of = |key: &str| {
            let key = Some(key.to_owned());
            let parameter = Parameter {
                key,
                ..Parameter::default()
            };
            parameter.relations().len()
        };
        assert_eq!((of("alias/rack"), of("alias/aws/ssm")), (1, 0));
    }
}
