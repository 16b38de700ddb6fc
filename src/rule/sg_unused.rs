//! Security groups that nothing wears, names or was told to wear.

use super::{Case, Evidence, Rule, Status, Verdict, Words};
use crate::{
    kind::{
        Fact, Kind, auto_scaling_group::AutoScalingGroup, event_rule::EventRule,
        launch_template::LaunchTemplate, schedule::Schedule, security_group::SecurityGroup,
    },
    snapshot::{Gap, Resource},
};

/// What may wear a group or have others wear it.
const WEARERS: &[Kind] = &[
    Kind::NetworkInterface,
    Kind::Instance,
    Kind::LaunchTemplate,
    Kind::LaunchConfiguration,
    Kind::Service,
    Kind::EventRule,
    Kind::Schedule,
    Kind::LoadBalancer,
    Kind::ClassicLoadBalancer,
    Kind::Function,
    Kind::DbInstance,
    Kind::DbCluster,
    Kind::CacheCluster,
    Kind::VpcEndpoint,
    Kind::MountTarget,
];

pub const RULE: Rule = Rule {
    id: "sg-unused",
    words: include_str!("../../rules/sg-unused.toml"),
    needs: &[Kind::SecurityGroup],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let hidden = hidden(case);
    let judge = |(resource, group)| judge(case, words, hidden.as_ref(), resource, group);
    case.ours::<SecurityGroup>().map(judge).collect()
}

/// What may use groups and was not read, and why.
type Hidden<'a> = (String, Option<&'a Gap>);

fn hidden<'a>(case: &Case<'a>) -> Option<Hidden<'a>> {
    if let Some(gap) = WEARERS.iter().find_map(|it| case.gap_in_listing(*it)) {
        let why = format!("{} was not read", gap.kind.name());
        return Some((why, Some(gap)));
    }
    let unread = unread(case)?;
    Some((format!("{} may", unread.id), case.gap_about(&unread.id)))
}

fn judge(
    case: &Case<'_>,
    words: &Words,
    hidden: Option<&Hidden<'_>>,
    resource: &Resource,
    group: &SecurityGroup,
) -> Verdict {
    let id = &resource.id;
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    if group.is_default() {
        let why = "AWS makes it with the VPC and lets nobody delete it";
        return verdict(Status::NotApplicable, why.to_owned());
    }
    let mut users = case.graph.users(id).into_iter();
    // It may admit itself.
    if let Some((user, edge)) = users.find(|(it, _)| it.id != *id) {
        let why = format!("{} {} it", user.id, edge.kind.name());
        return verdict(Status::Pass, why);
    }
    if let Some((what, gap)) = hidden {
        let why = format!("nothing that was read uses it, but {what}");
        return verdict(Status::Unknown, why).gap(*gap);
    }
    let why = "nothing that was read uses it: no interface, template, service, function or other \
               group";
    let evidence = Evidence::new(id, "GroupName", group.group_name.as_str());
    verdict(Status::Fail, why.to_owned()).evidence([evidence])
}

/// Something that may name groups and was not read whole.
fn unread<'c>(case: &Case<'c>) -> Option<&'c Resource> {
    let groups = case.graph.of::<AutoScalingGroup>();
    let odd = groups.filter(|(_, group)| launches_unread_version(case, group));
    let rules = case.graph.of::<EventRule>();
    let rules = rules.filter(|(_, it)| it.targets == Fact::Unread && it.managed_by.is_none());
    let schedules = case.graph.of::<Schedule>();
    let schedules = schedules.filter(|(_, it)| it.is_unread());
    let templates = case.graph.of::<LaunchTemplate>();
    let templates = templates.filter(|(_, it)| it.versions == Fact::Unread);
    let mut all = odd
        .map(|(it, _)| it)
        .chain(rules.map(|(it, _)| it))
        .chain(schedules.map(|(it, _)| it))
        .chain(templates.map(|(it, _)| it));
    all.find(|it| !case.belongings.of(&it.id).is_foreign())
}

/// Whether a group launches a version of its template that is neither the default nor the latest.
pub(super) fn launches_unread_version(case: &Case<'_>, group: &AutoScalingGroup) -> bool {
    let template = group.launch_template.as_deref();
    let template = template.and_then(|it| case.graph.get_as::<LaunchTemplate>(it));
    let version = group.launch_template_version.as_deref();
    let number: Option<u64> = version.and_then(|it| it.parse().ok());
    let read = |number: u64| {
        template.is_some_and(|(_, it)| {
            let versions = it.versions.known().into_iter().flatten();
            versions.into_iter().any(|it| it.number == number)
        })
    };
    number.is_some_and(|it| !read(it))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn a_group_may_be_used_by_what_could_not_be_listed() {
        let group = SecurityGroup {
            group_name: "web".to_owned(),
            ..SecurityGroup::default()
        };
        let resources = [Resource::new("sg-1", group)];
        let gaps = [testing::gap(Kind::Function, "lambda:ListFunctions")];
        let words = RULE.words().unwrap();
        let said = testing::owned(&resources, &gaps, |_| true, |case| check(case, &words));
        assert_eq!(said[0].status, Status::Unknown);
    }
}
