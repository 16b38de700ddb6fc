//! Reads services: names by page, descriptions ten at a time, of every live cluster.

use aws_sdk_ecs::types::{self, ServiceField};
use futures_util::future::BoxFuture;

use super::{ConnectAlias, ConnectPort, Deployment, ServiceConnect, ServiceTarget, Trouble};
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{self, count, key, tag_map, text},
    },
    id::ResourceId,
    kind::{AsKind, Kind, cluster::Cluster},
    snapshot::{Reason, Resource},
};

const LIST: Call = Call::new(Service::Ecs, "ListServices");
const DESCRIBE: Call = Call::new(Service::Ecs, "DescribeServices");
/// The most names that ListServices gives at once.
const PAGE: i32 = 100;
/// The most that DescribeServices takes at once.
const BATCH: usize = 10;

pub const READING: Reading = Reading {
    calls: &[LIST, DESCRIBE],
    source: Source::Inside(Kind::Cluster, inside),
    deepen: None,
};

fn inside(aws: &Aws, clusters: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let clusters = live(clusters);
        aws.find_each(Kind::Service, clusters, |it| of_cluster(aws, it))
            .await
    })
}

/// Those clusters that may have something in them.
pub fn live(clusters: Vec<Resource>) -> impl Iterator<Item = Resource> {
    clusters
        .into_iter()
        .filter(|it| Cluster::of(&it.attrs).is_some_and(Cluster::is_active))
}

async fn of_cluster(aws: &Aws, cluster: Resource) -> Found {
    let mut found = Found::of(Kind::Service);
    let name = &cluster.id.key;
    let request = aws.ecs.list_services().cluster(name).max_results(PAGE);
    let arns = request.into_paginator().items().send();
    let arns = found.collect(LIST, Some(&cluster.id), arns).await;
    let batches = arns.chunks(BATCH).map(<[String]>::to_vec);
    let answers = aws.each(batches, |batch| {
        aws.ecs
            .describe_services()
            .cluster(name)
            .set_services(Some(batch))
            .include(ServiceField::Tags)
            .send()
    });
    for answer in answers.await {
        let Some(answer) = found.answer(DESCRIBE, Some(&cluster.id), answer) else {
            continue;
        };
        for service in answer.services.unwrap_or_default() {
            found.add(DESCRIBE, Some(&cluster.id), resource(name, service));
        }
        left_out(&mut found, DESCRIBE, Some(&cluster.id), answer.failures);
    }
    found
}

/// Notes what an ECS description left out; what was deleted since its listing is not missed.
pub fn left_out(
    found: &mut Found,
    call: Call,
    about: Option<&ResourceId>,
    failures: Option<Vec<types::Failure>>,
) {
    for it in failures.unwrap_or_default() {
        let code = it.reason.unwrap_or_default();
        if code != "MISSING" {
            let message = format!("{} was not described", it.arn.unwrap_or_default());
            found.gap(call, about, Reason::Failed, code, &message);
        }
    }
}

fn resource(cluster: &str, service: types::Service) -> Result<Resource, Missing> {
    let name = service.service_name.need("serviceName")?;
    let status = service.status.need("status")?;
    let controller = service.deployment_controller.map(|it| it.r#type);
    let sets = service.task_sets.unwrap_or_default();
    let deployments = service.deployments.unwrap_or_default();
    let network = network(service.network_configuration.as_ref(), &deployments, &sets);
    let deploying = service.deployment_configuration;
    let breaker = deploying
        .as_ref()
        .and_then(|it| it.deployment_circuit_breaker.as_ref());
    let strategy = service.capacity_provider_strategy.unwrap_or_default();
    let of_sets = sets.iter().flat_map(|it| it.service_registries()).cloned();
    let registries = service.service_registries.into_iter().flatten();
    let registries = registries.chain(of_sets).filter_map(|it| it.registry_arn);
    let registries = registries.collect();
    let attrs = super::Service {
        cluster: cluster.to_owned(),
        status,
        launch_type: text(service.launch_type.map(|it| it.as_str().to_owned())),
        capacity_providers: strategy
            .into_iter()
            .map(|it| it.capacity_provider)
            .collect(),
        platform_version: service.platform_version,
        scheduling: service
            .scheduling_strategy
            .map(|it| it.as_str().to_owned())
            .unwrap_or_default(),
        controller: controller.map(|it| it.as_str().to_owned()),
        task_definition: service.task_definition.map(key).unwrap_or_default(),
        desired: count(Some(service.desired_count)),
        running: count(Some(service.running_count)),
        pending: count(Some(service.pending_count)),
        load_balancers: targets(service.load_balancers, &sets),
        subnets: network.subnets,
        security_groups: network.groups,
        assign_public_ip: network.public_ip,
        role: service.role_arn.map(key),
        circuit_breaker: breaker.is_some_and(|it| it.enable),
        rollback: breaker.is_some_and(|it| it.rollback),
        minimum_healthy_percent: deploying
            .as_ref()
            .and_then(|it| it.minimum_healthy_percent)
            .map(|it| count(Some(it))),
        maximum_percent: deploying
            .as_ref()
            .and_then(|it| it.maximum_percent)
            .map(|it| count(Some(it))),
        deployments: deployments
            .into_iter()
            .map(deployment)
            .chain(sets.into_iter().map(task_set))
            .collect(),
        registries,
        execute_command: service.enable_execute_command,
        health_check_grace_s: service
            .health_check_grace_period_seconds
            .map(|it| count(Some(it))),
        trouble: trouble(&service.events.unwrap_or_default()),
    };
    Ok(Resource::new(format!("{cluster}/{name}"), attrs)
        .name(name)
        .arn(service.service_arn)
        .created(shape::time(service.created_at))
        .tags(tag_map!(service.tags.unwrap_or_default())))
}

/// Where all of a service's tasks are, those of a deployment that is on its way out or of a task set
/// among them.
#[derive(Default)]
struct Network {
    subnets: Vec<String>,
    groups: Vec<String>,
    public_ip: Option<bool>,
}

fn network(
    own: Option<&types::NetworkConfiguration>,
    deployments: &[types::Deployment],
    sets: &[types::TaskSet],
) -> Network {
    let of_deployments = deployments
        .iter()
        .filter_map(|it| it.network_configuration());
    let of_sets = sets.iter().filter_map(|it| it.network_configuration());
    let all = own.into_iter().chain(of_deployments).chain(of_sets);
    let mut network = Network::default();
    for it in all.filter_map(|it| it.awsvpc_configuration()) {
        for (told, known) in [
            (it.subnets(), &mut network.subnets),
            (it.security_groups(), &mut network.groups),
        ] {
            let fresh = told.iter().filter(|it| !known.contains(it));
            let fresh: Vec<String> = fresh.cloned().collect();
            known.extend(fresh);
        }
        let public_ip = it.assign_public_ip();
        let public_ip = public_ip.map(|it| *it == types::AssignPublicIp::Enabled);
        network.public_ip = network.public_ip.max(public_ip);
    }
    network
}

/// The last event in which ECS was unable to do something, unless all was well again after it.
fn trouble(events: &[types::ServiceEvent]) -> Option<Trouble> {
    let when = |it: &types::ServiceEvent| shape::time(it.created_at);
    let told = |words: &str| {
        let told = events.iter();
        let told = told.filter(|it| it.message().is_some_and(|it| it.contains(words)));
        told.max_by_key(|it| when(it))
    };
    let unable = told("unable to")?;
    let well = told("has reached a steady state").and_then(when);
    (well.is_none() || when(unable) > well).then(|| Trouble {
        message: unable.message().unwrap_or_default().to_owned(),
        at: when(unable),
    })
}

/// What is told of its tasks, by the service itself or by one of its task sets.
fn targets(own: Option<Vec<types::LoadBalancer>>, sets: &[types::TaskSet]) -> Vec<ServiceTarget> {
    let of_sets = sets.iter().flat_map(|it| it.load_balancers()).cloned();
    let mut targets = Vec::new();
    for it in own.unwrap_or_default().into_iter().chain(of_sets) {
        let target = target(it);
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
    targets
}

fn target(it: types::LoadBalancer) -> ServiceTarget {
    let advanced = it.advanced_configuration;
    ServiceTarget {
        target_group: it.target_group_arn.map(key),
        alternate: advanced
            .and_then(|it| it.alternate_target_group_arn)
            .map(key),
        classic: it.load_balancer_name,
        container: it.container_name.unwrap_or_default(),
        port: shape::port(it.container_port),
    }
}

fn deployment(it: types::Deployment) -> Deployment {
    Deployment {
        status: it.status.unwrap_or_default(),
        task_definition: it.task_definition.map(key).unwrap_or_default(),
        desired: count(Some(it.desired_count)),
        running: count(Some(it.running_count)),
        pending: count(Some(it.pending_count)),
        failed: count(Some(it.failed_tasks)),
        rollout_state: it.rollout_state.map(|it| it.as_str().to_owned()),
        rollout_reason: it.rollout_state_reason,
        connect: it
            .service_connect_configuration
            .map(|told| connect(told, it.service_connect_resources)),
        created: shape::time(it.created_at),
        updated: shape::time(it.updated_at),
    }
}

/// The log configuration is not kept: a driver's options may be tokens and passwords.
fn connect(
    it: types::ServiceConnectConfiguration,
    made: Option<Vec<types::ServiceConnectServiceResource>>,
) -> ServiceConnect {
    let made = made.unwrap_or_default().into_iter();
    ServiceConnect {
        enabled: it.enabled,
        namespace: text(it.namespace).map(key),
        ports: it
            .services
            .unwrap_or_default()
            .into_iter()
            .map(connect_port)
            .collect(),
        made: made.filter_map(|it| it.discovery_arn).map(key).collect(),
    }
}

fn connect_port(it: types::ServiceConnectService) -> ConnectPort {
    let aliases = it.client_aliases.unwrap_or_default().into_iter();
    ConnectPort {
        name: it.port_name,
        discovery_name: text(it.discovery_name),
        aliases: aliases
            .map(|it| ConnectAlias {
                dns_name: text(it.dns_name),
                port: shape::port(Some(it.port)),
            })
            .collect(),
    }
}

fn task_set(it: types::TaskSet) -> Deployment {
    Deployment {
        status: it.status.unwrap_or_default(),
        task_definition: it.task_definition.map(key).unwrap_or_default(),
        desired: count(Some(it.computed_desired_count)),
        running: count(Some(it.running_count)),
        pending: count(Some(it.pending_count)),
        failed: 0,
        rollout_state: it.stability_status.map(|it| it.as_str().to_owned()),
        rollout_reason: None,
        connect: None,
        created: shape::time(it.created_at),
        updated: shape::time(it.updated_at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cluster, replay::Tape};

    /// An answer of ListServices with services `from..to`.
    fn names(from: usize, to: usize, token: &str) -> String {
        let arns: Vec<String> = (from..to)
            .map(|it| format!(r#""arn:aws:ecs:us-east-1:1:service/prod/s{it}""#))
            .collect();
        format!(r#"{{"serviceArns":[{}]{token}}}"#, arns.join(","))
    }

    fn service(fields: &str) -> String {
        let arn = "arn:aws:ecs:us-east-1:1:service/prod/web";
        let task = "arn:aws:ecs:us-east-1:1:task-definition/web:3";
        format!(
            r#"{{"services":[{{"serviceName":"web","serviceArn":"{arn}","status":"ACTIVE",
                "taskDefinition":"{task}","schedulingStrategy":"REPLICA"{fields}}}]}}"#
        )
    }

    #[test]
    fn only_trouble_that_is_not_over_is_told() {
        let event = |message: &str, second| {
            let at = aws_smithy_types::DateTime::from_secs(second);
            let event = types::ServiceEvent::builder().message(message);
            event.created_at(at).build()
        };
        let unable = "(service web) was unable to place a task because no container instance met \
                      all of its requirements.";
        let steady = "(service web) has reached a steady state.";
        let events = [event(steady, 10), event(unable, 30), event(unable, 20)];
        let told = trouble(&events).unwrap();
        assert_eq!((&*told.message, told.at.unwrap().as_second()), (unable, 30));
        assert_eq!(trouble(&[event(unable, 20), event(steady, 30)]), None);
        assert_eq!(trouble(&[]), None);
    }

    #[tokio::test]
    async fn all_pages_are_described_ten_at_a_time() {
        let tape = Tape::default()
            .answer(200, names(0, 8, r#","nextToken":"t""#))
            .answer(200, names(8, 12, ""))
            .answer(200, r#"{"services":[]}"#)
            .answer(200, r#"{"services":[]}"#);
        inside(&tape.aws(), vec![cluster("prod")]).await;
        let asked = tape.asked();
        assert_eq!(asked.len(), 4);
        assert!(asked[2].contains("service/prod/s9") && !asked[2].contains("service/prod/s10"));
        assert!(asked[3].contains("service/prod/s10") && asked[3].contains("TAGS"));
    }

    #[tokio::test]
    async fn a_deleted_cluster_is_not_asked() {
        let gone = Cluster {
            status: "INACTIVE".to_owned(),
            ..Cluster::default()
        };
        let tape = Tape::default();
        let found = inside(&tape.aws(), vec![Resource::new("old", gone)]).await;
        assert!(found.resources.is_empty() && tape.asked().is_empty());
    }

    #[tokio::test]
    async fn arns_become_keys_and_secrets_stay_out() {
        let body = service(
            r#","roleArn":"arn:aws:iam::1:role/team/ecs",
            "loadBalancers":[{"containerName":"web","containerPort":3000,"targetGroupArn":
                "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/web/38"}],
            "networkConfiguration":{"awsvpcConfiguration":{"subnets":["subnet-1"],
                "securityGroups":["sg-1"],"assignPublicIp":"ENABLED"}},
            "deployments":[{"status":"PRIMARY","rolloutState":"A_NEW_STATE",
                "taskDefinition":"arn:aws:ecs:us-east-1:1:task-definition/web:3",
                "serviceConnectResources":[{"discoveryName":"web","discoveryArn":
                    "arn:aws:servicediscovery:us-east-1:1:service/srv-1"}],
                "serviceConnectConfiguration":{"enabled":true,"namespace":
                    "arn:aws:servicediscovery:us-east-1:1:namespace/ns-1",
                    "services":[{"portName":"http","clientAliases":[{"port":80}]}],
                    "logConfiguration":{
                    "logDriver":"splunk","options":{"splunk-token":"planted-secret-token"}}}}]"#,
        );
        let tape = Tape::default()
            .answer(200, names(0, 1, ""))
            .answer(200, body);
        let found = inside(&tape.aws(), vec![cluster("prod")]).await;
        let web = super::super::Service::of(&found.resources[0].attrs).unwrap();
        assert_eq!(found.resources[0].id.key, "prod/web");
        assert_eq!(web.role.as_deref(), Some("ecs"));
        assert_eq!(web.load_balancers[0].target_group.as_deref(), Some("web"));
        assert_eq!(web.assign_public_ip, Some(true));
        assert_eq!(
            web.deployments[0].rollout_state.as_deref(),
            Some("A_NEW_STATE")
        );
        let connect = web.deployments[0].connect.as_ref().unwrap();
        assert_eq!(connect.namespace.as_deref(), Some("ns-1"));
        assert_eq!(connect.ports[0].aliases[0].port, Some(80));
        assert_eq!(connect.made, ["srv-1"]);
        assert!(!format!("{found:?}").contains("planted-secret"));
    }

    #[tokio::test]
    async fn what_was_deleted_meanwhile_is_no_gap_and_what_failed_is() {
        let tape = Tape::default().answer(200, names(0, 2, "")).answer(
            200,
            r#"{"services":[],"failures":[{"arn":"s0","reason":"MISSING"},
                {"arn":"s1","reason":"ACCESS_DENIED"}]}"#,
        );
        let found = inside(&tape.aws(), vec![cluster("prod")]).await;
        assert_eq!(found.gaps.len(), 1);
        assert_eq!(found.gaps[0].code, "ACCESS_DENIED");
    }

    #[tokio::test]
    async fn a_refused_cluster_is_a_gap_about_it_and_the_next_is_read() {
        let denied = r#"{"__type":"AccessDeniedException","message":"no"}"#;
        let tape = Tape::default()
            .answer(403, denied)
            .answer(200, names(0, 1, ""))
            .answer(200, service(""));
        let found = inside(&tape.aws(), vec![cluster("dev"), cluster("prod")]).await;
        assert_eq!(found.resources.len(), 1);
        let about = found.gaps[0].resource.as_ref().unwrap();
        assert_eq!(about.to_string(), "cluster/dev");
        assert_eq!(found.gaps[0].reason, Reason::Denied);
    }

    #[tokio::test]
    async fn an_external_controller_tells_by_its_task_sets() {
        let arn = "arn:aws:ecs:us-east-1:1";
        let body = format!(
            r#"{{"services":[{{"serviceName":"web","status":"ACTIVE",
            "deploymentController":{{"type":"EXTERNAL"}},
            "taskSets":[{{"status":"PRIMARY","taskDefinition":"{arn}:task-definition/web:7",
                "stabilityStatus":"STEADY_STATE","loadBalancers":[{{"targetGroupArn":
                "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/web/38"}}]}}]}}]}}"#
        );
        let tape = Tape::default()
            .answer(200, names(0, 1, ""))
            .answer(200, body);
        let found = inside(&tape.aws(), vec![cluster("prod")]).await;
        let web = super::super::Service::of(&found.resources[0].attrs).unwrap();
        assert_eq!(web.deployments[0].task_definition, "web:7");
        assert_eq!(web.load_balancers.len(), 1);
    }

    #[tokio::test]
    async fn a_deployment_on_its_way_out_still_wears_its_groups() {
        let network = |group: &str, public: &str| {
            format!(
                r#""networkConfiguration":{{"awsvpcConfiguration":{{"subnets":["subnet-1"],
                "securityGroups":["sg-all","{group}"],"assignPublicIp":"{public}"}}}}"#
            )
        };
        let body = format!(
            r#"{{"services":[{{"serviceName":"web","status":"ACTIVE",{},
            "deployments":[{{"status":"PRIMARY",{}}},{{"status":"ACTIVE",{}}}]}}]}}"#,
            network("sg-new", "DISABLED"),
            network("sg-new", "DISABLED"),
            network("sg-old", "ENABLED"),
        );
        let tape = Tape::default()
            .answer(200, names(0, 1, ""))
            .answer(200, body);
        let found = inside(&tape.aws(), vec![cluster("prod")]).await;
        let web = super::super::Service::of(&found.resources[0].attrs).unwrap();
        assert_eq!(web.subnets, ["subnet-1"]);
        assert_eq!(web.security_groups, ["sg-all", "sg-new", "sg-old"]);
        assert_eq!(web.assign_public_ip, Some(true));
    }
}
