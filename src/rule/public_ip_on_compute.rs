//! Machines and tasks with a public address.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Case, Evidence, Rule, Severity, Status, Verdict, Words,
    exposure::{self, Answer, Protocol},
    launch, origin,
};
use crate::{
    id::ResourceId,
    kind::{
        Kind, instance::Instance, network_interface::NetworkInterface,
        security_group::SecurityGroup, service::Service, subnet::Subnet, task::Task,
    },
    snapshot::Resource,
};

pub const RULE: Rule = Rule {
    id: "public-ip-on-compute",
    words: include_str!("../../rules/public-ip-on-compute.toml"),
    needs: &[
        Kind::AutoScalingGroup,
        Kind::Instance,
        Kind::NetworkInterface,
        Kind::Service,
        Kind::Task,
    ],
    check,
};

/// What one service, Auto Scaling group, machine or task has.
#[derive(Default)]
struct Found<'a> {
    /// Where public addresses are seen or asked for.
    public: Vec<Evidence>,
    /// How many machines there are, with and without.
    machines: usize,
    groups: Vec<&'a String>,
    /// What decides over the next machine was not read.
    is_unread: bool,
}

/// One verdict for each service and Auto Scaling group, and for each machine and task besides.
fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let mut by_subject: BTreeMap<ResourceId, Found<'_>> = BTreeMap::new();
    for (resource, service) in case.ours::<Service>().filter(|(_, it)| it.is_active()) {
        let Some(asked) = service.assign_public_ip else {
            continue;
        };
        let found = by_subject.entry(resource.id.clone()).or_default();
        if asked {
            let path = "awsvpcConfiguration.assignPublicIp";
            let evidence = Evidence::new(&resource.id, path, "ENABLED");
            found.public.push(evidence);
        }
        found.groups.extend(&service.security_groups);
    }
    // Where a controller of its own gives each task set its network, only the tasks tell.
    let told: BTreeSet<ResourceId> = by_subject.keys().cloned().collect();
    for (resource, task) in case.ours::<Task>().filter(|(_, it)| !it.is_stopped()) {
        for interface in &task.interfaces {
            if let Some((it, interface)) = case.graph.get_as::<NetworkInterface>(interface) {
                let subject = origin::of(case, &resource.id);
                // A service says itself what its tasks get.
                if told.contains(&subject) {
                    continue;
                }
                let found = by_subject.entry(subject).or_default();
                found
                    .public
                    .extend(address(it, interface.public_ip.as_ref()));
                found.groups.extend(&interface.security_groups);
            }
        }
    }
    for (resource, instance) in case.ours::<Instance>().filter(|(_, it)| !it.is_gone()) {
        let found = by_subject
            .entry(origin::of(case, &resource.id))
            .or_default();
        found.machines += 1;
        let public = address(resource, instance.public_ip.as_ref());
        found.public.extend(public);
        found.groups.extend(&instance.security_groups);
    }
    for next in launch::empty_groups(case) {
        let subnets = next.attrs.subnets.iter();
        let subnets = subnets.map(|it| case.graph.get_as::<Subnet>(it));
        let (seen, unseen): (Vec<_>, Vec<_>) = subnets.partition(Option::is_some);
        let given = seen.into_iter().flatten().find(|(_, it)| it.public_ips);
        let public = match (next.public_ip, given) {
            (Some(true), _) => {
                let path = "AssociatePublicIpAddress";
                Some(Evidence::new(next.from, path, "true"))
            }
            (None, Some((subnet, _))) => {
                Some(Evidence::new(&subnet.id, "MapPublicIpOnLaunch", "true"))
            }
            (Some(false), _) | (None, None) => None,
        };
        let found = by_subject.entry(next.group.id.clone()).or_default();
        // Where the template says nothing, a subnet that was not seen decides.
        found.is_unread = public.is_none() && next.public_ip.is_none() && !unseen.is_empty();
        found.public.extend(public);
        found.groups.extend(next.security_groups);
    }
    let judged = by_subject.iter();
    judged
        .map(|(it, found)| judge(case, words, it, found))
        .collect()
}

fn address(resource: &Resource, ip: Option<&String>) -> Option<Evidence> {
    Some(Evidence::new(&resource.id, "PublicIpAddress", ip?))
}

fn judge(case: &Case<'_>, words: &Words, id: &ResourceId, found: &Found<'_>) -> Verdict {
    let is_empty = id.kind == Kind::AutoScalingGroup && found.machines == 0;
    if found.is_unread {
        let why = "it has no machine, and whether its subnets give the next one a public IPv4 \
                   address was not read";
        let verdict = Verdict::new(&RULE, words, id, Status::Unknown, why);
        return verdict.gap(case.gap_in_listing(Kind::Subnet));
    }
    if found.public.is_empty() {
        let why = if is_empty {
            "it has no machine, and its next one gets no public IPv4 address"
        } else {
            "it has no public IPv4 address"
        };
        return Verdict::new(&RULE, words, id, Status::Pass, why);
    }
    let what = if id.kind == Kind::Service {
        "its tasks get public IPv4 addresses".to_owned()
    } else if is_empty {
        "it has no machine now, and its next one gets a public IPv4 address".to_owned()
    } else if id.kind == Kind::AutoScalingGroup {
        let public = found.public.len();
        format!(
            "machines with a public IPv4 address: {public} of {}",
            found.machines
        )
    } else {
        "it has a public IPv4 address".to_owned()
    };
    let (severity, how) = match opened(case, &found.groups) {
        Answer::Open => (
            words.severity,
            "its security groups open ports to the whole internet",
        ),
        Answer::Unknown => (
            words.severity,
            "whether its security groups open ports to the whole internet is not known",
        ),
        Answer::Closed => (
            Severity::Low,
            "its security groups open no port to the whole internet, which lowers the severity",
        ),
    };
    Verdict::new(&RULE, words, id, Status::Fail, format!("{what}; {how}"))
        .severity(severity)
        .evidence(found.public.iter().cloned())
}

/// Whether any of these groups opens any port to the world.
fn opened(case: &Case<'_>, groups: &[&String]) -> Answer {
    let open = |key: &&String| {
        let Some((_, group)) = case.graph.get_as::<SecurityGroup>(key) else {
            return Answer::Unknown;
        };
        let any = [Protocol::Tcp, Protocol::Udp]
            .into_iter()
            .any(|it| !exposure::runs(group, it).is_empty());
        match any {
            true => Answer::Open,
            false if group.ingress.iter().any(|it| it.has_unread_lists()) => Answer::Unknown,
            false => Answer::Closed,
        }
    };
    groups
        .iter()
        .map(open)
        .fold(Answer::Closed, super::internet::either)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn the_tasks_of_a_service_that_does_not_say_what_they_get_tell_it() {
        let said = |asked: Option<bool>| {
            let service = Service {
                status: "ACTIVE".to_owned(),
                assign_public_ip: asked,
                ..Service::default()
            };
            let task = Task {
                cluster: "prod".to_owned(),
                group: "service:web".to_owned(),
                last_status: "RUNNING".to_owned(),
                interfaces: vec!["eni-1".to_owned()],
                ..Task::default()
            };
            let interface = NetworkInterface {
                public_ip: Some("198.51.100.7".to_owned()),
                ..NetworkInterface::default()
            };
            let resources = [
                Resource::new("prod/web", service),
                Resource::new("prod/1", task),
                Resource::new("eni-1", interface),
            ];
            let words = RULE.words().unwrap();
            let said = testing::owned(&resources, &[], |_| true, |case| check(case, &words));
            let said = said.into_iter();
            said.map(|it| (it.subject.to_string(), it.status, it.evidence.len()))
                .collect::<Vec<_>>()
        };
        let web = "service/prod/web".to_owned();
        assert_eq!(said(None), [(web.clone(), Status::Fail, 1)]);
        // What it asks for is what its next tasks get.
        assert_eq!(said(Some(false)), [(web, Status::Pass, 0)]);
    }

    #[test]
    fn a_subnet_that_was_not_read_may_give_the_next_machine_an_address() {
        use crate::kind::{
            auto_scaling_group::AutoScalingGroup, launch_configuration::LaunchConfiguration,
        };
        let said = |asked: Option<bool>, subnet: Option<bool>| {
            let configuration = LaunchConfiguration {
                public_ip: asked,
                ..LaunchConfiguration::default()
            };
            let group = AutoScalingGroup {
                launch_configuration: Some("lc".to_owned()),
                subnets: vec!["subnet-1".to_owned()],
                ..AutoScalingGroup::default()
            };
            let subnet = subnet.map(|public_ips| Subnet {
                public_ips,
                ..Subnet::default()
            });
            let mut resources = vec![
                Resource::new("workers", group),
                Resource::new("lc", configuration),
            ];
            resources.extend(subnet.map(|it| Resource::new("subnet-1", it)));
            let words = RULE.words().unwrap();
            let said = testing::owned(&resources, &[], |_| true, |case| check(case, &words));
            said[0].status
        };
        assert_eq!(said(None, None), Status::Unknown);
        assert_eq!(said(None, Some(false)), Status::Pass);
        assert_eq!(said(None, Some(true)), Status::Fail);
        assert_eq!(said(Some(false), None), Status::Pass);
        assert_eq!(said(Some(true), None), Status::Fail);
    }
}
