//! Buckets that do not themselves rule out public access.

use super::{Case, Evidence, Rule, Status, Verdict, Words, bucket_public};
use crate::{
    kind::{
        Kind,
        bucket::{Bucket, Part, PublicAccessBlock},
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
    let of = |wanted: Option<bool>| {
        let parts = Part::ALL.into_iter();
        parts.filter(move |it| bucket.blocks(*it) == wanted)
    };
    let off: Vec<&str> = of(Some(false)).map(Part::name).collect();
    if off.is_empty() {
        if of(None).next().is_none() {
            return verdict(Status::Pass, closed(bucket).to_owned());
        }
        let (whose, gap) = bucket_public::unread_block(case, id, bucket);
        return verdict(Status::Unknown, format!("{whose} was not read")).gap(gap);
    }
    let evidence = off
        .iter()
        .map(|it| Evidence::new(id, "PublicAccessBlockConfiguration", format!("{it}: off")));
    let said = if off.len() == Part::ALL.len() {
        "neither it nor the account blocks any public access".to_owned()
    } else {
        format!(
            "neither it nor the account blocks all public access: {} off",
            off.join(", ")
        )
    };
    let policy = match bucket.has_public_policy() {
        Some(true) if bucket.blocks(Part::RestrictPublicBuckets) == Some(true) => {
            "its policy is public, but held back by what is on"
        }
        Some(true) => "its policy is public, which rule bucket-public tells of",
        Some(false) => "its policy lets no stranger in now",
        None => "whether its policy lets strangers in was not read",
    };
    verdict(Status::Fail, format!("{said}; {policy}")).evidence(evidence)
}

/// Who it is that rules out all public access.
fn closed(bucket: &Bucket) -> &'static str {
    let all = |block: &PublicAccessBlock| Part::ALL.into_iter().all(|it| block.has(it));
    let own = bucket.public_access_block.known();
    if own.is_some_and(|it| it.as_ref().is_some_and(all)) {
        return "it rules out all public access";
    }
    match bucket.account_block.known().is_some_and(all) {
        true => "the account rules out all public access to its buckets",
        false => "it and the account together rule out all public access",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kind::Fact, testing};

    #[test]
    fn what_was_refused_is_unknown_and_never_dropped() {
        let gap = testing::gap(Kind::Bucket, "s3:GetPublicAccessBlock");
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

    #[test]
    fn the_accounts_block_covers_what_the_buckets_own_leaves_open() {
        let all = PublicAccessBlock {
            block_public_acls: true,
            ignore_public_acls: true,
            block_public_policy: true,
            restrict_public_buckets: true,
        };
        let half = PublicAccessBlock {
            block_public_policy: false,
            restrict_public_buckets: false,
            ..all.clone()
        };
        let none = PublicAccessBlock::default();
        let said = |own: &PublicAccessBlock, account: Option<&PublicAccessBlock>| {
            let bucket = Bucket {
                public_access_block: Fact::Known(Some(own.clone())),
                account_block: account.map_or(Fact::Unread, |it| Fact::Known(it.clone())),
                ..Bucket::default()
            };
            let resources = [Resource::new("b", bucket)];
            let words = RULE.words().unwrap();
            let said = testing::owned(&resources, &[], |_| true, |case| check(case, &words));
            (said[0].status, said[0].evidence.len())
        };
        assert_eq!(said(&none, Some(&all)), (Status::Pass, 0));
        assert_eq!(said(&half, Some(&none)), (Status::Fail, 2));
        assert_eq!(said(&none, Some(&half)), (Status::Fail, 2));
        assert_eq!(said(&half, None), (Status::Unknown, 0));
        assert_eq!(said(&all, None), (Status::Pass, 0));
    }
}
