//! Databases that fall silent with one zone.

use super::{Case, Evidence, Rule, Status, Verdict, Words, rds_no_backup};
use crate::{
    id::ResourceId,
    kind::{Kind, db_cluster::DbCluster, db_instance::DbInstance},
    text,
};

pub const RULE: Rule = Rule {
    id: "rds-single-az",
    words: include_str!("../../rules/rds-single-az.toml"),
    needs: &[Kind::DbInstance, Kind::DbCluster],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let mut enough = words.texts("enough").into_iter();
    let enough = enough.any(|it| text::glob(it, &case.rack.name));
    let enough = || enough.then(|| "in this rack one zone is enough, as is set".to_owned());
    let instances = case.ours::<DbInstance>().map(|(resource, db)| {
        let beside = rds_no_backup::beside(db).or_else(enough);
        judge(words, &resource.id, beside, db.multi_az)
    });
    let clusters = case.ours::<DbCluster>().map(|(resource, db)| {
        let beside = beside(db).map(str::to_owned).or_else(enough);
        judge(words, &resource.id, beside, db.multi_az)
    });
    instances.chain(clusters).collect()
}

fn beside(db: &DbCluster) -> Option<&'static str> {
    if db.status == "deleting" {
        return Some("it is being deleted");
    }
    if db.engine_mode.as_deref() == Some("serverless") {
        return Some("AWS moves Aurora Serverless v1 to another zone by itself");
    }
    db.members.is_empty().then_some("it has no instance")
}

fn judge(words: &Words, id: &ResourceId, beside: Option<String>, multi_az: bool) -> Verdict {
    let verdict = |status, why: &str| Verdict::new(&RULE, words, id, status, why);
    if let Some(why) = beside {
        return verdict(Status::NotApplicable, &why);
    }
    if multi_az {
        return verdict(Status::Pass, "it has instances in more than one zone");
    }
    let why = "all its instances are in one zone: nothing takes over when that one fails";
    verdict(Status::Fail, why).evidence([Evidence::new(id, "MultiAZ", "false")])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{snapshot::Resource, testing};

    #[test]
    fn in_a_rack_for_trying_things_out_one_zone_is_enough() {
        let resources = [Resource::new("db", DbInstance::default())];
        let said = |racks: &[&str]| {
            let mut words = RULE.words().unwrap();
            let racks = racks.iter().map(|it| toml::Value::from(*it)).collect();
            let value = toml::Value::Array(racks);
            words.parameters.insert("enough".to_owned(), value);
            let said = testing::owned(&resources, &[], |_| true, |case| check(case, &words));
            said[0].status
        };
        assert_eq!(said(&["dev-*"]), Status::Fail);
        assert_eq!(said(&["dev-*", "prod"]), Status::NotApplicable);
    }
}
