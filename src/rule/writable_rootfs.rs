//! Containers that can change their own programs.

use super::{
    Case, Rule, Verdict, Words,
    used_definition::{self, Judgement, is_windows},
};
use crate::kind::task_definition::ContainerDefinition;

pub const RULE: Rule = Rule {
    id: "writable-rootfs",
    words: include_str!("../../rules/writable-rootfs.toml"),
    needs: used_definition::NEEDS,
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    used_definition::check(&RULE, case, words, |resource, definition| {
        if is_windows(definition) {
            return Judgement::NotApplicable("Windows cannot run without writing".to_owned());
        }
        let mut services = used_definition::services(case, &resource.id).into_iter();
        if let Some((service, _)) = services.find(|(_, it)| it.execute_command) {
            let why = format!("{service} allows ECS Exec, which has to write");
            return Judgement::NotApplicable(why);
        }
        let essential = definition.containers.iter().filter(|it| it.essential);
        let bad: Vec<&ContainerDefinition> = essential.filter(|it| !it.read_only_root).collect();
        if bad.is_empty() {
            let why = "each essential container has a read-only root file system";
            return Judgement::Pass(why.to_owned());
        }
        let path = "containerDefinitions.readonlyRootFilesystem";
        let evidence = used_definition::seen(resource, &bad, path, |_| "false".to_owned());
        let why = format!(
            "{} can write over its own files",
            used_definition::named(&bad)
        );
        Judgement::Fail(why, evidence)
    })
}
