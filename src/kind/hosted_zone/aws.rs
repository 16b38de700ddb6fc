//! Reads hosted zones: one listing and their tags, then records and VPCs of the rack's own.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_route53::types::{self, RrType, TagResourceType};
use futures_util::future::BoxFuture;

use super::{Alias, HostedZone, Record};
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{last, tag_map},
    },
    kind::{AsKind, Fact, Kind},
    snapshot::Resource,
};

const ZONES: Call = Call::new(Service::Route53, "ListHostedZones");
const TAGS: Call = Call::new(Service::Route53, "ListTagsForResources");
const ZONE: Call = Call::new(Service::Route53, "GetHostedZone");
const RECORDS: Call = Call::new(Service::Route53, "ListResourceRecordSets");
/// The most that ListTagsForResources takes at once.
const BATCH: usize = 10;
/// The most that ListResourceRecordSets gives at once.
const PAGE: i32 = 300;

pub const READING: Reading = Reading {
    calls: &[ZONES, TAGS, ZONE, RECORDS],
    source: Source::Region(list),
    deepen: Some(deepen),
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::HostedZone);
        let pages = aws
            .route53
            .list_hosted_zones()
            .into_paginator()
            .items()
            .send();
        found.pages(ZONES, pages, resource).await;
        add_tags(aws, &mut found).await;
        found
    })
}

async fn add_tags(aws: &Aws, found: &mut Found) {
    let ids: Vec<String> = found.resources.iter().map(|it| it.id.key.clone()).collect();
    let (mut told, mut tags) = (BTreeSet::new(), BTreeMap::new());
    // Route 53 takes five requests a second from an account, so these do not go side by side.
    for batch in ids.chunks(BATCH) {
        let answer = aws
            .route53
            .list_tags_for_resources()
            .resource_type(TagResourceType::Hostedzone)
            .set_resource_ids(Some(batch.to_vec()))
            .send()
            .await;
        let Some(answer) = found.answer(TAGS, None, answer) else {
            continue;
        };
        told.extend(batch.iter().cloned());
        for it in answer.resource_tag_sets {
            let its = tag_map!(it.tags.unwrap_or_default());
            tags.extend(it.resource_id.map(|id| (id, its)));
        }
    }
    found.tag(TAGS, &told, tags, |it| Some(&it.id.key));
}

fn resource(zone: types::HostedZone) -> Result<Resource, Missing> {
    let id = zone.id.need("Id")?;
    let name = zone.name.need("Name")?;
    let private = zone.config.need("Config")?.private_zone;
    let count = zone.resource_record_set_count;
    let attrs = HostedZone {
        zone_name: name.clone(),
        private,
        linked_service: zone.linked_service.map(|it| {
            let who = it.service_principal.or(it.description);
            who.unwrap_or_default()
        }),
        record_count: count.and_then(|it| u64::try_from(it).ok()),
        vpcs: if private {
            Fact::Unread
        } else {
            Fact::Known(Vec::new())
        },
        records: Fact::Unread,
    };
    Ok(Resource::new(last(&id), attrs).name(name))
}

fn deepen(aws: &Aws, zones: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(aws.find_each(Kind::HostedZone, zones, |it| open(aws, it)))
}

async fn open(aws: &Aws, mut zone: Resource) -> Found {
    let mut found = Found::of(Kind::HostedZone);
    let records = records(aws, &mut found, &zone).await;
    if let Some(attrs) = HostedZone::of_mut(&mut zone.attrs) {
        attrs.records = records;
        if attrs.private {
            let answer = aws.route53.get_hosted_zone().id(&zone.id.key).send().await;
            if let Some(answer) = found.answer(ZONE, Some(&zone.id), answer) {
                let vpcs = answer.vpcs.unwrap_or_default();
                attrs.vpcs = Fact::Known(vpcs.into_iter().filter_map(|it| it.vpc_id).collect());
            }
        }
    }
    found.resources.push(zone);
    found
}

/// All records of a zone; some of them without the rest would be taken for all, so those are
/// not kept.
async fn records(aws: &Aws, found: &mut Found, zone: &Resource) -> Fact<Vec<Record>> {
    let mut all = Vec::new();
    let mut next: (Option<String>, Option<RrType>, Option<String>) = (None, None, None);
    loop {
        let answer = aws
            .route53
            .list_resource_record_sets()
            .hosted_zone_id(&zone.id.key)
            .set_start_record_name(next.0.clone())
            .set_start_record_type(next.1.clone())
            .set_start_record_identifier(next.2.clone())
            .max_items(PAGE)
            .send()
            .await;
        let Some(page) = found.answer(RECORDS, Some(&zone.id), answer) else {
            return Fact::Unread;
        };
        all.extend(page.resource_record_sets.into_iter().map(record));
        if !page.is_truncated {
            return Fact::Known(all);
        }
        let after = (
            page.next_record_name,
            page.next_record_type,
            page.next_record_identifier,
        );
        if after.0.is_none() || after == next {
            let missing = Missing("NextRecordName");
            found.malformed(RECORDS, Some(&zone.id), missing);
            return Fact::Unread;
        }
        next = after;
    }
}

fn record(it: types::ResourceRecordSet) -> Record {
    let record_type = it.r#type.as_str().to_owned();
    let values = it.resource_records.unwrap_or_default();
    let count = values.len();
    let values = values.into_iter().map(|it| it.value);
    let geo = it.geo_location.and_then(|it| {
        let place = it.subdivision_code.or(it.country_code);
        place.or(it.continent_code)
    });
    Record {
        name: it.name,
        ttl: it.ttl.and_then(|it| u64::try_from(it).ok()),
        values: values
            .filter(|_| HostedZone::tells_values(&record_type))
            .collect(),
        count,
        record_type,
        alias: it.alias_target.map(|it| Alias {
            dns_name: it.dns_name,
            zone: it.hosted_zone_id,
            evaluate_health: it.evaluate_target_health,
        }),
        set_identifier: it.set_identifier,
        weight: it.weight.and_then(|it| u64::try_from(it).ok()),
        region: it.region.map(|it| it.as_str().to_owned()),
        failover: it.failover.map(|it| it.as_str().to_owned()),
        geo,
        multi_value: it.multi_value_answer.unwrap_or_default(),
        health_check: it.health_check_id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{snapshot::Reason, testing::replay::Tape};

    const DENIED: &str = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>";

    fn zones(members: &str) -> String {
        format!(
            "<ListHostedZonesResponse><HostedZones>{members}</HostedZones>
            <IsTruncated>false</IsTruncated></ListHostedZonesResponse>"
        )
    }

    fn zone(id: usize) -> String {
        format!(
            "<HostedZone><Id>/hostedzone/Z{id}</Id><Name>prod.test.</Name>
            <Config><PrivateZone>true</PrivateZone></Config>
            <ResourceRecordSetCount>4</ResourceRecordSetCount></HostedZone>"
        )
    }

    fn page(records: &str, rest: &str) -> String {
        format!(
            "<ListResourceRecordSetsResponse><ResourceRecordSets>{records}</ResourceRecordSets>
            {rest}</ListResourceRecordSetsResponse>"
        )
    }

    fn record(name: &str, kind: &str, value: &str) -> String {
        format!(
            "<ResourceRecordSet><Name>{name}</Name><Type>{kind}</Type><TTL>60</TTL>
            <ResourceRecords><ResourceRecord><Value>{value}</Value></ResourceRecord>
            </ResourceRecords></ResourceRecordSet>"
        )
    }

    const END: &str = "<IsTruncated>false</IsTruncated>";
    const MORE: &str = "<IsTruncated>true</IsTruncated><NextRecordName>b.test.</NextRecordName>
        <NextRecordType>A</NextRecordType>";

    async fn opened(tape: &Tape, private: bool) -> Found {
        let attrs = HostedZone {
            private,
            ..HostedZone::default()
        };
        deepen(&tape.aws(), vec![Resource::new("Z1", attrs)]).await
    }

    fn first(found: &Found) -> &HostedZone {
        HostedZone::of(&found.resources[0].attrs).unwrap()
    }

    #[tokio::test]
    async fn tags_of_eleven_zones_take_two_calls() {
        let all: String = (0..11).map(zone).collect();
        let none = "<ListTagsForResourcesResponse><ResourceTagSets/>
            </ListTagsForResourcesResponse>";
        let some = "<ListTagsForResourcesResponse><ResourceTagSets><ResourceTagSet>
            <ResourceType>hostedzone</ResourceType><ResourceId>Z10</ResourceId>
            <Tags><Tag><Key>Rack</Key><Value>prod</Value></Tag></Tags></ResourceTagSet>
            </ResourceTagSets></ListTagsForResourcesResponse>";
        let tape = Tape::default()
            .answer(200, zones(&all))
            .answer(200, none)
            .answer(200, some);
        let found = list(&tape.aws()).await;
        assert_eq!(found.resources[0].id.key, "Z0");
        assert_eq!(found.resources[0].label(), "prod.test.");
        assert_eq!(first(&found).record_count, Some(4));
        assert_eq!(found.resources[10].tags["Rack"], "prod");
    }

    #[tokio::test]
    async fn tags_that_come_for_others_only_are_a_gap() {
        let none = "<ListTagsForResourcesResponse><ResourceTagSets/>
            </ListTagsForResourcesResponse>";
        let tape = Tape::default()
            .answer(200, zones(&zone(1)))
            .answer(200, none);
        let found = list(&tape.aws()).await;
        assert_eq!(found.gaps[0].call, "route53:ListTagsForResources");
        assert_eq!(found.gaps[0].resource, Some(found.resources[0].id.clone()));
    }

    #[tokio::test]
    async fn a_zone_that_does_not_say_whether_it_is_private_is_a_gap() {
        let tape = Tape::default().answer(
            200,
            zones("<HostedZone><Id>/hostedzone/Z1</Id><Name>prod.test.</Name></HostedZone>"),
        );
        let found = list(&tape.aws()).await;
        assert_eq!(found.gaps[0].message, "the answer has no Config");
    }

    #[tokio::test]
    async fn all_pages_of_records_are_read_and_texts_are_only_counted() {
        let tape = Tape::default()
            .answer(200, page(&record("a.test.", "CNAME", "x.test"), MORE))
            .answer(
                200,
                page(&record("b.test.", "TXT", "planted-secret-text"), END),
            );
        let found = opened(&tape, false).await;
        let records = first(&found).records.known().unwrap();
        assert_eq!(records[0].values, ["x.test"]);
        assert_eq!((records[1].values.len(), records[1].count), (0, 1));
        assert!(!format!("{found:?}").contains("planted-secret"));
        let asked = &tape.asked()[1];
        assert!(
            asked.contains("name=b.test.") && asked.contains("type=A"),
            "{asked}"
        );
    }

    #[tokio::test]
    async fn an_alias_tells_where_it_leads() {
        let alias = "<ResourceRecordSet><Name>web.test.</Name><Type>A</Type><AliasTarget>
            <HostedZoneId>Z35</HostedZoneId><DNSName>dualstack.router.elb.test.</DNSName>
            <EvaluateTargetHealth>false</EvaluateTargetHealth></AliasTarget>
            </ResourceRecordSet>";
        let tape = Tape::default().answer(200, page(alias, END));
        let found = opened(&tape, false).await;
        let record = &first(&found).records.known().unwrap()[0];
        let alias = record.alias.as_ref().unwrap();
        assert_eq!(alias.dns_name, "dualstack.router.elb.test.");
        assert_eq!(record.ttl, None);
    }

    #[tokio::test]
    async fn half_of_the_records_are_not_taken_for_all() {
        let tape = Tape::default()
            .answer(200, page(&record("a.test.", "A", "10.0.0.1"), MORE))
            .answer(403, DENIED);
        let found = opened(&tape, false).await;
        assert_eq!(first(&found).records, Fact::Unread);
        assert_eq!(found.gaps[0].reason, Reason::Denied);
    }

    #[tokio::test]
    async fn a_page_that_leads_back_to_itself_ends() {
        let tape = Tape::default()
            .answer(200, page("", MORE))
            .answer(200, page("", MORE));
        let found = opened(&tape, false).await;
        assert_eq!(found.gaps[0].reason, Reason::Malformed);
    }

    #[tokio::test]
    async fn a_private_zone_tells_its_vpcs() {
        let zone = "<GetHostedZoneResponse><VPCs><VPC><VPCRegion>us-east-1</VPCRegion>
            <VPCId>vpc-1</VPCId></VPC></VPCs></GetHostedZoneResponse>";
        let tape = Tape::default().answer(200, page("", END)).answer(200, zone);
        let found = opened(&tape, true).await;
        assert_eq!(first(&found).vpcs, Fact::Known(vec!["vpc-1".to_owned()]));
    }
}
