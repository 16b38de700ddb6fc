//! Roles that may do everything.

use super::{Case, Evidence, Rule, Severity, Status, Verdict, Words};
use crate::{
    id::ResourceId,
    kind::{Kind, policy, role::Role},
    snapshot::Resource,
};

pub const RULE: Rule = Rule {
    id: "role-admin",
    words: include_str!("../../rules/role-admin.toml"),
    needs: &[Kind::Role],
    check,
};

/// Roles that AWS's services made for themselves are theirs, and not judged.
fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let roles = case.ours::<Role>();
    roles
        .filter(|(_, it)| !it.is_aws_managed())
        .map(|(resource, role)| judge(case, words, resource, role))
        .collect()
}

fn judge(case: &Case<'_>, words: &Words, resource: &Resource, role: &Role) -> Verdict {
    let id = &resource.id;
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    let Some(attached) = role.attached.known() else {
        let why = "which policies are attached to it was not read".to_owned();
        return verdict(Status::Unknown, why).gap(case.gap_about(id));
    };
    let wanted = words.texts("policies");
    let full: Vec<&String> = attached
        .iter()
        .filter(|it| policy::is_aws_managed(it))
        .filter(|it| wanted.contains(&name(it)))
        .collect();
    let Some(first) = full.first() else {
        let why = "none of AWS's policies that allow everything is attached to it; what its own \
                   policies say is not read";
        return verdict(Status::Pass, why.to_owned());
    };
    let (severity, who) = whose(case, words, id, role);
    let why = format!("{} lets it do everything; {who}", name(first));
    let evidence = full
        .iter()
        .map(|it| Evidence::new(id, "AttachedPolicies.PolicyArn", it.as_str()));
    verdict(Status::Fail, why)
        .severity(severity)
        .evidence(evidence)
}

/// The last part of a policy's ARN: `AdministratorAccess`.
fn name(arn: &str) -> &str {
    arn.rsplit_once('/').map_or(arn, |(_, name)| name)
}

/// How bad it is, by who can act as the role.
fn whose(case: &Case<'_>, words: &Words, id: &ResourceId, role: &Role) -> (Severity, String) {
    let facts = role.facts.known();
    let boundary = facts.and_then(|it| it.boundary.as_deref());
    if let Some(boundary) = boundary.filter(|it| !policy::is_aws_managed(it)) {
        let why = format!(
            "policy {} bounds it, which lowers the severity",
            name(boundary)
        );
        return (Severity::Medium, why);
    }
    let trusts = role.trusts.known();
    let trusts = trusts.map(Vec::as_slice).unwrap_or_default();
    if !trusts.is_empty() && trusts.iter().all(|it| it == "cloudformation.amazonaws.com") {
        let why = "only CloudFormation acts as it, which lowers the severity";
        return (Severity::Medium, why.to_owned());
    }
    match runner(case, id) {
        Some(it) => (
            words.severity,
            format!("{it} acts as it, so whatever gets into a container there owns the account"),
        ),
        None => (
            words.severity,
            "anything that may act as it does".to_owned(),
        ),
    }
}

/// A task definition, or an instance profile, through which programs get the role.
fn runner(case: &Case<'_>, id: &ResourceId) -> Option<ResourceId> {
    let mut users = case.graph.users(id).into_iter();
    let runner = users.find(|(it, _)| {
        matches!(
            it.id.kind,
            Kind::TaskDefinition | Kind::InstanceProfile | Kind::Task | Kind::Function
        )
    });
    runner.map(|(it, _)| it.id.clone())
}
