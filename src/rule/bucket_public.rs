//! Buckets that strangers may read or write.

use super::{Case, Evidence, Rule, Status, Verdict, Words};
use crate::{
    id::ResourceId,
    kind::{
        Kind,
        bucket::{Bucket, Grant, Part},
    },
    snapshot::{Gap, Resource},
};

pub const RULE: Rule = Rule {
    id: "bucket-public",
    words: include_str!("../../rules/bucket-public.toml"),
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
    let void_policy = bucket.blocks(Part::RestrictPublicBuckets);
    let void_grants = bucket.blocks(Part::IgnorePublicAcls);
    let policy = bucket.has_public_policy();
    let is_public = policy == Some(true);
    let acl = bucket.acl.known();
    let grants = acl.map(Vec::as_slice).unwrap_or_default();
    let open = is_public && void_policy == Some(false);
    let granted = if void_grants == Some(false) {
        grants
    } else {
        &[]
    };
    if open || !granted.is_empty() {
        return fail(words, id, open, granted);
    }
    let may_open = is_public && void_policy.is_none();
    if may_open || (!grants.is_empty() && void_grants.is_none()) {
        let (whose, gap) = unread_block(case, id, bucket);
        let why =
            format!("it is open to strangers unless {whose}, which was not read, keeps them out");
        return verdict(Status::Unknown, why).gap(gap);
    }
    // What was not read and could still make it public.
    let unread = if policy.is_none() && void_policy != Some(true) {
        Some(("whether its policy is public", "GetBucketPolicyStatus"))
    } else if acl.is_none() && void_grants != Some(true) {
        Some(("its access control list", "GetBucketAcl"))
    } else {
        None
    };
    if let Some((what, call)) = unread {
        let gap = case.gap_of_call(id, call);
        return verdict(Status::Unknown, format!("{what} was not read")).gap(gap);
    }
    let why = if is_public || !grants.is_empty() {
        "a block on public access keeps out the strangers whom it would let in"
    } else {
        "neither its policy nor its access control list lets strangers in"
    };
    verdict(Status::Pass, why.to_owned())
}

/// Which of the two blocks on public access was not read, and why: its own, else the account's.
pub(super) fn unread_block<'a>(
    case: &Case<'a>,
    id: &ResourceId,
    bucket: &Bucket,
) -> (&'static str, Option<&'a Gap>) {
    let (whose, call) = match bucket.public_access_block.known() {
        None => ("its block on public access", "s3:GetPublicAccessBlock"),
        Some(_) => (
            "the account's block on public access",
            "s3control:GetPublicAccessBlock",
        ),
    };
    (whose, case.gap_of_call(id, call))
}

/// What opens it: its policy, and what its access control list grants.
fn fail(words: &Words, id: &ResourceId, open: bool, grants: &[Grant]) -> Verdict {
    let mut ways = Vec::new();
    let mut evidence = Vec::new();
    if open {
        ways.push("AWS calls its policy public".to_owned());
        evidence.push(Evidence::new(id, "PolicyStatus.IsPublic", "true"));
    }
    for grant in grants {
        let who = match grant.group.as_str() {
            "AllUsers" => "everybody",
            _ => "whoever has an AWS account",
        };
        ways.push(format!(
            "its access control list grants {} to {who}",
            grant.permission
        ));
        let value = format!("{}: {}", grant.group, grant.permission);
        evidence.push(Evidence::new(id, "Grants.Permission", value));
    }
    let why = format!(
        "{}; neither its own block on public access nor the account's keeps strangers out",
        ways.join(", and ")
    );
    Verdict::new(&RULE, words, id, Status::Fail, why).evidence(evidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kind::{
            Fact,
            bucket::{PolicyFacts, PublicAccessBlock},
        },
        rule::Severity,
        testing,
    };

    fn judged(bucket: Bucket) -> Verdict {
        let resources = [Resource::new("b", bucket)];
        let words = RULE.words().unwrap();
        let mut said = testing::owned(&resources, &[], |_| true, |case| check(case, &words));
        said.remove(0)
    }

    /// One whose policy is public, with what was read of the two blocks: whether they void it.
    fn public(own: Option<bool>, account: Option<bool>) -> Verdict {
        let fact = |it: Option<bool>| {
            let block = it.map(|it| PublicAccessBlock {
                restrict_public_buckets: it,
                ignore_public_acls: it,
                ..PublicAccessBlock::default()
            });
            block.map_or(Fact::Unread, Fact::Known)
        };
        judged(Bucket {
            public_access_block: match fact(own) {
                Fact::Known(it) => Fact::Known(Some(it)),
                Fact::Unread => Fact::Unread,
            },
            account_block: fact(account),
            policy: Fact::Known(Some(PolicyFacts {
                is_public: true,
                says: Fact::Unread,
            })),
            acl: Fact::Known(Vec::new()),
            ..Bucket::default()
        })
    }

    #[test]
    fn either_block_is_enough_and_one_that_was_not_read_may_be() {
        let (on, off, unread) = (Some(true), Some(false), None);
        for (own, account, expected) in [
            (off, off, Status::Fail),
            (on, off, Status::Pass),
            (off, on, Status::Pass),
            (unread, on, Status::Pass),
            (on, unread, Status::Pass),
            (off, unread, Status::Unknown),
            (unread, off, Status::Unknown),
            (unread, unread, Status::Unknown),
        ] {
            let said = public(own, account);
            assert_eq!(said.status, expected, "{own:?} {account:?}: {}", said.why);
        }
        assert!(public(off, unread).why.contains("the account's block"));
        assert!(public(unread, off).why.contains("its block"));
    }

    #[test]
    fn what_strangers_may_read_is_as_critical_as_what_they_may_write_and_both_are_said() {
        for (permission, said) in [
            ("READ", "grants READ to everybody"),
            ("WRITE_ACP", "grants WRITE_ACP to everybody"),
        ] {
            let grant = Grant {
                group: "AllUsers".to_owned(),
                permission: permission.to_owned(),
            };
            let bucket = Bucket {
                public_access_block: Fact::Known(None),
                account_block: Fact::Known(PublicAccessBlock::default()),
                policy: Fact::Known(None),
                acl: Fact::Known(vec![grant]),
                ..Bucket::default()
            };
            let it = judged(bucket);
            assert_eq!(
                (it.status, it.severity),
                (Status::Fail, Severity::Critical),
                "{permission}"
            );
            assert!(it.why.contains(said), "{}", it.why);
        }
    }
}
