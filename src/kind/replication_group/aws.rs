//! Reads ElastiCache replication groups: one listing, then the tags of the rack's own.

use std::collections::BTreeMap;

use aws_sdk_elasticache::types;
use futures_util::future::BoxFuture;

use super::{Member, ReplicationGroup};
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{self, count, text},
    },
    kind::{
        Kind,
        cache_cluster::aws::{TAGS, tagged},
    },
    snapshot::Resource,
};

const GROUPS: Call = Call::new(Service::ElastiCache, "DescribeReplicationGroups");
/// The most that a page holds.
const PAGE: i32 = 100;

pub const READING: Reading = Reading {
    calls: &[GROUPS, TAGS],
    source: Source::Region(list),
    deepen: Some(deepen),
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::ReplicationGroup);
        let pages = aws.elasticache.describe_replication_groups();
        let pages = pages.into_paginator().page_size(PAGE).items().send();
        found.pages(GROUPS, pages, resource).await;
        found
    })
}

fn resource(group: types::ReplicationGroup) -> Result<Resource, Missing> {
    let id = group.replication_group_id.need("ReplicationGroupId")?;
    let shards = group.node_groups.unwrap_or_default();
    let first = shards.first();
    let primary = first.and_then(|it| it.primary_endpoint.clone());
    let reader = first.and_then(|it| it.reader_endpoint.clone());
    let endpoint = group.configuration_endpoint.or(primary);
    let attrs = ReplicationGroup {
        description: group.description.unwrap_or_default(),
        engine: text(group.engine),
        status: group.status.need("Status")?,
        node_type: text(group.cache_node_type),
        members: members(group.member_clusters.unwrap_or_default(), shards),
        cluster_mode: group.cluster_enabled.unwrap_or_default(),
        automatic_failover: group
            .automatic_failover
            .need("AutomaticFailover")?
            .as_str()
            .to_owned(),
        multi_az: group.multi_az.map(|it| it.as_str().to_owned()),
        port: shape::port(endpoint.as_ref().and_then(|it| it.port)),
        endpoint: endpoint.and_then(|it| it.address),
        reader_endpoint: reader.and_then(|it| it.address),
        encrypted_in_transit: group
            .transit_encryption_enabled
            .need("TransitEncryptionEnabled")?,
        encrypted_at_rest: group
            .at_rest_encryption_enabled
            .need("AtRestEncryptionEnabled")?,
        key: text(group.kms_key_id),
        auth_token: group.auth_token_enabled.unwrap_or_default(),
        user_groups: group.user_group_ids.unwrap_or_default(),
        snapshot_retention_days: count(group.snapshot_retention_limit),
        auto_minor_upgrade: group.auto_minor_version_upgrade,
    };
    Ok(Resource::new(id, attrs)
        .arn(group.arn)
        .created(shape::time(group.replication_group_create_time)))
}

/// All clusters of a group, with what its shards tell of them.
fn members(clusters: Vec<String>, shards: Vec<types::NodeGroup>) -> Vec<Member> {
    let mut told = BTreeMap::new();
    for shard in shards {
        let id = shard.node_group_id;
        for it in shard.node_group_members.unwrap_or_default() {
            let member = Member {
                cluster: it.cache_cluster_id.unwrap_or_default(),
                shard: id.clone(),
                zone: text(it.preferred_availability_zone),
                role: text(it.current_role),
            };
            told.insert(member.cluster.clone(), member);
        }
    }
    let members = clusters.into_iter().map(|cluster| {
        told.remove(&cluster).unwrap_or(Member {
            cluster,
            ..Member::default()
        })
    });
    members.collect()
}

fn deepen(aws: &Aws, groups: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(aws.find_each(Kind::ReplicationGroup, groups, |it| tagged(aws, it)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kind::AsKind, snapshot::Reason, testing::replay::Tape};

    /// An answer with one group and what follows the list.
    fn page(id: &str, inside: &str, marker: &str) -> String {
        format!(
            r#"<DescribeReplicationGroupsResponse
               xmlns="http://elasticache.amazonaws.com/doc/2015-02-02/">
             <DescribeReplicationGroupsResult><ReplicationGroups><ReplicationGroup>
               <ReplicationGroupId>{id}</ReplicationGroupId>
               <ARN>arn:aws:elasticache:us-east-1:123456789012:replicationgroup:{id}</ARN>
               <Status>available</Status><MultiAZ>enabled</MultiAZ>
               <TransitEncryptionEnabled>true</TransitEncryptionEnabled>
               <AtRestEncryptionEnabled>false</AtRestEncryptionEnabled>{inside}
             </ReplicationGroup></ReplicationGroups>{marker}
             </DescribeReplicationGroupsResult></DescribeReplicationGroupsResponse>"#
        )
    }

    const FAILOVER: &str = "<AutomaticFailover>enabled</AutomaticFailover>";

    #[tokio::test]
    async fn a_listing_is_followed_to_its_end() {
        let tape = Tape::default()
            .answer(200, page("a", FAILOVER, "<Marker>m</Marker>"))
            .answer(200, page("b", FAILOVER, ""));
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
    async fn every_member_is_kept_with_what_its_shard_tells() {
        let inside = format!(
            "{FAILOVER}<MemberClusters><ClusterId>prod-001</ClusterId>
               <ClusterId>prod-002</ClusterId></MemberClusters>
             <NodeGroups><NodeGroup><NodeGroupId>0001</NodeGroupId>
               <PrimaryEndpoint><Address>prod.ng.0001.cache.amazonaws.com</Address>
                 <Port>6379</Port></PrimaryEndpoint>
               <NodeGroupMembers><NodeGroupMember>
                 <CacheClusterId>prod-001</CacheClusterId><CacheNodeId>0001</CacheNodeId>
                 <PreferredAvailabilityZone>us-east-1a</PreferredAvailabilityZone>
                 <CurrentRole>primary</CurrentRole></NodeGroupMember></NodeGroupMembers>
             </NodeGroup></NodeGroups>"
        );
        let tape = Tape::default().answer(200, page("prod", &inside, ""));
        let found = list(&tape.aws()).await;
        let group = ReplicationGroup::of(&found.resources[0].attrs).unwrap();
        let clusters: Vec<&str> = group.members.iter().map(|it| it.cluster.as_str()).collect();
        assert_eq!(clusters, ["prod-001", "prod-002"]);
        assert_eq!(group.members[0].role.as_deref(), Some("primary"));
        assert_eq!(group.members[1].role, None);
        assert_eq!(group.port, Some(6379));
        assert_eq!(group.multi_az.as_deref(), Some("enabled"));
    }

    #[tokio::test]
    async fn one_that_does_not_say_whether_it_fails_over_is_a_gap() {
        let tape = Tape::default().answer(200, page("prod", "", ""));
        let found = list(&tape.aws()).await;
        assert!(found.resources.is_empty());
        assert_eq!(found.gaps[0].message, "the answer has no AutomaticFailover");
    }

    #[tokio::test]
    async fn a_refused_listing_is_a_gap() {
        let denied = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>";
        let tape = Tape::default().answer(403, denied);
        let found = list(&tape.aws()).await;
        assert_eq!(found.gaps[0].call, "elasticache:DescribeReplicationGroups");
        assert_eq!(found.gaps[0].reason, Reason::Denied);
    }

    #[tokio::test]
    async fn refused_tags_are_a_gap_about_that_group() {
        let denied = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>";
        let tape = Tape::default()
            .answer(200, page("prod", FAILOVER, ""))
            .answer(403, denied);
        let aws = tape.aws();
        let groups = list(&aws).await.resources;
        let found = deepen(&aws, groups).await;
        assert_eq!(found.gaps[0].kind, Kind::ReplicationGroup);
        let about = found.gaps[0].resource.as_ref().unwrap();
        assert_eq!(about.to_string(), "replication-group/prod");
    }
}
