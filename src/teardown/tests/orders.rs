//! Orders that AWS wants, each on the smallest rack that shows it.

use super::*;

fn service(key: &str) -> Resource {
    thing(
        &format!("service/{key}"),
        json!({ "cluster": "prod", "status": "ACTIVE", "scheduling": "REPLICA", "desired": 2 }),
    )
}

fn on_machines() -> Vec<Resource> {
    vec![
        thing(
            "cluster/prod",
            json!({ "status": "ACTIVE", "capacity_providers": ["cp"] }),
        ),
        service("prod/web"),
        thing(
            "scalable-target/ecs/service/prod/web/ecs:service:DesiredCount",
            json!({ "namespace": "ecs", "resource": "service/prod/web",
                    "dimension": "ecs:service:DesiredCount" }),
        ),
        thing(
            "capacity-provider/cp",
            json!({ "status": "ACTIVE", "auto_scaling_group": "asg" }),
        ),
        thing(
            "auto-scaling-group/asg",
            json!({ "launch_template": "lt-1", "protects_new_instances": true,
                    "instances": [{ "instance": "i-1", "lifecycle_state": "InService" }] }),
        ),
        thing("launch-template/lt-1", json!({})),
        thing(
            "instance/i-1",
            json!({ "status": "running", "auto_scaling_group": "asg" }),
        ),
        thing(
            "container-instance/prod/ci",
            json!({ "cluster": "prod", "instance": "i-1", "status": "ACTIVE" }),
        ),
    ]
}

#[test]
fn a_cluster_on_machines_goes_without_its_machines_registering_again() {
    let plan = plan_of(on_machines(), &all());
    assert!(plan.may_run(), "{:#?}", plan.blockers);
    in_order(
        &plan,
        &[
            "deregister scalable-target/ecs/service/prod/web/ecs:service:DesiredCount",
            "drain service/prod/web",
            "delete service/prod/web",
            "untie cluster/prod",
            "drain auto-scaling-group/asg",
            "delete auto-scaling-group/asg",
            "deregister container-instance/prod/ci",
            "delete cluster/prod",
            "delete capacity-provider/cp",
        ],
    );
    in_order(
        &plan,
        &[
            "delete auto-scaling-group/asg",
            "delete launch-template/lt-1",
        ],
    );
}

#[test]
fn a_group_of_machines_is_brought_to_rest_without_its_protection() {
    let plan = plan_of(on_machines(), &all());
    let drain = &plan.steps[place(&plan, "drain auto-scaling-group/asg")];
    let strip = drain.acts.iter();
    let mut strip = strip.filter(|it| it.action == Action::SetInstanceProtection);
    assert!(strip.next().is_some(), "{drain:#?}");
}

#[test]
fn a_kept_group_of_machines_keeps_its_cluster() {
    let consent = Consent {
        keep: BTreeSet::from(["auto-scaling-group/asg".to_owned()]),
        ..all()
    };
    let plan = plan_of(on_machines(), &consent);
    assert!(matches!(why(&plan, "cluster/prod"), Why::GoesWith { .. }));
    assert!(matches!(
        why(&plan, "launch-template/lt-1"),
        Why::GoesWith { .. }
    ));
}

fn network() -> Vec<Resource> {
    vec![
        thing("vpc/vpc-1", json!({})),
        thing("subnet/subnet-1", json!({ "vpc": "vpc-1" })),
        thing("subnet/subnet-2", json!({ "vpc": "vpc-1" })),
        thing(
            "route-table/rtb-1",
            json!({ "vpc": "vpc-1", "subnets": ["subnet-1"], "associations": ["a-1"],
                    "routes": [{ "to": "0.0.0.0/0", "via": "igw-1" }] }),
        ),
        thing(
            "route-table/rtb-2",
            json!({ "vpc": "vpc-1", "subnets": ["subnet-2"], "associations": ["a-2"],
                    "routes": [{ "to": "0.0.0.0/0", "via": "nat-1" }] }),
        ),
        thing(
            "route-table/rtb-main",
            json!({ "vpc": "vpc-1", "is_main": true,
                    "routes": [{ "to": "0.0.0.0/0", "via": "igw-1" }] }),
        ),
        thing("internet-gateway/igw-1", json!({ "vpcs": ["vpc-1"] })),
        thing(
            "nat-gateway/nat-1",
            json!({ "status": "available", "vpc": "vpc-1", "subnet": "subnet-1",
                    "addresses": [{ "allocation": "eipalloc-1", "public_ip": "192.0.2.1" }] }),
        ),
        thing("elastic-ip/eipalloc-1", json!({ "public_ip": "192.0.2.1" })),
        thing("cluster/prod", json!({ "status": "ACTIVE" })),
        thing(
            "service/prod/web",
            json!({ "cluster": "prod", "status": "ACTIVE", "scheduling": "REPLICA", "desired": 1,
                    "subnets": ["subnet-2"], "security_groups": ["sg-1"] }),
        ),
        security_group("sg-1", &["sg-2"]),
        security_group("sg-2", &["sg-1"]),
    ]
}

#[test]
fn a_network_goes_from_the_leaves_to_the_root() {
    let plan = plan_of(network(), &all());
    assert!(plan.may_run(), "{:#?}", plan.blockers);
    in_order(
        &plan,
        &[
            "delete service/prod/web",
            "delete route-table/rtb-2",
            "delete nat-gateway/nat-1",
            "delete internet-gateway/igw-1",
            "delete vpc/vpc-1",
        ],
    );
    in_order(
        &plan,
        &["delete nat-gateway/nat-1", "release elastic-ip/eipalloc-1"],
    );
    in_order(
        &plan,
        &["delete nat-gateway/nat-1", "delete subnet/subnet-1"],
    );
    in_order(
        &plan,
        &["delete route-table/rtb-1", "delete internet-gateway/igw-1"],
    );
}

#[test]
fn what_runs_in_a_subnet_keeps_its_way_out_until_it_is_gone() {
    let plan = plan_of(network(), &all());
    let table = &plan.steps[place(&plan, "delete route-table/rtb-2")];
    let service = place(&plan, "delete service/prod/web");
    assert!(table.after.contains(&plan.steps[service].number));
}

#[test]
fn groups_that_name_each_other_are_cut_apart_first() {
    let plan = plan_of(network(), &all());
    in_order(
        &plan,
        &["untie security-group/sg-1", "delete security-group/sg-2"],
    );
    in_order(
        &plan,
        &["untie security-group/sg-2", "delete security-group/sg-1"],
    );
    in_order(
        &plan,
        &["delete service/prod/web", "untie security-group/sg-1"],
    );
    let cut = &plan.steps[place(&plan, "untie security-group/sg-1")];
    let actions: Vec<Action> = cut.acts.iter().map(|it| it.action).collect();
    let expected = [
        Action::RevokeSecurityGroupIngress,
        Action::RevokeSecurityGroupEgress,
    ];
    assert_eq!(actions, expected);
}

#[test]
fn a_group_that_merely_names_another_goes_before_it_uncut() {
    let groups = vec![
        security_group("sg-1", &[]),
        security_group("sg-2", &["sg-1", "sg-2"]),
    ];
    let plan = plan_of(groups, &all());
    assert_eq!(
        told(&plan),
        ["delete security-group/sg-2", "delete security-group/sg-1"]
    );
}

#[test]
fn addresses_that_do_not_come_back_are_told() {
    let plan = plan_of(network(), &all());
    assert!(
        plan.notes.iter().any(|it| it.contains("192.0.2.1")),
        "{:?}",
        plan.notes
    );
}

#[test]
fn interfaces_that_aws_takes_away_are_waited_for_after_their_owner() {
    let resources = vec![
        thing("vpc/vpc-1", json!({})),
        thing("subnet/subnet-1", json!({ "vpc": "vpc-1" })),
        thing(
            "function/jobs",
            json!({ "role": "", "subnets": ["subnet-1"], "log_group": "/aws/lambda/jobs",
                    "event_sources": { "known": [] } }),
        ),
        thing(
            "network-interface/eni-1",
            json!({ "vpc": "vpc-1", "subnet": "subnet-1", "requester_managed": true,
                    "description":
                        "AWS Lambda VPC ENI-jobs-4b96d2c0-1e63-4c2f-9d51-2b7f0c0d8a11" }),
        ),
        thing("log-group//aws/lambda/jobs", json!({})),
    ];
    let plan = plan_of(resources, &all());
    in_order(
        &plan,
        &[
            "delete function/jobs",
            "wait for the end of network-interface/eni-1",
            "delete subnet/subnet-1",
            "delete vpc/vpc-1",
            "delete log-group//aws/lambda/jobs",
        ],
    );
    let wait = &plan.steps[place(&plan, "wait for the end of network-interface/eni-1")];
    assert!(wait.acts.is_empty() && wait.deadline >= 45 * 60);
}

#[test]
fn an_interface_of_nobody_we_know_keeps_its_network() {
    let resources = vec![
        thing("subnet/subnet-1", json!({ "vpc": "vpc-9" })),
        thing(
            "network-interface/eni-1",
            json!({ "subnet": "subnet-1", "requester_managed": true, "description": "?" }),
        ),
    ];
    let plan = plan_of(resources, &all());
    let reason = why(&plan, "network-interface/eni-1");
    assert!(matches!(reason, Why::NeverDeletable { .. }));
    assert!(matches!(
        why(&plan, "subnet/subnet-1"),
        Why::GoesWith { .. }
    ));
}

#[test]
fn a_machine_of_somebody_elses_group_keeps_what_it_uses() {
    let resources = vec![
        thing(
            "instance/i-1",
            json!({ "status": "running", "auto_scaling_group": "theirs", "profile": "p" }),
        ),
        thing("instance-profile/p", json!({})),
    ];
    let plan = plan_of(resources, &all());
    assert!(matches!(
        why(&plan, "instance/i-1"),
        Why::NeverDeletable { .. }
    ));
    assert!(matches!(
        why(&plan, "instance-profile/p"),
        Why::GoesWith { .. }
    ));
}

#[test]
fn a_machine_that_is_terminated_keeps_nothing() {
    let resources = vec![
        thing(
            "instance/i-1",
            json!({ "status": "terminated", "profile": "p" }),
        ),
        thing("instance-profile/p", json!({})),
    ];
    let plan = plan_of(resources, &all());
    assert!(matches!(why(&plan, "instance/i-1"), Why::Going { .. }));
    assert_eq!(told(&plan), ["delete instance-profile/p"]);
}

#[test]
fn a_rule_that_starts_tasks_goes_before_what_it_would_start_again() {
    let resources = vec![
        thing("cluster/prod", json!({ "status": "ACTIVE" })),
        service("prod/web"),
        thing(
            "event-rule/default/nightly",
            json!({ "arn": "arn:aws:events:us-east-1:123456789012:rule/nightly",
                    "state": "ENABLED", "bus": "default", "targets": { "known": [
                    { "id": "1", "arn": "arn:aws:lambda:us-east-1:123456789012:function:f" }] } }),
        ),
    ];
    let plan = plan_of(resources, &all());
    in_order(
        &plan,
        &[
            "delete event-rule/default/nightly",
            "drain service/prod/web",
        ],
    );
}

#[test]
fn a_schedule_goes_before_what_it_would_start_again() {
    let resources = vec![
        thing("cluster/prod", json!({ "status": "ACTIVE" })),
        service("prod/web"),
        thing(
            "schedule/nightly",
            json!({ "arn": "arn:aws:scheduler:us-east-1:123456789012:schedule/default/nightly",
                    "state": "ENABLED", "group": "default",
                    "target": "arn:aws:ecs:us-east-1:123456789012:cluster/prod" }),
        ),
    ];
    let plan = plan_of(resources, &all());
    in_order(
        &plan,
        &["delete schedule/nightly", "drain service/prod/web"],
    );
}

#[test]
fn nothing_is_lost_before_all_services_have_come_to_rest() {
    let resources = vec![
        thing("cluster/prod", json!({ "status": "ACTIVE" })),
        service("prod/web"),
        thing("queue/q", json!({})),
    ];
    let plan = plan_of(resources, &all());
    in_order(&plan, &["drain service/prod/web", "delete queue/q"]);
    let queue = &plan.steps[place(&plan, "delete queue/q")];
    assert_eq!(queue.after, [1]);
}

#[test]
fn a_machine_that_nothing_replaces_has_data_on_its_disks() {
    let machine = |group: Value| {
        vec![thing(
            "instance/i-1",
            json!({ "status": "running", "auto_scaling_group": group, "volumes": [
                    { "volume": "vol-1", "device": "/dev/xvda", "delete_on_termination": true }] }),
        )]
    };
    let plan = plan_of(machine(Value::Null), &Consent::default());
    let data = Data::Volumes;
    assert_eq!(why(&plan, "instance/i-1"), &Why::NoConsent { data });
}

#[test]
fn names_go_before_what_they_lead_to_and_those_that_stay_are_told() {
    let resources = |own: &[&str]| {
        let resources = vec![
            thing(
                "load-balancer/lb",
                json!({ "dns_name": "lb-1.elb.amazonaws.com", "vpc": "vpc-9",
                        "settings": { "known": {} } }),
            ),
            thing(
                "hosted-zone/Z1",
                json!({ "zone_name": "shop.test.", "records": { "known": [
                    { "name": "www.shop.test.", "type": "A",
                      "alias": { "dns_name": "dualstack.LB-1.elb.amazonaws.com." } }] } }),
            ),
        ];
        planned(&snapshot(resources, own, Vec::new()), &all())
    };
    let both = resources(&["load-balancer/lb", "hosted-zone/Z1"]);
    in_order(&both, &["delete hosted-zone/Z1", "delete load-balancer/lb"]);
    assert!(both.notes.is_empty());
    let one = resources(&["load-balancer/lb"]);
    assert!(
        one.notes[0].starts_with("www.shop.test "),
        "{:?}",
        one.notes
    );
}

#[test]
fn a_key_goes_last_of_all_and_its_alias_with_it() {
    let mut resources = database();
    resources.push(thing("key-alias/alias/prod", json!({ "target": "k-1" })));
    let plan = plan_of(resources, &all());
    in_order(
        &plan,
        &[
            "delete db-instance/db",
            "delete key-alias/alias/prod",
            "schedule the deletion of key/k-1",
        ],
    );
    let key = plan
        .steps
        .iter()
        .find(|it| it.resource == id("key/k-1"))
        .unwrap();
    assert_eq!(key.acts[0].with["PendingWindowInDays"], "30");
    assert!(key.undo.is_some());
}

#[test]
fn a_namespace_goes_after_its_services_and_takes_its_zone_along() {
    let resources = vec![
        thing("namespace/ns-1", json!({ "hosted_zone": "Z1" })),
        thing(
            "hosted-zone/Z1",
            json!({ "zone_name": "prod.local.", "private": true }),
        ),
        thing("discovery-service/srv-1", json!({ "namespace": "ns-1" })),
    ];
    let plan = plan_of(resources, &all());
    assert_eq!(
        told(&plan),
        ["delete discovery-service/srv-1", "delete namespace/ns-1"]
    );
    assert_eq!(plan.steps[1].covers, [id("hosted-zone/Z1")]);
}

#[test]
fn an_alarm_that_target_tracking_made_goes_with_what_it_scales() {
    let alarm = |name: &str, scaled: &str| {
        let policy = format!(
            "arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:u:{scaled}:policyName/p"
        );
        thing(
            &format!("alarm/TargetTracking-{name}"),
            json!({ "arn": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:a",
                    "target_tracking": true, "alarm_actions": [policy] }),
        )
    };
    let alarms = vec![
        alarm("asg", "autoScalingGroupName/asg"),
        alarm("web", "resource/ecs/service/prod/web"),
        alarm("theirs", "autoScalingGroupName/theirs"),
    ];
    let plan = plan_of([on_machines(), alarms].concat(), &all());
    for (step, alarm) in [
        ("auto-scaling-group/asg", "alarm/TargetTracking-asg"),
        (
            "scalable-target/ecs/service/prod/web/ecs:service:DesiredCount",
            "alarm/TargetTracking-web",
        ),
    ] {
        let gone = plan.gone_with(&id(alarm)).unwrap();
        assert_eq!(gone.resource, id(step), "{alarm}");
    }
    assert!(matches!(
        why(&plan, "alarm/TargetTracking-theirs"),
        Why::NeverDeletable { .. }
    ));
}

#[test]
fn the_default_group_of_a_vpc_that_goes_lets_go_of_a_group_that_it_names() {
    let within = |group: Resource, name: &str| -> Resource {
        let mut told = serde_json::to_value(group).unwrap();
        let attrs = &mut told["attrs"]["security-group"];
        attrs["group_name"] = json!(name);
        attrs["vpc"] = json!("vpc-1");
        serde_json::from_value(told).unwrap()
    };
    let default = within(security_group("sg-0", &["sg-1"]), "default");
    let own = within(security_group("sg-1", &["sg-0"]), "web");
    let vpc = thing("vpc/vpc-1", json!({}));
    let plan = plan_of(vec![default, own, vpc], &all());
    assert!(plan.may_run(), "{:#?}", plan.blockers);
    in_order(
        &plan,
        &[
            "untie security-group/sg-0",
            "delete security-group/sg-1",
            "delete vpc/vpc-1",
        ],
    );
}
