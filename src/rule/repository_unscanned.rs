//! Repositories whose images nobody looks through for known flaws.

use super::{Case, Evidence, Rule, Status, Verdict, Words};
use crate::kind::{Fact, Kind, repository::Repository};

pub const RULE: Rule = Rule {
    id: "repository-unscanned",
    words: include_str!("../../rules/repository-unscanned.toml"),
    needs: &[Kind::Repository],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let repositories = case.ours::<Repository>();
    repositories
        .map(|(resource, repository)| {
            let id = &resource.id;
            let verdict = |status, why: &str| Verdict::new(&RULE, words, id, status, why);
            match (repository.scan_on_push, repository.registry_scans) {
                (true, _) => verdict(Status::Pass, "each image is scanned when it is pushed"),
                (false, Fact::Known(true)) => {
                    verdict(Status::Pass, "the registry has its images scanned")
                }
                (false, Fact::Known(false)) => {
                    let evidence = Evidence::new(id, "scanOnPush", "false");
                    let why = "neither the repository nor the registry has its images scanned";
                    verdict(Status::Fail, why).evidence([evidence])
                }
                (false, Fact::Unread) => {
                    let gap = case.gap_of_call(id, "GetRegistryScanningConfiguration");
                    let why = "it scans nothing itself, and what the registry does was not read";
                    verdict(Status::Unknown, why).gap(gap)
                }
            }
        })
        .collect()
}
