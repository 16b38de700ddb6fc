//! Takes names away: records, zones, Cloud Map, certificates.

use std::time::Duration;

use aws_sdk_route53::types::{Change, ChangeAction, ChangeBatch, ResourceRecordSet, RrType};

use super::{asked, call, done, or_already};
use crate::{
    aws::{
        Aws, Call, Service,
        look::{Place, Target, certificate_arn},
        refusal::{Class, Refusal},
    },
    id::ResourceId,
};

pub(super) const RECORDS: &[Call] = &[call(Service::Route53, "ListResourceRecordSets")];
pub(super) const INSTANCES: &[Call] = &[
    call(Service::ServiceDiscovery, "GetOperation"),
    call(Service::ServiceDiscovery, "ListInstances"),
];
pub(super) const OPERATION: &[Call] = &[call(Service::ServiceDiscovery, "GetOperation")];

const NO_ZONE: &[&str] = &["NoSuchHostedZone"];

/// Records in one change. Route 53 takes more, but not of any length.
const BATCH: usize = 100;

/// Deletes every record of a zone, each as it stands, but for the two of the zone itself.
pub(super) async fn clear_zone(aws: &Aws, zone: &str) -> Result<(), Refusal> {
    let answer = aws.route53.get_hosted_zone().id(zone).send().await;
    let apex = asked(answer, NO_ZONE)?.hosted_zone.map(|it| it.name);
    let apex = apex.unwrap_or_default();
    let mut records = Vec::new();
    let mut next: Option<(Option<String>, Option<RrType>, Option<String>)> = None;
    loop {
        let (name, kind, identifier) = next.unwrap_or_default();
        let request = aws.route53.list_resource_record_sets().hosted_zone_id(zone);
        let request = request.set_start_record_name(name);
        let request = request.set_start_record_type(kind);
        let request = request.set_start_record_identifier(identifier);
        let page = asked(request.send().await, NO_ZONE)?;
        records.extend(
            page.resource_record_sets
                .into_iter()
                .filter(|it| !is_own(it, &apex)),
        );
        if !page.is_truncated {
            break;
        }
        next = Some((
            page.next_record_name,
            page.next_record_type,
            page.next_record_identifier,
        ));
    }
    for batch in records.chunks(BATCH) {
        let changes = batch.iter().map(|it| {
            let change = Change::builder().action(ChangeAction::Delete);
            change.resource_record_set(it.clone()).build()
        });
        let changes: Result<Vec<Change>, _> = changes.collect();
        let batch = changes.and_then(|it| ChangeBatch::builder().set_changes(Some(it)).build());
        let batch = batch.map_err(|it| Refusal::new(Class::Never, "NotAsked", it.to_string()))?;
        let request = aws.route53.change_resource_record_sets();
        let request = request.hosted_zone_id(zone).change_batch(batch);
        done(request.send().await, NO_ZONE)?;
    }
    Ok(())
}

/// A zone's own name servers and start of authority, which go with it and not before.
fn is_own(record: &ResourceRecordSet, apex: &str) -> bool {
    record.name == apex && matches!(record.r#type, RrType::Ns | RrType::Soa)
}

pub(super) async fn delete_zone(aws: &Aws, zone: &str) -> Result<(), Refusal> {
    done(
        aws.route53.delete_hosted_zone().id(zone).send().await,
        NO_ZONE,
    )
}

/// Deregisters every instance of a Cloud Map service and waits for each: AWS does it later.
pub(super) async fn deregister_all(aws: &Aws, service: &str) -> Result<(), Refusal> {
    let gone = &["ServiceNotFound"];
    let request = aws.discovery.list_instances().service_id(service);
    let mut pages = request.into_paginator().send();
    let mut instances = Vec::new();
    while let Some(page) = pages.next().await {
        let page = asked(page, gone)?.instances.unwrap_or_default();
        instances.extend(page.into_iter().filter_map(|it| it.id));
    }
    for instance in instances {
        let request = aws.discovery.deregister_instance().service_id(service);
        let answer = request.instance_id(instance).send().await;
        match asked(answer, &["InstanceNotFound", "ServiceNotFound"]) {
            Ok(it) => operation(aws, it.operation_id).await?,
            Err(it) => or_already(Err(it))?,
        }
    }
    Ok(())
}

pub(super) async fn delete_service(aws: &Aws, service: &str) -> Result<(), Refusal> {
    let answer = aws.discovery.delete_service().id(service).send().await;
    done(answer, &["ServiceNotFound"])
}

pub(super) async fn delete_namespace(aws: &Aws, namespace: &str) -> Result<(), Refusal> {
    let answer = aws.discovery.delete_namespace().id(namespace).send().await;
    let it = asked(answer, &["NamespaceNotFound"])?;
    operation(aws, it.operation_id).await
}

/// How often an operation of Cloud Map is asked after, and how long between.
const ASKS: u32 = 60;
const PAUSE: Duration = Duration::from_secs(2);

/// Waits for what Cloud Map does after it has answered; only the operation tells that it failed.
async fn operation(aws: &Aws, id: Option<String>) -> Result<(), Refusal> {
    let Some(id) = id else { return Ok(()) };
    for ask in 0..ASKS {
        if ask > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        let request = aws.discovery.get_operation().operation_id(&id);
        let answer = asked(request.send().await, &[])?;
        let Some(it) = answer.operation else { continue };
        match it.status.as_ref().map(|it| it.as_str()) {
            Some("SUCCESS") => return Ok(()),
            Some("FAIL") => {
                let code = it.error_code.unwrap_or_else(|| "FAIL".to_owned());
                let message = it.error_message.unwrap_or_default();
                return Err(Refusal::new(Class::Held, &code, message));
            }
            _ => {}
        }
    }
    let message = format!("Cloud Map still works on operation {id}");
    Err(Refusal::new(Class::Held, "PENDING", message))
}

pub(super) async fn delete_certificate(
    aws: &Aws,
    place: &Place,
    on: &ResourceId,
) -> Result<(), Refusal> {
    let arn = certificate_arn(aws, place, Target::new(on));
    let answer = aws.acm.delete_certificate().certificate_arn(arn).send();
    done(answer.await, &["ResourceNotFoundException"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{aws::write, testing::replay::Tape};

    #[tokio::test]
    async fn a_zone_keeps_its_own_two_records_and_loses_the_others_as_they_stand() {
        let zone = "<GetHostedZoneResponse><HostedZone><Id>/hostedzone/Z1</Id>\
            <Name>shop.test.</Name><CallerReference>r</CallerReference></HostedZone>\
            </GetHostedZoneResponse>";
        let record = |name: &str, kind: &str, value: &str| {
            format!(
                "<ResourceRecordSet><Name>{name}</Name><Type>{kind}</Type><TTL>60</TTL>\
                 <ResourceRecords><ResourceRecord><Value>{value}</Value></ResourceRecord>\
                 </ResourceRecords></ResourceRecordSet>"
            )
        };
        let records = [
            record("shop.test.", "NS", "ns.apex"),
            record("shop.test.", "SOA", "soa.apex"),
            record("sub.shop.test.", "NS", "ns.sub"),
            record("www.shop.test.", "A", "192.0.2.1"),
        ];
        let records = format!(
            "<ListResourceRecordSetsResponse><ResourceRecordSets>{}</ResourceRecordSets>\
             <IsTruncated>false</IsTruncated><MaxItems>100</MaxItems>\
             </ListResourceRecordSetsResponse>",
            records.concat()
        );
        let done = "<ChangeResourceRecordSetsResponse><ChangeInfo><Id>C1</Id>\
            <Status>PENDING</Status><SubmittedAt>2018-05-01T00:00:00Z</SubmittedAt></ChangeInfo>\
            </ChangeResourceRecordSetsResponse>";
        let tape = Tape::default().answer(200, zone).answer(200, records);
        let tape = tape.answer(200, done);
        let aws = write::clients(&tape.aws(), "us-east-1");
        assert_eq!(clear_zone(&aws, "Z1").await, Ok(()));
        let asked = tape.asked();
        assert!(asked[2].contains("ns.sub"), "{}", asked[2]);
        assert!(asked[2].contains("<TTL>60</TTL>"), "{}", asked[2]);
        assert!(!asked[2].contains("apex"), "{}", asked[2]);
    }

    #[tokio::test]
    async fn an_operation_of_cloud_map_that_fails_later_is_a_failure() {
        let begun = r#"{"OperationId":"op-1"}"#;
        let failed = r#"{"Operation":{"Id":"op-1","Status":"FAIL","ErrorCode":"NAMESPACE_IN_USE","ErrorMessage":"services are there"}}"#;
        let tape = Tape::default().answer(200, begun).answer(200, failed);
        let aws = write::clients(&tape.aws(), "us-east-1");
        let refusal = delete_namespace(&aws, "ns-1").await.unwrap_err();
        assert_eq!(refusal.code, "NAMESPACE_IN_USE");
        assert_eq!(refusal.class, Class::Held);
    }
}
