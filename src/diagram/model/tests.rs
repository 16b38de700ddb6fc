//! What becomes a node, an edge or a word, by small racks.

use super::*;
use crate::{
    diagram::{Question, example::drawn},
    kind::{
        Fact,
        bucket::Bucket,
        hosted_zone::{HostedZone, Record},
        listener_rule::{Action, Condition, Forward, ListenerRule},
        load_balancer::{LoadBalancer, Settings},
        security_group::{Permission, SecurityGroup},
        service::{Service, ServiceTarget},
        subnet::Subnet,
        target_group::{Target, TargetGroup},
        task_definition::TaskDefinition,
    },
    testing::{cluster, tagged},
};

fn balancer(scheme: &str) -> Resource {
    let attrs = LoadBalancer {
        scheme: scheme.to_owned(),
        status: "active".to_owned(),
        dns_name: "router.elb.test".to_owned(),
        settings: Fact::Known(Settings {
            access_log_bucket: Some("logs".to_owned()),
            ..Settings::default()
        }),
        ..LoadBalancer::default()
    };
    Resource::new("router", attrs)
}

fn forward(groups: &[&str]) -> Vec<Action> {
    let targets = groups.iter().map(|it| Forward {
        target_group: (*it).to_owned(),
        weight: Some(10),
    });
    vec![Action {
        kind: "forward".to_owned(),
        targets: targets.collect(),
        ..Action::default()
    }]
}

fn listener(port: u16, groups: &[&str]) -> Resource {
    let attrs = Listener {
        load_balancer: "router".to_owned(),
        port,
        actions: forward(groups),
        ..Listener::default()
    };
    Resource::new(format!("router/{port}"), attrs)
}

fn host_rule(port: u16, host: &str, group: &str) -> Resource {
    let attrs = ListenerRule {
        listener: format!("router/{port}"),
        priority: Some(1),
        conditions: vec![Condition {
            field: "host-header".to_owned(),
            values: vec![host.to_owned()],
            ..Condition::default()
        }],
        actions: forward(&[group]),
    };
    Resource::new(format!("router/{port}/1"), attrs)
}

fn group(name: &str, states: &[&str]) -> Resource {
    let targets = states.iter().enumerate().map(|(n, state)| Target {
        id: format!("10.0.0.{n}"),
        port: Some(80),
        state: (*state).to_owned(),
        ..Target::default()
    });
    let attrs = TargetGroup {
        target_type: "ip".to_owned(),
        load_balancers: vec!["router".to_owned()],
        targets: Fact::Known(targets.collect()),
        ..TargetGroup::default()
    };
    Resource::new(name, attrs)
}

fn service(name: &str, group: &str, subnets: &[&str]) -> Resource {
    let attrs = Service {
        cluster: "prod".to_owned(),
        status: "ACTIVE".to_owned(),
        launch_type: Some("FARGATE".to_owned()),
        desired: 2,
        running: 2,
        subnets: subnets.iter().map(|it| (*it).to_owned()).collect(),
        load_balancers: vec![ServiceTarget {
            target_group: Some(group.to_owned()),
            ..ServiceTarget::default()
        }],
        ..Service::default()
    };
    Resource::new(format!("prod/{name}"), attrs).name(name.to_owned())
}

fn subnet(key: &str) -> Resource {
    let attrs = Subnet {
        vpc: "vpc-1".to_owned(),
        zone: "us-east-1a".to_owned(),
        ..Subnet::default()
    };
    Resource::new(key, attrs)
}

fn nobodys(resource: Resource) -> Resource {
    tagged(resource, [("owner", "nobody")])
}

fn picture(resources: &[Resource]) -> Diagram {
    drawn(resources, &Question::default())
}

/// `router → web [:443 host a.test]`, each edge by the names of its ends.
fn edges(diagram: &Diagram) -> Vec<String> {
    let name = |id: &str| {
        let node = diagram.nodes.iter().find(|it| it.id == id);
        node.map(|it| it.lines[0].clone()).unwrap_or_default()
    };
    let edges = diagram.edges.iter();
    edges
        .map(|it| format!("{} → {} {:?}", name(&it.from), name(&it.to), it.label()))
        .collect()
}

fn node<'d>(diagram: &'d Diagram, name: &str) -> Option<&'d Node> {
    diagram.nodes.iter().find(|it| it.lines[0] == name)
}

#[test]
fn rules_are_words_on_the_edge_from_the_load_balancer_to_the_service() {
    let diagram = picture(&[
        balancer("internet-facing"),
        cluster("prod"),
        listener(80, &["web"]),
        listener(443, &["web"]),
        host_rule(80, "a.test", "api"),
        host_rule(443, "a.test", "api"),
        group("web", &["healthy"]),
        group("api", &["healthy"]),
        service("web", "web", &[]),
        service("api", "api", &[]),
    ]);
    let edges = edges(&diagram);
    assert!(
        edges.contains(&r#"Internet → router []"#.to_owned()),
        "{edges:?}"
    );
    let api = r#"router → api [":80 :443 host a.test"]"#.to_owned();
    assert!(edges.contains(&api), "{edges:?}");
    assert_eq!(node(&diagram, "api").unwrap().members.len(), 1);
}

#[test]
fn services_of_one_task_definition_have_nothing_to_do_with_each_other() {
    let definition = Resource::new("web:1", TaskDefinition::default());
    let of_it = |name| {
        let mut service = service(name, name, &[]);
        if let Some(it) = Service::of_mut(&mut service.attrs) {
            it.task_definition = "web:1".to_owned();
        }
        service
    };
    let diagram = picture(&[cluster("prod"), definition, of_it("a"), of_it("b")]);
    assert_eq!(edges(&diagram), Vec::<String>::new());
}

#[test]
fn weights_are_told_where_requests_are_shared_out() {
    let diagram = picture(&[
        balancer("internal"),
        cluster("prod"),
        listener(443, &["web", "api"]),
        group("web", &["healthy"]),
        group("api", &["healthy"]),
        service("web", "web", &[]),
        service("api", "api", &[]),
    ]);
    let edges = edges(&diagram);
    assert_eq!(
        edges,
        [
            r#"router → api [":443 (weight 10)"]"#,
            r#"router → web [":443 (weight 10)"]"#
        ]
    );
}

#[test]
fn a_target_group_behind_which_nothing_is_known_is_a_node() {
    let diagram = picture(&[
        balancer("internal"),
        listener(443, &["web"]),
        group("web", &["healthy", "unhealthy"]),
    ]);
    let group = node(&diagram, "web").unwrap();
    assert_eq!(group.marks[0].text, "! 1 of 2 targets unhealthy");
    assert!(group.is_bad());
    assert_eq!(edges(&diagram), [r#"router → web [":443"]"#]);
}

#[test]
fn a_way_on_which_no_target_is_healthy_is_broken() {
    let diagram = picture(&[
        balancer("internal"),
        cluster("prod"),
        listener(443, &["web"]),
        group("web", &["unhealthy"]),
        service("web", "web", &[]),
    ]);
    assert!(diagram.edges[0].broken);
    let service = node(&diagram, "web").unwrap();
    let marks: Vec<&str> = service.marks.iter().map(|it| it.text.as_str()).collect();
    assert!(marks.contains(&"! 1 of 1 targets unhealthy"), "{marks:?}");
    assert!(marks.iter().any(|it| it.contains("finding")), "{marks:?}");
}

#[test]
fn a_service_that_lacks_tasks_says_so() {
    let mut lacking = service("web", "web", &[]);
    if let Some(it) = Service::of_mut(&mut lacking.attrs) {
        it.running = 1;
    }
    let diagram = picture(&[cluster("prod"), lacking]);
    let service = node(&diagram, "web").unwrap();
    assert_eq!(service.marks[0].text, "! 1 of 2 tasks running");
}

#[test]
fn plumbing_is_drawn_when_a_rule_fails_on_it_and_counted_when_not() {
    let open = |cidr: &str| SecurityGroup {
        ingress: vec![Permission {
            protocol: "tcp".to_owned(),
            from: Some(22),
            to: Some(22),
            cidrs: vec![cidr.to_owned()],
            ..Permission::default()
        }],
        ..SecurityGroup::default()
    };
    let diagram = picture(&[
        Resource::new("sg-open", open("0.0.0.0/0")),
        Resource::new("sg-shut", open("10.0.0.0/8")),
        Resource::new("b", Bucket::default()),
    ]);
    assert!(node(&diagram, "sg-open").unwrap().is_bad());
    assert!(node(&diagram, "sg-shut").is_none());
    assert_eq!(
        diagram.counts,
        ["Not drawn: 1 × security group (--detail all draws them)"]
    );
}

#[test]
fn a_neighbour_is_drawn_only_where_it_holds_on_to_something_of_the_rack() {
    let logs = Resource::new("logs", Bucket::default());
    let lonely = nobodys(Resource::new("theirs", Bucket::default()));
    let diagram = picture(&[nobodys(balancer("internal")), logs, lonely]);
    assert_eq!(node(&diagram, "router").unwrap().tie, Tie::Foreign);
    assert_eq!(node(&diagram, "logs").unwrap().tie, Tie::Shared);
    assert!(node(&diagram, "theirs").is_none());
    assert_eq!(edges(&diagram), [r#"router → logs ["access logs"]"#]);
}

#[test]
fn a_public_name_stands_between_the_internet_and_its_load_balancer() {
    let record = Record {
        name: "shop.test.".to_owned(),
        record_type: "CNAME".to_owned(),
        values: vec!["ROUTER.elb.test.".to_owned()],
        ..Record::default()
    };
    let zone = HostedZone {
        zone_name: "test.".to_owned(),
        records: Fact::Known(vec![record]),
        ..HostedZone::default()
    };
    let zone = Resource::new("Z1", zone).name("test.".to_owned());
    let diagram = picture(&[balancer("internet-facing"), zone]);
    assert_eq!(
        edges(&diagram),
        [r#"Internet → test []"#, r#"test → router ["shop.test"]"#]
    );
}

#[test]
fn subnets_in_which_nothing_is_drawn_are_nodes() {
    let diagram = picture(&[
        cluster("prod"),
        subnet("subnet-1"),
        service("web", "web", &["subnet-1"]),
    ]);
    let subnet = node(&diagram, "subnet-1").unwrap();
    let zone = diagram
        .frames
        .iter()
        .find(|it| Some(&it.id) == subnet.frame.as_ref());
    assert_eq!(zone.unwrap().lines, ["Zone us-east-1a"]);
    // The cluster is where all of it is.
    let cluster = diagram
        .frames
        .iter()
        .find(|it| it.lines[0] == "prod")
        .unwrap();
    let around = diagram
        .frames
        .iter()
        .find(|it| Some(&it.id) == cluster.inside.as_ref());
    assert_eq!(around.unwrap().lines, ["vpc-1", "VPC"]);
}
