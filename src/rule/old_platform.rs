//! Services on Fargate that are held back on an old platform version.

use super::{Case, Evidence, Rule, Status, Verdict, Words, used_definition};
use crate::{
    kind::{Kind, capacity_provider, service::Service, task_definition::TaskDefinition},
    snapshot::Resource,
};

pub const RULE: Rule = Rule {
    id: "old-platform",
    words: include_str!("../../rules/old-platform.toml"),
    needs: &[Kind::Service],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let judge = |(resource, service)| judge(case, words, resource, service);
    case.ours::<Service>().map(judge).collect()
}

fn judge(case: &Case<'_>, words: &Words, resource: &Resource, service: &Service) -> Verdict {
    let id = &resource.id;
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    let definition = case
        .graph
        .get_as::<TaskDefinition>(&service.task_definition);
    let definition = definition.map(|(_, it)| it);
    if service.status != "ACTIVE" {
        return verdict(Status::NotApplicable, "it is being deleted".to_owned());
    }
    if !is_on_fargate(service, definition) {
        let why = "it does not run on Fargate";
        return verdict(Status::NotApplicable, why.to_owned());
    }
    let version = match service.platform_version.as_deref() {
        // What is left out is the latest.
        None | Some("LATEST") => {
            return verdict(Status::Pass, "it follows the latest version".to_owned());
        }
        Some(it) => it,
    };
    let windows = definition.is_some_and(used_definition::is_windows);
    let newest = if windows {
        "newest-windows"
    } else {
        "newest-linux"
    };
    let newest = words.text(newest);
    if number(version) >= number(newest) {
        return verdict(Status::Pass, format!("it has version {version}"));
    }
    let why = format!("it is held on platform version {version}; {newest} is the newest");
    let evidence = Evidence::new(id, "platformVersion", version);
    verdict(Status::Fail, why).evidence([evidence])
}

/// A service that capacity providers place has no launch type.
fn is_on_fargate(service: &Service, definition: Option<&TaskDefinition>) -> bool {
    if let Some(launch_type) = &service.launch_type {
        return launch_type == "FARGATE";
    }
    let mut providers = service.capacity_providers.iter();
    if !service.capacity_providers.is_empty() {
        return providers.any(|it| capacity_provider::is_of_aws(it));
    }
    definition.is_some_and(|it| it.requires == ["FARGATE"])
}

/// `1.4.0` as numbers; what is none counts as 0.
fn number(version: &str) -> Vec<u32> {
    let parts = version.split('.');
    parts.map(|it| it.parse().unwrap_or_default()).collect()
}
