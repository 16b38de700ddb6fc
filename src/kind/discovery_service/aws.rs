//! Reads Cloud Map services: one listing for each namespace, because a listing of all does not
//! tell whose they are, then the tags of the rack's own.

use aws_sdk_servicediscovery::types::{self, FilterCondition, ServiceFilter, ServiceFilterName};
use futures_util::future::BoxFuture;

use super::{DiscoveryService, DnsRecord, HealthCheck};
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{self, count, size, stated, text},
    },
    kind::{
        Kind,
        namespace::aws::{PAGE, TAGS, tagged},
    },
    snapshot::{Reason, Resource},
};

const SERVICES: Call = Call::new(Service::ServiceDiscovery, "ListServices");

pub const READING: Reading = Reading {
    calls: &[SERVICES, TAGS],
    source: Source::Inside(Kind::Namespace, inside),
    deepen: Some(deepen),
};

fn inside(aws: &Aws, namespaces: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(aws.find_each(Kind::DiscoveryService, namespaces, |it| {
        of_namespace(aws, it)
    }))
}

async fn of_namespace(aws: &Aws, namespace: Resource) -> Found {
    let mut found = Found::of(Kind::DiscoveryService);
    let id = namespace.id;
    // Only by its ARN is a namespace known that another account shares with this one.
    let filter = ServiceFilter::builder()
        .name(ServiceFilterName::NamespaceId)
        .values(namespace.arn.unwrap_or_else(|| id.key.clone()))
        .condition(FilterCondition::Eq);
    let filter = match filter.build() {
        Ok(it) => it,
        Err(error) => {
            let code = "NotSent".to_owned();
            found.gap(
                SERVICES,
                Some(&id),
                Reason::Failed,
                code,
                &error.to_string(),
            );
            return found;
        }
    };
    let request = aws.discovery.list_services().filters(filter);
    let pages = request.max_results(PAGE).into_paginator().send();
    for page in found.collect(SERVICES, Some(&id), pages).await {
        for service in page.services.unwrap_or_default() {
            found.add(SERVICES, Some(&id), resource(&id.key, service));
        }
    }
    found
}

fn resource(namespace: &str, service: types::ServiceSummary) -> Result<Resource, Missing> {
    let id = service.id.need("Id")?;
    let dns = service.dns_config;
    let policy = dns.as_ref().and_then(|it| it.routing_policy.as_ref());
    let attrs = DiscoveryService {
        namespace: namespace.to_owned(),
        service_type: service.r#type.map(|it| it.as_str().to_owned()),
        routing_policy: policy.map(|it| it.as_str().to_owned()),
        records: dns
            .into_iter()
            .flat_map(|it| it.dns_records)
            .filter_map(|it| record(&it))
            .collect(),
        health_check: service.health_check_config.and_then(health_check),
        custom_health_check: service.health_check_custom_config.is_some(),
        instances: service.instance_count.map(|it| count(Some(it))),
    };
    Ok(Resource::new(id, attrs)
        .name(service.name)
        .arn(service.arn.need("Arn")?)
        .created(shape::time(service.create_date)))
}

fn record(it: &types::DnsRecord) -> Option<DnsRecord> {
    Some(DnsRecord {
        record_type: stated(it.r#type.as_str())?,
        ttl: size(Some(it.ttl)),
    })
}

fn health_check(it: types::HealthCheckConfig) -> Option<HealthCheck> {
    Some(HealthCheck {
        check_type: stated(it.r#type.as_str())?,
        path: text(it.resource_path),
        threshold: it.failure_threshold.map(|it| count(Some(it))),
    })
}

fn deepen(aws: &Aws, services: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(aws.find_each(Kind::DiscoveryService, services, |it| tagged(aws, it)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kind::{AsKind, namespace::Namespace},
        testing::replay::Tape,
    };

    const ARN: &str = "arn:aws:servicediscovery:us-east-1:1";

    fn namespace(key: &str) -> Resource {
        let arn = format!("{ARN}:namespace/{key}");
        Resource::new(key, Namespace::default()).arn(arn)
    }

    #[tokio::test]
    async fn pages_of_each_namespace_tell_whose_a_service_is() {
        let tape = Tape::default()
            .answer(
                200,
                format!(
                    r#"{{"Services":[{{"Id":"srv-1","Arn":"{ARN}:service/srv-1","Name":"web",
                    "Type":"DNS_HTTP","Description":"planted-secret-description",
                    "InstanceCount":2,"CreateDate":1587081768.334,
                    "DnsConfig":{{"RoutingPolicy":"MULTIVALUE",
                        "DnsRecords":[{{"Type":"A","TTL":60}},{{"Type":"SRV","TTL":10}}]}},
                    "HealthCheckCustomConfig":{{"FailureThreshold":1}}}}],"NextToken":"t"}}"#
                ),
            )
            .answer(
                200,
                format!(
                    r#"{{"Services":[{{"Id":"srv-2","Arn":"{ARN}:service/srv-2","Name":"api",
                    "HealthCheckConfig":{{"Type":"HTTP","ResourcePath":"/up","FailureThreshold":3}}}},
                    {{"Id":"srv-3"}}]}}"#
                ),
            );
        let found = inside(&tape.aws(), vec![namespace("ns-1")]).await;
        let of = |at: usize| DiscoveryService::of(&found.resources[at].attrs).unwrap();
        assert_eq!(
            (of(0).namespace.as_str(), of(0).instances),
            ("ns-1", Some(2))
        );
        assert_eq!(of(0).records[1].record_type, "SRV");
        assert!(of(0).custom_health_check && !of(1).custom_health_check);
        assert_eq!(of(1).instances, None);
        let check = of(1).health_check.as_ref().unwrap();
        assert_eq!(check.path.as_deref(), Some("/up"));
        assert_eq!(found.gaps[0].message, "the answer has no Arn");
        assert!(tape.asked()[0].contains("namespace/ns-1"));
        assert!(!format!("{found:?}").contains("planted-secret"));
    }

    #[tokio::test]
    async fn a_refused_namespace_is_a_gap_about_it_and_the_next_is_read() {
        let denied = r#"{"__type":"AccessDeniedException","Message":"no"}"#;
        let one = format!(r#"{{"Services":[{{"Id":"srv-1","Arn":"{ARN}:service/srv-1"}}]}}"#);
        let tape = Tape::default().answer(400, denied).answer(200, one);
        let found = inside(&tape.aws(), vec![namespace("ns-1"), namespace("ns-2")]).await;
        assert_eq!(found.resources[0].id.to_string(), "discovery-service/srv-1");
        let about = found.gaps[0].resource.as_ref().unwrap();
        assert_eq!(about.to_string(), "namespace/ns-1");
        assert_eq!(found.gaps[0].action, "servicediscovery:ListServices");
        assert_eq!(found.gaps[0].reason, Reason::Denied);
    }
}
