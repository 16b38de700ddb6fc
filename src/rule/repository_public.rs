//! Repositories that everybody with an account of AWS may pull from, or push to.

use super::{Case, Evidence, Rule, Severity, Status, Verdict, Words};
use crate::kind::{Fact, Kind, repository::Repository};

pub const RULE: Rule = Rule {
    id: "repository-public",
    words: include_str!("../../rules/repository-public.toml"),
    needs: &[Kind::Repository],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let repositories = case.ours::<Repository>();
    repositories
        .map(|(resource, repository)| {
            let id = &resource.id;
            let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
            let Fact::Known(strangers) = &repository.strangers else {
                let gap = case.gap_of_call(id, "GetRepositoryPolicy");
                let why = "whom its policy lets in was not read";
                return verdict(Status::Unknown, why.to_owned()).gap(gap);
            };
            if strangers.may.is_empty() {
                let why = "no policy of it lets strangers in";
                return verdict(Status::Pass, why.to_owned());
            }
            let paths = strangers
                .may
                .iter()
                .map(|it| Evidence::new(id, "policyText.Statement.Action", it));
            if strangers.denied {
                let why = "its policy lets everybody in and denies some of them again; who is left was not worked out";
                return verdict(Status::Unknown, why.to_owned()).evidence(paths);
            }
            let changes: Vec<&str> = strangers.changes().collect();
            let (severity, may) = if changes.is_empty() {
                (words.severity, "pull its images or look at them".to_owned())
            } else {
                let may = format!("change what is in it ({})", changes.join(", "));
                (Severity::Critical, may)
            };
            let why = format!("its policy lets whoever has an AWS account {may}");
            verdict(Status::Fail, why).severity(severity).evidence(paths)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kind::repository::policy::Strangers, snapshot::Resource, testing};

    fn judged(may: &[&str], denied: bool) -> Verdict {
        let may = may.iter().map(|it| (*it).to_owned()).collect();
        let repository = Repository {
            strangers: Fact::Known(Strangers { may, denied }),
            ..Repository::default()
        };
        let resources = [Resource::new("web", repository)];
        let words = RULE.words().unwrap();
        let mut said = testing::owned(&resources, &[], |_| true, |case| check(case, &words));
        said.remove(0)
    }

    #[test]
    fn what_strangers_may_push_is_worse_than_what_they_may_pull() {
        let pull = judged(&["ecr:BatchGetImage"], false);
        assert_eq!((pull.status, pull.severity), (Status::Fail, Severity::High));
        for may in ["ecr:PutImage", "ecr:*", "*", "ecr:Put*"] {
            let push = judged(&[may], false);
            assert_eq!(push.severity, Severity::Critical, "{may}");
        }
    }

    #[test]
    fn who_is_left_after_a_denial_is_not_guessed() {
        assert_eq!(judged(&["ecr:*"], true).status, Status::Unknown);
        assert_eq!(judged(&[], true).status, Status::Pass);
    }
}
