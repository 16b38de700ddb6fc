//! Reads RDS subnet groups: one listing, then the tags of the rack's own.

use std::collections::BTreeSet;

use aws_sdk_rds::types;
use futures_util::future::BoxFuture;

use super::DbSubnetGroup;
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::tag_map,
    },
    kind::Kind,
    snapshot::Resource,
};

const GROUPS: Call = Call::new(Service::Rds, "DescribeDBSubnetGroups");
const TAGS: Call = Call::new(Service::Rds, "ListTagsForResource");
/// The most that a page holds.
const PAGE: i32 = 100;
/// The name of the group that RDS keeps for databases that name none.
const DEFAULT: &str = "default";

pub const READING: Reading = Reading {
    calls: &[GROUPS, TAGS],
    source: Source::Region(list),
    deepen: Some(deepen),
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::DbSubnetGroup);
        let pages = aws.rds.describe_db_subnet_groups().into_paginator();
        let pages = pages.page_size(PAGE).items().send();
        found.pages(GROUPS, pages, resource).await;
        found
    })
}

fn resource(group: types::DbSubnetGroup) -> Result<Resource, Missing> {
    let name = group.db_subnet_group_name.need("DBSubnetGroupName")?;
    let subnets = group.subnets.unwrap_or_default();
    let zones = subnets.iter();
    let zones = zones.filter_map(|it| it.subnet_availability_zone.as_ref()?.name.clone());
    let zones: BTreeSet<String> = zones.collect();
    let attrs = DbSubnetGroup {
        is_default: name == DEFAULT,
        description: group.db_subnet_group_description.unwrap_or_default(),
        vpc: group.vpc_id.need("VpcId")?,
        zones: zones.into_iter().collect(),
        subnets: subnets
            .into_iter()
            .filter_map(|it| it.subnet_identifier)
            .collect(),
        status: group.subnet_group_status.need("SubnetGroupStatus")?,
    };
    Ok(Resource::new(name, attrs).arn(group.db_subnet_group_arn))
}

fn deepen(aws: &Aws, groups: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(aws.find_each(Kind::DbSubnetGroup, groups, |it| tagged(aws, it)))
}

async fn tagged(aws: &Aws, mut group: Resource) -> Found {
    let mut found = Found::of(Kind::DbSubnetGroup);
    let request = aws.rds.list_tags_for_resource();
    let request = request.set_resource_name(group.arn.clone());
    let answer = found.answer(TAGS, Some(&group.id), request.send().await);
    if let Some(answer) = answer {
        group = group.tags(tag_map!(answer.tag_list.unwrap_or_default()));
    }
    found.resources.push(group);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kind::AsKind, testing::replay::Tape};

    /// An answer with one group and what follows the list.
    fn page(name: &str, inside: &str, marker: &str) -> String {
        format!(
            r#"<DescribeDBSubnetGroupsResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/">
             <DescribeDBSubnetGroupsResult><DBSubnetGroups><DBSubnetGroup>
               <DBSubnetGroupName>{name}</DBSubnetGroupName>
               <DBSubnetGroupArn>arn:aws:rds:us-east-1:123456789012:subgrp:{name}</DBSubnetGroupArn>
               <DBSubnetGroupDescription>d</DBSubnetGroupDescription>
               <SubnetGroupStatus>Complete</SubnetGroupStatus>{inside}
             </DBSubnetGroup></DBSubnetGroups>{marker}</DescribeDBSubnetGroupsResult>
             <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>
             </DescribeDBSubnetGroupsResponse>"#
        )
    }

    const SUBNETS: &str = "<VpcId>vpc-1</VpcId><Subnets>
        <Subnet><SubnetIdentifier>subnet-1</SubnetIdentifier><SubnetStatus>Active</SubnetStatus>
          <SubnetAvailabilityZone><Name>us-east-1b</Name></SubnetAvailabilityZone></Subnet>
        <Subnet><SubnetIdentifier>subnet-2</SubnetIdentifier><SubnetStatus>Active</SubnetStatus>
          <SubnetAvailabilityZone><Name>us-east-1b</Name></SubnetAvailabilityZone></Subnet>
        </Subnets>";

    async fn listed(name: &str) -> Vec<Resource> {
        let tape = Tape::default().answer(200, page(name, SUBNETS, ""));
        list(&tape.aws()).await.resources
    }

    #[tokio::test]
    async fn a_listing_is_followed_to_its_end() {
        let tape = Tape::default()
            .answer(200, page("a", SUBNETS, "<Marker>m</Marker>"))
            .answer(200, page("b", SUBNETS, ""));
        let found = list(&tape.aws()).await;
        let keys: Vec<&str> = found
            .resources
            .iter()
            .map(|it| it.id.key.as_str())
            .collect();
        assert_eq!(keys, ["a", "b"]);
        assert!(tape.asked()[1].contains("Marker=m"));
    }

    #[tokio::test]
    async fn two_subnets_of_one_zone_are_two_subnets_and_one_zone() {
        let found = listed("prod").await;
        let group = DbSubnetGroup::of(&found[0].attrs).unwrap();
        assert_eq!(group.subnets, ["subnet-1", "subnet-2"]);
        assert_eq!(group.zones, ["us-east-1b"]);
    }

    #[tokio::test]
    async fn only_the_group_of_that_very_name_is_the_default() {
        for (name, is_default) in [("default", true), ("default-vpc-1", false)] {
            let found = listed(name).await;
            let group = DbSubnetGroup::of(&found[0].attrs).unwrap();
            assert_eq!(group.is_default, is_default, "{name}");
        }
    }

    #[tokio::test]
    async fn one_without_its_vpc_is_a_gap() {
        let tape = Tape::default().answer(200, page("prod", "", ""));
        let found = list(&tape.aws()).await;
        assert!(found.resources.is_empty());
        assert_eq!(found.gaps[0].message, "the answer has no VpcId");
    }

    #[tokio::test]
    async fn its_tags_are_asked_for_by_its_arn() {
        let tape = Tape::default().answer(
            200,
            "<ListTagsForResourceResponse><ListTagsForResourceResult>
               <TagList><Tag><Key>Rack</Key><Value>prod</Value></Tag></TagList>
             </ListTagsForResourceResult></ListTagsForResourceResponse>",
        );
        let found = deepen(&tape.aws(), listed("prod").await).await;
        assert_eq!(found.resources[0].tags["Rack"], "prod");
        assert!(tape.asked()[0].contains("subgrp%3Aprod"));
    }

    #[tokio::test]
    async fn refused_tags_are_a_gap_about_that_group() {
        let denied = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>";
        let tape = Tape::default().answer(403, denied);
        let found = deepen(&tape.aws(), listed("prod").await).await;
        let about = found.gaps[0].resource.as_ref().unwrap();
        assert_eq!(about.to_string(), "db-subnet-group/prod");
        assert_eq!(found.resources.len(), 1);
    }
}
