//! The sample against the story it tells: everything that the author saw, and nothing of a
//! neighbour's.

use std::{collections::BTreeMap, fs};

use racklens::{
    belonging::{self, Belongings, Class},
    graph::Graph,
    id::ResourceId,
    rack::{self, Rack},
    rule::{Case, Run},
    snapshot::{Gaps, Snapshot},
    traffic::{self, TrafficPath},
};

/// What the transcript of the uninstall deleted, and the buckets that it emptied first.
const DELETED: &[&str] = &[
    "function/karim-test-InstancesLifecycleHandler-QKZJ5KGVIVNA",
    "route-table/rtb-081dc2f05395b1148",
    "security-group/sg-00fe7f18bf166b6a1",
    "service/karim-test-Cluster-15PZO1CID2K5Q/karim-test-ApiMonitorService-OT03DZYYOGON",
    "key-alias/alias/convox-karim-test",
    "load-balancer/karim-Route-1B7H2GIJW6LEN",
    "service/karim-test-Cluster-15PZO1CID2K5Q/karim-test-ApiWebService-UDRJX1DMZ2EV",
    "bucket/karim-test-logs-s3rlg8rqvcpf",
    "classic-load-balancer/karim-test",
    "bucket/karim-test-settings-1a2mjwyohb092",
    "log-group/karim-test-LogGroup-PUBRBTCTRYC",
    "table/karim-test-builds",
    "queue/karim-test-AccountEvents-TID8BNKTU61U",
    "auto-scaling-group/karim-test-BuildInstances-18BM7ZUNSJXIA",
    "hosted-zone/Z3B7P5O8NXKJYH",
    "table/karim-test-releases",
    "cluster/karim-test-BuildCluster-1VY6RRX71H0EC",
    "security-group/sg-0261e90a51dbc4359",
    "queue/karim-test-CloudformationEvents-1LGDOHS4UIQFS",
    "security-group/sg-0ec0c508775c95d1d",
    "auto-scaling-group/karim-test-Instances-XQHFA301VMZH",
    "security-group/sg-035b4f34a054d3787",
    "cluster/karim-test-Cluster-15PZO1CID2K5Q",
    "subnet/subnet-0abe20fb6642130ee",
    "subnet/subnet-065b183ef491c862f",
    "subnet/subnet-075ba29543e3437b3",
    "function/karim-test-CustomTopic-1QHWXQ277O4YW",
    "internet-gateway/igw-0b2c0684823fc1390",
    "file-system/fs-d9d57e91",
    "vpc/vpc-0c1755355d04959e2",
];

/// What stands beside the rack, with names that look like its own.
const NEIGHBOURS: &[&str] = &[
    "vpc/vpc-f607518d",
    "cluster/karim-test-2",
    "bucket/karim-test-backups",
    "bucket/old-rack-settings-0z9y8x7w6v5u",
    "role/karim-test-deployer",
    "log-group/karim-test-LogGroup-archive",
    "queue/karim-test-AccountEvents-dead-letters",
    "topic/karim-test-alerts",
    "table/karim-test-sessions",
    "repository/karim-test/web",
    "key-pair/karim-test-laptop",
    "load-balancer/karim-test-payments",
];

/// Hands the sample, judged, to a test.
fn told<T>(test: impl FnOnce(&Graph<'_>, &Rack, &Belongings, &Snapshot) -> T) -> T {
    let json = fs::read("samples/karim-test/snapshot.json").unwrap();
    let snapshot = Snapshot::parse(&json).unwrap();
    let graph = Graph::build(&snapshot.resources);
    let rack = rack::find(&graph, &snapshot.gaps, &snapshot.rack, None).unwrap();
    let belongings = belonging::decide(&graph, &rack);
    test(&graph, &rack, &belongings, &snapshot)
}

fn id(text: &str) -> ResourceId {
    text.parse().unwrap()
}

#[test]
fn everything_that_the_uninstall_deleted_is_declared_by_the_racks_stacks() {
    told(|graph, _, belongings, _| {
        for text in DELETED {
            assert!(graph.get(&id(text)).is_some(), "{text} was not seen");
            let belonging = belongings.of(&id(text));
            assert_eq!(belonging.class, Class::Declared, "{text}: {belonging:?}");
        }
    });
}

#[test]
fn nothing_of_a_neighbour_is_taken_for_the_racks() {
    told(|graph, _, belongings, _| {
        for text in NEIGHBOURS {
            assert!(graph.get(&id(text)).is_some(), "{text} was not seen");
            assert_eq!(belongings.of(&id(text)).class, Class::Foreign, "{text}");
        }
        // Whatever sits in a neighbour's network is a neighbour's.
        for resource in graph.resources() {
            let vpc = resource.attrs.model().place().vpc;
            if vpc.is_some_and(|it| it != "vpc-0c1755355d04959e2") {
                let class = belongings.of(&resource.id).class;
                assert_eq!(class, Class::Foreign, "{}", resource.id);
            }
        }
    });
}

#[test]
fn what_a_neighbours_balancer_writes_to_is_known() {
    told(|graph, _, _, _| {
        let users = graph.users(&id("bucket/karim-test-backups"));
        let users: Vec<String> = users.iter().map(|(it, _)| it.id.to_string()).collect();
        assert_eq!(users, ["load-balancer/karim-test-payments"]);
    });
}

#[test]
fn machines_tasks_and_interfaces_are_derived() {
    told(|graph, _, belongings, _| {
        let mut derived: BTreeMap<&str, usize> = BTreeMap::new();
        for resource in graph.resources() {
            if belongings.of(&resource.id).class == Class::Derived {
                *derived.entry(resource.id.kind.name()).or_default() += 1;
            }
        }
        assert_eq!(derived["instance"], 4);
        assert_eq!(derived["task"], 4);
        assert_eq!(derived["container-instance"], 4);
        assert_eq!(derived["volume"], 12);
        // Of the load balancers, the instances and the mount targets.
        assert_eq!(derived["network-interface"], 13);
    });
}

#[test]
fn the_rack_is_three_stacks() {
    told(|_, rack, _, _| {
        let roots: Vec<String> = rack.roots.keys().map(ToString::to_string).collect();
        let stacks = [
            "stack/convox-events",
            "stack/karim-test",
            "stack/karim-test-karim-httpd",
        ];
        assert_eq!(roots, stacks);
    });
}

#[test]
fn reading_it_left_no_reference_of_the_rack_open() {
    told(|graph, _, belongings, _| {
        let open: Vec<String> = graph
            .dangling()
            .iter()
            .filter(|(from, _)| !belongings.of(from).is_foreign())
            // Lambda makes a function's log group when the function first runs.
            .filter(|(_, relation)| !relation.to.key.starts_with("/aws/lambda/"))
            .map(|(from, relation)| format!("{from} → {}", relation.to))
            .collect();
        assert_eq!(open, Vec::<String>::new());
    });
}

#[test]
fn the_app_is_reached_on_the_path_that_the_author_walked_by_hand() {
    told(|graph, rack, belongings, snapshot| {
        let case = Case {
            graph,
            rack,
            belongings,
            gaps: &Gaps::of(&snapshot.gaps),
            taken: snapshot.taken,
            account: None,
            run: &Run::default(),
        };
        let host = "karim-httpd-web.karim-Route-1B7H2GIJW6LEN-502343295.us-east-1.convox.site";
        let paths = traffic::paths(&case);
        let walked: Vec<&TrafficPath> = paths
            .iter()
            .filter(|it| it.port == 80 && it.conditions == format!("host {host}"))
            .collect();
        let [path] = walked[..] else {
            panic!("{walked:#?}")
        };
        assert_eq!(path.rule, "rule 23081");
        let group = path.target_group.as_ref().unwrap();
        assert_eq!(group.key, "karim-Balan-6O2Y7D0PHCFF");
        let target = path.target.as_ref().unwrap();
        assert_eq!(target.name, "i-007670c6b3c8e2ee0");
        assert_eq!(
            (target.port, target.health.as_str()),
            (Some(32768), "healthy")
        );
        let container = path.container.as_ref().unwrap();
        assert_eq!((container.name.as_str(), container.port), ("web", 80));
        assert!(
            container
                .task
                .key
                .ends_with("a41421cf-18f7-493f-9701-625f5656bc83")
        );
    });
}
