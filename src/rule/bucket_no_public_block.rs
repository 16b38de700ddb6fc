//! Buckets that do not themselves rule out public access.

use super::{Case, Evidence, Rule, Status, Verdict, Words};
use crate::{
    kind::{
        Fact, Kind,
        bucket::{Bucket, PolicyFacts, PublicAccessBlock},
    },
    snapshot::Resource,
};

pub const RULE: Rule = Rule {
    id: "bucket-no-public-block",
    words: include_str!("../../rules/bucket-no-public-block.toml"),
    needs: &[Kind::Bucket],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let judge = |(resource, bucket)| judge(case, words, resource, bucket);
    case.ours::<Bucket>().map(judge).collect()
}

fn judge(case: &Case<'_>, words: &Words, resource: &Resource, bucket: &Bucket) -> Verdict {
    let id = &resource.id;
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    let Some(block) = bucket.public_access_block.known() else {
        let why = "its block on public access was not read".to_owned();
        let gaps = case.gaps.iter();
        let mut gaps = gaps.filter(|it| it.resource.as_ref() == Some(id));
        let gap = gaps.find(|it| it.call.contains("PublicAccessBlock"));
        return verdict(Status::Unknown, why).gap(gap);
    };
    // A bucket that was never given one blocks nothing.
    let block = block.clone().unwrap_or_default();
    let off = off(&block);
    if off.is_empty() {
        let why = "it rules out all public access".to_owned();
        return verdict(Status::Pass, why);
    }
    let evidence = off
        .iter()
        .map(|it| Evidence::new(id, "PublicAccessBlockConfiguration", format!("{it}: off")));
    let said = if off.len() == FLAGS {
        "it blocks no public access itself".to_owned()
    } else {
        format!("it does not block all public access: {}", off.join(", "))
    };
    let is_public = is_public(&bucket.policy);
    let policy = match is_public {
        Some(true) if block.restrict_public_buckets => {
            "its policy is public, but held back by what is on"
        }
        Some(true) => "its policy is public, which rule bucket-public tells of",
        Some(false) => "its policy lets no stranger in now",
        None => "whether its policy lets strangers in was not read",
    };
    verdict(Status::Fail, format!("{said}; {policy}")).evidence(evidence)
}

/// How many parts a block has.
const FLAGS: usize = 4;

/// The parts of a block that are off, in AWS's names.
fn off(block: &PublicAccessBlock) -> Vec<&'static str> {
    let flags: [(&str, bool); FLAGS] = [
        ("BlockPublicAcls", block.block_public_acls),
        ("IgnorePublicAcls", block.ignore_public_acls),
        ("BlockPublicPolicy", block.block_public_policy),
        ("RestrictPublicBuckets", block.restrict_public_buckets),
    ];
    let off = flags.into_iter().filter(|(_, on)| !on);
    off.map(|(it, _)| it).collect()
}

/// AWS's verdict on the policy; a bucket without a policy is not made public by one.
fn is_public(policy: &Fact<Option<PolicyFacts>>) -> Option<bool> {
    let policy = policy.known()?;
    Some(policy.as_ref().is_some_and(|it| it.is_public))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn what_was_refused_is_unknown_and_never_dropped() {
        let gap = testing::gap(Kind::Bucket, "s3:GetBucketPublicAccessBlock");
        let resources = [Resource::new("b", Bucket::default())];
        let gap = crate::snapshot::Gap {
            resource: Some(resources[0].id.clone()),
            ..gap
        };
        let words = RULE.words().unwrap();
        let verdicts = testing::owned(&resources, &[gap], |_| true, |case| check(case, &words));
        assert_eq!(verdicts[0].status, Status::Unknown);
        assert!(verdicts[0].gap.is_some());
    }
}
