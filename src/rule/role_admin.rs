//! Roles that may do everything.

use super::{Case, Evidence, Rule, Severity, Status, Verdict, Words, facing};
use crate::{
    id::ResourceId,
    kind::{
        AsKind as _, Kind,
        instance::Instance,
        policy::{self, Policy},
        role::Role,
        task_definition::TaskDefinition,
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
    let (mut full, mut unread) = (Vec::new(), None);
    for arn in attached {
        match allows_all(case, words, arn) {
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

/// Whether a policy allows everything; `None` where its text was not read.
fn allows_all(case: &Case<'_>, words: &Words, arn: &str) -> Option<bool> {
    if policy::is_aws_managed(arn) {
        return Some(words.texts("policies").contains(&name(arn)));
    }
    let own = case.graph.get_as::<Policy>(arn);
    own.and_then(|(_, it)| it.allows_all.known().copied())
}

/// Who acts as the role and is reached from the internet, and how that comes: a task definition by
/// its task role, or a machine. The role that ECS starts tasks with is in no container.
fn reached(case: &Case<'_>, id: &ResourceId) -> Option<(ResourceId, String)> {
    let mut users = case.graph.users(id).into_iter().filter_map(|(it, _)| {
        if let Some(definition) = TaskDefinition::of(&it.attrs) {
            let acts = definition.task_role.as_deref() == Some(id.key.as_str());
            let way = facing::of_definition(case, &it.id).filter(|_| acts)?;
            return Some((it.id.clone(), way));
        }
        if it.id.kind != Kind::InstanceProfile {
            return None;
        }
        let machines = case.graph.users(&it.id).into_iter();
        let machines = machines.filter_map(|(it, _)| Some((it, Instance::of(&it.attrs)?)));
        let mut machines = machines.filter(|(_, machine)| !machine.is_gone());
        machines.find_map(|(it, machine)| {
            let way = facing::of_machine(case, it, machine)?;
            Some((it.id.clone(), way))
        })
    });
    users.next()
}

/// The last part of a policy's ARN: `AdministratorAccess`.
fn name(arn: &str) -> &str {
    arn.rsplit_once('/').map_or(arn, |(_, name)| name)
}

/// How bad it is, by who can act as the role.
fn whose(case: &Case<'_>, words: &Words, id: &ResourceId, role: &Role) -> (Severity, String) {
    let facts = role.facts.known();
    let boundary = facts.and_then(|it| it.boundary.as_deref());
    // One that allows everything bounds nothing.
    let bounds = boundary.map(|it| allows_all(case, words, it).map(|all| !all));
    if let (Some(boundary), Some(Some(true))) = (boundary, bounds) {
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
    if let Some((it, way)) = reached(case, id) {
        let why = format!(
            "{it} acts as it, and {way}, which raises the severity: whoever gets in owns the account"
        );
        return (Severity::Critical, why);
    }
    if let (Some(boundary), Some(None)) = (boundary, bounds) {
        let why = format!(
            "what policy {}, which bounds it, allows was not read",
            name(boundary)
        );
        return (words.severity, why);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kind::{Fact, role::RoleFacts},
        testing,
    };

    /// A role that may do everything, bounded by that policy, with which a service runs behind a
    /// load balancer of that scheme; the policy `small` allows little, `all` everything.
    fn said(scheme: &str, boundary: Option<&str>, as_execution_role: bool) -> (Severity, String) {
        let own = |it: &str| format!("arn:aws:iam::123456789012:policy/{it}");
        let role = Role {
            attached: Fact::Known(vec![
                "arn:aws:iam::aws:policy/AdministratorAccess".to_owned(),
            ]),
            facts: Fact::Known(RoleFacts {
                boundary: boundary.map(own),
                ..RoleFacts::default()
            }),
            ..Role::default()
        };
        let policy = |all| Policy {
            allows_all: Fact::Known(all),
            ..Policy::default()
        };
        let mut definition = TaskDefinition::default();
        if as_execution_role {
            definition.execution_role = Some("web".to_owned());
        } else {
            definition.task_role = Some("web".to_owned());
        }
        let mut resources = facing::tests::rack(scheme, 443);
        resources.retain(|it| it.id.kind != Kind::TaskDefinition);
        resources.extend([
            Resource::new("web", role),
            Resource::new(own("small"), policy(false)),
            Resource::new(own("all"), policy(true)),
            Resource::new("web:1", definition),
        ]);
        let words = RULE.words().unwrap();
        let mut said = testing::owned(&resources, &[], |_| true, |case| check(case, &words));
        let said = said.remove(0);
        assert_eq!(said.status, Status::Fail);
        (said.severity, said.why)
    }

    #[test]
    fn what_the_internet_reaches_is_critical_and_the_finding_says_how() {
        let (severity, why) = said("internet-facing", None, false);
        assert_eq!(severity, Severity::Critical);
        let way = "load-balancer/router brings the internet to it, which raises the severity";
        assert!(why.contains(way), "{why}");
        assert_eq!(said("internal", None, false).0, Severity::High);
        // No container has the role that its task is started with.
        assert_eq!(said("internet-facing", None, true).0, Severity::High);
    }

    #[test]
    fn a_boundary_counts_unless_it_allows_everything_too() {
        let (severity, why) = said("internet-facing", Some("small"), false);
        assert_eq!(severity, Severity::Medium);
        assert!(why.contains("policy small bounds it"), "{why}");
        let (severity, _) = said("internet-facing", Some("all"), false);
        assert_eq!(severity, Severity::Critical);
        let (severity, why) = said("internal", Some("unseen"), false);
        assert_eq!(severity, Severity::High);
        assert!(why.contains("policy unseen"), "{why}");
    }
}
