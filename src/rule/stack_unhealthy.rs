//! Stacks whose last operation failed, or has not ended.

use super::{Case, Evidence, Rule, Severity, Status, Verdict, Words};
use crate::kind::{Kind, role::Role, stack::Stack};

pub const RULE: Rule = Rule {
    id: "stack-unhealthy",
    words: include_str!("../../rules/stack-unhealthy.toml"),
    needs: &[Kind::Stack],
    check,
};

/// Root stacks alone: what is wrong in a nested one shows in its root.
fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let roots = case.ours::<Stack>().filter(|(_, it)| it.parent.is_none());
    roots
        .map(|(resource, stack)| {
            let id = &resource.id;
            let state = stack.status.as_str();
            let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
            if let Some(role) = gone_role(case, stack) {
                let why = format!(
                    "CloudFormation changes it with role {role}, which is gone: it can be neither \
                     changed nor deleted"
                );
                let evidence = Evidence::new(id, "RoleARN", role);
                return verdict(Status::Fail, why)
                    .severity(Severity::High)
                    .evidence([evidence]);
            }
            if stack.is_settled() {
                return verdict(Status::Pass, format!("it is {state}"));
            }
            let (severity, what) = meaning(state);
            let evidence = Evidence::new(id, "StackStatus", state);
            verdict(Status::Fail, format!("it is {state}: {what}"))
                .severity(severity)
                .evidence([evidence])
        })
        .collect()
}

/// The role of a stack where it is known that there is no such role any more.
fn gone_role<'a>(case: &Case<'_>, stack: &'a Stack) -> Option<&'a String> {
    let role = stack.role.as_ref()?;
    let seen = case.graph.get_as::<Role>(role).is_some();
    // Where no role was seen none was listed: a small file, or an old one.
    let listed = case.graph.of::<Role>().next().is_some();
    let unread = case.gap_in_listing(Kind::Role).is_some();
    (!seen && listed && !unread).then_some(role)
}

/// How bad a state is in which a stack should not stay, and what it means.
fn meaning(state: &str) -> (Severity, &'static str) {
    match state {
        "DELETE_FAILED" => (
            Severity::High,
            "its deletion was begun and stopped half-way, and what is left of it is still paid for",
        ),
        "ROLLBACK_COMPLETE" | "CREATE_FAILED" | "ROLLBACK_FAILED" => (
            Severity::High,
            "it was never made whole, and can only be deleted",
        ),
        "UPDATE_ROLLBACK_COMPLETE" | "IMPORT_ROLLBACK_COMPLETE" => {
            (Severity::Low, "its last change failed and was taken back")
        }
        "REVIEW_IN_PROGRESS" => (
            Severity::Low,
            "a change set was made for it and never carried out",
        ),
        it if it.ends_with("_IN_PROGRESS") => (
            Severity::Medium,
            "an operation is under way, and until it ends nothing else can be begun",
        ),
        _ => (
            Severity::High,
            "its last change failed half-way, and it takes no other until that is mended",
        ),
    }
}
