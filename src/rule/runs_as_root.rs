//! Containers that run as root, or leave that to their image.

use super::{
    Case, Rule, Verdict, Words,
    used_definition::{self, Judgement, is_windows},
};
use crate::kind::task_definition::ContainerDefinition;

pub const RULE: Rule = Rule {
    id: "runs-as-root",
    words: include_str!("../../rules/runs-as-root.toml"),
    needs: used_definition::NEEDS,
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    used_definition::check(&RULE, case, words, |resource, definition| {
        let windows = is_windows(definition);
        let may_be_root = |it: &&ContainerDefinition| match user(it) {
            None => true,
            Some(it) if windows => it.eq_ignore_ascii_case("containeradministrator"),
            Some(it) => is_root(it),
        };
        let all = definition.containers.iter();
        let bad: Vec<&ContainerDefinition> = all.filter(may_be_root).collect();
        if bad.is_empty() {
            return Judgement::Pass("each container names a user who is not root".to_owned());
        }
        let (unset, set): (Vec<_>, Vec<_>) = bad.iter().partition(|it| user(it).is_none());
        let mut why = Vec::new();
        if !set.is_empty() {
            let who = if windows { "administrator" } else { "root" };
            why.push(format!(
                "{} is to run as {who}",
                used_definition::named(&set)
            ));
        }
        if !unset.is_empty() {
            why.push(format!(
                "no user is set for {}, so its image decides, and is root where it says nothing",
                used_definition::named(&unset)
            ));
        }
        let value = |it: &ContainerDefinition| user(it).unwrap_or("not set").to_owned();
        let path = "containerDefinitions.user";
        let evidence = used_definition::seen(resource, &bad, path, value);
        Judgement::Fail(why.join("; "), evidence)
    })
}

fn user(container: &ContainerDefinition) -> Option<&str> {
    container.user.as_deref().filter(|it| !it.is_empty())
}

/// Docker takes `user`, `user:group`, and numbers in place of either.
fn is_root(user: &str) -> bool {
    let name = user.split(':').next().unwrap_or(user);
    name == "root" || name.parse() == Ok(0_u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_root_by_name_and_by_number_with_and_without_a_group() {
        for user in ["root", "0", "0:0", "root:app", "0:1000", "00"] {
            assert!(is_root(user), "{user}");
        }
    }

    #[test]
    fn a_user_of_the_group_root_is_not_root() {
        for user in ["1000", "app", "1000:0", "app:root"] {
            assert!(!is_root(user), "{user}");
        }
    }
}
