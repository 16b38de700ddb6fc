//! Roles that may do everything.

use super::{Case, Evidence, Rule, Severity, Status, Verdict, Words};
use crate::{
    id::ResourceId,
    kind::{
        Kind,
        policy::{self, Policy},
        role::Role,
    },
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
    let (mut full, mut unread) = (Vec::new(), None);
    for arn in attached {
        let is_full = if policy::is_aws_managed(arn) {
            Some(wanted.contains(&name(arn)))
        } else {
            let own = case.graph.get_as::<Policy>(arn);
            own.and_then(|(_, it)| it.allows_all.known().copied())
        };
        match is_full {
            Some(true) => full.push(("AttachedPolicies.PolicyArn", arn)),
            Some(false) => {}
            None => unread = unread.or(Some(arn)),
        }
    }
    let inline = role.allowing_all.known();
    let named = inline.into_iter().flatten();
    full.extend(named.map(|it| ("PolicyNames", it)));
    let Some((_, first)) = full.first() else {
        if let Some(arn) = unread {
            let policy = ResourceId::new(Kind::Policy, arn);
            let gap = case.gap_about(&policy);
            let gap = gap.or_else(|| case.gap_in_listing(Kind::Policy));
            let why = format!("what its policy {} allows was not read", name(arn));
            return verdict(Status::Unknown, why).gap(gap);
        }
        if inline.is_none() {
            let why = "what the policies written into it allow was not read";
            let gap = case.gap_of_call(id, "RolePolic");
            return verdict(Status::Unknown, why.to_owned()).gap(gap);
        }
        let why = "no policy of it allows everything";
        return verdict(Status::Pass, why.to_owned());
    };
    let (severity, who) = whose(case, words, id, role);
    let why = format!("policy {} lets it do everything; {who}", name(first));
    let evidence = full
        .iter()
        .map(|(path, it)| Evidence::new(id, path, it.as_str()));
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
            format!("{it} acts as it, so whoever gets into what it runs owns the account"),
        ),
        None => (
            words.severity,
            "whoever can assume it can do everything, too".to_owned(),
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
