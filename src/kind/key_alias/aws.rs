//! Reads KMS aliases: one listing.

use aws_sdk_kms::types;
use futures_util::future::BoxFuture;

use super::KeyAlias;
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape,
    },
    kind::Kind,
    snapshot::Resource,
};

const ALIASES: Call = Call::new(Service::Kms, "ListAliases");

pub const READING: Reading = Reading {
    calls: &[ALIASES],
    source: Source::Region(list),
    deepen: None,
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::KeyAlias);
        let pages = aws.kms.list_aliases().into_paginator().items().send();
        found.pages(ALIASES, pages, resource).await;
        found
    })
}

fn resource(alias: types::AliasListEntry) -> Result<Resource, Missing> {
    let name = alias.alias_name.need("AliasName")?;
    let attrs = KeyAlias {
        target: alias.target_key_id,
        aws_managed: name.starts_with("alias/aws/"),
    };
    Ok(Resource::new(name, attrs)
        .arn(alias.alias_arn)
        .created(shape::time(alias.creation_date)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{removal::Removal, testing::replay::Tape};

    #[tokio::test]
    async fn the_aliases_of_aws_stay() {
        let tape = Tape::default().answer(
            200,
            r#"{"Aliases":[{"AliasName":"alias/rack","TargetKeyId":"k-1"},
                {"AliasName":"alias/aws/s3"}],"Truncated":false}"#,
        );
        let found = list(&tape.aws()).await;
        let stays = |at: usize| {
            let removal = found.resources[at].attrs.model().removal();
            matches!(removal, Removal::Never(_))
        };
        assert!(!stays(0) && stays(1));
        let relations = found.resources[0].attrs.model().relations();
        assert_eq!(relations[0].to.to_string(), "key/k-1");
    }
}
