//! Walks through small accounts, one for each thing that a walk can meet.

use super::*;
use crate::{
    kind::{
        AsKind as _, Fact, Kind,
        classic_load_balancer::{ClassicListener, ClassicLoadBalancer, InstanceHealth},
        container_instance::ContainerInstance,
        function::Function,
        hosted_zone::{Alias, HostedZone, Record},
        instance::Instance,
        listener::Listener,
        listener_rule::{Action, Condition, Forward, ListenerRule, Redirect},
        load_balancer::LoadBalancer,
        security_group::{Permission, SecurityGroup},
        target_group::{self, TargetGroup},
        task::{Binding, Container, Task},
    },
    snapshot::Resource,
    testing::{gap, owned},
};

const LB: &str = "lb-1.us-east-1.elb.amazonaws.com";

/// Follows a request through an account of which everything is the rack's.
fn follow(resources: &[Resource], gaps: &[Gap], request: &Request) -> Trace {
    owned(
        resources,
        gaps,
        |_| true,
        |case| Trace::of(case, "us-east-1", request, true),
    )
}

fn asked(url: &str) -> Request {
    Request::parse(url).unwrap()
}

fn trace(resources: &[Resource], url: &str) -> Trace {
    follow(resources, &[], &asked(url))
}

/// One line for each way, from the rule or record on that tells it from the others.
fn ways(trace: &Trace) -> Vec<String> {
    let mut ways = Vec::new();
    for step in &trace.steps {
        said(step, "", &mut ways);
    }
    ways
}

fn said(step: &Step, before: &str, ways: &mut Vec<String>) {
    let word = match &step.what {
        What::Record { to, .. } => to.clone(),
        What::LoadBalancer { resource, .. } => resource.key.clone(),
        What::Listener { port, .. } => format!(":{port}"),
        What::Rule { priority, .. } => priority.map_or("default".to_owned(), |it| it.to_string()),
        What::Authenticate { how } => how.clone(),
        What::Redirect { to, .. } => to.clone(),
        What::Response { status } => status.clone(),
        What::TargetGroup {
            resource, share, ..
        } => match share {
            Some(share) => format!("{} {share}", resource.key),
            None => resource.key.clone(),
        },
        What::Target { name, .. } => name.clone(),
        What::Container { name, port, .. } => format!("{name}:{port}"),
        What::Function { name } => format!("{name}()"),
        What::End { why, .. } => why.clone(),
    };
    let condition = step.condition.as_ref();
    let condition = condition.map(|it| format!("[{it}] ")).unwrap_or_default();
    let line = format!("{before}{condition}{word}");
    if step.then.is_empty() {
        ways.push(line.clone());
    }
    for next in &step.then {
        said(next, &format!("{line} > "), ways);
    }
}

fn all_notes(steps: &[Step]) -> Vec<String> {
    let notes = steps.iter().flat_map(|it| {
        let own = it.notes.iter().cloned();
        own.chain(all_notes(&it.then)).collect::<Vec<_>>()
    });
    notes.collect()
}

fn forward(groups: &[(&str, Option<u32>)]) -> Action {
    let targets = groups.iter().map(|(group, weight)| Forward {
        target_group: (*group).to_owned(),
        weight: *weight,
    });
    Action {
        kind: "forward".to_owned(),
        targets: targets.collect(),
        ..Action::default()
    }
}

fn answer(status: &str) -> Action {
    Action {
        kind: "fixed-response".to_owned(),
        fixed_status: Some(status.to_owned()),
        ..Action::default()
    }
}

fn condition(field: &str, value: &str) -> Condition {
    Condition {
        field: field.to_owned(),
        values: vec![value.to_owned()],
        ..Condition::default()
    }
}

fn rule(priority: Option<u32>, conditions: Vec<Condition>, actions: Vec<Action>) -> Resource {
    let attrs = ListenerRule {
        listener: "lb/443".to_owned(),
        priority,
        conditions,
        actions,
    };
    let name = priority.map_or("default".to_owned(), |it| it.to_string());
    Resource::new(format!("lb/443/{name}"), attrs)
}

/// An application load balancer that listens at these ports, with groups `web` and `new`.
fn entrance(ports: &[u16]) -> Vec<Resource> {
    let lb = LoadBalancer {
        lb_type: "application".to_owned(),
        dns_name: LB.to_owned(),
        status: "active".to_owned(),
        security_groups: vec!["sg-lb".to_owned()],
        ..LoadBalancer::default()
    };
    let open = |port: Option<i32>, cidrs: &[&str], groups: &[&str]| Permission {
        protocol: if port.is_some() { "tcp" } else { "-1" }.to_owned(),
        from: port,
        to: port,
        cidrs: cidrs.iter().map(|it| (*it).to_owned()).collect(),
        groups: groups.iter().map(|it| (*it).to_owned()).collect(),
        ..Permission::default()
    };
    let door = SecurityGroup {
        ingress: vec![open(None, &["0.0.0.0/0"], &[])],
        egress: vec![open(None, &["0.0.0.0/0"], &[])],
        ..SecurityGroup::default()
    };
    let inside = SecurityGroup {
        ingress: vec![open(Some(32768), &[], &["sg-lb"])],
        ..SecurityGroup::default()
    };
    let mut resources = vec![
        Resource::new("lb", lb),
        Resource::new("sg-lb", door),
        Resource::new("sg-in", inside),
    ];
    for &port in ports {
        let listener = Listener {
            load_balancer: "lb".to_owned(),
            port,
            protocol: if port == 80 { "HTTP" } else { "HTTPS" }.to_owned(),
            actions: vec![answer("404")],
            ..Listener::default()
        };
        resources.push(Resource::new(format!("lb/{port}"), listener));
    }
    resources
}

fn group(name: &str, states: &[(&str, &str)]) -> Resource {
    let targets = states.iter().map(|(id, state)| target_group::Target {
        id: (*id).to_owned(),
        port: Some(32768),
        state: (*state).to_owned(),
        ..target_group::Target::default()
    });
    let attrs = TargetGroup {
        target_type: "instance".to_owned(),
        targets: Fact::Known(targets.collect()),
        ..TargetGroup::default()
    };
    Resource::new(name, attrs)
}

/// A machine whose port 32768 leads to container `web`, port 80.
fn machine(id: &str) -> Vec<Resource> {
    let instance = Instance {
        security_groups: vec!["sg-in".to_owned()],
        private_ip: Some("10.0.1.9".to_owned()),
        ..Instance::default()
    };
    let member = ContainerInstance {
        instance: Some(id.to_owned()),
        ..ContainerInstance::default()
    };
    let task = Task {
        container_instance: Some(format!("c/{id}")),
        containers: vec![Container {
            name: "web".to_owned(),
            bindings: vec![Binding {
                container_port: 80,
                host_port: 32768,
                ..Binding::default()
            }],
            ..Container::default()
        }],
        ..Task::default()
    };
    vec![
        Resource::new(id, instance),
        Resource::new(format!("c/{id}"), member),
        Resource::new(format!("c/task-{id}"), task),
    ]
}

/// An entrance at 443 that forwards all to `web`, with these targets' states.
fn app(states: &[(&str, &str)]) -> Vec<Resource> {
    let mut resources = entrance(&[443]);
    resources.push(rule(None, Vec::new(), vec![forward(&[("web", None)])]));
    resources.push(group("web", states));
    for (id, _) in states {
        resources.extend(machine(id));
    }
    resources
}

fn zone(name: &str, records: Vec<Record>) -> Resource {
    let attrs = HostedZone {
        zone_name: format!("{name}."),
        records: Fact::Known(records),
        ..HostedZone::default()
    };
    Resource::new(name, attrs)
}

fn cname(name: &str, to: &str) -> Record {
    Record {
        name: format!("{name}."),
        record_type: "CNAME".to_owned(),
        values: vec![to.to_owned()],
        ..Record::default()
    }
}

fn alias(name: &str, record_type: &str, to: &str) -> Record {
    Record {
        name: format!("{name}."),
        record_type: record_type.to_owned(),
        alias: Some(Alias {
            dns_name: to.to_owned(),
            ..Alias::default()
        }),
        ..Record::default()
    }
}

#[test]
fn a_healthy_container_is_the_end_of_a_good_walk() {
    let trace = trace(&app(&[("i-1", "healthy")]), LB);
    assert_eq!(ways(&trace), ["lb > :443 > default > web > i-1 > web:80"]);
    assert_eq!(trace.outcome, Outcome::Answered);
    assert_eq!(trace.port(), Some(443));
}

#[test]
fn names_lead_to_names_until_one_is_a_load_balancers() {
    let mut resources = entrance(&[443]);
    let to = format!("dualstack.{LB}.");
    resources.push(zone(
        "a.test",
        vec![
            cname("www.a.test", "App.a.test."),
            alias("app.a.test", "A", &to),
            alias("app.a.test", "AAAA", &to),
        ],
    ));
    let trace = trace(&resources, "https://WWW.a.test");
    let way = format!("app.a.test > {LB} > lb > :443 > default > 404");
    assert_eq!(ways(&trace), [way]);
}

#[test]
fn records_that_lead_in_a_circle_end() {
    let records = vec![cname("x.a.test", "y.a.test"), cname("y.a.test", "x.a.test")];
    let trace = trace(&[zone("a.test", records)], "x.a.test");
    assert_eq!(trace.outcome, Outcome::DeadEnd);
    assert!(ways(&trace)[0].ends_with("in a circle, back to x.a.test"));
}

#[test]
fn weighted_records_are_all_shown_and_one_of_weight_0_leads_nowhere() {
    let weighted = |weight, to| Record {
        weight: Some(weight),
        ..alias("app.a.test", "A", to)
    };
    let mut resources = entrance(&[443]);
    let records = vec![
        weighted(9, LB),
        weighted(0, "old.us-east-1.elb.amazonaws.com"),
    ];
    resources.push(zone("a.test", records));
    let ways = ways(&trace(&resources, "app.a.test"));
    assert_eq!(ways.len(), 2);
    assert!(ways[1].ends_with("weight 0: this record is not given"));
}

#[test]
fn a_load_balancer_that_is_gone_is_a_dead_end_and_one_elsewhere_unknown() {
    let of = |to: &str| {
        let zone = zone("a.test", vec![cname("a.test", to)]);
        trace(&[zone], "a.test").outcome
    };
    assert_eq!(of("gone.us-east-1.elb.amazonaws.com"), Outcome::DeadEnd);
    assert_eq!(of("far.eu-west-1.elb.amazonaws.com"), Outcome::Unknown);
    assert_eq!(of("d1.cloudfront.net"), Outcome::Unknown);
}

#[test]
fn an_address_leads_to_the_machine_that_has_it() {
    let mut resources = app(&[("i-1", "healthy")]);
    let record = Record {
        name: "a.test.".to_owned(),
        record_type: "A".to_owned(),
        values: vec!["10.0.1.9".to_owned()],
        ..Record::default()
    };
    resources.push(zone("a.test", vec![record]));
    let trace = trace(&resources, "a.test:32768");
    assert_eq!(ways(&trace), ["10.0.1.9 > i-1 > web:80"]);
}

#[test]
fn a_host_without_a_record_is_found_by_the_rule_that_names_it() {
    let mut resources = app(&[("i-1", "healthy")]);
    let host = condition("host-header", "*.Shop.test");
    resources.push(rule(Some(7), vec![host], vec![answer("200")]));
    let trace = trace(&resources, "www.shop.test");
    assert_eq!(ways(&trace), ["lb > :443 > 7 > 200"]);
    let What::LoadBalancer { evidence, .. } = &trace.steps[0].what else {
        panic!("{trace:?}")
    };
    assert_eq!(evidence, "host named by rule 7; no record of it was seen");
}

#[test]
fn zones_that_could_not_be_listed_leave_a_host_unknown() {
    let mut resources = app(&[("i-1", "healthy")]);
    let host = condition("host-header", "www.shop.test");
    resources.push(rule(Some(7), vec![host], vec![answer("200")]));
    let gaps = [gap(Kind::HostedZone, "route53:ListHostedZones")];
    let request = asked("www.shop.test");
    let trace = follow(&resources, &gaps, &request);
    assert_eq!(trace.outcome, Outcome::Unknown);
    assert_eq!(ways(&trace).len(), 2);
    // A load balancer's own name needs no zone.
    let by_name = follow(&resources, &gaps, &asked(LB));
    assert_eq!(by_name.outcome, Outcome::Answered);
}

#[test]
fn without_a_port_80_is_taken_only_where_443_is_not() {
    let ports = |ports: &[u16], url: &str| trace(&entrance(ports), url).port();
    assert_eq!(ports(&[80, 443], LB), Some(443));
    assert_eq!(ports(&[80], LB), Some(80));
    assert_eq!(ports(&[80, 443], &format!("http://{LB}")), Some(80));
    let none = trace(&entrance(&[80]), &format!("https://{LB}"));
    assert_eq!(
        ways(&none),
        ["lb > it has no listener at :443; it has :80 HTTP"]
    );
    assert_eq!(none.outcome, Outcome::DeadEnd);
}

#[test]
fn listeners_that_could_not_be_read_are_no_dead_end() {
    let mut unread = gap(Kind::Listener, "elasticloadbalancing:DescribeListeners");
    unread.resource = Some(ResourceId::new(Kind::LoadBalancer, "lb"));
    let request = asked(LB);
    for ports in [&[] as &[u16], &[80]] {
        let trace = follow(&entrance(ports), std::slice::from_ref(&unread), &request);
        assert_eq!(trace.outcome, Outcome::Unknown, "{ports:?}");
    }
}

#[test]
fn a_client_that_speaks_otherwise_than_the_listener_gets_nowhere() {
    let trace = trace(&entrance(&[443]), &format!("http://{LB}:443"));
    assert_eq!(trace.outcome, Outcome::DeadEnd);
    assert!(ways(&trace)[0].ends_with("answers http:// with 400"));
}

#[test]
fn the_lowest_number_goes_first_and_tells_what_it_passed() {
    let mut resources = entrance(&[443]);
    for (priority, path) in [(300, "*"), (20, "/api/*"), (100, "/img/*")] {
        let path = vec![condition("path-pattern", path)];
        let status = priority.to_string();
        resources.push(rule(Some(priority), path, vec![answer(&status)]));
    }
    let at = |path: &str| ways(&trace(&resources, &format!("{LB}{path}")));
    assert_eq!(at("/api/x"), ["lb > :443 > 20 > 20"]);
    assert_eq!(at("/api"), ["lb > :443 > 300 > 300"]);
    let trace = trace(&resources, &format!("{LB}/img/x"));
    let What::Rule { passed, .. } = &trace.steps[0].then[0].then[0].what else {
        panic!("{trace:?}")
    };
    assert_eq!(passed[0].condition, "path /api/*");
}

#[test]
fn a_rule_that_asks_where_the_client_is_parts_the_ways() {
    let mut resources = entrance(&[443]);
    let office = vec![condition("source-ip", "192.0.2.0/24")];
    resources.push(rule(Some(1), office, vec![answer("200")]));
    resources.push(rule(None, Vec::new(), vec![forward(&[("gone", None)])]));
    let mut request = asked(LB);
    let open = follow(&resources, &[], &request);
    assert_eq!(
        ways(&open),
        [
            "lb > :443 > [the client is in 192.0.2.0/24] 1 > 200",
            "lb > :443 > [the client is not in 192.0.2.0/24] default > \
             target-group/gone was not seen",
        ]
    );
    assert_eq!(open.outcome, Outcome::Unknown);
    request.source_ip = Some("192.0.2.7".parse().unwrap());
    let known = follow(&resources, &[], &request);
    assert_eq!(ways(&known), ["lb > :443 > 1 > 200"]);
    assert_eq!(known.outcome, Outcome::Answered);
}

#[test]
fn ways_that_all_end_alike_are_known_whichever_is_taken() {
    let mut resources = entrance(&[443]);
    let office = vec![condition("source-ip", "192.0.2.0/24")];
    resources.push(rule(Some(1), office, vec![answer("200")]));
    assert_eq!(trace(&resources, LB).outcome, Outcome::Answered);
}

#[test]
fn rules_that_could_not_be_read_may_take_the_request_before() {
    let mut unread = gap(Kind::ListenerRule, "elasticloadbalancing:DescribeRules");
    unread.resource = Some(ResourceId::new(Kind::Listener, "lb/443"));
    let request = asked(LB);
    let trace = follow(&entrance(&[443]), &[unread], &request);
    assert_eq!(trace.outcome, Outcome::Unknown);
    // What only hides tags hides no way.
    let tags = gap(Kind::ListenerRule, "elasticloadbalancing:DescribeTags");
    let trace = follow(&entrance(&[443]), &[tags], &request);
    assert_eq!(trace.outcome, Outcome::Answered);
}

#[test]
fn a_redirect_is_gone_after_until_it_turns_in_a_circle() {
    let redirect = |redirect: Redirect| Action {
        kind: "redirect".to_owned(),
        redirect: Some(redirect),
        ..Action::default()
    };
    let mut resources = entrance(&[80, 443]);
    let listener = resources.iter_mut().find(|it| it.id.key == "lb/80");
    let listener = listener.and_then(|it| Listener::of_mut(&mut it.attrs));
    listener.unwrap().actions = vec![redirect(Redirect {
        protocol: Some("HTTPS".to_owned()),
        port: Some("443".to_owned()),
        ..Redirect::default()
    })];
    let url = format!("http://{LB}/a?b=c");
    let good = trace(&resources, &url);
    let to = format!("https://{LB}/a?b=c");
    assert_eq!(
        ways(&good),
        [format!(
            "lb > :80 > default > {to} > lb > :443 > default > 404"
        )]
    );
    let host = Some("#{host}".to_owned());
    let circle = redirect(Redirect {
        host,
        ..Redirect::default()
    });
    resources.push(rule(None, Vec::new(), vec![circle]));
    let bad = trace(&resources, &url);
    assert_eq!(bad.outcome, Outcome::DeadEnd);
    assert!(ways(&bad)[0].ends_with("the client goes in circles"));
}

#[test]
fn who_must_sign_in_goes_on_after_it() {
    let sign_in = Action {
        kind: "authenticate-oidc".to_owned(),
        order: Some(1),
        ..Action::default()
    };
    let then = Action {
        order: Some(2),
        ..answer("200")
    };
    let mut resources = entrance(&[443]);
    resources.push(rule(None, Vec::new(), vec![then, sign_in]));
    assert_eq!(
        ways(&trace(&resources, LB)),
        ["lb > :443 > default > authenticate-oidc > 200"]
    );
}

#[test]
fn several_groups_share_by_weight_and_one_that_answers_is_enough() {
    let mut resources = entrance(&[443]);
    let groups = [("web", Some(2)), ("new", Some(1)), ("old", Some(0))];
    resources.push(rule(None, Vec::new(), vec![forward(&groups)]));
    resources.push(group("web", &[("i-1", "healthy")]));
    resources.push(group("new", &[]));
    resources.push(group("old", &[("i-1", "healthy")]));
    resources.extend(machine("i-1"));
    let trace = trace(&resources, LB);
    assert_eq!(
        ways(&trace),
        [
            "lb > :443 > default > web 66.6 % > i-1 > web:80",
            "lb > :443 > default > new 33.3 % > \
             it has no targets: the request is answered with 503",
            "lb > :443 > default > old 0 % > weight 0: it gets nothing",
        ]
    );
    assert_eq!(trace.outcome, Outcome::Answered);
}

#[test]
fn without_a_healthy_target_all_get_requests_and_it_is_a_dead_end() {
    let trace = trace(&app(&[("i-1", "unhealthy"), ("i-2", "draining")]), LB);
    assert_eq!(trace.outcome, Outcome::DeadEnd);
    assert!(all_notes(&trace.steps)[0].contains("fail open"));
    assert_eq!(ways(&trace).len(), 2);
}

#[test]
fn health_that_was_not_read_is_not_known() {
    let mut resources = entrance(&[443]);
    resources.push(rule(None, Vec::new(), vec![forward(&[("web", None)])]));
    resources.push(Resource::new("web", TargetGroup::default()));
    assert_eq!(trace(&resources, LB).outcome, Outcome::Unknown);
}

#[test]
fn a_door_that_is_shut_on_either_side_is_a_dead_end() {
    let mut resources = app(&[("i-1", "healthy")]);
    for id in ["sg-in", "sg-lb"] {
        let mut shut = resources.clone();
        let group = shut.iter_mut().find(|it| it.id.key == id);
        let group = group.and_then(|it| SecurityGroup::of_mut(&mut it.attrs));
        group.unwrap().ingress.clear();
        assert_eq!(trace(&shut, LB).outcome, Outcome::DeadEnd, "{id}");
    }
    resources.retain(|it| it.id.key != "sg-in");
    assert_eq!(trace(&resources, LB).outcome, Outcome::Unknown);
}

#[test]
fn nothing_goes_out_where_the_load_balancers_group_lets_nothing_out() {
    let mut resources = app(&[("i-1", "healthy")]);
    let group = resources.iter_mut().find(|it| it.id.key == "sg-lb");
    let group = group.and_then(|it| SecurityGroup::of_mut(&mut it.attrs));
    group.unwrap().egress.clear();
    assert_eq!(trace(&resources, LB).outcome, Outcome::DeadEnd);
}

#[test]
fn a_port_that_no_task_owns_is_a_dead_end_unless_tasks_are_unread() {
    let mut resources = app(&[("i-1", "healthy")]);
    resources.retain(|it| it.id.kind != Kind::Task);
    let request = asked(LB);
    let dead = follow(&resources, &[], &request);
    assert_eq!(dead.outcome, Outcome::DeadEnd);
    assert!(ways(&dead)[0].ends_with("no running task that was seen owns port 32768"));
    let gaps = [gap(Kind::Task, "ecs:ListTasks")];
    assert_eq!(
        follow(&resources, &gaps, &request).outcome,
        Outcome::Unknown
    );
}

#[test]
fn a_function_answers_though_nobody_checks_its_health() {
    let arn = "arn:aws:lambda:us-east-1:1:function:api";
    let target = target_group::Target {
        id: arn.to_owned(),
        state: "unavailable".to_owned(),
        reason: Some("Target.HealthCheckDisabled".to_owned()),
        ..target_group::Target::default()
    };
    let attrs = TargetGroup {
        target_type: "lambda".to_owned(),
        targets: Fact::Known(vec![target]),
        ..TargetGroup::default()
    };
    let mut resources = entrance(&[443]);
    resources.push(rule(None, Vec::new(), vec![forward(&[("api", None)])]));
    resources.push(Resource::new("api", attrs));
    resources.push(Resource::new("api", Function::default()));
    let trace = trace(&resources, LB);
    assert_eq!(trace.outcome, Outcome::Answered);
    assert!(ways(&trace)[0].ends_with("> api()"));
}

#[test]
fn a_network_load_balancer_has_no_rules_and_may_show_the_clients_address() {
    let mut resources = app(&[("i-1", "healthy")]);
    resources.retain(|it| it.id.kind != Kind::ListenerRule);
    let lb = LoadBalancer::of_mut(&mut resources[0].attrs).unwrap();
    lb.lb_type = "network".to_owned();
    let listener = resources.iter_mut().find(|it| it.id.key == "lb/443");
    let listener = listener.and_then(|it| Listener::of_mut(&mut it.attrs));
    let listener = listener.unwrap();
    listener.protocol = "TCP".to_owned();
    listener.actions = vec![forward(&[("web", None)])];
    let member = trace(&resources, LB);
    assert_eq!(ways(&member), ["lb > :443 > web > i-1 > web:80"]);
    assert_eq!(member.outcome, Outcome::Answered);
    // Without a group of its own only addresses speak for it, and whose is not known.
    let lb = LoadBalancer::of_mut(&mut resources[0].attrs).unwrap();
    lb.security_groups.clear();
    assert_eq!(trace(&resources, LB).outcome, Outcome::Unknown);
}

#[test]
fn a_load_balancer_behind_another_is_gone_through_and_one_behind_itself_is_not() {
    let behind = |name: &str| {
        let kind = if name == "lb" { "app" } else { "net" };
        let arn = format!("arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/{kind}/{name}/4");
        let target = target_group::Target {
            id: arn,
            port: Some(443),
            state: "healthy".to_owned(),
            ..target_group::Target::default()
        };
        let attrs = TargetGroup {
            target_type: "alb".to_owned(),
            targets: Fact::Known(vec![target]),
            ..TargetGroup::default()
        };
        let outer = LoadBalancer {
            lb_type: "network".to_owned(),
            dns_name: "outer-1.elb.us-east-1.amazonaws.com".to_owned(),
            ..LoadBalancer::default()
        };
        let listener = Listener {
            load_balancer: "outer".to_owned(),
            port: 443,
            protocol: "TCP".to_owned(),
            actions: vec![forward(&[("inner", None)])],
            ..Listener::default()
        };
        let mut resources = entrance(&[443]);
        resources.push(Resource::new("inner", attrs));
        resources.push(Resource::new("outer", outer));
        resources.push(Resource::new("outer/443", listener));
        trace(&resources, "outer-1.elb.us-east-1.amazonaws.com")
    };
    let through = behind("lb");
    assert!(ways(&through)[0].ends_with("> lb > :443 > default > 404"));
    assert_eq!(through.outcome, Outcome::Answered);
    let circle = behind("outer");
    assert!(ways(&circle)[0].ends_with("load-balancer/outer sends to itself"));
    assert_eq!(circle.outcome, Outcome::DeadEnd);
}

#[test]
fn ways_that_part_again_and_again_come_to_an_end() {
    let names = |n: usize| (0..5).map(move |it| format!("x{it}.n{n}.a.test"));
    let records = (0..9).flat_map(|n| {
        names(n).flat_map(move |from| {
            names(n + 1).map(move |to| Record {
                set_identifier: Some(to.clone()),
                ..cname(&from, &to)
            })
        })
    });
    let resources = [zone("a.test", records.collect())];
    let trace = trace(&resources, "x0.n0.a.test");
    assert_eq!(trace.outcome, Outcome::Unknown);
}

#[test]
fn a_classic_load_balancer_leads_to_its_instances_ports() {
    let health = |state: &str| InstanceHealth {
        instance: "i-1".to_owned(),
        state: state.to_owned(),
        ..InstanceHealth::default()
    };
    let with = |health: Fact<Vec<InstanceHealth>>| {
        let lb = ClassicLoadBalancer {
            dns_name: "old.us-east-1.elb.amazonaws.com".to_owned(),
            security_groups: vec!["sg-lb".to_owned()],
            listeners: vec![ClassicListener {
                protocol: "HTTP".to_owned(),
                port: 80,
                instance_port: 32768,
                ..ClassicListener::default()
            }],
            instances: vec!["i-1".to_owned()],
            health,
            ..ClassicLoadBalancer::default()
        };
        let mut resources = app(&[("i-1", "healthy")]);
        resources.push(Resource::new("old", lb));
        trace(&resources, "old.us-east-1.elb.amazonaws.com")
    };
    let good = with(Fact::Known(vec![health("InService")]));
    assert_eq!(ways(&good), ["old > :80 > i-1 > web:80"]);
    assert_eq!(good.outcome, Outcome::Answered);
    let bad = with(Fact::Known(vec![health("OutOfService")]));
    assert_eq!(bad.outcome, Outcome::DeadEnd);
    assert_eq!(with(Fact::Unread).outcome, Outcome::Unknown);
}
