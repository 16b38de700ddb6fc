//! Load balancers that still speak old versions of TLS.

use super::{Case, Evidence, Rule, Severity, Status, Verdict, Words};
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
            .filter(|it| matches!(it.protocol.as_str(), "HTTPS" | "SSL"))
            .map(|listener| old_style(words, &it.id, lb, listener))
            .collect::<Vec<_>>()
    });
    balancers.chain(classic).collect()
}

fn modern(case: &Case<'_>, words: &Words, resource: &Resource, lb: &LoadBalancer) -> Vec<Verdict> {
    let id = &resource.id;
    let unread = case
        .gap_about(id)
        .filter(|it| it.call.contains("DescribeListeners"));
    if let Some(gap) = unread {
        let why = "its listeners were not read";
        let verdict = Verdict::new(&RULE, words, id, Status::Unknown, why);
        return vec![verdict.gap(Some(gap))];
    }
    let listeners = case.graph.parts::<Listener>(id).into_iter();
    listeners
        .filter(|(_, it)| matches!(it.protocol.as_str(), "HTTPS" | "TLS"))
        .map(|(listener_resource, it)| {
            let policy = it.ssl_policy.as_deref();
            let evidence = Evidence::new(
                &listener_resource.id,
                "SslPolicy",
                policy.unwrap_or("absent"),
            );
            judge(words, id, it.port, policy, lb.is_internet_facing()).evidence([evidence])
        })
        .collect()
}

/// A classic listener has policies for several ends; the one for TLS is known by its name, or by
/// nothing, where somebody made one of their own.
fn old_style(
    words: &Words,
    id: &ResourceId,
    lb: &ClassicLoadBalancer,
    listener: &ClassicListener,
) -> Verdict {
    let mut policies = listener.policies.iter();
    let policy = policies.find(|it| it.starts_with(PREFIX));
    let policy = policy.map(String::as_str);
    let evidence = Evidence::new(
        id,
        "ListenerDescriptions.PolicyNames",
        listener.policies.join(", "),
    );
    judge(words, id, listener.port, policy, lb.is_internet_facing()).evidence([evidence])
}

fn judge(
    words: &Words,
    id: &ResourceId,
    port: u16,
    policy: Option<&str>,
    internet_facing: bool,
) -> Verdict {
    let detail = format!("port {port}");
    let verdict =
        |status, why: String| Verdict::new(&RULE, words, id, status, why).detail(detail.clone());
    let Some(name) = policy else {
        let why = format!("which policy for TLS {detail} has is not known");
        return verdict(Status::Unknown, why);
    };
    match oldest(name) {
        None => {
            let why = format!("{detail} has policy {name}, which racklens does not know");
            verdict(Status::Unknown, why)
        }
        Some(minor) if minor >= 2 => {
            let why = format!("{detail} takes TLS 1.{minor} and newer");
            verdict(Status::Pass, why)
        }
        Some(minor) => {
            let why = format!("{detail} still takes TLS 1.{minor}: policy {name}");
            let inside = "; it is reached from inside only, which lowers the severity";
            if internet_facing {
                verdict(Status::Fail, why)
            } else {
                verdict(Status::Fail, format!("{why}{inside}")).severity(Severity::Low)
            }
        }
    }
}

/// The oldest version 1.x of TLS that one of AWS's policies takes.
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
}
