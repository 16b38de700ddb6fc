//! What the rack's public IPv4 addresses cost together.

use std::collections::BTreeSet;

use super::{Case, Cost, Evidence, Rule, Status, Verdict, Words};
use crate::{
    id::ResourceId,
    kind::{Kind, elastic_ip::ElasticIp, network_interface::NetworkInterface},
    text,
};

pub const RULE: Rule = Rule {
    id: "ipv4-bill",
    words: include_str!("../../rules/ipv4-bill.toml"),
    needs: &[Kind::NetworkInterface, Kind::ElasticIp],
    check,
};

/// One verdict for the rack: each address has its reason, the sum is what surprises.
fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let Some(root) = case.whole() else {
        return Vec::new();
    };
    // An address of the account's own costs nothing, whatever has it.
    let (paid, own): (Vec<_>, Vec<_>) = case
        .ours::<ElasticIp>()
        .partition(|(_, it)| it.pool.as_deref().is_none_or(|it| it == "amazon"));
    let own: BTreeSet<&str> = own.into_iter().map(|(_, it)| &*it.public_ip).collect();
    let mut addresses: BTreeSet<&str> = BTreeSet::new();
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    let mut holders: BTreeSet<&ResourceId> = BTreeSet::new();
    for (resource, interface) in case.ours::<NetworkInterface>() {
        let address = interface.public_ip.as_deref();
        if let Some(address) = address.filter(|it| !own.contains(it)) {
            addresses.insert(address);
            holders.insert(&resource.id);
        }
    }
    kinds.push(("interface", holders.len()));
    let before = addresses.len();
    for (resource, ip) in paid {
        if addresses.insert(&ip.public_ip) {
            holders.insert(&resource.id);
        }
    }
    kinds.push(("further Elastic IP", addresses.len().saturating_sub(before)));
    let number = i64::try_from(addresses.len()).unwrap_or(i64::MAX);
    let verdict = |status, why: String| Verdict::new(&RULE, words, root, status, why);
    let count = match addresses.len() {
        1 => "1 public IPv4 address".to_owned(),
        it => format!("{it} public IPv4 addresses"),
    };
    if number <= words.number("few") {
        let said = verdict(Status::Pass, format!("it has {count}"));
        return super::unsure(vec![said], case.gap_among(RULE.needs));
    }
    let why = format!("it has {count}, each of which is billed by the hour, whatever has it");
    let evidence = kinds
        .into_iter()
        .filter(|it| it.1 > 0)
        .map(|(what, number)| Evidence::new(root, "PublicIp", text::count(number, what)));
    let cost = Cost::Usage("PublicIPv4:");
    vec![verdict(Status::Fail, why).evidence(evidence).cost(cost)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{snapshot::Resource, testing};

    #[test]
    fn an_address_that_is_told_twice_counts_once_and_one_of_the_account_s_own_not_at_all() {
        let interface = |address: &str| NetworkInterface {
            public_ip: Some(address.to_owned()),
            ..NetworkInterface::default()
        };
        let ip = |address: &str, pool: &str| ElasticIp {
            public_ip: address.to_owned(),
            pool: Some(pool.to_owned()),
            ..ElasticIp::default()
        };
        let resources = [
            Resource::new("eni-1", interface("203.0.113.1")),
            Resource::new("eni-2", interface("203.0.113.2")),
            Resource::new("eni-3", interface("198.51.100.1")),
            Resource::new("eipalloc-1", ip("203.0.113.1", "amazon")),
            Resource::new("eipalloc-2", ip("203.0.113.3", "amazon")),
            Resource::new("eipalloc-3", ip("198.51.100.1", "ipv4pool-ec2-1")),
        ];
        let words = RULE.words().unwrap();
        let said = testing::owned(&resources, &[], |_| true, |case| check(case, &words));
        assert!(said[0].why.starts_with("it has 3 public IPv4 addresses, "));
    }
}
