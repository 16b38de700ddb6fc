//! Families of task definitions with more revisions than anybody will go back to.

use std::collections::BTreeMap;

use super::{Case, Evidence, Rule, Status, Verdict, Words, revision};
use crate::{
    kind::{Kind, task_definition::TaskDefinition},
    snapshot::Resource,
};

pub const RULE: Rule = Rule {
    id: "taskdef-stale",
    words: include_str!("../../rules/taskdef-stale.toml"),
    needs: &[Kind::TaskDefinition],
    check,
};

/// One verdict for each family, told of the latest revision that was read.
fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let mut latest: BTreeMap<&str, (&Resource, &TaskDefinition)> = BTreeMap::new();
    for (resource, definition) in case.ours::<TaskDefinition>() {
        let one = latest.entry(&definition.family);
        let one = one.or_insert((resource, definition));
        if one.1.revision < definition.revision {
            *one = (resource, definition);
        }
    }
    let mut used: BTreeMap<&str, u32> = BTreeMap::new();
    for (_, it) in revision::in_use(case).filter(|(_, it)| it.is_active()) {
        *used.entry(&it.family).or_default() += 1;
    }
    latest
        .into_values()
        .map(|(it, definition)| {
            let used = used.get(definition.family.as_str());
            judge(
                case,
                words,
                used.copied().unwrap_or_default(),
                it,
                definition,
            )
        })
        .collect()
}

fn judge(
    case: &Case<'_>,
    words: &Words,
    used: u32,
    resource: &Resource,
    it: &TaskDefinition,
) -> Verdict {
    let id = &resource.id;
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    let most = words.number("most");
    let Some(number) = it.active_revisions.known() else {
        if i64::from(it.revision) <= most {
            let why = format!(
                "its family was at revision {} when it was read",
                it.revision
            );
            return verdict(Status::Pass, why);
        }
        let why = "how many revisions its family has was not read".to_owned();
        let Some(gap) = case.gap_of_call(id, "ListTaskDefinitions") else {
            // A file from before they were counted.
            return verdict(Status::NotApplicable, why);
        };
        return verdict(Status::Unknown, why).gap(Some(gap));
    };
    let family = &it.family;
    if i64::from(number.saturating_sub(used)) <= most {
        let why = format!("revisions of {family} that can be started: {number}");
        return verdict(Status::Pass, why);
    }
    // Counted no further than to a thousand.
    let least = if *number >= 1000 { " or more" } else { "" };
    let why = format!(
        "revisions of {family} that can be started: {number}{least}, of which {used} in use or the \
         latest; who looks through them all makes one request for each"
    );
    let evidence = Evidence::new(id, "taskDefinitionArns", format!("{number}{least}"));
    verdict(Status::Fail, why).evidence([evidence])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kind::Fact, testing};

    #[test]
    fn a_family_is_told_of_once_and_keeps_its_fingerprint_with_the_next_revision() {
        let revision = |number: u32| {
            let definition = TaskDefinition {
                family: "web".to_owned(),
                revision: number,
                // The latest is not stale.
                active_revisions: Fact::Known(102),
                ..TaskDefinition::default()
            };
            Resource::new(format!("web:{number}"), definition)
        };
        let words = RULE.words().unwrap();
        let said = |revisions: &[u32]| {
            let all: Vec<Resource> = revisions.iter().map(|it| revision(*it)).collect();
            let said = testing::owned(&all, &[], |_| true, |case| check(case, &words));
            assert_eq!(said.len(), 1);
            (
                said[0].status,
                said[0].subject.key.clone(),
                said[0].fingerprint(),
            )
        };
        let (status, about, before) = said(&[9, 10]);
        assert_eq!((status, about.as_str()), (Status::Fail, "web:10"));
        assert_eq!(said(&[10, 11]).2, before);
    }
}
