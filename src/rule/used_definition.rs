//! The task definitions that something runs or may start, and what rules about containers have in common.

use std::collections::{BTreeMap, BTreeSet};

use super::{Case, Evidence, Rule, Status, Verdict, Words, revision};
use crate::{
    id::ResourceId,
    kind::{
        Kind,
        service::Service,
        stack::Stack,
        task_definition::{ContainerDefinition, TaskDefinition},
    },
    snapshot::Resource,
};

/// What such rules cannot do without.
pub const NEEDS: &[Kind] = &[Kind::Service, Kind::Task, Kind::TaskDefinition];

/// What a rule says about one revision.
pub enum Judgement {
    NotApplicable(String),
    Pass(String),
    Fail(String, Vec<Evidence>),
}

/// One verdict for each revision of the rack's. An old one that nothing runs is not judged; the
/// latest of its family is, for that is what a person or a program would start.
pub fn check(
    rule: &Rule,
    case: &Case<'_>,
    words: &Words,
    judge: impl Fn(&Resource, &TaskDefinition) -> Judgement,
) -> Vec<Verdict> {
    let families = Families::new(case);
    let verdict = |(resource, definition): (&Resource, &TaskDefinition)| {
        let id = &resource.id;
        let verdict = |status, why: String| Verdict::new(rule, words, id, status, why);
        let Some(runner) = families.runner(case, id, definition) else {
            let why = "nothing that was read runs this old revision".to_owned();
            return verdict(Status::NotApplicable, why);
        };
        match judge(resource, definition) {
            Judgement::NotApplicable(why) => verdict(Status::NotApplicable, why),
            Judgement::Pass(why) => verdict(Status::Pass, why),
            Judgement::Fail(why, evidence) => {
                verdict(Status::Fail, format!("{why}; {runner}")).evidence(evidence)
            }
        }
    };
    let read = case.ours::<TaskDefinition>().map(verdict);
    read.chain(unread(rule, case, words)).collect()
}

/// Unknown, for each revision that could not be read, and for each stack of the rack's that may
/// have made more of them.
pub fn unread(rule: &Rule, case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let unknown = |id: &ResourceId, why: &str, gap| {
        Verdict::new(rule, words, id, Status::Unknown, why).gap(gap)
    };
    let lost = case.gaps.iter().filter_map(|gap| {
        let id = gap.resource.as_ref()?;
        let lost = id.kind == Kind::TaskDefinition && case.graph.get(id).is_none();
        lost.then(|| unknown(id, "the revision was not read", Some(gap)))
    });
    let stacks = case.ours::<Stack>();
    let closed = stacks.filter(|(_, it)| it.members.known().is_none());
    let closed = closed.filter_map(|(it, _)| {
        let gap = case.gap_of_call(&it.id, "ListStackResources")?;
        let why = "which task definitions it made was not read";
        Some(unknown(&it.id, why, Some(gap)))
    });
    lost.chain(closed).collect()
}

/// What is known of families as a whole: asked of every revision, so gathered once.
pub struct Families<'c> {
    /// The highest revision that can be started.
    latest: BTreeMap<&'c str, u32>,
}

/// The rack's services that run a revision, and its schedules that start it.
pub fn starters<'c>(case: &Case<'c>, id: &ResourceId) -> BTreeSet<&'c ResourceId> {
    let users = revision::users(case, id).into_iter().map(|it| &it.id);
    users.filter(|it| starts(it)).collect()
}

impl<'c> Families<'c> {
    pub fn new(case: &Case<'c>) -> Self {
        let mut latest: BTreeMap<&str, u32> = BTreeMap::new();
        let active = case.graph.of::<TaskDefinition>();
        for (_, it) in active.filter(|(_, it)| it.is_active()) {
            let latest = latest.entry(&it.family).or_default();
            *latest = it.revision.max(*latest);
        }
        Self { latest }
    }

    /// Whether it is what a person, a program or a schedule by the family's name would start.
    fn is_latest(&self, definition: &TaskDefinition) -> bool {
        let latest = self.latest.get(definition.family.as_str());
        definition.is_active() && latest == Some(&definition.revision)
    }

    /// Who runs a revision, in words; tasks only where no service and no schedule starts them.
    pub fn runner(
        &self,
        case: &Case<'_>,
        id: &ResourceId,
        definition: &TaskDefinition,
    ) -> Option<String> {
        let users = case.graph.users(id).into_iter().map(|(it, _)| &it.id);
        let (starters, others): (Vec<&ResourceId>, Vec<&ResourceId>) =
            users.partition(|it| starts(it));
        let tasks = others.into_iter().filter(|it| it.kind == Kind::Task);
        let mut runners = if starters.is_empty() {
            tasks.collect()
        } else {
            starters
        };
        runners.sort();
        runners.dedup();
        match runners[..] {
            [] => self
                .is_latest(definition)
                .then(|| "nothing runs it now, but it is the latest of its family".to_owned()),
            [one] => Some(format!("{one} runs it")),
            [one, ref more @ ..] => Some(format!("{one} and {} more run it", more.len())),
        }
    }
}

/// Whether it is of what starts tasks, again and again.
fn starts(id: &ResourceId) -> bool {
    matches!(id.kind, Kind::Service | Kind::EventRule | Kind::Schedule)
}

/// The services that run a revision.
pub fn services<'c>(case: &Case<'c>, id: &ResourceId) -> Vec<(&'c ResourceId, &'c Service)> {
    let users = case.graph.users(id).into_iter();
    let services = users.filter_map(|(it, _)| {
        let (resource, service) = case.graph.get_as::<Service>(&it.id.key)?;
        (it.id.kind == Kind::Service).then_some((&resource.id, service))
    });
    services.collect()
}

/// Whether its containers are Windows'.
pub fn is_windows(definition: &TaskDefinition) -> bool {
    let system = definition.operating_system.as_deref();
    system.is_some_and(|it| it.starts_with("WINDOWS"))
}

/// "container web", "containers log, web".
pub fn named(containers: &[&ContainerDefinition]) -> String {
    let names: Vec<&str> = containers.iter().map(|it| it.name.as_str()).collect();
    let s = if names.len() == 1 { "" } else { "s" };
    format!("container{s} {}", names.join(", "))
}

/// What was seen of each of these containers.
pub fn seen(
    resource: &Resource,
    containers: &[&ContainerDefinition],
    path: &'static str,
    value: impl Fn(&ContainerDefinition) -> String,
) -> Vec<Evidence> {
    let seen = containers.iter().map(|it| {
        let value = format!("{}: {}", it.name, value(it));
        Evidence::new(&resource.id, path, value)
    });
    seen.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kind::{
            Fact,
            event_rule::{EventRule, Target, TaskTarget},
            schedule::{Schedule, Start},
            task::Task,
        },
        snapshot::Reason,
        testing,
    };

    const RULE: Rule = Rule {
        id: "privileged",
        words: include_str!("../../rules/privileged.toml"),
        needs: &[],
        check: |_, _| Vec::new(),
    };

    /// One that can be started no more.
    fn revision() -> Resource {
        let definition = TaskDefinition {
            family: "web".to_owned(),
            status: "INACTIVE".to_owned(),
            ..TaskDefinition::default()
        };
        Resource::new("web:3", definition)
    }

    fn active(family: &str, revision: u32) -> Resource {
        let definition = TaskDefinition {
            family: family.to_owned(),
            revision,
            status: "ACTIVE".to_owned(),
            ..TaskDefinition::default()
        };
        Resource::new(format!("{family}:{revision}"), definition)
    }

    fn said(resources: &[Resource], gaps: &[crate::snapshot::Gap]) -> Vec<(Status, String)> {
        let words = RULE.words().unwrap();
        let fail = |_: &Resource, _: &TaskDefinition| Judgement::Fail("bad".to_owned(), vec![]);
        testing::owned(
            resources,
            gaps,
            |_| true,
            |case| {
                let verdicts = check(&RULE, case, &words, fail);
                verdicts.into_iter().map(|it| (it.status, it.why)).collect()
            },
        )
    }

    fn task(key: &str, status: &str) -> Resource {
        let task = Task {
            cluster: "prod".to_owned(),
            task_definition: "web:3".to_owned(),
            last_status: status.to_owned(),
            ..Task::default()
        };
        Resource::new(key, task)
    }

    #[test]
    fn an_old_revision_that_nothing_runs_is_not_judged() {
        let said = said(&[revision()], &[]);
        assert_eq!(said[0].0, Status::NotApplicable);
    }

    #[test]
    fn the_latest_of_a_family_is_what_a_person_would_start() {
        let said = said(&[active("build", 1), active("build", 2)], &[]);
        let statuses: Vec<Status> = said.into_iter().map(|it| it.0).collect();
        assert_eq!(statuses, [Status::NotApplicable, Status::Fail]);
    }

    #[test]
    fn a_task_that_was_started_by_hand_counts() {
        let said = said(&[revision(), task("prod/1", "RUNNING")], &[]);
        assert_eq!(
            said[0],
            (Status::Fail, "bad; task/prod/1 runs it".to_owned())
        );
    }

    #[test]
    fn a_task_that_has_stopped_does_not_count() {
        let said = said(&[revision(), task("prod/1", "STOPPED")], &[]);
        assert_eq!(said[0].0, Status::NotApplicable);
    }

    /// What starts the latest revision of the family.
    fn latest() -> TaskTarget {
        TaskTarget {
            task_definition: "arn:aws:ecs:us-east-1:1:task-definition/web".to_owned(),
            ..TaskTarget::default()
        }
    }

    /// Two revisions of the family that can be started, and what starts the later.
    fn two_and(starter: Resource) -> [Resource; 3] {
        [active("web", 9), active("web", 10), starter]
    }

    fn nightly(starter: Resource) -> Vec<(Status, String)> {
        said(&two_and(starter), &[])
    }

    #[test]
    fn a_rule_that_starts_the_latest_revision_counts_for_that_one_alone() {
        let target = Target {
            task: Some(latest()),
            ..Target::default()
        };
        let rule = EventRule {
            arn: "arn:aws:events:us-east-1:1:rule/nightly".to_owned(),
            targets: Fact::Known(vec![target]),
            ..EventRule::default()
        };
        let said = nightly(Resource::new("nightly", rule));
        let of_ten = (Status::Fail, "bad; event-rule/nightly runs it".to_owned());
        assert_eq!(said[0], of_ten);
        assert_eq!(said[1].0, Status::NotApplicable);
    }

    #[test]
    fn a_schedule_of_the_scheduler_counts_as_well() {
        let start = Start {
            task: Some(latest()),
            ..Start::default()
        };
        let schedule = Schedule {
            arn: "arn:aws:scheduler:us-east-1:1:schedule/default/nightly".to_owned(),
            start: Fact::Known(start),
            ..Schedule::default()
        };
        let said = nightly(Resource::new("nightly", schedule));
        let of_ten = (Status::Fail, "bad; schedule/nightly runs it".to_owned());
        assert_eq!(said[0], of_ten);
    }

    #[test]
    fn a_revision_that_was_not_read_is_unknown() {
        let gap = crate::snapshot::Gap {
            resource: Some(ResourceId::new(Kind::TaskDefinition, "web:4")),
            reason: Reason::Denied,
            ..testing::gap(Kind::TaskDefinition, "ecs:DescribeTaskDefinition")
        };
        let said = said(&[], &[gap]);
        assert_eq!(said[0].0, Status::Unknown);
    }
}
