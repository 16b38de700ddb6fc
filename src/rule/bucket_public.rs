//! Buckets that strangers may read or write.

use super::{Case, Evidence, Rule, Severity, Status, Verdict, Words};
use crate::{
    kind::{Kind, bucket::Bucket},
    snapshot::Resource,
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
    let block = bucket.public_access_block.known();
    let on = block.cloned().flatten().unwrap_or_default();
    let policy = bucket.policy.known();
    let open = policy.is_some_and(|it| it.as_ref().is_some_and(|it| it.is_public));
    let open = open && !on.restrict_public_buckets;
    let grants = bucket.acl.known().map(Vec::as_slice).unwrap_or_default();
    let grants = if on.ignore_public_acls { &[] } else { grants };
    // The first that was not read and could still make it public.
    let unread = if block.is_none() {
        Some(("its block on public access", "GetPublicAccessBlock"))
    } else if policy.is_none() {
        Some(("whether its policy is public", "GetBucketPolicyStatus"))
    } else if !on.ignore_public_acls && bucket.acl.known().is_none() {
        Some(("its access control list", "GetBucketAcl"))
    } else {
        None
    };
    if open || !grants.is_empty() {
        if block.is_none() {
            let why = "it is open to strangers unless its block on public access, which was not \
                       read, keeps them out";
            let gap = case.gap_of_call(id, "GetPublicAccessBlock");
            return verdict(Status::Unknown, why.to_owned()).gap(gap);
        }
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
        let writes = |it: &str| matches!(it, "WRITE" | "WRITE_ACP" | "FULL_CONTROL");
        let severity = if grants.iter().any(|it| writes(&it.permission)) {
            Severity::Critical
        } else {
            words.severity
        };
        let why = format!(
            "{}; only the account's own block on public access, which is not read, could still \
             keep strangers out",
            ways.join(", and ")
        );
        return verdict(Status::Fail, why)
            .severity(severity)
            .evidence(evidence);
    }
    if let Some((what, call)) = unread {
        let gap = case.gap_of_call(id, call);
        return verdict(Status::Unknown, format!("{what} was not read")).gap(gap);
    }
    let why = "neither its policy nor its access control list lets strangers in";
    verdict(Status::Pass, why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kind::{Fact, bucket::Grant},
        testing,
    };

    #[test]
    fn what_strangers_may_write_is_worse_than_what_they_may_read() {
        let said = |permission: &str| {
            let grant = Grant {
                group: "AllUsers".to_owned(),
                permission: permission.to_owned(),
            };
            let bucket = Bucket {
                public_access_block: Fact::Known(None),
                policy: Fact::Known(None),
                acl: Fact::Known(vec![grant]),
                ..Bucket::default()
            };
            let resources = [Resource::new("b", bucket)];
            let words = RULE.words().unwrap();
            let said = testing::owned(&resources, &[], |_| true, |case| check(case, &words));
            (said[0].status, said[0].severity)
        };
        assert_eq!(said("READ"), (Status::Fail, Severity::High));
        assert_eq!(said("WRITE"), (Status::Fail, Severity::Critical));
    }
}
