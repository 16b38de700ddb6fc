//! Load balancers that still speak old versions of TLS.

use std::fmt;

use super::{Case, Evidence, Rule, Severity, Status, Verdict, Words, internet};
use crate::{
    id::ResourceId,
    kind::{
        Kind,
        classic_load_balancer::{ClassicListener, ClassicLoadBalancer},
        listener::Listener,
        load_balancer::LoadBalancer,
    },
    snapshot::Resource,
};

pub const RULE: Rule = Rule {
    id: "listener-weak-tls",
    words: include_str!("../../rules/listener-weak-tls.toml"),
    needs: &[Kind::LoadBalancer, Kind::ClassicLoadBalancer],
    check,
};

/// What all names of AWS's own policies begin with.
const PREFIX: &str = "ELBSecurityPolicy-";

/// One verdict for each listener that ends TLS.
fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let balancers = case.ours::<LoadBalancer>();
    let balancers = balancers.flat_map(|(it, lb)| modern(case, words, it, lb));
    let classic = case.ours::<ClassicLoadBalancer>();
    let classic = classic.flat_map(|(it, lb)| {
        let listeners = lb.listeners.iter();
        listeners
            .filter(|it| it.ends_tls())
            .map(|listener| old_style(case, words, &it.id, lb, listener))
            .collect::<Vec<_>>()
    });
    balancers.chain(classic).collect()
}

fn modern(case: &Case<'_>, words: &Words, resource: &Resource, lb: &LoadBalancer) -> Vec<Verdict> {
    let id = &resource.id;
    if let Some(gap) = case.gap_of_call(id, internet::LISTENERS) {
        let why = "its listeners were not read";
        let verdict = Verdict::new(&RULE, words, id, Status::Unknown, why);
        return vec![verdict.gap(Some(gap))];
    }
    let listeners = case.graph.parts::<Listener>(id).into_iter();
    listeners
        .filter(|(_, it)| matches!(it.protocol.as_str(), "HTTPS" | "TLS"))
        .map(|(listener_resource, it)| {
            let its = &listener_resource.id;
            let policy = it.ssl_policy.as_deref();
            let versions = it.tls_versions.known();
            let takes = versions.map(|it| Evidence::new(its, "SslProtocols", it.join(", ")));
            let evidence = Evidence::new(its, "SslPolicy", policy.unwrap_or("absent"));
            let policy = policy.map(|name| Policy {
                name,
                versions: versions.map(Vec::as_slice),
            });
            judge(words, id, it.port, policy, lb.is_internet_facing())
                .evidence([evidence])
                .evidence(takes)
                .gap_if_unknown(case.gap_of_call(its, "DescribeSSLPolicies"))
        })
        .collect()
}

/// A classic listener has policies for several ends. Where nobody told which is the one for TLS, it
/// is known by its name, or by nothing, where somebody made one of their own.
fn old_style(
    case: &Case<'_>,
    words: &Words,
    id: &ResourceId,
    lb: &ClassicLoadBalancer,
    listener: &ClassicListener,
) -> Verdict {
    let told = listener.tls.known().and_then(Option::as_ref);
    let told = told.map(|it| Policy {
        name: it.made_of.as_deref().unwrap_or(&it.name),
        versions: Some(it.versions.as_slice()),
    });
    let by_name = || {
        let mut policies = listener.policies.iter();
        let name = policies.find(|it| it.starts_with(PREFIX))?;
        Some(Policy {
            name,
            versions: None,
        })
    };
    let policy = told.or_else(by_name);
    let takes = told.and_then(|it| it.versions);
    let takes = takes.map(|it| Evidence::new(id, "PolicyAttributeDescriptions", it.join(", ")));
    let evidence = Evidence::new(
        id,
        "ListenerDescriptions.PolicyNames",
        listener.policies.join(", "),
    );
    judge(words, id, listener.port, policy, lb.is_internet_facing())
        .evidence([evidence])
        .evidence(takes)
        .gap_if_unknown(case.gap_of_call(id, "DescribeLoadBalancerPolicies"))
}

/// A policy for TLS.
#[derive(Clone, Copy)]
struct Policy<'a> {
    name: &'a str,
    /// What it takes, where AWS told.
    versions: Option<&'a [String]>,
}

fn judge(
    words: &Words,
    id: &ResourceId,
    port: u16,
    policy: Option<Policy<'_>>,
    internet_facing: bool,
) -> Verdict {
    let detail = format!("port {port}");
    let verdict =
        |status, why: String| Verdict::new(&RULE, words, id, status, why).detail(detail.clone());
    let Some(Policy { name, versions }) = policy else {
        let why = format!("which policy for TLS {detail} has is not known");
        return verdict(Status::Unknown, why);
    };
    // What AWS tells of the policy counts more than what its name promises.
    let oldest = match versions {
        Some(versions) => oldest_of(versions),
        None => oldest(name).map(Version::Tls),
    };
    match oldest {
        None => {
            let why = format!("{detail} has policy {name}, which racklens does not know");
            verdict(Status::Unknown, why)
        }
        Some(version) if version >= Version::Tls(2) => {
            let why = format!("{detail} takes {version} and newer");
            verdict(Status::Pass, why)
        }
        Some(version) => {
            let why = format!("{detail} still takes {version}: policy {name}");
            let inside = "; it is reached from inside only, which lowers the severity";
            if internet_facing {
                verdict(Status::Fail, why)
            } else {
                verdict(Status::Fail, format!("{why}{inside}")).severity(Severity::Low)
            }
        }
    }
}

/// A version, the older the less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Version {
    /// SSL 2 or 3, before there was TLS.
    Ssl(u8),
    /// 1.x.
    Tls(u8),
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ssl(major) => write!(f, "SSL {major}"),
            Self::Tls(minor) => write!(f, "TLS 1.{minor}"),
        }
    }
}

/// The oldest of these versions, in AWS's words. `None` where there is none, or one is a word that
/// we do not know.
fn oldest_of(versions: &[String]) -> Option<Version> {
    let version = |it: &String| {
        if let Some(major) = it.strip_prefix("SSLv") {
            return major.parse().ok().map(Version::Ssl);
        }
        match it.strip_prefix("TLSv1")? {
            "" => Some(Version::Tls(0)),
            minor => minor.strip_prefix('.')?.parse().ok().map(Version::Tls),
        }
    };
    let all: Option<Vec<Version>> = versions.iter().map(version).collect();
    all?.into_iter().min()
}

/// The oldest version 1.x of TLS that one of AWS's policies takes, by its name.
///
/// AWS has put it into the names since 2015 (`TLS13-1-2-Res-2021-06` begins at 1.2); the few older
/// ones, which have a date alone, all begin at 1.0 or below. A name of another make is not guessed.
fn oldest(policy: &str) -> Option<u8> {
    let name = policy.strip_prefix(PREFIX)?;
    let told = ["TLS13-1-", "TLS-1-", "FS-1-"];
    if let Some(rest) = told.iter().find_map(|it| name.strip_prefix(it)) {
        let (minor, more) = rest.split_once('-')?;
        return minor.parse().ok().filter(|_| !more.is_empty());
    }
    let dated = [
        "2011-08",
        "2014-01",
        "2014-10",
        "2015-02",
        "2015-03",
        "2015-05",
        "2016-08",
        "FS-2018-06",
    ];
    dated.contains(&name).then_some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_version_is_told_from_every_name_that_aws_gave() {
        for (name, minor) in [
            ("ELBSecurityPolicy-2016-08", Some(0)),
            ("ELBSecurityPolicy-FS-2018-06", Some(0)),
            ("ELBSecurityPolicy-TLS-1-0-2015-04", Some(0)),
            ("ELBSecurityPolicy-TLS-1-1-2017-01", Some(1)),
            ("ELBSecurityPolicy-TLS-1-2-2017-01", Some(2)),
            ("ELBSecurityPolicy-TLS-1-2-Ext-2018-06", Some(2)),
            ("ELBSecurityPolicy-FS-1-1-2019-08", Some(1)),
            ("ELBSecurityPolicy-FS-1-2-Res-2020-10", Some(2)),
            ("ELBSecurityPolicy-TLS13-1-0-2021-06", Some(0)),
            ("ELBSecurityPolicy-TLS13-1-1-FIPS-2023-04", Some(1)),
            ("ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09", Some(2)),
            ("ELBSecurityPolicy-TLS13-1-3-2021-06", Some(3)),
            ("ELBSecurityPolicy-New-2030-01", None),
            ("my-own-policy", None),
        ] {
            assert_eq!(oldest(name), minor, "{name}");
        }
    }

    fn takes(versions: &[&str]) -> Option<String> {
        let versions: Vec<String> = versions.iter().map(|it| (*it).to_owned()).collect();
        oldest_of(&versions).map(|it| it.to_string())
    }

    #[test]
    fn the_oldest_of_what_a_policy_takes_decides_and_a_new_word_is_not_guessed() {
        let told = |it: &str| Some(it.to_owned());
        assert_eq!(takes(&["TLSv1.2", "TLSv1.3"]), told("TLS 1.2"));
        assert_eq!(takes(&["TLSv1", "TLSv1.1", "TLSv1.2"]), told("TLS 1.0"));
        assert_eq!(takes(&["TLSv1", "SSLv3"]), told("SSL 3"));
        assert_eq!(takes(&["TLSv1.2", "QUIC"]), None);
        assert_eq!(takes(&[]), None);
    }
}
