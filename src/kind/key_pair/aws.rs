//! Reads key pairs: one listing, which has no pages.

use aws_sdk_ec2::types;
use futures_util::future::BoxFuture;

use super::KeyPair;
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{self, tag_map},
    },
    kind::Kind,
    snapshot::Resource,
};

const PAIRS: Call = Call::new(Service::Ec2, "DescribeKeyPairs");

pub const READING: Reading = Reading {
    calls: &[PAIRS],
    source: Source::Region(list),
    deepen: None,
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::KeyPair);
        let answer = aws.ec2.describe_key_pairs().send().await;
        let answer = found.answer(PAIRS, None, answer);
        for pair in answer.and_then(|it| it.key_pairs).unwrap_or_default() {
            found.add(PAIRS, None, resource(pair));
        }
        found
    })
}

fn resource(pair: types::KeyPairInfo) -> Result<Resource, Missing> {
    let name = pair.key_name.need("KeyName")?;
    let attrs = KeyPair {
        key_pair_id: pair.key_pair_id.unwrap_or_default(),
        key_type: pair.key_type.map(|it| it.as_str().to_owned()),
    };
    Ok(Resource::new(name, attrs)
        .created(shape::time(pair.create_time))
        .tags(tag_map!(pair.tags.unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kind::AsKind, testing::replay::Tape};

    #[tokio::test]
    async fn a_pair_without_a_name_is_a_gap_beside_the_others() {
        let tape = Tape::default().answer(
            200,
            "<DescribeKeyPairsResponse><keySet>
               <item><keyName>ops</keyName><keyPairId>key-1</keyPairId>
                 <keyType>ed25519</keyType></item>
               <item><keyPairId>key-2</keyPairId></item>
             </keySet></DescribeKeyPairsResponse>",
        );
        let found = list(&tape.aws()).await;
        let pair = KeyPair::of(&found.resources[0].attrs).unwrap();
        assert_eq!(found.resources[0].id.key, "ops");
        assert_eq!(pair.key_type.as_deref(), Some("ed25519"));
        assert_eq!(found.gaps[0].message, "the answer has no KeyName");
    }
}
