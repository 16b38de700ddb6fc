//! Stacks that CloudFormation refuses to delete.

use super::{Case, Evidence, Rule, Status, Verdict, Words, going};
use crate::kind::{Kind, stack::Stack};

pub const RULE: Rule = Rule {
    id: "stack-protected",
    words: include_str!("../../rules/stack-protected.toml"),
    needs: &[Kind::Stack],
    check,
};

/// A nested stack is as protected as its root, which is told of.
fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let roots = going::of::<Stack>(case).filter(|(_, it)| it.parent.is_none());
    roots
        .map(|(resource, stack)| {
            let id = &resource.id;
            let verdict = |status, why: &str| Verdict::new(&RULE, words, id, status, why);
            if !stack.termination_protection {
                return verdict(Status::Pass, "termination protection is off");
            }
            let evidence = Evidence::new(id, "EnableTerminationProtection", "true");
            let why = "termination protection is on: CloudFormation refuses to delete it and the \
                       stacks nested in it";
            verdict(Status::Fail, why).evidence([evidence])
        })
        .collect()
}
