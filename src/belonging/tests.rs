//! How each resource of small accounts belongs to rack `prod`.

use super::*;
use crate::{
    kind::{
        Attrs, Fact,
        alarm::{Alarm, Dimension, Metric},
        auto_scaling_group::{AutoScalingGroup, Member},
        bucket::Bucket,
        container_instance::ContainerInstance,
        db_instance::DbInstance,
        instance::Instance,
        key::Key,
        key_pair::KeyPair,
        launch_configuration::LaunchConfiguration,
        listener::Listener,
        listener_rule::{Action, Forward},
        load_balancer::{LoadBalancer, Settings},
        role::Role,
        security_group::{Permission, SecurityGroup},
        service::{Service, ServiceTarget},
        target_group::{Target, TargetGroup},
        task_definition::TaskDefinition,
        volume::Volume,
        vpc::Vpc,
    },
    rack,
    testing::{cluster, opened, stack, tagged},
};

fn balancer(name: &str, group: &str, logs: &str) -> Resource {
    let settings = Settings {
        access_log_bucket: Some(logs.to_owned()),
        ..Settings::default()
    };
    let attrs = LoadBalancer {
        vpc: "vpc-1".to_owned(),
        security_groups: vec![group.to_owned()],
        settings: Fact::Known(settings),
        ..LoadBalancer::default()
    };
    Resource::new(name, attrs)
}

fn vpc(is_default: bool) -> Resource {
    let attrs = Vpc {
        is_default,
        ..Vpc::default()
    };
    Resource::new("vpc-1", attrs)
}

fn group(id: &str, admits: &[&str]) -> Resource {
    let peers = Permission {
        protocol: "-1".to_owned(),
        groups: admits.iter().map(|it| (*it).to_owned()).collect(),
        ..Permission::default()
    };
    let attrs = SecurityGroup {
        vpc: "vpc-1".to_owned(),
        ingress: vec![peers],
        ..SecurityGroup::default()
    };
    Resource::new(id, attrs)
}

fn bucket(name: &str) -> Resource {
    Resource::new(name, Bucket::default())
}

/// How the things of this account belong to rack `prod`, whose stack made these.
fn classes(members: &[(&str, &str)], mut others: Vec<Resource>) -> BTreeMap<String, String> {
    others.push(opened(stack("prod"), members));
    let graph = Graph::build(&others);
    let rack = rack::find(&graph, &[], "prod", None).unwrap();
    let belongings = decide(&graph, &rack);
    graph
        .resources()
        .map(|it| {
            let belonging = belongings.of(&it.id);
            let others: Vec<String> = belonging.others.iter().map(ToString::to_string).collect();
            let class = belonging.class.name();
            (
                it.id.to_string(),
                format!("{class} {}", others.join(",")).trim().to_owned(),
            )
        })
        .collect()
}

const BALANCER: (&str, &str) = (
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/router/42",
);

#[test]
fn what_the_stack_made_is_declared_and_what_is_part_of_that_is_derived() {
    let listener = Listener {
        load_balancer: "router".to_owned(),
        ..Listener::default()
    };
    let classes = classes(
        &[BALANCER],
        vec![
            balancer("router", "sg-1", "logs"),
            Resource::new("router/75", listener),
        ],
    );
    assert_eq!(classes["load-balancer/router"], "declared");
    assert_eq!(classes["listener/router/75"], "derived");
    assert_eq!(classes["stack/prod"], "declared");
}

#[test]
fn what_only_the_rack_uses_is_inferred() {
    let classes = classes(
        &[BALANCER],
        vec![
            balancer("router", "sg-1", "logs"),
            group("sg-1", &[]),
            bucket("logs"),
            bucket("logs-2"),
        ],
    );
    assert_eq!(classes["security-group/sg-1"], "inferred");
    assert_eq!(classes["bucket/logs"], "inferred");
    // A name that looks alike is no evidence.
    assert_eq!(classes["bucket/logs-2"], "foreign");
}

#[test]
fn a_bucket_that_two_balancers_write_to_is_shared_even_if_declared() {
    let classes = classes(
        &[BALANCER, ("AWS::S3::Bucket", "logs")],
        vec![
            balancer("router", "sg-1", "logs"),
            balancer("neighbour", "sg-2", "logs"),
            bucket("logs"),
        ],
    );
    assert_eq!(classes["bucket/logs"], "shared load-balancer/neighbour");
    assert_eq!(classes["load-balancer/neighbour"], "foreign");
}

#[test]
fn the_default_vpc_is_never_the_racks_own() {
    let resources = |is_default| vec![balancer("router", "sg-1", "logs"), vpc(is_default)];
    assert_eq!(classes(&[BALANCER], resources(true))["vpc/vpc-1"], "shared");
    assert_eq!(
        classes(&[BALANCER], resources(false))["vpc/vpc-1"],
        "inferred"
    );
}

#[test]
fn a_foreign_group_that_admits_ours_does_not_make_it_shared() {
    let classes = classes(
        &[BALANCER, ("AWS::EC2::SecurityGroup", "sg-1")],
        vec![
            balancer("router", "sg-1", "logs"),
            group("sg-1", &[]),
            group("sg-consul", &["sg-1"]),
        ],
    );
    assert_eq!(classes["security-group/sg-1"], "declared");
    assert_eq!(classes["security-group/sg-consul"], "foreign");
}

#[test]
fn what_only_a_shared_thing_leads_to_is_shared_as_well() {
    let classes = classes(
        &[BALANCER],
        vec![
            balancer("router", "sg-1", "logs"),
            balancer("neighbour", "sg-1", "their-logs"),
            group("sg-1", &[]),
            vpc(false),
        ],
    );
    assert_eq!(
        classes["security-group/sg-1"],
        "shared load-balancer/neighbour"
    );
    assert_eq!(classes["vpc/vpc-1"], "shared load-balancer/neighbour");
}

#[test]
fn the_tag_of_a_live_stack_of_another_rack_makes_a_thing_shared() {
    let theirs = tagged(bucket("logs"), [(STACK_NAME_TAG, "other")]);
    let classes = classes(
        &[BALANCER],
        vec![balancer("router", "sg-1", "logs"), theirs, stack("other")],
    );
    assert_eq!(classes["bucket/logs"], "shared stack/other");
}

#[test]
fn a_stack_that_is_gone_is_known_by_the_tags_it_left() {
    let live = stack("prod");
    let tags = |id: &str| tagged(bucket("b"), [(STACK_NAME_TAG, "prod"), (STACK_ID_TAG, id)]);
    let resources = [live.clone()];
    let graph = Graph::build(&resources);
    let arn = live.arn.clone().unwrap();
    assert_eq!(left_by(&tags(&arn), &graph), None);
    // A new stack may bear the name of the old one.
    assert_eq!(left_by(&tags("arn:old"), &graph), Some("prod"));
    assert_eq!(left_by(&bucket("b"), &graph), None);
}

/// How the things of this account belong to the rack that is cluster `prod`, made by hand.
fn by_hand(mut resources: Vec<Resource>) -> BTreeMap<String, String> {
    resources.push(cluster("prod"));
    let graph = Graph::build(&resources);
    let rack = rack::find(&graph, &[], "prod", None).unwrap();
    let belongings = decide(&graph, &rack);
    let said = graph.resources().map(|it| {
        let belonging = belongings.of(&it.id);
        let others: Vec<String> = belonging.others.iter().map(ToString::to_string).collect();
        let said = format!("{} {}", belonging.class.name(), others.join(","));
        (it.id.to_string(), said.trim().to_owned())
    });
    said.collect()
}

fn service(cluster: &str, name: &str, target_group: &str, group: &str) -> Resource {
    let attrs = Service {
        cluster: cluster.to_owned(),
        status: "ACTIVE".to_owned(),
        task_definition: "web:1".to_owned(),
        load_balancers: vec![ServiceTarget {
            target_group: Some(target_group.to_owned()),
            ..ServiceTarget::default()
        }],
        security_groups: vec![group.to_owned()],
        ..Service::default()
    };
    Resource::new(format!("{cluster}/{name}"), attrs)
}

fn definition(key: &str, role: &str) -> Resource {
    let attrs = TaskDefinition {
        execution_role: Some(role.to_owned()),
        ..TaskDefinition::default()
    };
    Resource::new(key, attrs)
}

fn target_group(name: &str) -> Resource {
    Resource::new(name, TargetGroup::default())
}

/// A listener of that balancer which forwards to that target group.
fn listener(balancer: &str, port: u16, target_group: &str) -> Resource {
    let forward = Forward {
        target_group: target_group.to_owned(),
        weight: None,
    };
    let attrs = Listener {
        load_balancer: balancer.to_owned(),
        port,
        actions: vec![Action {
            kind: "forward".to_owned(),
            targets: vec![forward],
            ..Action::default()
        }],
        ..Listener::default()
    };
    Resource::new(format!("{balancer}/{port}"), attrs)
}

#[test]
fn a_balancer_that_serves_only_the_rack_is_inferred_with_all_its_listeners() {
    let redirect = Listener {
        load_balancer: "router".to_owned(),
        port: 80,
        ..Listener::default()
    };
    let classes = by_hand(vec![
        service("prod", "web", "web", "sg-1"),
        target_group("web"),
        balancer("router", "sg-2", "logs"),
        listener("router", 443, "web"),
        Resource::new("router/80", redirect),
        group("sg-2", &[]),
        bucket("logs"),
    ]);
    assert_eq!(classes["service/prod/web"], "derived");
    assert_eq!(classes["target-group/web"], "inferred");
    assert_eq!(classes["load-balancer/router"], "inferred");
    assert_eq!(classes["listener/router/443"], "inferred");
    assert_eq!(classes["listener/router/80"], "derived");
    assert_eq!(classes["security-group/sg-2"], "inferred");
    assert_eq!(classes["bucket/logs"], "inferred");
}

#[test]
fn a_balancer_that_serves_two_clusters_is_shared_and_each_listener_is_whose_it_serves() {
    let classes = by_hand(vec![
        service("prod", "web", "web", "sg-1"),
        service("other", "api", "api", "sg-1"),
        cluster("other"),
        target_group("web"),
        target_group("api"),
        balancer("router", "sg-2", "logs"),
        listener("router", 443, "web"),
        listener("router", 8443, "api"),
        bucket("logs"),
    ]);
    assert_eq!(classes["load-balancer/router"], "shared target-group/api");
    assert_eq!(classes["bucket/logs"], "shared target-group/api");
    assert_eq!(classes["target-group/web"], "inferred");
    assert_eq!(classes["listener/router/443"], "inferred");
    assert_eq!(classes["listener/router/8443"], "foreign");
    assert_eq!(classes["target-group/api"], "foreign");
}

#[test]
fn another_racks_target_group_on_this_racks_listener_is_shared() {
    let mut classes = classes(
        &[BALANCER],
        vec![
            balancer("router", "sg-1", "logs"),
            listener("router", 80, "theirs"),
            target_group("theirs"),
            service("other", "api", "theirs", "sg-9"),
            cluster("other"),
        ],
    );
    assert_eq!(
        classes.remove("target-group/theirs").unwrap(),
        "shared service/other/api"
    );
    assert_eq!(classes["service/other/api"], "foreign");
}

#[test]
fn a_foreign_stacks_balancer_that_forwards_to_the_rack_stays_foreign() {
    let theirs = tagged(
        balancer("theirs", "sg-9", "their-logs"),
        [(STACK_NAME_TAG, "other")],
    );
    let classes = classes(
        &[("AWS::ElasticLoadBalancingV2::TargetGroup", "web")],
        vec![
            stack("other"),
            theirs,
            listener("theirs", 80, "web"),
            target_group("web"),
        ],
    );
    assert_eq!(classes["load-balancer/theirs"], "foreign");
    assert_eq!(classes["target-group/web"], "shared listener/theirs/80");
}

#[test]
fn a_role_that_a_foreign_service_runs_with_is_shared() {
    let other = Service {
        cluster: "other".to_owned(),
        status: "ACTIVE".to_owned(),
        task_definition: "api:7".to_owned(),
        ..Service::default()
    };
    let classes = by_hand(vec![
        service("prod", "web", "web", "sg-1"),
        Resource::new("other/api", other),
        cluster("other"),
        definition("web:1", "ecsTaskExecutionRole"),
        definition("api:7", "ecsTaskExecutionRole"),
        Resource::new("ecsTaskExecutionRole", Role::default()),
    ]);
    assert_eq!(
        classes["role/ecsTaskExecutionRole"],
        "shared task-definition/api:7"
    );
    assert_eq!(classes["task-definition/web:1"], "inferred");
}

#[test]
fn a_revision_that_two_clusters_run_is_shared() {
    let classes = by_hand(vec![
        service("prod", "web", "web", "sg-1"),
        service("other", "web", "other-web", "sg-9"),
        cluster("other"),
        definition("web:1", "web"),
        Resource::new("web", Role::default()),
    ]);
    assert_eq!(classes["task-definition/web:1"], "shared service/other/web");
    // And with it what it runs with.
    assert_eq!(classes["role/web"], "shared service/other/web");
}

#[test]
fn a_key_that_encrypts_foreign_data_is_shared() {
    let volume = |id: &str| {
        let attrs = Volume {
            key: Some("k-1".to_owned()),
            ..Volume::default()
        };
        Resource::new(id, attrs)
    };
    let classes = classes(
        &[("AWS::EC2::Volume", "vol-1")],
        vec![
            volume("vol-1"),
            volume("vol-2"),
            Resource::new("k-1", Key::default()),
        ],
    );
    assert_eq!(classes["volume/vol-1"], "declared");
    assert_eq!(classes["key/k-1"], "shared volume/vol-2");
}

#[test]
fn the_group_that_made_a_clusters_machines_is_inferred_with_what_it_launches() {
    let machine = ContainerInstance {
        cluster: "prod".to_owned(),
        status: "ACTIVE".to_owned(),
        instance: Some("i-1".to_owned()),
        ..ContainerInstance::default()
    };
    let scaling = AutoScalingGroup {
        instances: vec![Member {
            instance: "i-1".to_owned(),
            ..Member::default()
        }],
        launch_configuration: Some("lc".to_owned()),
        ..AutoScalingGroup::default()
    };
    let classes = by_hand(vec![
        Resource::new("prod/1", machine),
        Resource::new("i-1", Instance::default()),
        Resource::new("asg", scaling),
        Resource::new("lc", LaunchConfiguration::default()),
    ]);
    assert_eq!(classes["instance/i-1"], "inferred");
    assert_eq!(classes["auto-scaling-group/asg"], "inferred");
    assert_eq!(classes["launch-configuration/lc"], "inferred");
}

#[test]
fn a_machine_in_the_racks_own_security_group_is_inferred_and_one_in_its_vpc_is_not() {
    let machine = |id: &str, group: &str| {
        let attrs = Instance {
            vpc: Some("vpc-1".to_owned()),
            security_groups: vec![group.to_owned()],
            ..Instance::default()
        };
        Resource::new(id, attrs)
    };
    let classes = classes(
        &[
            ("AWS::EC2::SecurityGroup", "sg-1"),
            ("AWS::EC2::VPC", "vpc-1"),
        ],
        vec![
            group("sg-1", &[]),
            group("sg-9", &[]),
            vpc(false),
            machine("i-1", "sg-1"),
            machine("i-9", "sg-9"),
        ],
    );
    assert_eq!(classes["instance/i-1"], "inferred");
    assert_eq!(classes["instance/i-9"], "foreign");
    assert!(classes["vpc/vpc-1"].starts_with("shared"));
}

#[test]
fn the_machines_behind_another_racks_target_group_stay_foreign() {
    let mut theirs = target_group("theirs");
    if let Attrs::TargetGroup(it) = &mut theirs.attrs {
        it.target_type = "instance".to_owned();
        it.targets = Fact::Known(vec![Target {
            id: "i-9".to_owned(),
            ..Target::default()
        }]);
    }
    let scaling = AutoScalingGroup {
        instances: vec![Member {
            instance: "i-9".to_owned(),
            ..Member::default()
        }],
        ..AutoScalingGroup::default()
    };
    let machine = Instance {
        key_pair: Some("theirs".to_owned()),
        ..Instance::default()
    };
    let classes = classes(
        &[BALANCER],
        vec![
            balancer("router", "sg-1", "logs"),
            listener("router", 80, "theirs"),
            theirs,
            service("other", "api", "theirs", "sg-9"),
            cluster("other"),
            Resource::new("theirs", scaling),
            Resource::new("i-9", machine),
            Resource::new("theirs", KeyPair::default()),
        ],
    );
    assert_eq!(
        classes["target-group/theirs"],
        "shared service/other/api,instance/i-9"
    );
    assert_eq!(classes["instance/i-9"], "foreign");
    assert_eq!(classes["key-pair/theirs"], "foreign");
}

fn database(group: &str) -> Resource {
    let attrs = DbInstance {
        security_groups: vec![group.to_owned()],
        ..DbInstance::default()
    };
    Resource::new("db", attrs)
}

#[test]
fn a_database_in_the_racks_own_security_group_is_inferred() {
    let classes = classes(
        &[("AWS::EC2::SecurityGroup", "sg-1")],
        vec![group("sg-1", &[]), database("sg-1")],
    );
    assert_eq!(classes["db-instance/db"], "inferred");
    assert_eq!(classes["security-group/sg-1"], "declared");
}

#[test]
fn a_database_that_only_the_rack_can_reach_is_inferred_and_one_that_others_can_is_foreign() {
    let reached = |peers: &[&str]| {
        by_hand(vec![
            service("prod", "web", "web", "sg-1"),
            group("sg-1", &[]),
            service("other", "web", "their-web", "sg-9"),
            cluster("other"),
            group("sg-9", &[]),
            group("sg-db", peers),
            database("sg-db"),
        ])
    };
    assert_eq!(reached(&["sg-1"])["db-instance/db"], "inferred");
    assert_eq!(reached(&["sg-1"])["security-group/sg-db"], "inferred");
    assert_eq!(reached(&["sg-1", "sg-9"])["db-instance/db"], "foreign");
    assert_eq!(reached(&[])["db-instance/db"], "foreign");
}

#[test]
fn an_alarm_that_watches_only_the_rack_is_inferred_and_does_not_make_it_shared() {
    let watching = |clusters: &[&str]| {
        let metric = |cluster: &&str| Metric {
            namespace: "AWS/ECS".to_owned(),
            dimensions: vec![Dimension {
                name: "ClusterName".to_owned(),
                value: (*cluster).to_owned(),
            }],
            ..Metric::default()
        };
        let attrs = Alarm {
            metrics: clusters.iter().map(metric).collect(),
            ..Alarm::default()
        };
        by_hand(vec![cluster("other"), Resource::new("busy", attrs)])
    };
    assert_eq!(watching(&["prod"])["alarm/busy"], "inferred");
    assert_eq!(watching(&["prod"])["cluster/prod"], "declared");
    assert_eq!(
        watching(&["prod", "other"])["alarm/busy"],
        "shared cluster/other"
    );
    assert_eq!(watching(&["other"])["alarm/busy"], "foreign");
}
