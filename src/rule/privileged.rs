//! Containers that are as mighty as the machine that they run on.

use super::{
    Case, Rule, Verdict, Words,
    used_definition::{self, Judgement},
};
use crate::kind::task_definition::ContainerDefinition;

pub const RULE: Rule = Rule {
    id: "privileged",
    words: include_str!("../../rules/privileged.toml"),
    needs: used_definition::NEEDS,
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    used_definition::check(&RULE, case, words, |resource, definition| {
        let all = definition.containers.iter();
        let bad: Vec<&ContainerDefinition> = all.filter(|it| it.privileged).collect();
        if bad.is_empty() {
            return Judgement::Pass("no container is privileged".to_owned());
        }
        let path = "containerDefinitions.privileged";
        let evidence = used_definition::seen(resource, &bad, path, |_| "true".to_owned());
        let why = format!(
            "{} may do all that root on the machine may",
            used_definition::named(&bad)
        );
        Judgement::Fail(why, evidence)
    })
}
