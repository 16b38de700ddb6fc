//! Which services and machines may reach which stores, as their security groups tell.

use std::collections::BTreeSet;

use crate::{
    graph::Graph,
    id::ResourceId,
    kind::{AsKind as _, Kind, security_group::SecurityGroup},
    relation::RelationKind,
    rule::Case,
};

/// One door between two of the rack's own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reach {
    pub(super) from: ResourceId,
    pub(super) store: ResourceId,
    /// The one port that is open; `None` where there are several.
    pub(super) port: Option<u16>,
}

/// Every way from a service, a function or a machine into a store. What a whole network may reach
/// is no arrow.
pub(super) fn all(case: &Case<'_>) -> BTreeSet<Reach> {
    let stores = case.belongings.ours().map(|(id, _)| id);
    let stores = stores.filter(|it| {
        matches!(
            it.kind,
            Kind::DbInstance | Kind::DbCluster | Kind::CacheCluster | Kind::FileSystem
        )
    });
    stores.flat_map(|it| into(case, it)).collect()
}

fn into(case: &Case<'_>, store: &ResourceId) -> Vec<Reach> {
    let mut found = Vec::new();
    for group in worn(case.graph, store) {
        let group = case.graph.get(&group);
        let Some(group) = group.and_then(|it| SecurityGroup::of(&it.attrs)) else {
            continue;
        };
        for rule in &group.ingress {
            let port = rule.from.filter(|it| rule.to == Some(*it));
            let port = port.and_then(|it| u16::try_from(it).ok());
            for peer in &rule.groups {
                for from in wearers(case, peer) {
                    found.push(Reach {
                        from,
                        store: store.clone(),
                        port,
                    });
                }
            }
        }
    }
    found
}

/// The security groups on a store; those of a file system are on its mount targets.
fn worn(graph: &Graph<'_>, store: &ResourceId) -> BTreeSet<ResourceId> {
    let parts = graph.users(store).into_iter();
    let parts = parts.filter(|(it, _)| it.id.kind == Kind::MountTarget);
    let holders = parts.map(|(it, _)| it.id.clone()).chain([store.clone()]);
    let held = holders.flat_map(|it| graph.uses(&it));
    held.filter(|(it, edge)| it.id.kind == Kind::SecurityGroup && edge.kind == RelationKind::Uses)
        .map(|(it, _)| it.id.clone())
        .collect()
}

/// The rack's own in a group: services and functions, or else the machines.
fn wearers(case: &Case<'_>, group: &str) -> Vec<ResourceId> {
    let users = case
        .graph
        .users(&ResourceId::new(Kind::SecurityGroup, group));
    let of = |kinds: &[Kind]| -> Vec<ResourceId> {
        let users = users.iter().filter(|(it, edge)| {
            edge.kind == RelationKind::Uses
                && kinds.contains(&it.id.kind)
                && !case.belongings.of(&it.id).is_foreign()
        });
        users.map(|(it, _)| it.id.clone()).collect()
    };
    let programs = of(&[Kind::Service, Kind::Function]);
    if programs.is_empty() {
        return of(&[Kind::Instance]);
    }
    programs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kind::{db_instance::DbInstance, security_group::Permission, service::Service},
        snapshot::Resource,
        testing,
    };

    #[test]
    fn a_service_reaches_the_database_whose_group_admits_its_own() {
        let service = Service {
            status: "ACTIVE".to_owned(),
            security_groups: vec!["sg-web".to_owned()],
            ..Service::default()
        };
        let database = DbInstance {
            security_groups: vec!["sg-db".to_owned()],
            ..DbInstance::default()
        };
        let admits = Permission {
            protocol: "tcp".to_owned(),
            from: Some(5432),
            to: Some(5432),
            groups: vec!["sg-web".to_owned()],
            ..Permission::default()
        };
        let group = SecurityGroup {
            ingress: vec![admits],
            ..SecurityGroup::default()
        };
        let resources = [
            Resource::new("prod/web", service),
            Resource::new("db", database),
            Resource::new("sg-web", SecurityGroup::default()),
            Resource::new("sg-db", group),
        ];
        let found = testing::owned(&resources, &[], |_| true, all);
        let found: Vec<String> = found
            .iter()
            .map(|it| format!("{} {} {:?}", it.from, it.store, it.port))
            .collect();
        assert_eq!(found, ["service/prod/web db-instance/db Some(5432)"]);
    }
}
