//! Security groups that rules of groups that stay name, which EC2 does not delete.

use super::{Case, Evidence, Rule, Status, Verdict, Words, going};
use crate::{
    id::ResourceId,
    kind::{AsKind as _, Kind, security_group::SecurityGroup},
    relation::RelationKind,
    snapshot::Resource,
};

pub const RULE: Rule = Rule {
    id: "sg-named-elsewhere",
    words: include_str!("../../rules/sg-named-elsewhere.toml"),
    needs: &[Kind::SecurityGroup],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let groups = going::of::<SecurityGroup>(case);
    groups
        .filter(|(_, it)| !it.is_default())
        .map(|(resource, _)| judge(case, words, resource))
        .collect()
}

fn judge(case: &Case<'_>, words: &Words, resource: &Resource) -> Verdict {
    let id = &resource.id;
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    let naming = case.graph.users(id).into_iter();
    let naming = naming.filter(|(it, edge)| edge.kind == RelationKind::Admits && it.id != *id);
    let (mut staying, mut own) = (Vec::new(), 0_usize);
    for (group, _) in naming {
        // A VPC's default group cannot be deleted by itself, so what its rules name cannot either.
        let default = SecurityGroup::of(&group.attrs).is_some_and(SecurityGroup::is_default);
        if default || !going::goes(case, &group.id) {
            staying.push(&group.id);
        } else {
            own += 1;
        }
    }
    staying.sort_unstable();
    staying.dedup();
    if staying.is_empty() {
        let why = match own {
            0 => "no rule of another group names it",
            _ => "only rules of groups that go with it name it",
        };
        return verdict(Status::Pass, why.to_owned());
    }
    let evidence = staying.iter().map(|it: &&ResourceId| {
        Evidence::new(it, "IpPermissions.UserIdGroupPairs.GroupId", &*id.key)
    });
    let why = format!(
        "EC2 does not delete it while a rule of {} names it",
        going::few(&staying)
    );
    verdict(Status::Fail, why).evidence(evidence)
}
