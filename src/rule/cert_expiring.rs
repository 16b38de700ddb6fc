//! Certificates in use that end soon.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Case, Evidence, Rule, Severity, Status, Verdict, Words};
use crate::{
    id::ResourceId,
    kind::{
        Fact, Kind,
        certificate::Certificate,
        classic_load_balancer::ClassicLoadBalancer,
        listener::{Listener, ServerCertificate},
    },
    relation::RelationKind,
    snapshot::Resource,
};

pub const RULE: Rule = Rule {
    id: "cert-expiring",
    words: include_str!("../../rules/cert-expiring.toml"),
    needs: &[Kind::Certificate],
    check,
};

/// Seconds in a day.
const DAY: i64 = 24 * 60 * 60;

/// One verdict for each certificate of ACM's, and one for each of IAM's that a load balancer
/// presents, told of the load balancer.
fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let judge = |(resource, certificate)| judge(case, words, resource, certificate);
    let of_acm = case.ours::<Certificate>().map(judge);
    let listeners = case.ours::<Listener>();
    let listeners = listeners.map(|(it, listener)| {
        let balancer = ResourceId::new(Kind::LoadBalancer, &listener.load_balancer);
        (balancer, &it.id, &listener.server_certificates)
    });
    let classic = case.ours::<ClassicLoadBalancer>();
    let classic = classic.map(|(it, lb)| (it.id.clone(), &it.id, &lb.server_certificates));
    let mut of_iam: BTreeMap<(ResourceId, &str), Verdict> = BTreeMap::new();
    for (balancer, asked, certificates) in listeners.chain(classic) {
        for it in certificates.known().into_iter().flatten() {
            // One that several of its listeners present is one.
            let verdict = judge_iams(case, words, &balancer, it);
            of_iam.insert((balancer.clone(), it.arn.as_str()), verdict);
        }
        let gap = case.gap_of_call(asked, "ListServerCertificates");
        if let (Fact::Unread, Some(gap)) = (certificates, gap) {
            let why = "when the certificates expire that IAM keeps for it was not read";
            let verdict = Verdict::new(&RULE, words, &balancer, Status::Unknown, why);
            let verdict = verdict.gap(Some(gap)).detail("IAM");
            of_iam.insert((balancer.clone(), ""), verdict);
        }
    }
    of_acm.chain(of_iam.into_values()).collect()
}

/// Nobody renews what was uploaded to IAM.
fn judge_iams(
    case: &Case<'_>,
    words: &Words,
    balancer: &ResourceId,
    it: &ServerCertificate,
) -> Verdict {
    let name = it.arn.rsplit('/').next().unwrap_or_default();
    let verdict = |status, why: String| {
        Verdict::new(&RULE, words, balancer, status, why).detail(format!("IAM {name}"))
    };
    let Some(ends) = it.not_after else {
        let why = format!("when IAM's certificate {name}, which it presents, expires is not known");
        return verdict(Status::Unknown, why);
    };
    let evidence = Evidence::new(balancer, "Expiration", format!("{name}: {ends}"));
    let when = when(case.taken, ends);
    let left = i64::try_from(days(case.taken, ends)).unwrap_or(i64::MAX);
    if ends > case.taken && left >= words.number("soon") {
        let why = format!("it presents IAM's certificate {name}: {when}");
        return verdict(Status::Pass, why).evidence([evidence]);
    }
    let severity = if ends <= case.taken || left < words.number("urgent") {
        Severity::High
    } else {
        words.severity
    };
    let why = format!("it presents IAM's certificate {name}: {when}; nobody renews it by itself");
    verdict(Status::Fail, why)
        .severity(severity)
        .evidence([evidence])
}

fn when(taken: Timestamp, ends: Timestamp) -> String {
    if ends <= taken {
        "it has expired".to_owned()
    } else {
        format!(
            "it expires in {}",
            crate::text::count(days(taken, ends), "day")
        )
    }
}

fn judge(case: &Case<'_>, words: &Words, resource: &Resource, it: &Certificate) -> Verdict {
    let id = &resource.id;
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    match is_used(case, resource, it) {
        Some(true) => {}
        Some(false) => return verdict(Status::NotApplicable, "nothing uses it".to_owned()),
        None => {
            let why = "whether anything uses it was not read".to_owned();
            return verdict(Status::Unknown, why).gap(case.gap_about(id));
        }
    }
    let state = Evidence::new(id, "Status", it.status.clone());
    if matches!(
        it.status.as_str(),
        "EXPIRED" | "REVOKED" | "FAILED" | "INACTIVE" | "VALIDATION_TIMED_OUT"
    ) {
        let why = format!("it is in use, and AWS calls it {}", it.status);
        return verdict(Status::Fail, why)
            .severity(Severity::High)
            .evidence([state]);
    }
    let Some(ends) = it.not_after else {
        let why = "when it expires is not known".to_owned();
        return verdict(Status::Unknown, why).evidence([state]);
    };
    let days = days(case.taken, ends);
    let soon = words.number("soon");
    let urgent = words.number("urgent");
    let renewal = it.renewal.as_deref();
    let stuck = matches!(renewal, Some("PENDING_VALIDATION" | "FAILED"));
    let evidence = [
        Some(Evidence::new(id, "NotAfter", ends.to_string())),
        renewal.map(|it| Evidence::new(id, "RenewalSummary.RenewalStatus", it)),
    ];
    let evidence = evidence.into_iter().flatten();
    let when = when(case.taken, ends);
    let days = i64::try_from(days).unwrap_or(i64::MAX);
    if ends > case.taken && days >= soon && !stuck {
        let why = format!("it is in use, and {when}");
        return verdict(Status::Pass, why).evidence(evidence);
    }
    let severity = if ends <= case.taken || days < urgent || (stuck && days < soon) {
        Severity::High
    } else {
        words.severity
    };
    let why = format!("{when}; {}", renewing(it));
    verdict(Status::Fail, why)
        .severity(severity)
        .evidence(evidence)
}

/// Whether a load balancer or anything else presents it. `None` when that was not read.
fn is_used(case: &Case<'_>, resource: &Resource, it: &Certificate) -> Option<bool> {
    let users = case.graph.users(&resource.id);
    let presented = users
        .iter()
        .any(|(_, edge)| edge.kind == RelationKind::Uses);
    if presented {
        return Some(true);
    }
    it.in_use_by.known().map(|it| !it.is_empty()).or(it.in_use)
}

/// Who will put a new one in its place.
fn renewing(it: &Certificate) -> &'static str {
    match it.renewal.as_deref() {
        Some("PENDING_VALIDATION") => {
            "ACM tries to renew it and waits for the proof that the domain is yours"
        }
        Some("FAILED") => "ACM could not renew it",
        _ if it.cert_type == "IMPORTED" => "it was imported, so ACM does not renew it",
        _ if it.renewal_eligibility.as_deref() == Some("INELIGIBLE") => {
            "ACM says that it will not renew it"
        }
        _ => "ACM renews such certificates some 60 days before, and has not done so",
    }
}

/// Whole days from one moment to a later one.
fn days(from: Timestamp, to: Timestamp) -> usize {
    let seconds = to.as_second().saturating_sub(from.as_second());
    usize::try_from(seconds.max(0) / DAY).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kind::Fact, testing};

    /// Judged on the first day of 1970.
    fn judged(ends: &str, change: impl FnOnce(&mut Certificate)) -> (Status, Severity, String) {
        let mut it = Certificate {
            cert_type: "AMAZON_ISSUED".to_owned(),
            status: "ISSUED".to_owned(),
            not_after: Some(ends.parse().unwrap()),
            in_use_by: Fact::Known(vec!["arn".to_owned()]),
            ..Certificate::default()
        };
        change(&mut it);
        let resources = [Resource::new("c", it)];
        let words = RULE.words().unwrap();
        let verdicts = testing::owned(&resources, &[], |_| true, |case| check(case, &words));
        let [verdict] = &verdicts[..] else {
            panic!("{verdicts:?}")
        };
        (verdict.status, verdict.severity, verdict.why.clone())
    }

    #[test]
    fn a_month_is_enough_and_a_day_less_is_not() {
        assert_eq!(judged("1970-01-31T00:00:00Z", |_| ()).0, Status::Pass);
        let late = judged("1970-01-30T23:00:00Z", |_| ());
        assert_eq!((late.0, late.1), (Status::Fail, Severity::Medium));
    }

    #[test]
    fn the_last_week_is_urgent() {
        let last = judged("1970-01-07T00:00:00Z", |_| ());
        assert_eq!((last.0, last.1), (Status::Fail, Severity::High));
    }

    #[test]
    fn a_renewal_that_waits_for_proof_fails_early_and_is_urgent_in_the_last_month() {
        let wait = |it: &mut Certificate| it.renewal = Some("PENDING_VALIDATION".to_owned());
        let early = judged("1970-03-01T00:00:00Z", wait);
        assert_eq!((early.0, early.1), (Status::Fail, Severity::Medium));
        let late = judged("1970-01-20T00:00:00Z", wait);
        assert_eq!((late.0, late.1), (Status::Fail, Severity::High));
    }

    #[test]
    fn one_that_nothing_uses_may_end() {
        let idle = |it: &mut Certificate| it.in_use_by = Fact::Known(Vec::new());
        let said = judged("1970-01-02T00:00:00Z", idle);
        assert_eq!(said.0, Status::NotApplicable);
    }

    #[test]
    fn one_that_has_ended_says_so() {
        let said = judged("1969-12-31T00:00:00Z", |_| ());
        assert_eq!((said.0, said.1), (Status::Fail, Severity::High));
        assert!(said.2.starts_with("it has expired"), "{}", said.2);
    }
}
