//! Reads ElastiCache clusters: one listing, one of the subnets that they may be placed in, then
//! the tags of the rack's own.

use std::collections::BTreeMap;

use aws_sdk_elasticache::types;
use futures_util::future::BoxFuture;

use super::{CacheCluster, Network, Node};
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{self, count, tag_map, text},
    },
    id::ResourceId,
    kind::{AsKind, Fact, Kind},
    snapshot::{Gap, Resource},
};

const CLUSTERS: Call = Call::new(Service::ElastiCache, "DescribeCacheClusters");
const SUBNET_GROUPS: Call = Call::new(Service::ElastiCache, "DescribeCacheSubnetGroups");
pub const TAGS: Call = Call::new(Service::ElastiCache, "ListTagsForResource");
/// The most that a page holds.
const PAGE: i32 = 100;
/// What AWS writes for the zone of a cluster whose nodes are in several.
const MULTIPLE: &str = "Multiple";

pub const READING: Reading = Reading {
    calls: &[CLUSTERS, SUBNET_GROUPS, TAGS],
    source: Source::Region(list),
    deepen: Some(deepen),
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::CacheCluster);
        let request = aws.elasticache.describe_cache_clusters();
        let pages = request.show_cache_node_info(true).into_paginator();
        let pages = pages.page_size(PAGE).items().send();
        found.pages(CLUSTERS, pages, resource).await;
        add_networks(aws, &mut found).await;
        found
    })
}

fn resource(cluster: types::CacheCluster) -> Result<Resource, Missing> {
    let id = cluster.cache_cluster_id.need("CacheClusterId")?;
    let nodes = cluster.cache_nodes.unwrap_or_default();
    let endpoint = cluster.configuration_endpoint;
    let zone = text(cluster.preferred_availability_zone);
    let groups = cluster.security_groups.unwrap_or_default();
    let parameters = cluster.cache_parameter_group;
    let logs = cluster.log_delivery_configurations.unwrap_or_default();
    let topic = cluster.notification_configuration;
    let topic = topic.filter(|it| it.topic_status.as_deref() != Some("inactive"));
    let attrs = CacheCluster {
        engine: cluster.engine.need("Engine")?,
        engine_version: cluster.engine_version.need("EngineVersion")?,
        node_type: cluster.cache_node_type.need("CacheNodeType")?,
        status: cluster.cache_cluster_status.need("CacheClusterStatus")?,
        node_count: count(Some(cluster.num_cache_nodes.need("NumCacheNodes")?)),
        nodes: nodes
            .into_iter()
            .map(node)
            .collect::<Result<_, Missing>>()?,
        zone: zone.filter(|it| it != MULTIPLE),
        port: shape::port(endpoint.as_ref().and_then(|it| it.port)),
        endpoint: endpoint.and_then(|it| it.address),
        replication_group: text(cluster.replication_group_id),
        subnet_group: text(cluster.cache_subnet_group_name),
        network: Fact::Unread,
        security_groups: groups
            .into_iter()
            .filter_map(|it| it.security_group_id)
            .collect(),
        // Where an engine has no such thing AWS may leave these out.
        encrypted_in_transit: cluster.transit_encryption_enabled.unwrap_or_default(),
        encrypted_at_rest: cluster.at_rest_encryption_enabled.unwrap_or_default(),
        auth_token: cluster.auth_token_enabled.unwrap_or_default(),
        snapshot_retention_days: count(cluster.snapshot_retention_limit),
        auto_minor_upgrade: cluster.auto_minor_version_upgrade.unwrap_or_default(),
        parameter_group: parameters.and_then(|it| it.cache_parameter_group_name),
        log_groups: logs.into_iter().filter_map(log_group).collect(),
        topic: topic.and_then(|it| it.topic_arn),
    };
    Ok(Resource::new(id, attrs)
        .arn(cluster.arn)
        .created(shape::time(cluster.cache_cluster_create_time)))
}

fn node(it: types::CacheNode) -> Result<Node, Missing> {
    let endpoint = it.endpoint;
    Ok(Node {
        id: it.cache_node_id.need("CacheNodes.CacheNodeId")?,
        status: it.cache_node_status.need("CacheNodes.CacheNodeStatus")?,
        zone: text(it.customer_availability_zone),
        port: shape::port(endpoint.as_ref().and_then(|it| it.port)),
        endpoint: endpoint.and_then(|it| it.address),
    })
}

/// The log group that a log is delivered to; `None` where that is a stream.
fn log_group(it: types::LogDeliveryConfiguration) -> Option<String> {
    let destination = it.destination_details?.cloud_watch_logs_details?;
    text(destination.log_group)
}

/// Tells every cluster where its nodes may be placed.
async fn add_networks(aws: &Aws, found: &mut Found) {
    let clusters = found.resources.iter_mut();
    let mut placed: Vec<(ResourceId, String, &mut CacheCluster)> = clusters
        .filter_map(|it| {
            let attrs = CacheCluster::of_mut(&mut it.attrs)?;
            Some((it.id.clone(), attrs.subnet_group.clone()?, attrs))
        })
        .collect();
    if placed.is_empty() {
        return;
    }
    let mut asked = Found::of(Kind::CacheCluster);
    let pages = aws.elasticache.describe_cache_subnet_groups();
    let pages = pages.into_paginator().page_size(PAGE).items().send();
    let groups = asked.collect(SUBNET_GROUPS, None, pages).await;
    let networks: BTreeMap<String, Network> = groups.into_iter().filter_map(network).collect();
    for (id, name, cluster) in &mut placed {
        match networks.get(name) {
            Some(it) => cluster.network = Fact::Known(it.clone()),
            // The clusters are known; only where they are is not.
            None if asked.gaps.is_empty() => {
                asked.malformed(SUBNET_GROUPS, Some(id), Missing("CacheSubnetGroup"));
            }
            None => {}
        }
    }
    let unplaced = placed
        .iter()
        .filter(|(_, _, it)| it.network == Fact::Unread);
    let unplaced: Vec<ResourceId> = unplaced.map(|it| it.0.clone()).collect();
    let (about, of_all): (Vec<Gap>, Vec<Gap>) =
        asked.gaps.into_iter().partition(|it| it.resource.is_some());
    let of_each = of_all.iter().flat_map(|gap| {
        unplaced.iter().map(|id| Gap {
            resource: Some(id.clone()),
            ..gap.clone()
        })
    });
    found.gaps.extend(about.into_iter().chain(of_each));
}

fn network(group: types::CacheSubnetGroup) -> Option<(String, Network)> {
    let subnets = group.subnets.unwrap_or_default();
    let network = Network {
        vpc: text(group.vpc_id)?,
        subnets: subnets
            .into_iter()
            .filter_map(|it| it.subnet_identifier)
            .collect(),
    };
    Some((group.cache_subnet_group_name?, network))
}

fn deepen(aws: &Aws, clusters: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(aws.find_each(Kind::CacheCluster, clusters, |it| tagged(aws, it)))
}

/// The same thing of ElastiCache with its tags.
pub async fn tagged(aws: &Aws, mut it: Resource) -> Found {
    let mut found = Found::of(it.id.kind);
    let request = aws.elasticache.list_tags_for_resource();
    let request = request.set_resource_name(it.arn.clone());
    let answer = found.answer(TAGS, Some(&it.id), request.send().await);
    if let Some(answer) = answer {
        it = it.tags(tag_map!(answer.tag_list.unwrap_or_default()));
    }
    found.resources.push(it);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{snapshot::Reason, testing::replay::Tape};

    const NS: &str = "http://elasticache.amazonaws.com/doc/2015-02-02/";

    /// An answer with one cluster and what follows the list.
    fn page(id: &str, inside: &str, marker: &str) -> String {
        format!(
            r#"<DescribeCacheClustersResponse xmlns="{NS}"><DescribeCacheClustersResult>
             <CacheClusters><CacheCluster>
               <CacheClusterId>{id}</CacheClusterId>
               <ARN>arn:aws:elasticache:us-east-1:123456789012:cluster:{id}</ARN>
               <Engine>redis</Engine><EngineVersion>7.1.0</EngineVersion>
               <CacheNodeType>cache.t3.micro</CacheNodeType>
               <CacheClusterStatus>available</CacheClusterStatus>{inside}
             </CacheCluster></CacheClusters>{marker}
             </DescribeCacheClustersResult></DescribeCacheClustersResponse>"#
        )
    }

    /// An answer with one subnet group.
    fn subnet_groups(name: &str) -> String {
        format!(
            r#"<DescribeCacheSubnetGroupsResponse xmlns="{NS}"><DescribeCacheSubnetGroupsResult>
             <CacheSubnetGroups><CacheSubnetGroup>
               <CacheSubnetGroupName>{name}</CacheSubnetGroupName><VpcId>vpc-1</VpcId>
               <Subnets><Subnet><SubnetIdentifier>subnet-1</SubnetIdentifier></Subnet>
                 <Subnet><SubnetIdentifier>subnet-2</SubnetIdentifier></Subnet></Subnets>
             </CacheSubnetGroup></CacheSubnetGroups>
             </DescribeCacheSubnetGroupsResult></DescribeCacheSubnetGroupsResponse>"#
        )
    }

    const ONE: &str = "<NumCacheNodes>1</NumCacheNodes>";
    const PLACED: &str = "<NumCacheNodes>1</NumCacheNodes>
        <CacheSubnetGroupName>prod</CacheSubnetGroupName>";
    const DENIED: &str = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>";

    async fn one(inside: &str) -> CacheCluster {
        let tape = Tape::default().answer(200, page("prod-001", inside, ""));
        let found = list(&tape.aws()).await;
        assert!(found.gaps.is_empty(), "{:?}", found.gaps);
        CacheCluster::of(&found.resources[0].attrs).unwrap().clone()
    }

    #[tokio::test]
    async fn a_listing_is_followed_to_its_end_and_nodes_are_asked_for() {
        let tape = Tape::default()
            .answer(200, page("a", ONE, "<Marker>m</Marker>"))
            .answer(200, page("b", ONE, ""));
        let found = list(&tape.aws()).await;
        let keys: Vec<&str> = found
            .resources
            .iter()
            .map(|it| it.id.key.as_str())
            .collect();
        assert_eq!(keys, ["a", "b"]);
        let asked = tape.asked();
        assert_eq!(asked.len(), 2, "nothing to ask subnet groups for");
        assert!(asked[0].contains("ShowCacheNodeInfo=true"));
        assert!(asked[1].contains("Marker=m"));
    }

    #[tokio::test]
    async fn each_node_has_a_zone_and_an_endpoint() {
        let cluster = one("<NumCacheNodes>2</NumCacheNodes>
             <PreferredAvailabilityZone>Multiple</PreferredAvailabilityZone>
             <ConfigurationEndpoint><Address>prod.cfg.cache.amazonaws.com</Address>
               <Port>11211</Port></ConfigurationEndpoint>
             <CacheNodes>
               <CacheNode><CacheNodeId>0001</CacheNodeId>
                 <CacheNodeStatus>available</CacheNodeStatus>
                 <Endpoint><Address>prod.0001.cache.amazonaws.com</Address><Port>11211</Port>
                 </Endpoint>
                 <CustomerAvailabilityZone>us-east-1a</CustomerAvailabilityZone></CacheNode>
               <CacheNode><CacheNodeId>0002</CacheNodeId>
                 <CacheNodeStatus>creating</CacheNodeStatus></CacheNode>
             </CacheNodes>")
        .await;
        assert_eq!(cluster.zone, None);
        assert_eq!(cluster.port, Some(11211));
        let first = &cluster.nodes[0];
        assert_eq!(first.zone.as_deref(), Some("us-east-1a"));
        assert_eq!(
            first.endpoint.as_deref(),
            Some("prod.0001.cache.amazonaws.com")
        );
        assert_eq!(cluster.nodes[1].endpoint, None);
    }

    #[tokio::test]
    async fn only_logs_that_go_to_a_group_and_topics_that_are_told_are_kept() {
        let cluster = one("<NumCacheNodes>1</NumCacheNodes>
             <SecurityGroups><member><SecurityGroupId>sg-1</SecurityGroupId></member>
             </SecurityGroups>
             <NotificationConfiguration><TopicArn>arn:aws:sns:us-east-1:1:t</TopicArn>
               <TopicStatus>inactive</TopicStatus></NotificationConfiguration>
             <LogDeliveryConfigurations>
               <LogDeliveryConfiguration><DestinationDetails><CloudWatchLogsDetails>
                 <LogGroup>/redis/slow</LogGroup></CloudWatchLogsDetails></DestinationDetails>
               </LogDeliveryConfiguration>
               <LogDeliveryConfiguration><DestinationDetails><KinesisFirehoseDetails>
                 <DeliveryStream>s</DeliveryStream></KinesisFirehoseDetails></DestinationDetails>
               </LogDeliveryConfiguration>
             </LogDeliveryConfigurations>")
        .await;
        assert_eq!(cluster.security_groups, ["sg-1"]);
        assert_eq!(cluster.log_groups, ["/redis/slow"]);
        assert_eq!(cluster.topic, None);
    }

    #[tokio::test]
    async fn a_cluster_is_placed_by_its_subnet_group() {
        let tape = Tape::default()
            .answer(200, page("prod-001", PLACED, ""))
            .answer(200, subnet_groups("prod"));
        let found = list(&tape.aws()).await;
        assert!(found.gaps.is_empty(), "{:?}", found.gaps);
        let cluster = CacheCluster::of(&found.resources[0].attrs).unwrap();
        let network = cluster.network.known().unwrap();
        assert_eq!(network.vpc, "vpc-1");
        assert_eq!(network.subnets, ["subnet-1", "subnet-2"]);
    }

    #[tokio::test]
    async fn refused_subnet_groups_are_a_gap_about_each_cluster_that_has_one() {
        let tape = Tape::default()
            .answer(200, page("prod-001", PLACED, ""))
            .answer(403, DENIED);
        let found = list(&tape.aws()).await;
        let gap = &found.gaps[0];
        assert_eq!(gap.action, "elasticache:DescribeCacheSubnetGroups");
        let about = gap.resource.as_ref().unwrap();
        assert_eq!(about.to_string(), "cache-cluster/prod-001");
        let cluster = CacheCluster::of(&found.resources[0].attrs).unwrap();
        assert_eq!(cluster.network, Fact::Unread);
    }

    #[tokio::test]
    async fn a_subnet_group_that_is_not_listed_is_a_gap() {
        let tape = Tape::default()
            .answer(200, page("prod-001", PLACED, ""))
            .answer(200, subnet_groups("other"));
        let found = list(&tape.aws()).await;
        assert_eq!(found.gaps.len(), 1);
        assert_eq!(found.gaps[0].reason, Reason::Malformed);
    }

    #[tokio::test]
    async fn one_that_does_not_say_how_many_nodes_it_has_is_a_gap() {
        let tape = Tape::default().answer(200, page("prod-001", "", ""));
        let found = list(&tape.aws()).await;
        assert!(found.resources.is_empty());
        assert_eq!(found.gaps[0].message, "the answer has no NumCacheNodes");
    }

    #[tokio::test]
    async fn a_refused_listing_is_a_gap() {
        let tape = Tape::default().answer(403, DENIED);
        let found = list(&tape.aws()).await;
        assert_eq!(found.gaps[0].action, "elasticache:DescribeCacheClusters");
        assert_eq!(found.gaps[0].resource, None);
    }

    #[tokio::test]
    async fn its_tags_are_asked_for_by_its_arn() {
        let tape = Tape::default().answer(200, page("prod-001", ONE, ""));
        let clusters = list(&tape.aws()).await.resources;
        let tape = Tape::default().answer(
            200,
            format!(
                r#"<ListTagsForResourceResponse xmlns="{NS}"><ListTagsForResourceResult>
                 <TagList><Tag><Key>Rack</Key><Value>prod</Value></Tag></TagList>
                 </ListTagsForResourceResult></ListTagsForResourceResponse>"#
            ),
        );
        let found = deepen(&tape.aws(), clusters).await;
        assert_eq!(found.resources[0].tags["Rack"], "prod");
        assert!(tape.asked()[0].contains("cluster%3Aprod-001"));
    }
}
