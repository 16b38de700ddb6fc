//! Reads Systems Manager parameters: those that something of the rack refers to, fifty at a time,
//! because an account may hold thousands; never their values.

use aws_sdk_ssm::types::{self, ParameterStringFilter, ResourceTypeForTagging};
use futures_util::future::BoxFuture;

use super::Parameter;
use crate::{
    arn::Arn,
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{self, tag_map, text},
    },
    id::ResourceId,
    kind::Kind,
    snapshot::{Reason, Resource},
};

const DESCRIBE: Call = Call::new(Service::Ssm, "DescribeParameters");
const TAGS: Call = Call::new(Service::Ssm, "ListTagsForResource");
/// The most names that one filter of DescribeParameters takes, and the most that it gives at once.
const BATCH: usize = 50;
const PAGE: i32 = 50;

pub const READING: Reading = Reading {
    calls: &[DESCRIBE, TAGS],
    source: Source::Referred(fetch),
    deepen: Some(deepen),
};

fn fetch(aws: &Aws, ids: Vec<ResourceId>) -> BoxFuture<'_, Found> {
    Box::pin(async move {
        let mut found = Found::of(Kind::Parameter);
        let names: Vec<String> = ids.iter().flat_map(|it| names(&it.key)).collect();
        // AWS slows these requests down early, so they do not go side by side.
        for batch in names.chunks(BATCH) {
            let filter = ParameterStringFilter::builder()
                .key("Name")
                .option("Equals")
                .set_values(Some(batch.to_vec()));
            let filter = match filter.build() {
                Ok(it) => it,
                Err(error) => {
                    let code = "NotSent".to_owned();
                    found.gap(DESCRIBE, None, Reason::Failed, code, &error.to_string());
                    continue;
                }
            };
            let request = aws.ssm.describe_parameters().parameter_filters(filter);
            let request = request.max_results(PAGE);
            let pages = request.into_paginator().send();
            for page in found.collect(DESCRIBE, None, pages).await {
                for parameter in page.parameters.unwrap_or_default() {
                    found.add(DESCRIBE, None, resource(parameter));
                }
            }
        }
        found
    })
}

/// What a parameter may be called. The ARN of one without a path, which then is its key, does not
/// tell whether its name begins with a slash.
fn names(key: &str) -> Vec<String> {
    match Arn::parse(key) {
        Some(arn) => vec![arn.rest().to_owned(), format!("/{}", arn.rest())],
        None => vec![key.to_owned()],
    }
}

fn resource(parameter: types::ParameterMetadata) -> Result<Resource, Missing> {
    let name = parameter.name.need("Name")?;
    let attrs = Parameter {
        parameter_type: parameter.r#type.need("Type")?.as_str().to_owned(),
        tier: parameter.tier.map(|it| it.as_str().to_owned()),
        key: text(parameter.key_id),
        modified: shape::time(parameter.last_modified_date),
        version: u64::try_from(parameter.version).ok().filter(|it| *it > 0),
        data_type: text(parameter.data_type),
    };
    Ok(Resource::new(name, attrs).arn(parameter.arn))
}

fn deepen(aws: &Aws, parameters: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(aws.find_each(Kind::Parameter, parameters, |it| tagged(aws, it)))
}

async fn tagged(aws: &Aws, mut parameter: Resource) -> Found {
    let mut found = Found::of(Kind::Parameter);
    let request = aws
        .ssm
        .list_tags_for_resource()
        .resource_type(ResourceTypeForTagging::Parameter)
        .resource_id(&parameter.id.key);
    let answer = found.answer(TAGS, Some(&parameter.id), request.send().await);
    if let Some(answer) = answer {
        parameter = parameter.tags(tag_map!(answer.tag_list()));
    }
    found.resources.push(parameter);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kind::AsKind, testing::replay::Tape};

    const DENIED: &str = r#"{"__type":"AccessDeniedException","message":"no"}"#;

    fn ids(keys: &[String]) -> Vec<ResourceId> {
        let ids = keys.iter().map(|it| ResourceId::new(Kind::Parameter, it));
        ids.collect()
    }

    #[tokio::test]
    async fn names_are_asked_for_fifty_at_a_time_and_pages_followed() {
        let keys: Vec<String> = (0..60).map(|it| format!("/prod/p{it}")).collect();
        let tape = Tape::default()
            .answer(
                200,
                r#"{"Parameters":[{"Name":"/prod/p0","Type":"SecureString","KeyId":"alias/rack",
                    "Tier":"Standard","Version":3,"DataType":"text",
                    "LastModifiedDate":1.5250356E9,"LastModifiedUser":"arn:aws:iam::1:user/ann",
                    "Description":"planted-secret-description",
                    "AllowedPattern":"planted-secret-pattern",
                    "ARN":"arn:aws:ssm:us-east-1:1:parameter/prod/p0"}],"NextToken":"t"}"#,
            )
            .answer(
                200,
                r#"{"Parameters":[{"Name":"/prod/p1","Type":"ANewType"},{"Name":"/prod/p2"}]}"#,
            )
            .answer(200, r#"{"Parameters":[]}"#);
        let found = fetch(&tape.aws(), ids(&keys)).await;
        let of = |at: usize| Parameter::of(&found.resources[at].attrs).unwrap();
        assert_eq!(of(0).key.as_deref(), Some("alias/rack"));
        assert_eq!(of(0).version, Some(3));
        assert_eq!(of(1).parameter_type, "ANewType");
        assert_eq!(found.gaps[0].message, "the answer has no Type");
        let asked = tape.asked();
        assert!(asked[0].contains("/prod/p49") && !asked[0].contains("/prod/p50"));
        assert!(asked[1].contains(r#""NextToken":"t""#) && asked[2].contains("/prod/p50"));
        assert!(!format!("{found:?}").contains("planted-secret"));
    }

    #[tokio::test]
    async fn an_arn_without_a_path_is_asked_for_with_and_without_a_slash() {
        let tape = Tape::default().answer(200, r#"{"Parameters":[]}"#);
        let key = "arn:aws:ssm:us-east-1:1:parameter/token".to_owned();
        fetch(&tape.aws(), ids(&[key])).await;
        assert!(tape.asked()[0].contains(r#""Values":["token","/token"]"#));
    }

    #[tokio::test]
    async fn tags_take_a_call_of_their_own_and_their_refusal_is_a_gap_about_it() {
        let tape = Tape::default()
            .answer(200, r#"{"TagList":[{"Key":"Rack","Value":"prod"}]}"#)
            .answer(400, DENIED);
        let one = |key: &str| Resource::new(key, Parameter::default());
        let found = deepen(&tape.aws(), vec![one("a"), one("b")]).await;
        assert_eq!(found.resources[0].tags["Rack"], "prod");
        let about = found.gaps[0].resource.as_ref().unwrap();
        assert_eq!(about.to_string(), "parameter/b");
    }

    #[tokio::test]
    async fn a_refusal_is_a_gap() {
        let tape = Tape::default().answer(400, DENIED);
        let found = fetch(&tape.aws(), ids(&["/prod/db".to_owned()])).await;
        assert_eq!(found.gaps[0].action, "ssm:DescribeParameters");
        assert_eq!(found.gaps[0].reason, Reason::Denied);
    }
}
