//! What a machine, a disk or a task stands for: who would make the next one just like it.

use super::Case;
use crate::{
    id::ResourceId,
    kind::{
        AsKind as _, Kind, auto_scaling_group::AutoScalingGroup, instance::Instance, task::Task,
    },
    relation::RelationKind,
    snapshot::Resource,
};

/// The Auto Scaling group of an instance, the service or the schedule of a task, else what the task
/// was started from, and so on; else the thing itself.
///
/// What comes and goes is told of by what lasts, so that one cause is one finding, and stays the
/// same finding when a machine is replaced.
pub fn of(case: &Case<'_>, id: &ResourceId) -> ResourceId {
    let Some(resource) = case.graph.get(id) else {
        return id.clone();
    };
    let known = |it: ResourceId| case.graph.get(&it).map(|it| it.id.clone());
    if let Some(instance) = Instance::of(&resource.attrs) {
        let group = instance.auto_scaling_group.as_ref();
        let group = group.map(|it| ResourceId::new(AutoScalingGroup::KIND, it));
        return group.and_then(known).unwrap_or_else(|| id.clone());
    }
    if let Some(task) = Task::of(&resource.attrs) {
        let service = task.service();
        let service =
            service.map(|it| ResourceId::new(Kind::Service, format!("{}/{it}", task.cluster)));
        let service = service.and_then(known);
        // A schedule's task is another one each night.
        let started_by = |prefix| task.started_by.as_deref()?.strip_prefix(prefix);
        let rule = || {
            known(ResourceId::new(
                Kind::EventRule,
                started_by("events-rule/")?,
            ))
        };
        let schedule = || {
            let name = started_by("chronos-schedule/")?;
            known(ResourceId::new(Kind::Schedule, name))
        };
        let definition = || known(ResourceId::new(Kind::TaskDefinition, &task.task_definition));
        return service
            .or_else(rule)
            .or_else(schedule)
            .or_else(definition)
            .unwrap_or_else(|| id.clone());
    }
    if !matches!(resource.id.kind, Kind::Volume | Kind::NetworkInterface) {
        return id.clone();
    }
    holder(case, resource).map_or_else(|| id.clone(), |it| of(case, &it.id))
}

/// The instance, task or mount target that has a disk or an interface, or what AWS made the
/// interface for.
fn holder<'a>(case: &Case<'a>, part: &Resource) -> Option<&'a Resource> {
    let held = case.graph.users(&part.id).into_iter().find(|(it, edge)| {
        matches!(edge.kind, RelationKind::Makes | RelationKind::Uses)
            && matches!(it.id.kind, Kind::Instance | Kind::Task | Kind::MountTarget)
    });
    let whole = || {
        let mut uses = case.graph.uses(&part.id).into_iter();
        uses.find(|(_, edge)| edge.kind == RelationKind::PartOf)
    };
    held.or_else(whole).map(|(it, _)| it)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kind::{
            event_rule::EventRule, instance::Attached, network_interface::NetworkInterface,
            service::Service, task_definition::TaskDefinition, volume::Volume,
        },
        testing,
    };

    fn said(resources: &[Resource], id: &ResourceId) -> String {
        testing::owned(resources, &[], |_| true, |case| of(case, id).to_string())
    }

    fn machine(group: Option<&str>) -> Resource {
        let volume = Attached {
            volume: "vol-1".to_owned(),
            ..Attached::default()
        };
        let instance = Instance {
            status: "running".to_owned(),
            auto_scaling_group: group.map(str::to_owned),
            volumes: vec![volume],
            ..Instance::default()
        };
        Resource::new("i-1", instance)
    }

    #[test]
    fn a_disk_of_a_group_s_machine_stands_for_the_group() {
        let resources = [
            machine(Some("workers")),
            Resource::new("workers", AutoScalingGroup::default()),
            Resource::new("vol-1", Volume::default()),
        ];
        let id = &resources[2].id;
        assert_eq!(said(&resources, id), "auto-scaling-group/workers");
    }

    #[test]
    fn a_machine_whose_group_was_not_seen_stands_for_itself() {
        let resources = [machine(Some("workers"))];
        assert_eq!(said(&resources, &resources[0].id), "instance/i-1");
    }

    #[test]
    fn a_task_without_a_service_stands_for_its_schedule_else_for_its_definition() {
        let task = |started_by: &str| {
            let task = Task {
                task_definition: "job:7".to_owned(),
                group: "family:job".to_owned(),
                started_by: Some(started_by.to_owned()),
                last_status: "RUNNING".to_owned(),
                ..Task::default()
            };
            Resource::new("prod/1", task)
        };
        let rest = [
            Resource::new("nightly", EventRule::default()),
            Resource::new("job:7", TaskDefinition::default()),
        ];
        for (by, expected) in [
            ("events-rule/nightly", "event-rule/nightly"),
            ("jane", "task-definition/job:7"),
        ] {
            let task = task(by);
            let all = [vec![task.clone()], rest.to_vec()].concat();
            assert_eq!(said(&all, &task.id), expected);
        }
        let alone = task("jane");
        assert_eq!(said(std::slice::from_ref(&alone), &alone.id), "task/prod/1");
    }

    #[test]
    fn a_task_s_interface_stands_for_the_service() {
        let task = Task {
            cluster: "prod".to_owned(),
            group: "service:web".to_owned(),
            last_status: "RUNNING".to_owned(),
            interfaces: vec!["eni-1".to_owned()],
            ..Task::default()
        };
        let resources = [
            Resource::new("prod/1", task),
            Resource::new("prod/web", Service::default()),
            Resource::new("eni-1", NetworkInterface::default()),
        ];
        assert_eq!(said(&resources, &resources[2].id), "service/prod/web");
    }
}
