//! Reads Secrets Manager secrets: one listing, which tells tags too and never a value.

use aws_sdk_secretsmanager::types;
use futures_util::future::BoxFuture;

use super::Secret;
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{self, tag_map, text},
    },
    kind::Kind,
    snapshot::Resource,
};

const SECRETS: Call = Call::new(Service::SecretsManager, "ListSecrets");
/// The most that ListSecrets gives at once.
const PAGE: i32 = 100;

pub const READING: Reading = Reading {
    calls: &[SECRETS],
    source: Source::Region(list),
    deepen: None,
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::Secret);
        // One whose deletion is asked for keeps its name taken until it is gone.
        let request = aws.secrets.list_secrets().include_planned_deletion(true);
        let request = request.max_results(PAGE);
        let pages = request.into_paginator().send();
        for page in found.collect(SECRETS, None, pages).await {
            for secret in page.secret_list.unwrap_or_default() {
                found.add(SECRETS, None, resource(secret));
            }
        }
        found
    })
}

fn resource(secret: types::SecretListEntry) -> Result<Resource, Missing> {
    let name = secret.name.need("Name")?;
    let arn = secret.arn.need("ARN")?;
    let rules = secret.rotation_rules;
    let days = rules.as_ref().and_then(|it| it.automatically_after_days);
    let attrs = Secret {
        arn: arn.clone(),
        key: text(secret.kms_key_id),
        rotation: secret.rotation_enabled.unwrap_or_default(),
        rotation_days: days.and_then(|it| u32::try_from(it).ok()),
        rotation_schedule: rules.and_then(|it| it.schedule_expression),
        rotation_function: text(secret.rotation_lambda_arn),
        rotated: shape::time(secret.last_rotated_date),
        next_rotation: shape::time(secret.next_rotation_date),
        changed: shape::time(secret.last_changed_date),
        accessed: shape::time(secret.last_accessed_date),
        deleted: shape::time(secret.deleted_date),
        owner: text(secret.owning_service),
        primary_region: text(secret.primary_region),
    };
    Ok(Resource::new(name, attrs)
        .arn(arn)
        .created(shape::time(secret.created_date))
        .tags(tag_map!(secret.tags.unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kind::AsKind, snapshot::Reason, testing::replay::Tape};

    const ARN: &str = "arn:aws:secretsmanager:us-east-1:1:secret";

    #[tokio::test]
    async fn pages_of_secrets_become_one_listing_with_those_that_go() {
        let tape = Tape::default()
            .answer(
                200,
                format!(
                    r#"{{"SecretList":[{{"Name":"prod/db","ARN":"{ARN}:prod/db-a1B2c3",
                    "Description":"planted-secret-description","KmsKeyId":"k",
                    "RotationEnabled":true,"RotationLambdaARN":"arn:aws:lambda:us-east-1:1:function:f",
                    "RotationRules":{{"AutomaticallyAfterDays":30}},
                    "LastAccessedDate":1.5250356E9,"LastChangedDate":1.5250356E9,
                    "SecretVersionsToStages":{{"v":["AWSCURRENT"]}},
                    "Tags":[{{"Key":"Rack","Value":"prod"}}],"CreatedDate":1.5250356E9}}],
                    "NextToken":"t"}}"#
                ),
            )
            .answer(
                200,
                format!(
                    r#"{{"SecretList":[{{"Name":"old","ARN":"{ARN}:old-a1B2c3",
                    "DeletedDate":1.5250356E9,"OwningService":"rds"}}]}}"#
                ),
            );
        let found = list(&tape.aws()).await;
        let of = |at: usize| Secret::of(&found.resources[at].attrs).unwrap();
        assert_eq!(of(0).rotation_days, Some(30));
        assert!(of(0).accessed.is_some() && !of(0).is_going());
        assert_eq!(found.resources[0].tags["Rack"], "prod");
        assert!(of(1).is_going());
        assert_eq!(of(1).owner.as_deref(), Some("rds"));
        assert!(tape.asked()[0].contains(r#""IncludePlannedDeletion":true"#));
        assert!(!format!("{found:?}").contains("planted-secret"));
    }

    #[tokio::test]
    async fn a_secret_without_an_arn_is_a_gap_beside_the_others() {
        let tape = Tape::default().answer(
            200,
            format!(r#"{{"SecretList":[{{"Name":"a"}},{{"Name":"b","ARN":"{ARN}:b-a1B2c3"}}]}}"#),
        );
        let found = list(&tape.aws()).await;
        assert_eq!(found.resources[0].id.key, "b");
        assert_eq!(found.gaps[0].message, "the answer has no ARN");
    }

    #[tokio::test]
    async fn a_refused_listing_is_a_gap() {
        let denied = r#"{"__type":"AccessDeniedException","Message":"no"}"#;
        let found = list(&Tape::default().answer(400, denied).aws()).await;
        assert_eq!(found.gaps[0].action, "secretsmanager:ListSecrets");
        assert_eq!(found.gaps[0].reason, Reason::Denied);
    }
}
