//! Databases that let clients in without TLS.

use super::{Case, Evidence, Rule, Status, Verdict, Words};
use crate::{
    kind::{Fact, Kind, db_instance::DbInstance},
    snapshot::Resource,
};

pub const RULE: Rule = Rule {
    id: "rds-tls-not-forced",
    words: include_str!("../../rules/rds-tls-not-forced.toml"),
    needs: &[Kind::DbInstance],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let databases = case.ours::<DbInstance>();
    let databases = databases.filter(|(_, it)| it.status != "deleting");
    databases
        .filter_map(|(it, db)| judge(case, words, it, db))
        .collect()
}

/// `None` where a snapshot of an earlier racklens holds nothing about it.
fn judge(case: &Case<'_>, words: &Words, resource: &Resource, db: &DbInstance) -> Option<Verdict> {
    let id = &resource.id;
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    let name = db.tls_parameter().unwrap_or_default();
    Some(match db.forces_tls {
        Fact::Known(None) => {
            let why = format!("what {} asks of connections is not said here", db.engine);
            verdict(Status::NotApplicable, why)
        }
        Fact::Known(Some(true)) => {
            let why = format!("it lets nobody in without TLS: {name} is on");
            verdict(Status::Pass, why)
        }
        Fact::Known(Some(false)) => {
            let group = db.parameter_groups.join(", ");
            let why = format!("it lets clients in without TLS: {name} is off in {group}");
            let evidence = Evidence::new(id, "Parameters.ParameterValue", format!("{name}: off"));
            verdict(Status::Fail, why).evidence([evidence])
        }
        Fact::Unread => {
            let gap = case.gap_of_call(id, "DescribeDBParameters")?;
            let why = format!("whether {name} is on was not read");
            verdict(Status::Unknown, why).gap(Some(gap))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

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
