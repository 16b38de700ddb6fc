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
    // Of what ECS says that it cannot do, nobody need wait for an hour.
    let trouble = service.trouble.as_ref();
    let trouble = trouble.filter(|it| it.at.is_none_or(|it| it >= began));
    let patience = if trouble.is_some() {
        "short-minutes"
    } else {
        "deployment-minutes"
    };
    if stuck.is_some() && minutes >= words.number(patience) {
        let took = text::age(began, case.taken);
        let says = trouble.map(|it| format!("; ECS says: {}", text::one_line(&it.message)));
        let why = format!(
            "its deployment began {took} ago and is not done; {counts}{}",
            says.unwrap_or_default()
        );
        let state = Evidence::new(id, "deployments.createdAt", began.to_string());
        let said = trouble.map(|it| Evidence::new(id, "events.message", it.message.as_str()));
        return verdict(Status::Fail, why)
            .evidence([state])
            .evidence(evidence)
            .evidence(said);
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

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::*;
    use crate::{kind::service::Trouble, testing};

    #[test]
    fn a_deployment_that_ecs_cannot_go_on_with_is_told_of_before_its_hour_is_over() {
        let ago = |minutes| Timestamp::UNIX_EPOCH - SignedDuration::from_mins(minutes);
        let deployment = |status: &str, minutes| Deployment {
            status: status.to_owned(),
            created: Some(ago(minutes)),
            updated: Some(ago(minutes)),
            rollout_state: Some("IN_PROGRESS".to_owned()),
            ..Deployment::default()
        };
        let said = |trouble: Option<i64>| {
            let service = Service {
                status: "ACTIVE".to_owned(),
                desired: 2,
                running: 2,
                deployments: vec![deployment("PRIMARY", 20), deployment("ACTIVE", 9000)],
                trouble: trouble.map(|minutes| Trouble {
                    message: "(service web) was unable to place a task".to_owned(),
                    at: Some(ago(minutes)),
                }),
                ..Service::default()
            };
            let resources = [Resource::new("prod/web", service)];
            let words = RULE.words().unwrap();
            testing::owned(&resources, &[], |_| true, |case| check(case, &words)).remove(0)
        };
        assert_eq!(said(None).status, Status::Pass);
        let stuck = said(Some(5));
        assert_eq!(stuck.status, Status::Fail);
        assert!(
            stuck.why.ends_with("unable to place a task"),
            "{}",
            stuck.why
        );
        // What went wrong before it began says nothing of it.
        assert_eq!(said(Some(300)).status, Status::Pass);
    }
}
