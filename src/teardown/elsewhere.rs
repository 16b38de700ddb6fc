//! Users of a rack's things that no listing of its region shows.

use std::collections::BTreeMap;

use super::plan::Why;
use crate::{
    arn,
    belonging::Class,
    id::ResourceId,
    kind::{
        AsKind as _, Kind, certificate::Certificate, policy::Policy, role::Role, subnet::Subnet,
        vpc::Vpc,
    },
    rule::Case,
    snapshot::{Resource, Snapshot},
};

/// Why a thing stays that somebody has whom no listing shows: another account, another region, a
/// service that racklens does not read.
pub(super) fn used(
    snapshot: &Snapshot,
    case: &Case<'_>,
    resource: &Resource,
    ours: &BTreeMap<&ResourceId, &Resource>,
) -> Option<Why> {
    of_another_account(snapshot, case, resource)
        .or_else(|| presented(resource, ours))
        .or_else(|| attached(case, resource))
        .or_else(|| acted_in(snapshot, case, resource))
}

/// A network that another account shares with ours.
fn of_another_account(snapshot: &Snapshot, case: &Case<'_>, resource: &Resource) -> Option<Why> {
    let attrs = &resource.attrs;
    let network = matches!(
        resource.id.kind,
        Kind::RouteTable | Kind::InternetGateway | Kind::NetworkAcl
    );
    let place = attrs.model().place();
    let around = place.vpc.filter(|_| network);
    let around = around.and_then(|it| case.graph.get_as::<Vpc>(it));
    let owner = Vpc::of(attrs)
        .and_then(|it| it.owner.as_ref())
        .or_else(|| Subnet::of(attrs)?.owner.as_ref())
        .or_else(|| around?.1.owner.as_ref())?;
    (*owner != snapshot.account).then(|| Why::Foreign {
        evidence: format!("account {owner} owns it and shares it with this one"),
    })
}

/// A certificate that something presents which is not the rack's: CloudFront, an API, a load
/// balancer of another account.
fn presented(resource: &Resource, ours: &BTreeMap<&ResourceId, &Resource>) -> Option<Why> {
    let users = Certificate::of(&resource.attrs)?.in_use_by.known()?;
    let is_ours = |it: &&String| arn::resource(it).is_some_and(|it| ours.contains_key(&it));
    let other = users.iter().find(|it| !is_ours(it))?;
    Some(Why::Kept {
        by: format!("{other}, which presents it"),
    })
}

/// A policy that more have than the roles that were seen with it. IAM counts users and groups, too.
fn attached(case: &Case<'_>, resource: &Resource) -> Option<Why> {
    let policy = Policy::of(&resource.attrs)?;
    let arn = &resource.id.key;
    let roles = case.graph.of::<Role>();
    let (mut seen, mut bound) = (0_u32, 0_u32);
    for (_, role) in roles {
        let attached = role.attached.known().is_some_and(|it| it.contains(arn));
        seen += u32::from(attached);
        let boundary = role.facts.known().and_then(|it| it.boundary.as_ref());
        bound += u32::from(boundary == Some(arn));
    }
    let more = policy.attachments.saturating_sub(seen);
    let bounds = policy.boundaries.saturating_sub(bound);
    let by = match (more, bounds) {
        (0, 0) => return None,
        (0, 1) => "a user or role whose rights it bounds".to_owned(),
        (0, it) => format!("{it} users or roles whose rights it bounds"),
        (1, _) => "a user, group or role that was not seen with it".to_owned(),
        (it, _) => format!("{it} users, groups or roles that were not seen with it"),
    };
    Some(Why::Kept { by })
}

/// A role that is only taken for the rack's, and was used last where the rack is not.
fn acted_in(snapshot: &Snapshot, case: &Case<'_>, resource: &Resource) -> Option<Why> {
    let facts = Role::of(&resource.attrs)?.facts.known()?;
    let region = facts.last_used_in.as_ref()?;
    let inferred = case.belongings.of(&resource.id).class == Class::Inferred;
    (inferred && *region != snapshot.region).then(|| Why::Kept {
        by: format!("whoever used it last, in {region}"),
    })
}
