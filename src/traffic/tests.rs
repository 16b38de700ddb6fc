//! Paths through small accounts.

use super::*;
use crate::{
    kind::{
        container_instance::ContainerInstance,
        instance::Instance,
        listener_rule::{Condition, Forward, Redirect},
        task::{Binding, Container as Running, Task},
        task_definition::{ContainerDefinition, PortMapping, TaskDefinition},
    },
    snapshot::Gap,
    testing::{gap, owned},
};

/// One line for each path through an account of which everything is the rack's.
fn said(resources: &[Resource]) -> Vec<String> {
    said_with(resources, &[])
}

fn said_with(resources: &[Resource], gaps: &[Gap]) -> Vec<String> {
    owned(
        resources,
        gaps,
        |_| true,
        |case| paths(case).iter().map(sentence).collect(),
    )
}

fn sentence(it: &TrafficPath) -> String {
    let target = it.target.as_ref().map(|it| {
        let port = it.port.unwrap_or_default();
        format!(" > {}:{port} {}", it.name, it.health)
    });
    let end = match (&it.container, &it.end) {
        (Some(it), _) => format!("{} {}:{}", it.service, it.name, it.port),
        (None, Some(end)) => format!("{}: {}", end.verdict, end.why),
        (None, None) => String::new(),
    };
    format!(
        ":{} {}, {}: {}{} > {end}",
        it.port,
        it.rule,
        it.conditions,
        it.action,
        target.unwrap_or_default()
    )
}

fn forward(group: &str) -> Action {
    Action {
        kind: "forward".to_owned(),
        targets: vec![Forward {
            target_group: group.to_owned(),
            ..Forward::default()
        }],
        ..Action::default()
    }
}

fn rule(priority: Option<u32>, host: Option<&str>, action: Action) -> Resource {
    let condition = host.map(|it| Condition {
        field: "host-header".to_owned(),
        values: vec![it.to_owned()],
        ..Condition::default()
    });
    let attrs = ListenerRule {
        listener: "lb/443".to_owned(),
        priority,
        conditions: condition.into_iter().collect(),
        actions: vec![action],
    };
    let name = priority.map_or("default".to_owned(), |it| it.to_string());
    Resource::new(format!("lb/443/{name}"), attrs)
}

fn entrance() -> Vec<Resource> {
    let listener = Listener {
        load_balancer: "lb".to_owned(),
        port: 443,
        protocol: "HTTPS".to_owned(),
        ..Listener::default()
    };
    vec![
        Resource::new("lb", LoadBalancer::default()),
        Resource::new("lb/443", listener),
    ]
}

fn group(target_type: &str, id: &str, port: u16) -> Resource {
    let target = target_group::Target {
        id: id.to_owned(),
        port: Some(port),
        state: "healthy".to_owned(),
        ..target_group::Target::default()
    };
    let attrs = TargetGroup {
        target_type: target_type.to_owned(),
        targets: Fact::Known(vec![target]),
        ..TargetGroup::default()
    };
    Resource::new("web", attrs)
}

fn task(container: Running, machine: Option<&str>) -> Resource {
    let attrs = Task {
        cluster: "c".to_owned(),
        group: "service:web".to_owned(),
        task_definition: "web:1".to_owned(),
        container_instance: machine.map(ToOwned::to_owned),
        containers: vec![container],
        ..Task::default()
    };
    Resource::new("c/t1", attrs)
}

#[test]
fn a_bridge_task_is_found_by_the_machine_and_its_host_port() {
    let container = Running {
        name: "web".to_owned(),
        bindings: vec![Binding {
            container_port: 80,
            host_port: 32768,
            ..Binding::default()
        }],
        ..Running::default()
    };
    let machine = ContainerInstance {
        instance: Some("i-1".to_owned()),
        ..ContainerInstance::default()
    };
    let mut resources = entrance();
    resources.extend([
        rule(Some(10), Some("a.example"), forward("web")),
        group("instance", "i-1", 32768),
        task(container, Some("c/m1")),
        Resource::new("c/m1", machine),
        Resource::new("i-1", Instance::default()),
    ]);
    assert_eq!(
        said(&resources),
        [":443 rule 10, host a.example: forward > i-1:32768 healthy > web web:80"]
    );
}

#[test]
fn an_awsvpc_task_is_found_by_its_address_and_its_own_port() {
    let container = Running {
        name: "web".to_owned(),
        private_ips: vec!["10.0.0.7".to_owned()],
        ..Running::default()
    };
    let definition = TaskDefinition {
        containers: vec![ContainerDefinition {
            name: "web".to_owned(),
            ports: vec![PortMapping {
                container_port: 3000,
                ..PortMapping::default()
            }],
            ..ContainerDefinition::default()
        }],
        ..TaskDefinition::default()
    };
    let mut resources = entrance();
    resources.extend([
        rule(None, None, forward("web")),
        group("ip", "10.0.0.7", 3000),
        task(container, None),
        Resource::new("web:1", definition),
    ]);
    assert_eq!(
        said(&resources),
        [":443 default rule, any request: forward > 10.0.0.7:3000 healthy > web web:3000"]
    );
}

#[test]
fn rules_come_in_the_order_in_which_aws_tries_them() {
    let redirect = Action {
        kind: "redirect".to_owned(),
        redirect: Some(Redirect {
            protocol: Some("HTTPS".to_owned()),
            ..Redirect::default()
        }),
        ..Action::default()
    };
    let mut resources = entrance();
    resources.extend([
        rule(None, None, redirect.clone()),
        rule(Some(200), Some("b"), redirect.clone()),
        rule(Some(10), Some("a"), redirect),
    ]);
    let order: Vec<String> = said(&resources)
        .iter()
        .map(|it| it.split(',').next().unwrap().to_owned())
        .collect();
    assert_eq!(
        order,
        [":443 rule 10", ":443 rule 200", ":443 default rule"]
    );
}

#[test]
fn every_dead_end_says_why() {
    let no_listener = said(&entrance()[..1]);
    assert!(no_listener[0].ends_with("fail: it has no listener: nothing comes in"));

    let mut no_group = entrance();
    no_group.push(rule(None, None, forward("gone")));
    assert!(said(&no_group)[0].ends_with("unknown: this target group was not seen"));

    let mut unread = no_group.clone();
    unread.push(Resource::new("gone", TargetGroup::default()));
    assert!(said(&unread)[0].ends_with("unknown: its targets were not read"));

    let mut nobody = entrance();
    nobody.extend([
        rule(None, None, forward("web")),
        group("instance", "i-1", 80),
    ]);
    assert!(said(&nobody)[0].ends_with("fail: no running task that was seen owns this port"));

    let gaps = [gap(Kind::Task, "ecs:ListTasks")];
    let unread = said_with(&nobody, &gaps);
    assert!(unread[0].ends_with("unknown: whose port it is is not known: not all tasks were read"));
}
