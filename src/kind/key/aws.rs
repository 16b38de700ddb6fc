//! Reads KMS keys: their ids, then what the rack's own are.

use aws_sdk_kms::types;
use futures_util::future::BoxFuture;

use super::{Key, KeyFacts};
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape,
    },
    kind::{AsKind, Fact, Kind},
    snapshot::Resource,
};

const KEYS: Call = Call::new(Service::Kms, "ListKeys");
const DESCRIBE: Call = Call::new(Service::Kms, "DescribeKey");
const TAGS: Call = Call::new(Service::Kms, "ListResourceTags");

pub const READING: Reading = Reading {
    calls: &[KEYS, DESCRIBE, TAGS],
    source: Source::Region(list),
    deepen: Some(deepen),
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::Key);
        let pages = aws.kms.list_keys().into_paginator().items().send();
        found.pages(KEYS, pages, resource).await;
        found
    })
}

fn resource(key: types::KeyListEntry) -> Result<Resource, Missing> {
    Ok(Resource::new(key.key_id.need("KeyId")?, Key::default()).arn(key.key_arn))
}

fn deepen(aws: &Aws, keys: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(aws.find_each(Kind::Key, keys, |it| describe(aws, it)))
}

async fn describe(aws: &Aws, mut key: Resource) -> Found {
    let mut found = Found::of(Kind::Key);
    let id = key.id.clone();
    let answer = aws.kms.describe_key().key_id(&id.key).send().await;
    if let Some(answer) = found.answer(DESCRIBE, Some(&id), answer) {
        key.created = answer
            .key_metadata
            .as_ref()
            .and_then(|it| shape::time(it.creation_date));
        match answer.key_metadata.need("KeyMetadata").and_then(facts) {
            Ok(facts) => {
                let facts = Fact::Known(facts);
                key.attrs = Key { facts }.into();
            }
            Err(missing) => found.malformed(DESCRIBE, Some(&id), missing),
        }
    }
    let aws_managed = Key::of(&key.attrs).and_then(Key::is_aws_managed);
    // AWS's own keys bear no tags.
    if aws_managed != Some(true) {
        let pages = aws.kms.list_resource_tags().key_id(&id.key);
        let pages = pages.into_paginator().items().send();
        let tags = found.collect(TAGS, Some(&id), pages).await.into_iter();
        key = key.tags(tags.map(|it| (it.tag_key, it.tag_value)).collect());
    }
    found.resources.push(key);
    found
}

fn facts(key: types::KeyMetadata) -> Result<KeyFacts, Missing> {
    let word = |it: &str| it.to_owned();
    Ok(KeyFacts {
        state: word(key.key_state.need("KeyState")?.as_str()),
        manager: word(key.key_manager.need("KeyManager")?.as_str()),
        description: key.description.unwrap_or_default(),
        spec: key.key_spec.map(|it| word(it.as_str())),
        usage: key.key_usage.map(|it| word(it.as_str())),
        origin: key.origin.map(|it| word(it.as_str())),
        multi_region: key.multi_region.unwrap_or_default(),
        deletion: shape::time(key.deletion_date),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::replay::Tape;

    fn one() -> Vec<Resource> {
        vec![Resource::new("k-1", Key::default())]
    }

    #[tokio::test]
    async fn pages_of_keys_become_one_listing() {
        let tape = Tape::default()
            .answer(
                200,
                r#"{"Keys":[{"KeyId":"k-1"}],"Truncated":true,"NextMarker":"m"}"#,
            )
            .answer(200, r#"{"Keys":[{"KeyId":"k-2"},{}],"Truncated":false}"#);
        let found = list(&tape.aws()).await;
        assert_eq!(found.resources.len(), 2);
        assert_eq!(found.gaps[0].message, "the answer has no KeyId");
    }

    #[tokio::test]
    async fn a_customer_key_is_described_with_its_tags() {
        let tape = Tape::default()
            .answer(
                200,
                r#"{"KeyMetadata":{"KeyId":"k-1","KeyManager":"CUSTOMER",
                    "KeyState":"PendingDeletion","DeletionDate":1525035600,
                    "Description":"rack"}}"#,
            )
            .answer(200, r#"{"Tags":[{"TagKey":"Name","TagValue":"rack key"}]}"#);
        let found = deepen(&tape.aws(), one()).await;
        let key = &found.resources[0];
        assert_eq!(key.label(), "rack key");
        let facts = Key::of(&key.attrs).unwrap().facts.known().unwrap();
        assert!(facts.is_going() && facts.deletion.is_some());
    }

    #[tokio::test]
    async fn a_key_of_aws_is_not_asked_for_tags() {
        let tape = Tape::default().answer(
            200,
            r#"{"KeyMetadata":{"KeyId":"k-1","KeyManager":"AWS","KeyState":"Enabled"}}"#,
        );
        let found = deepen(&tape.aws(), one()).await;
        assert!(found.gaps.is_empty());
        assert_eq!(tape.asked().len(), 1);
    }

    #[tokio::test]
    async fn a_key_that_may_not_be_described_stays_unread() {
        let denied = r#"{"__type":"AccessDeniedException","message":"no"}"#;
        let tape = Tape::default().answer(400, denied).answer(400, denied);
        let found = deepen(&tape.aws(), one()).await;
        assert_eq!(
            Key::of(&found.resources[0].attrs).unwrap().facts,
            Fact::Unread
        );
        assert_eq!(found.gaps[0].action, "kms:DescribeKey");
        assert_eq!(found.gaps[1].action, "kms:ListResourceTags");
    }
}
