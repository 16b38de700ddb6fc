//! What the policy of a repository lets everybody do who has an account of AWS.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    kind::policy::document::{self, Statement},
    text,
};

/// What a policy lets strangers do; nothing, where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Strangers {
    /// Actions that it allows to everybody without a condition, sorted, as the policy writes them:
    /// `ecr:BatchGetImage`, `ecr:*`. `*` where it names the ones that it does not allow.
    pub may: Vec<String>,
    /// Whether it denies strangers something again; whom, and what, is not worked out.
    pub denied: bool,
}

/// What takes images away, adds some, or changes the policy itself.
const CHANGES: [&str; 9] = [
    "ecr:batchdeleteimage",
    "ecr:completelayerupload",
    "ecr:deletelifecyclepolicy",
    "ecr:deleterepository",
    "ecr:initiatelayerupload",
    "ecr:putimage",
    "ecr:putimagetagmutability",
    "ecr:setrepositorypolicy",
    "ecr:uploadlayerpart",
];

impl Strangers {
    /// What they may do that changes what is in it.
    pub fn changes(&self) -> impl Iterator<Item = &str> {
        let may = self.may.iter().map(String::as_str);
        may.filter(|it| {
            let pattern = it.to_ascii_lowercase();
            CHANGES.iter().any(|name| text::glob(&pattern, name))
        })
    }
}

/// Reads a policy's text; `None` where it cannot be understood.
pub fn read(policy: &str) -> Option<Strangers> {
    let policy = document::parse(policy)?;
    let statements = document::statements(&policy)?;
    let open = |it: &&Statement<'_>| it.allows() && !it.is_conditional() && it.is_about_everybody();
    let may: BTreeSet<String> = statements.iter().filter(open).flat_map(actions).collect();
    let denied = |it: &Statement<'_>| !it.allows() && it.is_about_everybody();
    Some(Strangers {
        may: may.into_iter().collect(),
        denied: statements.iter().any(denied),
    })
}

fn actions(statement: &Statement<'_>) -> Vec<String> {
    if !statement.texts("NotAction").is_empty() {
        return vec!["*".to_owned()];
    }
    let actions = statement.texts("Action").into_iter();
    actions.map(ToOwned::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(statements: &str) -> Strangers {
        read(&format!(r#"{{"Statement":[{statements}]}}"#)).unwrap()
    }

    #[test]
    fn only_what_everybody_may_do_without_a_condition_counts() {
        let all = said(
            r#"{"Effect":"Allow","Principal":"*","Action":"ecr:BatchGetImage"},
               {"Effect":"Allow","Principal":{"AWS":["*"]},"Action":["ecr:PutImage"]},
               {"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::1:root"},"Action":"ecr:DescribeImages"},
               {"Effect":"Allow","Principal":{"Service":"codebuild.amazonaws.com"},"Action":"ecr:ListImages"},
               {"Effect":"Allow","Principal":"*","Action":"ecr:DeleteRepository",
                "Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}}"#,
        );
        assert_eq!(all.may, ["ecr:BatchGetImage", "ecr:PutImage"]);
        assert!(!all.denied);
        assert_eq!(all.changes().collect::<Vec<_>>(), ["ecr:PutImage"]);
    }

    #[test]
    fn everybody_but_a_few_is_everybody_and_all_but_some_actions_is_all() {
        let few = said(
            r#"{"Effect":"Allow","NotPrincipal":{"AWS":"111111111111"},"NotAction":"ecr:PutImage"}"#,
        );
        assert_eq!(few.may, ["*"]);
        assert_eq!(few.changes().count(), 1);
    }

    #[test]
    fn what_is_denied_again_is_seen() {
        let denied = said(
            r#"{"Effect":"Allow","Principal":"*","Action":"ecr:*"},
               {"Effect":"Deny","Principal":"*","Action":"ecr:*",
                "Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-1"}}}"#,
        );
        assert!(denied.denied);
    }

    #[test]
    fn a_text_that_is_no_policy_says_nothing() {
        assert_eq!(read("no policy"), None);
        assert_eq!(read(r#"{"Statement":["x"]}"#), None);
    }
}
