//! Databases with a public address, and whether strangers really get at them.

use super::{
    Case, Evidence, Rule, Severity, Status, Verdict, Words,
    exposure::{Answer, Protocol},
    internet::{self, Family},
};
use crate::{
    id::ResourceId,
    kind::{Kind, db_cluster::DbCluster, db_instance::DbInstance, db_subnet_group::DbSubnetGroup},
};

pub const RULE: Rule = Rule {
    id: "rds-public",
    words: include_str!("../../rules/rds-public.toml"),
    needs: &[Kind::DbInstance, Kind::DbCluster],
    check,
};

/// What decides, of an instance or of a cluster that says it for its instances.
struct Door<'a> {
    public: bool,
    port: Option<u16>,
    groups: &'a [String],
    subnet_group: Option<&'a str>,
    stopped: bool,
}

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let clusters = case.ours::<DbCluster>();
    let clusters = clusters.filter_map(|(it, cluster)| {
        let door = Door {
            public: cluster.public.filter(|_| cluster.status != "deleting")?,
            port: cluster.port,
            groups: &cluster.security_groups,
            subnet_group: cluster.subnet_group.as_deref(),
            stopped: cluster.status == "stopped",
        };
        Some(judge(case, words, &it.id, &door))
    });
    let instances = case.ours::<DbInstance>();
    let instances = instances.filter_map(|(it, instance)| {
        let cluster = instance.cluster.as_deref();
        let cluster = cluster.and_then(|it| case.graph.get_as::<DbCluster>(it));
        let told = cluster.is_some_and(|(_, it)| it.public.is_some());
        if told || instance.status == "deleting" {
            return None;
        }
        let door = Door {
            public: instance.public,
            port: instance.port.or(cluster.and_then(|(_, it)| it.port)),
            groups: &instance.security_groups,
            subnet_group: instance.subnet_group.as_deref(),
            stopped: instance.is_stopped(),
        };
        Some(judge(case, words, &it.id, &door))
    });
    clusters.chain(instances).collect()
}

fn judge(case: &Case<'_>, words: &Words, id: &ResourceId, door: &Door<'_>) -> Verdict {
    let flag = Evidence::new(id, "PubliclyAccessible", door.public.to_string());
    if !door.public {
        let why = "it has no public address";
        return Verdict::new(&RULE, words, id, Status::Pass, why).evidence([flag]);
    }
    let (severity, why) = how_open(case, words, door);
    let why = format!("it has a public address; {why}");
    Verdict::new(&RULE, words, id, Status::Fail, why)
        .severity(severity)
        .evidence([flag])
        .evidence(door.groups.iter().map(|it| {
            let path = "VpcSecurityGroups.VpcSecurityGroupId";
            Evidence::new(id, path, it)
        }))
}

fn how_open(case: &Case<'_>, words: &Words, door: &Door<'_>) -> (Severity, String) {
    let Some(port) = door.port else {
        let why = "its port is not known yet, so neither is who may come in".to_owned();
        return (Severity::Medium, why);
    };
    let admits = |family| internet::groups(case, door.groups, family, Protocol::Tcp, port);
    let ways = [Family::V4, Family::V6].map(|it| (it, admits(it)));
    let world = ways
        .iter()
        .fold(Answer::Closed, |all, (_, it)| internet::either(all, *it));
    match world {
        Answer::Closed => {
            let why = format!("its security groups do not open port {port} to the whole internet");
            return (Severity::Low, format!("{why}, which lowers the severity"));
        }
        Answer::Unknown => {
            let why = format!("whether its security groups open port {port} is not known");
            return (Severity::Medium, why);
        }
        Answer::Open => {}
    }
    let open = format!("its security groups open port {port} to the whole internet");
    if door.stopped {
        return (
            words.severity,
            format!("{open}; it is stopped now, and comes back by itself after seven days"),
        );
    }
    let group = door.subnet_group;
    let group = group.and_then(|it| case.graph.get_as::<DbSubnetGroup>(it));
    let subnets = group.into_iter().flat_map(|(_, it)| &it.subnets);
    let mut doors = subnets.filter(|subnet| {
        ways.iter().any(|(family, answer)| {
            *answer == Answer::Open && internet::route(case, subnet, *family) == Answer::Open
        })
    });
    match doors.next() {
        Some(subnet) => (
            Severity::Critical,
            format!(
                "{open}, and subnet {subnet} has a route to it, which makes the severity critical"
            ),
        ),
        None => (
            words.severity,
            format!("{open}, but no route from it to its subnets was seen"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kind::{AsKind as _, security_group::SecurityGroup},
        rule::internet::tests::public_subnet,
        snapshot::Resource,
        testing,
    };

    /// A public database on port 22, which is the port that the group opens.
    fn rack(status: &str) -> Vec<Resource> {
        let database = DbInstance {
            status: status.to_owned(),
            public: true,
            port: Some(22),
            subnet_group: Some("db".to_owned()),
            security_groups: vec!["sg-1".to_owned()],
            ..DbInstance::default()
        };
        let subnets = DbSubnetGroup {
            subnets: vec!["subnet-1".to_owned()],
            ..DbSubnetGroup::default()
        };
        let mut all = public_subnet();
        all.push(Resource::new("orders", database));
        all.push(Resource::new("db", subnets));
        all
    }

    fn severity(resources: &[Resource]) -> Severity {
        let words = RULE.words().unwrap();
        let verdicts = testing::owned(resources, &[], |_| true, |case| check(case, &words));
        assert_eq!(verdicts.len(), 1);
        assert_eq!(verdicts[0].status, Status::Fail);
        verdicts[0].severity
    }

    #[test]
    fn an_open_group_and_a_route_make_it_critical() {
        assert_eq!(severity(&rack("available")), Severity::Critical);
    }

    #[test]
    fn an_open_group_without_a_route_is_high() {
        let mut resources = rack("available");
        resources.retain(|it| it.id.kind != Kind::RouteTable);
        assert_eq!(severity(&resources), Severity::High);
    }

    #[test]
    fn the_flag_alone_is_a_low_finding_and_no_pass() {
        let mut resources = rack("available");
        let mut groups = resources
            .iter_mut()
            .filter_map(|it| SecurityGroup::of_mut(&mut it.attrs));
        groups.next().unwrap().ingress.clear();
        assert_eq!(severity(&resources), Severity::Low);
    }

    #[test]
    fn a_stopped_one_cannot_be_reached_now() {
        assert_eq!(severity(&rack("stopped")), Severity::High);
    }

    #[test]
    fn a_cluster_that_says_it_speaks_for_its_instances() {
        let mut resources = rack("available");
        for it in &mut resources {
            if let Some(instance) = DbInstance::of_mut(&mut it.attrs) {
                instance.cluster = Some("orders".to_owned());
            }
        }
        let cluster = DbCluster {
            public: Some(true),
            port: Some(22),
            security_groups: vec!["sg-1".to_owned()],
            ..DbCluster::default()
        };
        resources.push(Resource::new("orders", cluster));
        assert_eq!(severity(&resources), Severity::High);
    }
}
