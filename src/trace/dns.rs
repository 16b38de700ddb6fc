//! What a hosted zone answers to a name: records, wildcards, delegations.

use std::collections::BTreeSet;

use crate::kind::hosted_zone::{HostedZone, Record};

/// What a zone says about a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<'z> {
    /// Records that lead on: `A`, `AAAA`, `CNAME`; several where they share the name.
    Records(Vec<&'z Record>),
    /// Other servers answer for this part of the zone.
    Delegated(&'z Record),
    /// The name exists, but only with other records.
    NoAddress,
    Absent,
    Unread,
}

/// A name in the one form in which two can be compared: lower case, without last dot, with
/// Route 53's octal escapes undone.
pub fn plain(name: &str) -> String {
    let name = name.strip_suffix('.').unwrap_or(name);
    let mut plain = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, escape)) = rest.split_once('\\') {
        plain.push_str(before);
        let code = escape.get(..3).map(|it| u8::from_str_radix(it, 8));
        rest = match code {
            Some(Ok(it)) if it.is_ascii() => {
                plain.push(char::from(it));
                &escape[3..]
            }
            _ => {
                plain.push('\\');
                escape
            }
        };
    }
    plain.push_str(rest);
    plain.to_ascii_lowercase()
}

/// An alias's goal as the thing itself tells its name.
pub fn undressed(name: &str) -> String {
    let name = plain(name);
    match name.strip_prefix("dualstack.") {
        Some(it) => it.to_owned(),
        None => name,
    }
}

/// Whether a name is this domain or lies below it.
pub fn is_within(name: &str, domain: &str) -> bool {
    let above = name.strip_suffix(domain);
    above.is_some_and(|it| it.is_empty() || it.ends_with('.'))
}

/// Asks a zone for a name, both in the plain form.
pub fn ask<'z>(zone: &'z HostedZone, name: &str) -> Answer<'z> {
    let Some(records) = zone.records.known() else {
        return Answer::Unread;
    };
    let named: Vec<(String, &Record)> = records.iter().map(|it| (plain(&it.name), it)).collect();
    let apex = plain(&zone.zone_name);
    if let Some((_, ns)) = named.iter().find(|(own, it)| {
        it.record_type == "NS" && *own != apex && is_within(name, own) && is_within(own, &apex)
    }) {
        return Answer::Delegated(ns);
    }
    // A name exists too when there is only something below it.
    let existing: BTreeSet<&str> = named.iter().flat_map(|(own, _)| ancestors(own)).collect();
    if existing.contains(name) {
        return of_name(&named, name);
    }
    // A wildcard counts at the nearest name above that exists, and nowhere higher.
    let encloser = ancestors(name).skip(1).find(|it| existing.contains(it));
    let wildcard = format!("*.{}", encloser.unwrap_or(&apex));
    if existing.contains(wildcard.as_str()) {
        return of_name(&named, &wildcard);
    }
    Answer::Absent
}

fn of_name<'z>(named: &[(String, &'z Record)], name: &str) -> Answer<'z> {
    let records = named.iter().filter(|(own, _)| own == name).map(|it| it.1);
    let leads = |it: &&Record| matches!(it.record_type.as_str(), "A" | "AAAA" | "CNAME");
    let records: Vec<&Record> = records.filter(leads).collect();
    if records.is_empty() {
        Answer::NoAddress
    } else {
        Answer::Records(records)
    }
}

/// The name itself and all above it, the nearest first.
fn ancestors(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |it| Some(it.split_once('.')?.1))
}

/// How one of several records of a name is chosen, in words.
pub fn routing(record: &Record) -> Option<String> {
    let mut said = Vec::new();
    said.extend(record.weight.map(|it| format!("weight {it}")));
    said.extend(record.region.as_ref().map(|it| format!("nearest to {it}")));
    said.extend(record.failover.as_ref().map(|it| it.to_lowercase()));
    said.extend(record.geo.as_ref().map(|it| format!("for {it}")));
    if record.multi_value {
        said.push("one of several answers".to_owned());
    }
    said.extend(record.set_identifier.as_ref().map(|it| format!("`{it}`")));
    (!said.is_empty()).then(|| said.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Fact;

    fn zone(records: &[(&str, &str)]) -> HostedZone {
        let records = records.iter().map(|(name, record_type)| Record {
            name: (*name).to_owned(),
            record_type: (*record_type).to_owned(),
            ..Record::default()
        });
        HostedZone {
            zone_name: "a.test.".to_owned(),
            records: Fact::Known(records.collect()),
            ..HostedZone::default()
        }
    }

    /// The name of the record that answers.
    fn answer(records: &[(&str, &str)], name: &str) -> String {
        match ask(&zone(records), name) {
            Answer::Records(it) => plain(&it[0].name),
            Answer::Delegated(it) => format!("delegated {}", it.name),
            Answer::NoAddress => "no address".to_owned(),
            Answer::Absent => "absent".to_owned(),
            Answer::Unread => "unread".to_owned(),
        }
    }

    #[test]
    fn an_exact_record_goes_before_a_wildcard() {
        let records = [("\\052.a.test.", "A"), ("www.a.test.", "CNAME")];
        assert_eq!(answer(&records, "www.a.test"), "www.a.test");
        assert_eq!(answer(&records, "other.a.test"), "*.a.test");
        // A wildcard stands for several labels, but not for none.
        assert_eq!(answer(&records, "x.y.a.test"), "*.a.test");
        assert_eq!(answer(&records, "a.test"), "no address");
    }

    #[test]
    fn a_wildcard_does_not_reach_around_a_name_that_exists() {
        let records = [
            ("*.a.test.", "A"),
            ("deep.dir.a.test.", "A"),
            ("mail.a.test.", "MX"),
        ];
        assert_eq!(answer(&records, "dir.a.test"), "no address");
        assert_eq!(answer(&records, "x.dir.a.test"), "absent");
        assert_eq!(answer(&records, "mail.a.test"), "no address");
    }

    #[test]
    fn below_a_delegation_other_servers_answer() {
        let records = [("a.test.", "NS"), ("sub.a.test.", "NS"), ("*.a.test.", "A")];
        assert_eq!(answer(&records, "x.sub.a.test"), "delegated sub.a.test.");
        assert_eq!(answer(&records, "xsub.a.test"), "*.a.test");
    }

    #[test]
    fn a_zone_that_was_not_read_says_nothing() {
        assert_eq!(ask(&HostedZone::default(), "a.test"), Answer::Unread);
    }

    #[test]
    fn names_are_compared_without_what_route_53_adds() {
        assert_eq!(plain("\\052.A.test."), "*.a.test");
        assert_eq!(plain("back\\slash"), "back\\slash");
        assert_eq!(undressed("dualstack.Lb.Amazonaws.com."), "lb.amazonaws.com");
        assert!(is_within("a.test", "a.test") && is_within("x.a.test", "a.test"));
        assert!(!is_within("xa.test", "a.test"));
    }
}
