//! Which revisions of task definitions run: an old one that nothing runs is no risk.

use std::borrow::Cow;

use super::{Case, used_definition::Families};
use crate::{
    id::ResourceId,
    kind::{Kind, task_definition::TaskDefinition},
    relation::RelationKind,
    snapshot::{Gap, Resource},
};

/// The rack's revisions that a service, a task or a schedule uses, and the latest of each family,
/// for that is what a person, a program or a schedule by the family's name would start next.
pub fn in_use<'a>(
    case: &Case<'a>,
) -> impl Iterator<Item = (&'a Resource, &'a TaskDefinition)> + use<'a> {
    let families = Families::new(case);
    case.ours::<TaskDefinition>()
        .filter(|(it, definition)| families.runner(case, &it.id, definition).is_some())
        .collect::<Vec<_>>()
        .into_iter()
}

/// The rack's services, tasks and schedules that use a revision, in id order. A service that was
/// deleted and a task that has stopped use nothing any more.
pub fn users<'a>(case: &Case<'a>, definition: &ResourceId) -> Vec<&'a Resource> {
    let users = case.graph.users(definition).into_iter();
    let mut users: Vec<&Resource> = users
        .filter(|(it, edge)| {
            !matches!(edge.kind, RelationKind::Declares | RelationKind::Watches)
                && matches!(
                    it.id.kind,
                    Kind::Service | Kind::Task | Kind::EventRule | Kind::Schedule
                )
                && !case.belongings.of(&it.id).is_foreign()
        })
        .map(|(it, _)| it)
        .collect();
    users.dedup_by_key(|it| &it.id);
    users
}

/// What a finding is about from one deployment to the next: of a revision its family, else the
/// thing itself.
pub fn lasting(id: &ResourceId) -> Cow<'_, ResourceId> {
    let is_revision = id.kind == Kind::TaskDefinition;
    let family = id.key.rsplit_once(':').filter(|_| is_revision);
    match family {
        Some((family, _)) => Cow::Owned(ResourceId::new(id.kind, family)),
        None => Cow::Borrowed(id),
    }
}

/// What hides that a revision is in use.
pub fn gap<'a>(case: &Case<'a>) -> Option<&'a Gap> {
    case.gap_among(&[
        Kind::Cluster,
        Kind::Service,
        Kind::Task,
        Kind::TaskDefinition,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kind::{service::Service, task::Task},
        testing,
    };

    fn used(resources: &[Resource]) -> Vec<String> {
        let keys = |case: &Case<'_>| in_use(case).map(|(it, _)| it.id.key.clone()).collect();
        testing::owned(resources, &[], |_| true, keys)
    }

    fn service(status: &str) -> Service {
        Service {
            status: status.to_owned(),
            task_definition: "web:2".to_owned(),
            ..Service::default()
        }
    }

    /// One that can be started no more.
    fn old() -> TaskDefinition {
        TaskDefinition {
            status: "INACTIVE".to_owned(),
            ..TaskDefinition::default()
        }
    }

    #[test]
    fn only_the_revision_that_runs_is_in_use() {
        let task = Task {
            task_definition: "job:1".to_owned(),
            last_status: "RUNNING".to_owned(),
            ..Task::default()
        };
        let resources = [
            Resource::new("prod/web", service("ACTIVE")),
            Resource::new("prod/1", task),
            Resource::new("web:1", old()),
            Resource::new("web:2", old()),
            Resource::new("job:1", old()),
        ];
        assert_eq!(used(&resources), ["job:1", "web:2"]);
    }

    #[test]
    fn what_a_schedule_by_family_would_start_next_is_in_use() {
        let revision = |revision| TaskDefinition {
            family: "job".to_owned(),
            revision,
            status: "ACTIVE".to_owned(),
            ..TaskDefinition::default()
        };
        let resources = [
            Resource::new("job:1", revision(1)),
            Resource::new("job:2", revision(2)),
        ];
        assert_eq!(used(&resources), ["job:2"]);
    }

    #[test]
    fn a_deleted_service_uses_nothing() {
        let resources = [
            Resource::new("prod/web", service("INACTIVE")),
            Resource::new("web:2", old()),
        ];
        assert!(used(&resources).is_empty());
    }
}
