//! Buckets whose policy lets other accounts in.

use super::{Case, Evidence, Rule, Status, Verdict, Words};
use crate::{
    arn::Arn,
    kind::{Kind, bucket::Bucket},
};

pub const RULE: Rule = Rule {
    id: "bucket-other-accounts",
    words: include_str!("../../rules/bucket-other-accounts.toml"),
    needs: &[Kind::Bucket],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let own = own_account(case);
    let trusted = words.texts("trusted");
    let delivering = words.texts("log-delivery");
    let buckets = case.ours::<Bucket>();
    buckets
        .map(|(resource, bucket)| {
            let id = &resource.id;
            let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
            let text = match bucket.policy.known() {
                Some(None) => {
                    let why = "it has no policy that could let anybody in";
                    return verdict(Status::Pass, why.to_owned());
                }
                Some(Some(policy)) => policy.says.known(),
                None => None,
            };
            let Some(text) = text else {
                let gap = case.gap_of_call(id, "GetBucketPolicy");
                let why = "what its policy says was not read";
                return verdict(Status::Unknown, why.to_owned()).gap(gap);
            };
            let known =
                |it: &str| own == Some(it) || trusted.contains(&it) || delivering.contains(&it);
            let accounts = text.accounts.iter().map(String::as_str);
            let others: Vec<&str> = accounts.filter(|it| !known(it)).collect();
            if others.is_empty() {
                let why = "its policy lets no other account in";
                return verdict(Status::Pass, why.to_owned());
            }
            if own.is_none() {
                let why = "which account is its own is not known";
                return verdict(Status::Unknown, why.to_owned());
            }
            let evidence = others
                .iter()
                .map(|it| Evidence::new(id, "Policy.Statement.Principal", *it));
            let s = if others.len() == 1 { "" } else { "s" };
            let why = format!("its policy lets account{s} {} in", others.join(", "));
            verdict(Status::Fail, why).evidence(evidence)
        })
        .collect()
}

/// The account that the rack is in, as the ARNs of its own resources tell.
fn own_account<'a>(case: &Case<'a>) -> Option<&'a str> {
    let ours = case.belongings.ours();
    let mut ours = ours.filter_map(|(id, _)| case.graph.get(id)?.arn.as_deref());
    ours.find_map(|it| Some(Arn::parse(it)?.account).filter(|it| it.len() == 12))
}
