//! Buckets that answer whoever comes without TLS.

use super::{Case, Evidence, Rule, Status, Verdict, Words};
use crate::kind::{Kind, bucket::Bucket};

pub const RULE: Rule = Rule {
    id: "bucket-plain-http",
    words: include_str!("../../rules/bucket-plain-http.toml"),
    needs: &[Kind::Bucket],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let buckets = case.ours::<Bucket>();
    buckets
        .map(|(resource, bucket)| {
            let id = &resource.id;
            let verdict = |status, why: &str| Verdict::new(&RULE, words, id, status, why);
            let Some(policy) = bucket.policy.known() else {
                let gap = case.gap_of_call(id, "GetBucketPolicyStatus");
                return verdict(Status::Unknown, "its policy was not read").gap(gap);
            };
            let Some(policy) = policy else {
                let evidence = Evidence::new(id, "Policy", "none");
                let why = "it has no policy, and so refuses nobody who comes without TLS";
                return verdict(Status::Fail, why).evidence([evidence]);
            };
            match policy.says.known() {
                None => {
                    let gap = case.gap_of_call(id, "s3:GetBucketPolicy");
                    verdict(Status::Unknown, "what its policy says was not read").gap(gap)
                }
                Some(it) if it.denies_plain_http => {
                    verdict(Status::Pass, "its policy refuses whoever comes without TLS")
                }
                Some(_) => {
                    let evidence = Evidence::new(id, "Policy.Statement", "no such denial");
                    let why = "its policy does not refuse everybody who comes without TLS, for \
                               the bucket and all objects";
                    verdict(Status::Fail, why).evidence([evidence])
                }
            }
        })
        .collect()
}
