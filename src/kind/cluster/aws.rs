//! Reads clusters: names by page, descriptions a hundred at a time.

use aws_sdk_ecs::types::{self, ClusterField};
use futures_util::future::BoxFuture;

use super::Cluster;
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{count, key, tag_map, text},
    },
    kind::{Kind, service::aws::left_out},
    snapshot::Resource,
};

const LIST: Call = Call::new(Service::Ecs, "ListClusters");
const DESCRIBE: Call = Call::new(Service::Ecs, "DescribeClusters");
/// The most that DescribeClusters takes at once.
const BATCH: usize = 100;

pub const READING: Reading = Reading {
    calls: &[LIST, DESCRIBE],
    source: Source::Region(list),
    deepen: None,
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::Cluster);
        let arns = aws.ecs.list_clusters().into_paginator().items().send();
        let arns = found.collect(LIST, None, arns).await;
        for batch in arns.chunks(BATCH) {
            let answer = aws
                .ecs
                .describe_clusters()
                .set_clusters(Some(batch.to_vec()))
                .set_include(Some(vec![
                    ClusterField::Tags,
                    ClusterField::Settings,
                    ClusterField::Statistics,
                ]))
                .send()
                .await;
            let Some(answer) = found.answer(DESCRIBE, None, answer) else {
                continue;
            };
            for cluster in answer.clusters.unwrap_or_default() {
                found.add(DESCRIBE, None, resource(cluster));
            }
            left_out(&mut found, DESCRIBE, None, answer.failures);
        }
        found
    })
}

fn resource(cluster: types::Cluster) -> Result<Resource, Missing> {
    let name = cluster.cluster_name.need("clusterName")?;
    let insights = cluster
        .settings
        .unwrap_or_default()
        .into_iter()
        .find(|it| it.name == Some(types::ClusterSettingName::ContainerInsights));
    let connect = cluster.service_connect_defaults;
    let insights = insights.and_then(|it| it.value);
    let insights_on = insights.as_deref().is_some_and(|it| it != "disabled");
    let attrs = Cluster {
        status: cluster.status.need("status")?,
        services: count(Some(cluster.active_services_count)),
        running_tasks: count(Some(cluster.running_tasks_count)),
        pending_tasks: count(Some(cluster.pending_tasks_count)),
        container_instances: count(Some(cluster.registered_container_instances_count)),
        capacity_providers: cluster.capacity_providers.unwrap_or_default(),
        insights_log_group: insights_on
            .then(|| format!("/aws/ecs/containerinsights/{name}/performance")),
        container_insights: insights,
        namespace: text(connect.and_then(|it| it.namespace)).map(key),
    };
    Ok(Resource::new(name, attrs)
        .arn(cluster.cluster_arn)
        .tags(tag_map!(cluster.tags.unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kind::AsKind, testing::replay::Tape};

    #[tokio::test]
    async fn pages_of_names_become_one_description() {
        let tape = Tape::default()
            .answer(
                200,
                r#"{"clusterArns":["arn:aws:ecs:us-east-1:1:cluster/a"],"nextToken":"t"}"#,
            )
            .answer(
                200,
                r#"{"clusterArns":["arn:aws:ecs:us-east-1:1:cluster/b"]}"#,
            )
            .answer(
                200,
                r#"{"clusters":[
                    {"clusterName":"a","status":"ACTIVE","activeServicesCount":3,
                     "serviceConnectDefaults":{"namespace":
                        "arn:aws:servicediscovery:us-east-1:1:namespace/ns-1"}},
                    {"status":"ACTIVE"}]}"#,
            );
        let found = list(&tape.aws()).await;
        assert_eq!(found.resources.len(), 1);
        let cluster = Cluster::of(&found.resources[0].attrs).unwrap();
        assert_eq!(cluster.services, 3);
        assert_eq!(cluster.namespace.as_deref(), Some("ns-1"));
        assert_eq!(found.gaps[0].message, "the answer has no clusterName");
        assert_eq!(tape.asked().len(), 3);
    }

    #[tokio::test]
    async fn a_cluster_that_is_not_described_is_a_gap_unless_it_is_gone() {
        let tape = Tape::default()
            .answer(200, r#"{"clusterArns":["a","b"]}"#)
            .answer(
                200,
                r#"{"clusters":[],"failures":[{"arn":"a","reason":"MISSING"},
                    {"arn":"b","reason":"ACCESS_DENIED"}]}"#,
            );
        let found = list(&tape.aws()).await;
        let codes: Vec<&str> = found.gaps.iter().map(|it| &*it.code).collect();
        assert_eq!(codes, ["ACCESS_DENIED"]);
    }
}
