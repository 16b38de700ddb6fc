//! Containers whose output is sent nowhere.

use super::{
    Case, Rule, Verdict, Words,
    used_definition::{self, Judgement},
};
use crate::kind::task_definition::ContainerDefinition;

pub const RULE: Rule = Rule {
    id: "no-logging",
    words: include_str!("../../rules/no-logging.toml"),
    needs: used_definition::NEEDS,
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    used_definition::check(&RULE, case, words, |resource, definition| {
        let all = definition.containers.iter();
        let silent = all.filter(|it| matches!(it.log_driver.as_deref(), None | Some("none")));
        let bad: Vec<&ContainerDefinition> = silent.collect();
        if bad.is_empty() {
            return Judgement::Pass("each container has a log driver".to_owned());
        }
        let value = |it: &ContainerDefinition| match &it.log_driver {
            Some(driver) => driver.clone(),
            None => "not set: at best a file on the machine".to_owned(),
        };
        let path = "containerDefinitions.logConfiguration.logDriver";
        let evidence = used_definition::seen(resource, &bad, path, value);
        let why = format!(
            "what {} prints is sent nowhere",
            used_definition::named(&bad)
        );
        Judgement::Fail(why, evidence)
    })
}
