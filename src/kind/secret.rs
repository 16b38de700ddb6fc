//! Secrets Manager secret: who opens it, when it changes and how it goes. Its value is never read.
//!
//! Key: the secret's name. AWS puts a hyphen and six characters behind it in the ARN, and things
//! refer to it by name, by that ARN or by the ARN without them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Model, key};
use crate::{
    arn::{self, Arn},
    charge::Charge,
    relation::{Relation, RelationKind},
    removal::{Action, Data, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Secret {
    pub arn: String,
    /// ARN of the KMS key; absent where AWS's own key for secrets encrypts it.
    pub key: Option<String>,
    /// Whether its value is changed on schedule.
    pub rotation: bool,
    /// Days from one rotation to the next.
    pub rotation_days: Option<u32>,
    /// `rate(10 days)`, `cron(0 16 1,15 * ? *)`.
    pub rotation_schedule: Option<String>,
    /// ARN of the function that rotates it.
    pub rotation_function: Option<String>,
    /// When it was last rotated; absent where that never was.
    pub rotated: Option<Timestamp>,
    pub next_rotation: Option<Timestamp>,
    /// When anything of it was last changed.
    pub changed: Option<Timestamp>,
    /// The day of its last reading; absent where nobody ever read it in the region.
    pub accessed: Option<Timestamp>,
    /// AWS's date for its deletion, where that is asked for; it can be restored for some days.
    pub deleted: Option<Timestamp>,
    /// The service of AWS that made it and looks after it: `rds`.
    pub owner: Option<String>,
    /// The region that it is copied from or to others, where it is copied.
    pub primary_region: Option<String>,
}

impl Secret {
    /// Whether its deletion is asked for; nobody can read it from that moment on.
    pub fn is_going(&self) -> bool {
        self.deleted.is_some()
    }

    /// Whether it is a copy of a secret in another region.
    pub fn is_copy(&self) -> bool {
        let own = Arn::parse(&self.arn).map(|it| it.region);
        own.is_some()
            && self
                .primary_region
                .as_deref()
                .is_some_and(|it| own != Some(it))
    }
}

/// A secret's ARN without the hyphen and the six characters that AWS puts behind the name.
pub fn partial(arn: &str) -> Option<&str> {
    let (partial, suffix) = arn.rsplit_once('-')?;
    (suffix.len() == 6).then_some(partial)
}

impl Model for Secret {
    fn relations(&self) -> Vec<Relation> {
        let function = self.rotation_function.as_deref();
        let function = function.and_then(|it| arn::beside(it, &self.arn));
        let function =
            function.map(|it| Relation::new(RelationKind::Uses, it, "RotationLambdaARN"));
        key::used(self.key.as_deref(), "KmsKeyId")
            .into_iter()
            .chain(function)
            .collect()
    }

    fn other_keys(&self) -> Vec<String> {
        partial(&self.arn)
            .map(ToOwned::to_owned)
            .into_iter()
            .collect()
    }

    fn charges(&self) -> Vec<Charge> {
        if self.is_going() {
            return Vec::new();
        }
        let service = "AWSSecretsManager";
        vec![
            Charge::per_month("secret", service, "AWSSecretsManager-Secrets", 1),
            Charge::metered(
                "requests",
                service,
                "AWSSecretsManagerAPIRequest",
                "request",
            ),
        ]
    }

    fn removal(&self) -> Removal {
        if self.is_going() {
            return Removal::Follows("its deletion is asked for; AWS deletes it some days later");
        }
        if self.owner.is_some() {
            return Removal::Follows("the service that made it deletes it");
        }
        if self.is_copy() {
            return Removal::Never("it is a copy of a secret in another region");
        }
        Removal::by(Action::DeleteSecret).losing(Data::Secrets)
    }

    fn summary(&self) -> String {
        let day = |it: Timestamp| it.strftime("%Y-%m-%d").to_string();
        if let Some(deleted) = self.deleted {
            return format!("deletion asked for, dated {}", day(deleted));
        }
        let rotation = match (self.rotation, self.rotation_days) {
            (false, _) => "not rotated".to_owned(),
            (true, None) => "rotated".to_owned(),
            (true, Some(it)) => format!("rotated every {it} days"),
        };
        let read = self.accessed.map(|it| format!("last read {}", day(it)));
        let read = read.unwrap_or_else(|| "never read".to_owned());
        let owner = self.owner.as_ref();
        let owner = owner
            .map(|it| format!(", kept by {it}"))
            .unwrap_or_default();
        format!("{rotation}, {read}{owner}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        graph::Graph,
        id::ResourceId,
        kind::{
            Kind,
            task_definition::{ContainerDefinition, SecretRef, TaskDefinition},
        },
        snapshot::Resource,
    };

    const ARN: &str = "arn:aws:secretsmanager:us-east-1:1:secret:prod/my-secret-a1B2c3";

    fn secret() -> Secret {
        Secret {
            arn: ARN.to_owned(),
            ..Secret::default()
        }
    }

    #[test]
    fn it_is_found_by_name_by_arn_and_by_the_arn_without_its_end() {
        let other = Secret {
            arn: "arn:aws:secretsmanager:us-east-1:1:secret:prod/my-x1y2z3".to_owned(),
            ..Secret::default()
        };
        let all = [
            Resource::new("prod/my-secret", secret()).arn(ARN.to_owned()),
            Resource::new("prod/my", other.clone()).arn(other.arn),
        ];
        let graph = Graph::build(&all);
        let found = |id: &ResourceId| graph.get(id).map(|it| it.id.key.as_str());
        for text in [
            ARN,
            "arn:aws:secretsmanager:us-east-1:1:secret:prod/my-secret",
            "arn:aws:secretsmanager:us-east-1:1:secret:prod/my-secret:password::",
            "arn:aws:secretsmanager:us-east-1:1:secret:prod/my-secret-a1B2c3:password:AWSCURRENT:",
        ] {
            let id = arn::resource(text).unwrap();
            assert_eq!(found(&id), Some("prod/my-secret"), "{text}");
        }
        let name = ResourceId::new(Kind::Secret, "prod/my-secret");
        assert_eq!(found(&name), Some("prod/my-secret"));
    }

    #[test]
    fn a_definition_that_names_it_in_two_ways_holds_it_once() {
        let short = "arn:aws:secretsmanager:us-east-1:1:secret:prod/my-secret:password::";
        let secrets = [ARN, short].map(|it| SecretRef {
            name: "IT".to_owned(),
            from: it.to_owned(),
        });
        let definition = TaskDefinition {
            arn: "arn:aws:ecs:us-east-1:1:task-definition/web:3".to_owned(),
            containers: vec![ContainerDefinition {
                secrets: secrets.to_vec(),
                ..ContainerDefinition::default()
            }],
            ..TaskDefinition::default()
        };
        let all = [
            Resource::new("prod/my-secret", secret()).arn(ARN.to_owned()),
            Resource::new("web:3", definition),
        ];
        let graph = Graph::build(&all);
        assert_eq!(graph.users(&all[0].id).len(), 1);
        assert_eq!(graph.dangling(), []);
    }

    #[test]
    fn it_uses_its_key_and_the_function_that_rotates_it() {
        let secret = Secret {
            key: Some("arn:aws:kms:us-east-1:1:key/k".to_owned()),
            rotation_function: Some("arn:aws:lambda:us-east-1:1:function:rotate".to_owned()),
            ..secret()
        };
        let held = secret.relations().into_iter().map(|it| it.to.to_string());
        assert_eq!(held.collect::<Vec<_>>(), ["key/k", "function/rotate"]);
    }

    #[test]
    fn one_that_goes_is_neither_billed_nor_deleted_again() {
        let mut secret = secret();
        let lost = Removal::by(Action::DeleteSecret).losing(Data::Secrets);
        assert_eq!((secret.charges().len(), secret.removal()), (2, lost));
        secret.deleted = Some(Timestamp::UNIX_EPOCH);
        assert!(secret.charges().is_empty());
        assert!(matches!(secret.removal(), Removal::Follows(_)));
    }

    #[test]
    fn one_that_a_service_made_goes_with_what_it_was_made_for() {
        let owned = Secret {
            owner: Some("rds".to_owned()),
            ..secret()
        };
        assert!(matches!(owned.removal(), Removal::Follows(_)));
    }

    #[test]
    fn only_the_copy_of_a_secret_is_not_ours_to_delete() {
        let in_region = |region: &str| Secret {
            primary_region: Some(region.to_owned()),
            ..secret()
        };
        assert!(matches!(
            in_region("eu-west-1").removal(),
            Removal::Never(_)
        ));
        assert!(matches!(
            in_region("us-east-1").removal(),
            Removal::By { .. }
        ));
    }
}
