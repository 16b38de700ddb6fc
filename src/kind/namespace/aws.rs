//! Reads Cloud Map namespaces: one listing, then the tags of the rack's own.

use aws_sdk_servicediscovery::types;
use futures_util::future::BoxFuture;

use super::Namespace;
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{self, count, tag_map, text},
    },
    kind::Kind,
    snapshot::Resource,
};

const NAMESPACES: Call = Call::new(Service::ServiceDiscovery, "ListNamespaces");
pub const TAGS: Call = Call::new(Service::ServiceDiscovery, "ListTagsForResource");
/// The most that Cloud Map's listings give at once.
pub const PAGE: i32 = 100;

pub const READING: Reading = Reading {
    calls: &[NAMESPACES, TAGS],
    source: Source::Region(list),
    deepen: Some(deepen),
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::Namespace);
        let request = aws.discovery.list_namespaces().max_results(PAGE);
        let pages = request.into_paginator().send();
        for page in found.collect(NAMESPACES, None, pages).await {
            for namespace in page.namespaces.unwrap_or_default() {
                found.add(NAMESPACES, None, resource(namespace));
            }
        }
        found
    })
}

fn resource(namespace: types::NamespaceSummary) -> Result<Resource, Missing> {
    let id = namespace.id.need("Id")?;
    let name = namespace.name.need("Name")?;
    let dns = namespace.properties.and_then(|it| it.dns_properties);
    let attrs = Namespace {
        namespace_name: name.clone(),
        namespace_type: namespace.r#type.need("Type")?.as_str().to_owned(),
        hosted_zone: text(dns.and_then(|it| it.hosted_zone_id)),
        services: namespace.service_count.map(|it| count(Some(it))),
        owner: text(namespace.resource_owner),
    };
    Ok(Resource::new(id, attrs)
        .name(name)
        .arn(namespace.arn.need("Arn")?)
        .created(shape::time(namespace.create_date)))
}

fn deepen(aws: &Aws, namespaces: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(aws.find_each(Kind::Namespace, namespaces, |it| tagged(aws, it)))
}

/// A thing of Cloud Map's with its tags.
pub async fn tagged(aws: &Aws, mut thing: Resource) -> Found {
    let mut found = Found::of(thing.id.kind);
    let request = aws.discovery.list_tags_for_resource();
    let request = request.set_resource_arn(thing.arn.clone());
    if let Some(answer) = found.answer(TAGS, Some(&thing.id), request.send().await) {
        thing = thing.tags(tag_map!(answer.tags()));
    }
    found.resources.push(thing);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kind::AsKind, snapshot::Reason, testing::replay::Tape};

    const ARN: &str = "arn:aws:servicediscovery:us-east-1:1:namespace";
    const DENIED: &str = r#"{"__type":"AccessDeniedException","Message":"no"}"#;

    #[tokio::test]
    async fn pages_of_namespaces_of_every_type_become_one_listing() {
        let tape = Tape::default()
            .answer(
                200,
                format!(
                    r#"{{"Namespaces":[{{"Id":"ns-1","Arn":"{ARN}/ns-1","Name":"prod.internal",
                    "Type":"DNS_PRIVATE","Description":"planted-secret-description",
                    "ServiceCount":2,"ResourceOwner":"1","CreateDate":1587055896.798,
                    "Properties":{{"DnsProperties":{{"HostedZoneId":"Z1","SOA":{{"TTL":60}}}},
                        "HttpProperties":{{"HttpName":"prod.internal"}}}}}}],"NextToken":"t"}}"#
                ),
            )
            .answer(
                200,
                format!(
                    r#"{{"Namespaces":[{{"Id":"ns-2","Arn":"{ARN}/ns-2","Name":"prod",
                    "Type":"HTTP","Properties":{{"DnsProperties":{{"SOA":{{}}}},
                        "HttpProperties":{{"HttpName":"prod"}}}}}},{{"Name":"lost"}}]}}"#
                ),
            );
        let found = list(&tape.aws()).await;
        let of = |at: usize| Namespace::of(&found.resources[at].attrs).unwrap();
        assert_eq!(of(0).hosted_zone.as_deref(), Some("Z1"));
        assert_eq!((of(0).services, of(1).services), (Some(2), None));
        assert_eq!(of(1).hosted_zone, None);
        assert_eq!(found.resources[1].label(), "prod");
        assert_eq!(found.gaps[0].message, "the answer has no Id");
        assert!(!format!("{found:?}").contains("planted-secret"));
    }

    #[tokio::test]
    async fn tags_take_a_call_of_their_own_and_their_refusal_is_a_gap_about_it() {
        let tape = Tape::default()
            .answer(200, r#"{"Tags":[{"Key":"Rack","Value":"prod"}]}"#)
            .answer(400, DENIED);
        let one = |key: &str| {
            let arn = format!("{ARN}/{key}");
            Resource::new(key, Namespace::default()).arn(arn)
        };
        let found = deepen(&tape.aws(), vec![one("ns-1"), one("ns-2")]).await;
        assert_eq!(found.resources[0].tags["Rack"], "prod");
        assert!(tape.asked()[0].contains("namespace/ns-1"));
        let about = found.gaps[0].resource.as_ref().unwrap();
        assert_eq!(about.to_string(), "namespace/ns-2");
    }

    #[tokio::test]
    async fn a_refused_listing_is_a_gap() {
        let found = list(&Tape::default().answer(400, DENIED).aws()).await;
        assert_eq!(found.gaps[0].action, "servicediscovery:ListNamespaces");
        assert_eq!(found.gaps[0].reason, Reason::Denied);
    }
}
