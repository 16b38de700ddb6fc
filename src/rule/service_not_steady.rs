//! Services that run fewer tasks than they want, or whose deployment is stuck.

use super::{Case, Evidence, Rule, Status, Verdict, Words};
use crate::{
    kind::{
        Kind,
        service::{Deployment, Service},
    },
    snapshot::Resource,
    text,
};

pub const RULE: Rule = Rule {
    id: "service-not-steady",
    words: include_str!("../../rules/service-not-steady.toml"),
    needs: &[Kind::Cluster, Kind::Service],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let judge = |(resource, service)| judge(case, words, resource, service);
    case.ours::<Service>().map(judge).collect()
}

fn judge(case: &Case<'_>, words: &Words, resource: &Resource, service: &Service) -> Verdict {
    let id = &resource.id;
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    if !service.has_known_state() {
        let why = format!("its state is {}, which is new to us", service.status);
        return verdict(Status::Unknown, why);
    }
    if service.status != "ACTIVE" {
        return verdict(Status::NotApplicable, "it is being deleted".to_owned());
    }
    let starting = match service.pending {
        0 => String::new(),
        it => format!(", and {it} more to come"),
    };
    let wanted = text::count(whole(service.desired), "task");
    let counts = format!("it wants {wanted} and runs {}{starting}", service.running);
    let evidence = [
        Evidence::new(id, "runningCount", service.running.to_string()),
        Evidence::new(id, "desiredCount", service.desired.to_string()),
    ];
    let primary = service.deployments.iter().find(|it| it.status == "PRIMARY");
    if let Some(failed) = service.deployments.iter().find(|it| has_failed(it)) {
        let reason = failed.rollout_reason.as_deref();
        let reason = reason.map(|it| format!(" ({})", text::one_line(it)));
        let why = format!(
            "its deployment of {} failed{}; {counts}",
            failed.task_definition,
            reason.unwrap_or_default()
        );
        let state = Evidence::new(id, "deployments.rolloutState", "FAILED");
        return verdict(Status::Fail, why)
            .evidence([state])
            .evidence(evidence);
    }
    let short = service.running < service.desired;
    let stuck = primary.filter(|it| hangs(service, it));
    if !short && stuck.is_none() {
        return verdict(Status::Pass, counts);
    }
    let Some(since) = primary.and_then(|it| it.updated.or(it.created)) else {
        let why = format!("{counts}; since when was not told");
        return verdict(Status::Unknown, why).evidence(evidence);
    };
    let age = text::age(since, case.taken);
    let minutes = case.taken.duration_since(since).as_mins();
    if short && minutes >= words.number("short-minutes") {
        let trouble = service.trouble.as_ref();
        let says = trouble.map(|it| format!("; ECS says: {}", text::one_line(&it.message)));
        let why = format!(
            "{counts}; its deployment last changed {age} ago{}",
            says.unwrap_or_default()
        );
        let said = trouble.map(|it| Evidence::new(id, "events.message", it.message.as_str()));
        return verdict(Status::Fail, why).evidence(evidence).evidence(said);
    }
    let began = stuck.and_then(|it| it.created).unwrap_or(since);
    let minutes = case.taken.duration_since(began).as_mins();
    if stuck.is_some() && minutes >= words.number("deployment-minutes") {
        let took = text::age(began, case.taken);
        let why = format!("its deployment began {took} ago and is not done; {counts}");
        let state = Evidence::new(id, "deployments.createdAt", began.to_string());
        return verdict(Status::Fail, why)
            .evidence([state])
            .evidence(evidence);
    }
    let why = format!("{counts}; its deployment last changed {age} ago");
    verdict(Status::Pass, why).evidence(evidence)
}

fn has_failed(deployment: &Deployment) -> bool {
    deployment.status != "INACTIVE" && deployment.rollout_state.as_deref() == Some("FAILED")
}

/// Whether a deployment still has another one beside it that it should have replaced.
///
/// Only rolling ones: in blue/green both stand side by side for as long as a person chose.
fn hangs(service: &Service, primary: &Deployment) -> bool {
    let rolling = service.controller.as_deref().is_none_or(|it| it == "ECS")
        && service
            .load_balancers
            .iter()
            .all(|it| it.alternate.is_none());
    let done = primary.rollout_state.as_deref() == Some("COMPLETED");
    let beside = service.deployments.iter().any(|it| it.status == "ACTIVE");
    rolling && !done && beside
}

fn whole(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
