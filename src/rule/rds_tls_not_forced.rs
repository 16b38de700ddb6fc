//! Databases that let clients in without TLS.

use super::{Case, Evidence, Rule, Status, Verdict, Words};
use crate::{
    id::ResourceId,
    kind::{Fact, Kind, db_cluster::DbCluster, db_instance::DbInstance},
};

pub const RULE: Rule = Rule {
    id: "rds-tls-not-forced",
    words: include_str!("../../rules/rds-tls-not-forced.toml"),
    needs: &[Kind::DbInstance, Kind::DbCluster],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let databases = case.ours::<DbInstance>();
    let databases = databases.filter(|(_, it)| it.status != "deleting");
    let databases = databases.map(|(it, db)| {
        let asked = Asked {
            engine: &db.engine,
            parameter: db.tls_parameter(),
            groups: db.parameter_groups.join(", "),
            forces: db.forces_tls,
            call: "DescribeDBParameters",
        };
        (&it.id, asked)
    });
    let clusters = case.ours::<DbCluster>();
    let clusters = clusters.filter(|(_, it)| it.status != "deleting");
    let clusters = clusters.map(|(it, db)| {
        let asked = Asked {
            engine: &db.engine,
            parameter: db.tls_parameter(),
            groups: db.parameter_group.clone().unwrap_or_default(),
            forces: db.forces_tls,
            call: "DescribeDBClusterParameters",
        };
        (&it.id, asked)
    });
    databases
        .chain(clusters)
        .filter_map(|(id, asked)| judge(case, words, id, &asked))
        .collect()
}

/// What was asked of a database or of a cluster.
struct Asked<'a> {
    engine: &'a str,
    parameter: Option<&'static str>,
    groups: String,
    forces: Fact<Option<bool>>,
    /// The call that tells.
    call: &'static str,
}

/// `None` where a snapshot of an earlier racklens holds nothing about it.
fn judge(case: &Case<'_>, words: &Words, id: &ResourceId, asked: &Asked<'_>) -> Option<Verdict> {
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    let name = asked.parameter.unwrap_or_default();
    Some(match asked.forces {
        Fact::Known(None) => {
            let why = format!("what {} asks of connections is not said here", asked.engine);
            verdict(Status::NotApplicable, why)
        }
        Fact::Known(Some(true)) => {
            let why = format!("it lets nobody in without TLS: {name} is on");
            verdict(Status::Pass, why)
        }
        Fact::Known(Some(false)) => {
            let groups = &asked.groups;
            let why = format!("it lets clients in without TLS: {name} is off in {groups}");
            let evidence = Evidence::new(id, "Parameters.ParameterValue", format!("{name}: off"));
            verdict(Status::Fail, why).evidence([evidence])
        }
        Fact::Unread => {
            let gap = case.gap_of_call(id, asked.call)?;
            let why = format!("whether {name} is on was not read");
            verdict(Status::Unknown, why).gap(Some(gap))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{snapshot::Resource, testing};

    fn said(engine: &str, cluster: Option<&str>, forces: Fact<Option<bool>>) -> Vec<Verdict> {
        let db = DbInstance {
            engine: engine.to_owned(),
            cluster: cluster.map(str::to_owned),
            forces_tls: forces,
            ..DbInstance::default()
        };
        let resources = [Resource::new("orders", db)];
        let words = RULE.words().unwrap();
        testing::owned(&resources, &[], |_| true, |case| check(case, &words))
    }

    #[test]
    fn each_engine_is_told_by_its_own_parameter() {
        for (engine, name) in [
            ("postgres", "rds.force_ssl"),
            ("mariadb", "require_secure_transport"),
            ("sqlserver-se", "rds.force_ssl"),
        ] {
            let off = said(engine, None, Fact::Known(Some(false)));
            assert_eq!(off[0].status, Status::Fail);
            assert!(off[0].why.contains(name), "{}", off[0].why);
            let on = said(engine, None, Fact::Known(Some(true)));
            assert_eq!(on[0].status, Status::Pass);
        }
    }

    #[test]
    fn a_cluster_is_told_by_its_own_group() {
        let cluster = |engine: &str, forces| {
            let db = DbCluster {
                engine: engine.to_owned(),
                parameter_group: Some("shop".to_owned()),
                forces_tls: Fact::Known(forces),
                ..DbCluster::default()
            };
            let resources = [Resource::new("orders", db)];
            let words = RULE.words().unwrap();
            let mut said = testing::owned(&resources, &[], |_| true, |case| check(case, &words));
            said.remove(0)
        };
        let off = cluster("aurora-mysql", Some(false));
        assert_eq!(off.status, Status::Fail);
        assert!(
            off.why.contains("require_secure_transport is off in shop"),
            "{}",
            off.why
        );
        assert_eq!(cluster("docdb", Some(true)).status, Status::Pass);
    }

    #[test]
    fn who_has_no_such_parameter_is_not_judged_and_an_old_snapshot_says_nothing() {
        let member = said("aurora-postgresql", Some("orders"), Fact::Known(None));
        assert_eq!(member[0].status, Status::NotApplicable);
        assert_eq!(said("postgres", None, Fact::Unread), []);
    }

    #[test]
    fn what_was_refused_is_unknown_with_its_gap() {
        let db = DbInstance {
            engine: "postgres".to_owned(),
            ..DbInstance::default()
        };
        let resources = [Resource::new("orders", db)];
        let gap = crate::snapshot::Gap {
            resource: Some(resources[0].id.clone()),
            ..testing::gap(Kind::DbInstance, "rds:DescribeDBParameters")
        };
        let words = RULE.words().unwrap();
        let said = testing::owned(&resources, &[gap], |_| true, |case| check(case, &words));
        assert_eq!(said[0].status, Status::Unknown);
        assert!(said[0].gap.is_some());
    }
}
