//! What the columns say that are more than a field of a description.

use crate::{
    kind::{
        AsKind, Fact, Kind,
        container_instance::ContainerInstance,
        key::Key,
        listener::Listener,
        listener_rule::{Action, ListenerRule, when},
        log_group::LogGroup,
        table::Table,
        target_group::Target,
        task::{Container, Task},
        task_definition::TaskDefinition,
    },
    snapshot::Resource,
    table::{
        Cell,
        column::{Part, Row},
    },
    text,
};

// Every table.

/// What a person named it, where that is not its key.
pub fn name(row: &Row<'_>) -> Cell {
    Cell::maybe(row.resource.name.as_deref())
}

pub fn key(row: &Row<'_>) -> Cell {
    Cell::text(&row.resource.id.key)
}

/// `web` of `prod/web`.
pub fn last_of_key(row: &Row<'_>) -> Cell {
    let key = &row.resource.id.key;
    Cell::maybe(key.rsplit('/').next())
}

/// `prod` of `prod/web`.
pub fn first_of_key(row: &Row<'_>) -> Cell {
    let key = &row.resource.id.key;
    Cell::maybe(key.split('/').next())
}

/// AWS's word; some kinds only learn it by a call of its own.
pub fn state(row: &Row<'_>) -> Cell {
    let attrs = &row.resource.attrs;
    let key = Key::of(attrs).is_some_and(|it| it.facts == Fact::Unread);
    let table = Table::of(attrs).is_some_and(|it| it.facts == Fact::Unread);
    if key || table {
        return Cell::Unread;
    }
    Cell::maybe(attrs.model().state())
}

/// The zone, else the VPC.
pub fn place(row: &Row<'_>) -> Cell {
    let place = row.resource.attrs.model().place();
    Cell::maybe(place.zone.or(place.vpc))
}

pub fn zone(row: &Row<'_>) -> Cell {
    Cell::maybe(row.resource.attrs.model().place().zone)
}

pub fn vpc(row: &Row<'_>) -> Cell {
    Cell::maybe(row.resource.attrs.model().place().vpc)
}

pub fn subnet(row: &Row<'_>) -> Cell {
    Cell::maybe(row.resource.attrs.model().place().subnet)
}

pub fn created(row: &Row<'_>) -> Cell {
    Cell::time(row.resource.created)
}

pub fn summary(row: &Row<'_>) -> Cell {
    Cell::text(row.resource.attrs.model().summary())
}

pub fn belonging(row: &Row<'_>) -> Cell {
    let belonging = row.case.belongings.of(&row.resource.id);
    Cell::text(belonging.class.name())
}

pub fn evidence(row: &Row<'_>) -> Cell {
    let belonging = row.case.belongings.of(&row.resource.id);
    Cell::text(&belonging.evidence)
}

pub fn shared_with(row: &Row<'_>) -> Cell {
    let belonging = row.case.belongings.of(&row.resource.id);
    Cell::list(belonging.others.iter().map(ToString::to_string))
}

// Tasks and containers.

/// The machine that a task is on; none for Fargate's.
pub fn machine(row: &Row<'_>) -> Cell {
    let task = Task::of(&row.resource.attrs);
    let Some(key) = task.and_then(|it| it.container_instance.as_deref()) else {
        return Cell::Empty;
    };
    match row.case.graph.get_as::<ContainerInstance>(key) {
        Some((_, it)) => Cell::maybe(it.instance.as_deref()),
        None => Cell::Unread,
    }
}

fn container<'a>(row: &Row<'a>) -> Option<&'a Container> {
    match row.part {
        Part::Container(it) => Some(it),
        Part::Target(..) | Part::Whole => None,
    }
}

pub fn container_name(row: &Row<'_>) -> Cell {
    Cell::maybe(container(row).map(|it| it.name.as_str()))
}

pub fn container_state(row: &Row<'_>) -> Cell {
    Cell::maybe(container(row).map(|it| it.status.as_str()))
}

pub fn container_health(row: &Row<'_>) -> Cell {
    Cell::maybe(container(row).and_then(|it| it.health.as_deref()))
}

pub fn container_image(row: &Row<'_>) -> Cell {
    Cell::maybe(container(row).map(|it| it.image.as_str()))
}

pub fn container_exit_code(row: &Row<'_>) -> Cell {
    let code = container(row).and_then(|it| it.exit_code);
    code.map_or(Cell::Empty, Cell::number)
}

/// `32768:80/tcp`, the machine's port first as Docker writes it.
pub fn container_ports(row: &Row<'_>) -> Cell {
    let bindings = container(row).into_iter().flat_map(|it| &it.bindings);
    let ports = bindings.map(|it| {
        let (host, inside) = (it.host_port, it.container_port);
        format!("{host}:{inside}/{}", it.protocol)
    });
    Cell::list(ports)
}

// Task definitions.

/// `build:convox/rack:20180425154137`.
pub fn images(row: &Row<'_>) -> Cell {
    let definition = TaskDefinition::of(&row.resource.attrs).into_iter();
    let containers = definition.flat_map(|it| &it.containers);
    Cell::list(containers.map(|it| format!("{}:{}", it.name, it.image)))
}

/// What runs a revision: `1 service, 2 tasks running`, or `ready`.
pub fn runs(row: &Row<'_>) -> Cell {
    let services = users(row, Kind::Service).len();
    let tasks = users(row, Kind::Task).into_iter();
    let tasks = tasks.filter_map(|it| Task::of(&it.attrs));
    let tasks = tasks.filter(|it| it.last_status == "RUNNING").count();
    let status = match TaskDefinition::of(&row.resource.attrs) {
        Some(it) if !it.is_active() => it.status.as_str(),
        _ => "ready",
    };
    if uncertain(row, &[Kind::Service, Kind::Task]) {
        return Cell::Unread;
    }
    let mut said = Vec::new();
    if services > 0 {
        said.push(text::count(services, "service"));
    }
    if services > 0 || tasks > 0 {
        said.push(format!("{} running", text::count(tasks, "task")));
    }
    if said.is_empty() || status != "ready" {
        said.insert(0, status.to_owned());
    }
    Cell::text(said.join(", "))
}

/// The services that run a revision.
pub fn services(row: &Row<'_>) -> Cell {
    if uncertain(row, &[Kind::Service]) {
        return Cell::Unread;
    }
    let services = users(row, Kind::Service).into_iter();
    Cell::list(services.map(Resource::label))
}

fn users<'a>(row: &Row<'a>, kind: Kind) -> Vec<&'a Resource> {
    let users = row.case.graph.users(&row.resource.id).into_iter();
    let mut users: Vec<&Resource> = users
        .map(|it| it.0)
        .filter(|it| it.id.kind == kind)
        .collect();
    users.dedup_by(|a, b| a.id == b.id);
    users
}

/// Whether more of these kinds may be there than was seen.
fn uncertain(row: &Row<'_>, kinds: &[Kind]) -> bool {
    let mut gaps = kinds.iter().map(|it| row.case.gap_in_listing(*it));
    gaps.any(|it| it.is_some())
}

// Log groups.

/// Days, or `never` where nothing is ever deleted.
pub fn retention(row: &Row<'_>) -> Cell {
    let group = LogGroup::of(&row.resource.attrs);
    match group.and_then(|it| it.retention_days) {
        Some(it) => Cell::number(it),
        None => Cell::text("never"),
    }
}

// Listeners and their rules.

/// `HTTPS:443`.
pub fn listener(row: &Row<'_>) -> Cell {
    let Some(rule) = ListenerRule::of(&row.resource.attrs) else {
        return Cell::Empty;
    };
    match row.case.graph.get_as::<Listener>(&rule.listener) {
        Some((_, it)) => Cell::text(format!("{}:{}", it.protocol, it.port)),
        None => Cell::text(&rule.listener),
    }
}

pub fn listener_port(row: &Row<'_>) -> Cell {
    let rule = ListenerRule::of(&row.resource.attrs);
    let listener = rule.and_then(|it| row.case.graph.get_as::<Listener>(&it.listener));
    listener.map_or(Cell::Unread, |(_, it)| Cell::number(it.port))
}

/// A number, or `default` for the rule that is tried last.
pub fn priority(row: &Row<'_>) -> Cell {
    let rule = ListenerRule::of(&row.resource.attrs);
    match rule.and_then(|it| it.priority) {
        Some(it) => Cell::number(it),
        None => Cell::text("default"),
    }
}

pub fn conditions(row: &Row<'_>) -> Cell {
    let rule = ListenerRule::of(&row.resource.attrs);
    Cell::maybe(rule.map(|it| when(&it.conditions)))
}

/// What a listener or a rule does with a request, without its target groups.
pub fn actions(row: &Row<'_>) -> Cell {
    let rule = ListenerRule::of(&row.resource.attrs).map(|it| &it.actions);
    let actions = rule.or(Listener::of(&row.resource.attrs).map(|it| &it.actions));
    let verbs = actions.into_iter().flatten().map(Action::verb);
    Cell::text(verbs.collect::<Vec<_>>().join(", then "))
}

// Targets.

/// What a field of a target says; not read where the group's targets were not.
fn of_target(row: &Row<'_>, field: impl FnOnce(&Target) -> Cell) -> Cell {
    match row.part {
        Part::Target(_, Some(it)) => field(it),
        Part::Target(_, None) => Cell::Unread,
        Part::Container(_) | Part::Whole => Cell::Empty,
    }
}

pub fn target(row: &Row<'_>) -> Cell {
    of_target(row, |it| Cell::text(&it.id))
}

pub fn target_state(row: &Row<'_>) -> Cell {
    of_target(row, |it| Cell::text(&it.state))
}

pub fn target_reason(row: &Row<'_>) -> Cell {
    of_target(row, |it| Cell::maybe(it.reason.as_deref()))
}

pub fn target_description(row: &Row<'_>) -> Cell {
    of_target(row, |it| Cell::maybe(it.description.as_deref()))
}

/// The target's own port, else its group's.
pub fn target_port(row: &Row<'_>) -> Cell {
    of_target(row, |it| {
        let port = it.port.or(group_port(row));
        port.map_or(Cell::Empty, Cell::number)
    })
}

/// Where its health is checked: a port of the group's, or the one that requests go to.
pub fn health_check_port(row: &Row<'_>) -> Cell {
    let Part::Target(group, _) = row.part else {
        return Cell::Empty;
    };
    match group.health_check.port.as_deref() {
        Some("traffic-port") => target_port(row),
        Some(port) => port.parse::<u16>().map_or(Cell::text(port), Cell::number),
        None => Cell::Empty,
    }
}

fn group_port(row: &Row<'_>) -> Option<u16> {
    match row.part {
        Part::Target(group, _) => group.port,
        Part::Container(_) | Part::Whole => None,
    }
}
