//! The racks of the samples, taken down whole.

use super::*;

fn sample(json: &str) -> Snapshot {
    Snapshot::parse(json.as_bytes()).unwrap()
}

/// Every step waits for what AWS wants gone first: checked by the graph alone, with no more
/// knowledge than which edges AWS itself would mind.
pub(super) fn would_be_accepted(snapshot: &Snapshot, plan: &Plan) {
    random::run(snapshot, plan, 0);
    random::run(snapshot, plan, 7);
}

#[test]
fn what_the_transcript_of_the_first_story_deleted_is_in_its_plan() {
    let snapshot = sample(include_str!("../../../samples/karim-test/snapshot.json"));
    let plan = planned(&snapshot, &all());
    assert!(plan.may_run(), "{:#?}", plan.blockers);
    let goes = plan.goes();
    let deleted = [
        "stack/convox-events",
        "stack/karim-test",
        "task-definition/karim-test-build:1",
        "task-definition/karim-test-monitor:1",
        "task-definition/karim-test-web:1",
        "function/karim-test-InstancesLifecycleHandler-QKZJ5KGVIVNA",
        "function/karim-test-CustomTopic-1QHWXQ277O4YW",
        "route-table/rtb-081dc2f05395b1148",
        "security-group/sg-00fe7f18bf166b6a1",
        "security-group/sg-0261e90a51dbc4359",
        "security-group/sg-0ec0c508775c95d1d",
        "security-group/sg-035b4f34a054d3787",
        "key-alias/alias/convox-karim-test",
        "key/3c2672e6-129f-4e13-bf55-a842225799bd",
        "certificate/0996718e-9421-4edf-b1ab-c1d13300e730",
        "load-balancer/karim-Route-1B7H2GIJW6LEN",
        "classic-load-balancer/karim-test",
        "log-group/karim-test-LogGroup-PUBRBTCTRYC",
        "table/karim-test-builds",
        "table/karim-test-releases",
        "queue/karim-test-AccountEvents-TID8BNKTU61U",
        "queue/karim-test-CloudformationEvents-1LGDOHS4UIQFS",
        "auto-scaling-group/karim-test-BuildInstances-18BM7ZUNSJXIA",
        "auto-scaling-group/karim-test-Instances-XQHFA301VMZH",
        "hosted-zone/Z3B7P5O8NXKJYH",
        "cluster/karim-test-BuildCluster-1VY6RRX71H0EC",
        "cluster/karim-test-Cluster-15PZO1CID2K5Q",
        "subnet/subnet-0abe20fb6642130ee",
        "subnet/subnet-065b183ef491c862f",
        "subnet/subnet-075ba29543e3437b3",
        "internet-gateway/igw-0b2c0684823fc1390",
        "file-system/fs-d9d57e91",
        "bucket/karim-test-settings-1a2mjwyohb092",
        "bucket/karim-test-logs-s3rlg8rqvcpf",
    ];
    for text in deleted {
        assert!(goes.contains(&id(text)), "{text}");
    }
    let services = goes.iter().filter(|it| it.kind == Kind::Service);
    assert_eq!(services.count(), 3);
    in_order(
        &plan,
        &[
            "delete stack/karim-test-karim-httpd",
            "delete stack/karim-test",
            "delete bucket/karim-test-settings-1a2mjwyohb092",
        ],
    );
}

#[test]
fn nothing_of_a_sample_is_left_and_no_call_would_be_refused() {
    for json in [
        include_str!("../../../samples/karim-test/snapshot.json"),
        include_str!("../../../samples/ecs-cluster/snapshot.json"),
        include_str!("../../../samples/ecstest/snapshot.json"),
        include_str!("../../../samples/cruddur/snapshot.json"),
    ] {
        let snapshot = sample(json);
        let plan = planned(&snapshot, &all());
        assert!(plan.may_run(), "{:#?}", plan.blockers);
        would_be_accepted(&snapshot, &plan);
        let ours = plan.stays.iter().filter(|it| {
            !matches!(
                it.why,
                Why::Shared { .. } | Why::NeverDeletable { .. } | Why::GoesWith { .. }
            )
        });
        assert_eq!(ours.count(), 0, "{:#?}", plan.stays);
    }
}

#[test]
fn a_rack_in_anothers_network_is_held_up_by_what_that_one_uses_of_it() {
    let snapshot = sample(include_str!("../../../samples/karim-staging/snapshot.json"));
    let plan = planned(&snapshot, &all());
    let [blocker] = &plan.blockers[..] else {
        panic!("{:#?}", plan.blockers)
    };
    assert!(
        blocker.remedy.contains("modify-vpc-endpoint"),
        "{blocker:#?}"
    );
    assert!(matches!(
        why(&plan, "vpc/vpc-0c1755355d04959e2"),
        Why::Shared { .. }
    ));
    would_be_accepted(&snapshot, &plan);
}
