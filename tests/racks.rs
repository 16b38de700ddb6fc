//! The samples of the four other racks: each thing belongs as someone knows who stood it up.

use std::{collections::BTreeMap, fs};

use racklens::{belonging, graph::Graph, rack, snapshot::Snapshot};

use crate::support::program::{racklens, run};

/// How everything in a sample belongs: `shared load-balancer/x, stack/y`.
fn classes(sample: &str) -> BTreeMap<String, String> {
    let json = fs::read(path(sample)).unwrap();
    let snapshot = Snapshot::parse(&json).unwrap();
    let graph = Graph::build(&snapshot.resources);
    let definition = snapshot.definition.as_ref();
    let rack = rack::find(&graph, &snapshot.gaps, &snapshot.rack, definition).unwrap();
    let belongings = belonging::decide(&graph, &rack);
    graph
        .resources()
        .map(|it| {
            let belonging = belongings.of(&it.id);
            let others: Vec<String> = belonging.others.iter().map(ToString::to_string).collect();
            let said = format!("{} {}", belonging.class.name(), others.join(", "));
            let name = it.name.clone().unwrap_or_default();
            // A number that AWS drew tells nothing; the name that a person gave it does.
            let key = match it.id.kind.is_named_by_tag() && !name.is_empty() {
                true => format!("{}/{name}", it.id.kind.name()),
                false => it.id.to_string(),
            };
            (key, said.trim().to_owned())
        })
        .collect()
}

fn path(sample: &str) -> String {
    format!("samples/{sample}/snapshot.json")
}

/// Checks the class of each, and of the shared ones one of those who share.
fn assert_classes(sample: &str, expected: &[(&str, &str)]) {
    let classes = classes(sample);
    for (id, class) in expected {
        let said = classes.get(*id).map_or("(not seen)", String::as_str);
        let fits = match class.split_once(' ') {
            Some((class, other)) => said.starts_with(class) && said.contains(other),
            None => said == *class,
        };
        assert!(fits, "{sample}: {id} is {said}, expected {class}");
    }
}

#[test]
fn an_app_made_by_hand_in_the_default_vpc() {
    assert_classes(
        "cruddur",
        &[
            ("cluster/cruddur", "declared"),
            ("service/cruddur/backend-flask", "derived"),
            ("service/cruddur/frontend-react-js", "derived"),
            ("task-definition/backend-flask:2", "inferred"),
            ("load-balancer/cruddur-alb", "inferred"),
            ("target-group/cruddur-backend-flask-tg", "inferred"),
            ("db-instance/cruddur-db-instance", "inferred"),
            ("repository/backend-flask", "inferred"),
            (
                "parameter//cruddur/backend-flask/CONNECTION_URL",
                "inferred",
            ),
            ("role/CruddurTaskRole", "inferred"),
            ("log-group/cruddur", "inferred"),
            ("vpc/vpc-f607518d", "shared service/ledger/ledger"),
            (
                "role/CruddurServiceExecutionRole",
                "shared task-definition/ledger:1",
            ),
            ("service/ledger/ledger", "foreign"),
            ("secret/ledger/database-password", "foreign"),
            ("log-group/ledger", "foreign"),
        ],
    );
}

#[test]
fn a_cluster_of_ecs_cli_with_what_was_added_by_hand() {
    assert_classes(
        "ecs-cluster",
        &[
            ("stack/amazon-ecs-cli-setup-ecs-cluster", "declared"),
            ("cluster/ecs-cluster", "declared"),
            ("service/ecs-cluster/webapp-service", "derived"),
            ("classic-load-balancer/webapp-load-balancer", "inferred"),
            ("db-instance/webapp-postgres", "inferred"),
            ("db-subnet-group/webapp-postgres-subnet", "inferred"),
            ("key-pair/ecs-cluster-pem", "inferred"),
            ("role/ecsServiceRole", "inferred"),
            ("vpc/vpc-a0e9c0c7", "declared"),
            ("key-pair/reporting-pem", "foreign"),
            ("db-instance/reporting", "foreign"),
        ],
    );
}

#[test]
fn a_cluster_of_terraform_in_a_network_that_it_does_not_own() {
    assert_classes(
        "ecstest",
        &[
            ("cluster/ECSTEST", "declared"),
            ("load-balancer/ECSTEST-ecs-nodejs-app-alb", "declared"),
            ("auto-scaling-group/ECSTEST-ecs-asg", "declared"),
            ("topic/ecstest-ecs-sns-topic", "declared"),
            ("alarm/ECSTEST-ecs-nodejs-app-cpu-high", "declared"),
            ("vpc/ECSTEST", "shared instance/"),
            ("subnet/ECSTEST-private-us-east-1a", "shared instance/"),
            ("key-pair/ec2key", "shared instance/"),
            ("security-group/ECSTEST-consul-sg", "foreign"),
            ("instance/ECSTEST-consul", "foreign"),
            ("nat-gateway/ECSTEST", "foreign"),
            ("bucket/encompass-terraform-state", "foreign"),
        ],
    );
}

#[test]
fn a_rack_that_shares_a_network_and_more_with_another() {
    assert_classes(
        "karim-staging",
        &[
            ("stack/karim-staging", "declared"),
            ("stack/karim-staging-database", "declared"),
            ("db-cluster/karim-staging-database", "declared"),
            ("cache-cluster/karim-staging-cache", "declared"),
            ("secret/karim-staging/shop/payment-key", "declared"),
            ("vpc/karim-test", "shared stack/karim-test"),
            (
                "bucket/karim-test-logs-s3rlg8rqvcpf",
                "shared load-balancer/karim-Route-1B7H2GIJW6LEN",
            ),
            (
                "task-definition/karim-test-monitor:1",
                "shared service/karim-test",
            ),
            (
                "role/karim-test-ServiceRole-1M8LY2VUWQK5D",
                "shared service/karim-test",
            ),
            ("target-group/karim-test-httpd-preview", "shared instance/"),
            ("stack/karim-test", "foreign"),
            ("classic-load-balancer/karim-test", "foreign"),
            ("bucket/karim-test-settings-1a2mjwyohb092", "foreign"),
        ],
    );
}

#[test]
fn a_key_that_two_racks_encrypt_with_is_shared() {
    let classes = classes("karim-staging");
    let mut keys = classes.iter().filter(|(id, _)| id.starts_with("key/"));
    assert!(keys.any(|(_, said)| said.contains("shared stack/karim-test")));
}

#[test]
fn a_request_is_followed_to_its_container_on_every_rack() {
    for (sample, host, end) in [
        (
            "cruddur",
            "cruddur-alb-1462973582.us-east-1.elb.amazonaws.com:4567/api/health-check",
            "container backend-flask :4567",
        ),
        (
            "cruddur",
            "cruddur-alb-1462973582.us-east-1.elb.amazonaws.com:3000",
            "container frontend-react-js :3000",
        ),
        (
            "ecs-cluster",
            "http://webapp-load-balancer-1711291190.us-east-1.elb.amazonaws.com",
            "container webapp :80",
        ),
        (
            "ecstest",
            "http://internal-ECSTEST-ecs-nodejs-app-alb-1304928817.us-east-1.elb.amazonaws.com",
            "container nodejs-app :",
        ),
        (
            "karim-staging",
            "shop-web.karim-Route-9ZQK3WT5BM7X-1249013377.us-east-1.convox.site",
            "container web :",
        ),
    ] {
        let (code, said, stderr) = run(racklens().args(["trace", host, "--from", &path(sample)]));
        assert_eq!(code, 0, "{host}: {said}{stderr}");
        assert!(said.contains(end), "{host}: {said}");
    }
}

#[test]
fn several_racks_make_one_table() {
    let (code, said, _) = run(racklens().args([
        "list",
        "services",
        "--columns",
        "name,running",
        "--format",
        "csv",
        "--from",
        &path("cruddur"),
        "--from",
        &path("ecs-cluster"),
    ]));
    assert_eq!(code, 0);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(
        lines,
        [
            "rack,name,running,unread",
            "cruddur,backend-flask,1,",
            "cruddur,frontend-react-js,1,",
            "ecs-cluster,webapp-service,1,",
        ]
    );
}
