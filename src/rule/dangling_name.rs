//! Names in DNS that would lead to nothing: those that stay and lead to what goes, and those that go
//! and lead to what stays.

use std::collections::{BTreeMap, BTreeSet};

use super::{Case, Evidence, Rule, Status, Verdict, Words, going};
use crate::{
    graph::Graph,
    id::ResourceId,
    kind::{
        Kind,
        bucket::Bucket,
        cache_cluster::CacheCluster,
        classic_load_balancer::ClassicLoadBalancer,
        db_cluster::DbCluster,
        db_instance::DbInstance,
        elastic_ip::ElasticIp,
        hosted_zone::{HostedZone, Record},
        load_balancer::LoadBalancer,
    },
    snapshot::Resource,
    trace::dns,
};

pub const RULE: Rule = Rule {
    id: "dangling-name",
    words: include_str!("../../rules/dangling-name.toml"),
    needs: &[Kind::HostedZone],
    check,
};

/// What goes and can be led to, and the names and addresses that mean it.
pub struct Goals {
    by_name: BTreeMap<String, ResourceId>,
    buckets: BTreeSet<String>,
}

impl Goals {
    /// Those for which `goes` holds.
    pub fn of(graph: &Graph<'_>, goes: impl Fn(&ResourceId) -> bool) -> Self {
        let mut by_name = BTreeMap::new();
        let mut add = |name: &str, id: &ResourceId| {
            if !name.is_empty() && goes(id) {
                by_name.insert(dns::undressed(name), id.clone());
            }
        };
        for (it, lb) in graph.of::<LoadBalancer>() {
            add(&lb.dns_name, &it.id);
        }
        for (it, lb) in graph.of::<ClassicLoadBalancer>() {
            add(&lb.dns_name, &it.id);
        }
        for (it, ip) in graph.of::<ElasticIp>() {
            add(&ip.public_ip, &it.id);
        }
        for (it, db) in graph.of::<DbInstance>() {
            add(db.endpoint.as_deref().unwrap_or_default(), &it.id);
        }
        for (it, db) in graph.of::<DbCluster>() {
            add(db.endpoint.as_deref().unwrap_or_default(), &it.id);
            add(db.reader_endpoint.as_deref().unwrap_or_default(), &it.id);
        }
        for (it, cache) in graph.of::<CacheCluster>() {
            add(cache.endpoint.as_deref().unwrap_or_default(), &it.id);
        }
        // A website's bucket has the name of the site.
        let buckets = graph.of::<Bucket>().filter(|(it, _)| goes(&it.id));
        let buckets = buckets.map(|(it, _)| it.id.key.clone()).collect();
        Self { by_name, buckets }
    }

    /// Whether nothing goes that a name could lead to.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty() && self.buckets.is_empty()
    }

    /// The names of a zone that lead to any of them, with which; in the zone's order.
    pub fn led(&self, records: &[Record]) -> Vec<(String, ResourceId)> {
        let mut found: Vec<(String, ResourceId)> = Vec::new();
        for record in records {
            let alias = record.alias.iter().map(|it| it.dns_name.as_str());
            let leads = matches!(record.record_type.as_str(), "A" | "AAAA" | "CNAME");
            let values = record.values.iter().filter(|_| leads);
            let names = alias.chain(values.map(String::as_str));
            let name = dns::plain(&record.name);
            let site = record
                .alias
                .as_ref()
                .is_some_and(|it| it.dns_name.starts_with("s3-website"));
            let site = self.buckets.get(&name).filter(|_| site);
            let site = site.map(|it| ResourceId::new(Kind::Bucket, it));
            let goal = names.filter_map(|it| self.find(it)).next().or(site);
            found.extend(goal.map(|it| (name, it)));
        }
        found
    }

    fn find(&self, name: &str) -> Option<ResourceId> {
        let name = dns::undressed(name);
        if let Some(id) = self.by_name.get(&name) {
            return Some(id.clone());
        }
        let (bucket, rest) = name.split_once(".s3")?;
        let of_s3 = rest.ends_with("amazonaws.com");
        let bucket = self.buckets.get(bucket).filter(|_| of_s3)?;
        Some(ResourceId::new(Kind::Bucket, bucket))
    }
}

/// One verdict for each zone that can lead to what does not share its fate.
fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let going = Goals::of(case.graph, |it| going::goes(case, it));
    let staying = Goals::of(case.graph, |it| !going::goes(case, it));
    let zones = case.graph.of::<HostedZone>();
    let zones = zones.filter(|(_, zone)| zone.linked_service.is_none());
    zones
        .filter_map(|(resource, zone)| {
            let goes = going::goes(case, &resource.id);
            let goals = if goes { &staying } else { &going };
            let judge = || judge(case, words, goals, goes, resource, zone);
            (!goals.is_empty()).then(judge)
        })
        .collect()
}

fn judge(
    case: &Case<'_>,
    words: &Words,
    goals: &Goals,
    goes: bool,
    resource: &Resource,
    zone: &HostedZone,
) -> Verdict {
    let id = &resource.id;
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    let (does, rest) = if goes {
        ("goes", "stays")
    } else {
        ("stays", "goes")
    };
    let Some(records) = zone.records.known() else {
        let why =
            format!("it {does}, and whether its names lead to something that {rest} was not read");
        let gap = case.gap_of_call(id, "ListResourceRecordSets");
        return verdict(Status::Unknown, why).gap(gap);
    };
    let found = goals.led(records);
    if found.is_empty() {
        let why = format!("none of its names leads to something that {rest}");
        return verdict(Status::Pass, why);
    }
    let said: Vec<String> = found
        .iter()
        .map(|(name, goal)| format!("{name} to {goal}"))
        .collect();
    let evidence = found
        .iter()
        .map(|(name, goal)| Evidence::new(goal, "ResourceRecordSets.Name", name.as_str()));
    let what = if goes {
        "and with it names of what stays"
    } else {
        "and names in it would lead to nothing"
    };
    let why = format!("it {does}, {what}: {}", going::few(&said));
    verdict(Status::Fail, why).evidence(evidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kind::{
            Fact,
            hosted_zone::{Alias, Record},
        },
        testing,
    };

    fn record(name: &str, alias: &str) -> Record {
        Record {
            name: name.to_owned(),
            record_type: "A".to_owned(),
            alias: Some(Alias {
                dns_name: alias.to_owned(),
                ..Alias::default()
            }),
            ..Record::default()
        }
    }

    #[test]
    fn a_website_s_bucket_is_found_by_the_name_of_the_site_or_of_its_endpoint() {
        let zone = HostedZone {
            records: Fact::Known(vec![
                record("www.example.com.", "s3-website-us-east-1.amazonaws.com."),
                Record {
                    name: "img.example.com.".to_owned(),
                    record_type: "CNAME".to_owned(),
                    values: vec!["pictures.s3.amazonaws.com".to_owned()],
                    ..Record::default()
                },
                record("other.example.com.", "s3-website-us-east-1.amazonaws.com."),
            ]),
            ..HostedZone::default()
        };
        let zone = testing::tagged(Resource::new("Z1", zone), [("owner", "nobody")]);
        let resources = [
            zone,
            Resource::new("www.example.com", Bucket::default()),
            Resource::new("pictures", Bucket::default()),
        ];
        let words = RULE.words().unwrap();
        let ours = |it: &Resource| it.tags.is_empty();
        let said = testing::owned(&resources, &[], ours, |case| check(case, &words));
        assert_eq!(said[0].status, Status::Fail);
        let found: Vec<String> = said[0].evidence.iter().map(|it| it.value.clone()).collect();
        assert_eq!(found, ["www.example.com", "img.example.com"]);
    }
}
