//! KMS keys that go although something that stays is encrypted with them.

use super::{Case, Evidence, Rule, Severity, Status, Verdict, Words, going};
use crate::{
    id::ResourceId,
    kind::{Kind, key::Key},
    relation::RelationKind,
    snapshot::Resource,
};

pub const RULE: Rule = Rule {
    id: "key-still-needed",
    words: include_str!("../../rules/key-still-needed.toml"),
    needs: &[Kind::Key, Kind::KeyAlias, Kind::Bucket],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let keys = case.ours::<Key>();
    keys.filter(|(_, it)| it.is_aws_managed() != Some(true))
        .map(|(resource, key)| judge(case, words, resource, key))
        .collect()
}

fn judge(case: &Case<'_>, words: &Words, resource: &Resource, key: &Key) -> Verdict {
    let id = &resource.id;
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    let users = users(case, id);
    if key.facts.known().is_some_and(|it| it.is_going()) {
        if users.is_empty() {
            let why = "it is to be deleted, and nothing that was read is encrypted with it";
            return verdict(Status::Pass, why.to_owned());
        }
        let why = format!(
            "it is to be deleted and decrypts nothing from now on, but {} is encrypted with it",
            going::few(&users)
        );
        let evidence = Evidence::new(id, "KeyState", "PendingDeletion");
        return verdict(Status::Fail, why)
            .severity(Severity::Critical)
            .evidence([evidence]);
    }
    let staying: Vec<ResourceId> = users
        .into_iter()
        .filter(|it| !going::goes(case, it) || going::kept(case, it).is_some())
        .collect();
    if staying.is_empty() || !going::goes(case, id) {
        let why = "nothing that was read would stay behind encrypted with it";
        return verdict(Status::Pass, why.to_owned());
    }
    let why = format!(
        "{} stays and is encrypted with it: without the key its data cannot be read",
        going::few(&staying)
    );
    let evidence = staying
        .iter()
        .map(|it| Evidence::new(it, "KmsKeyId", &*id.key));
    verdict(Status::Fail, why).evidence(evidence)
}

/// What names the key, by itself or by one of its aliases.
fn users(case: &Case<'_>, key: &ResourceId) -> Vec<ResourceId> {
    let direct = |id: &ResourceId| {
        let users = case.graph.users(id).into_iter();
        users
            .filter(|(_, edge)| edge.kind == RelationKind::Uses)
            .map(|(it, _)| it.id.clone())
            .collect::<Vec<_>>()
    };
    let aliases = case.graph.users(key).into_iter();
    let aliases = aliases.filter(|(it, _)| it.id.kind == Kind::KeyAlias);
    let mut users: Vec<ResourceId> = aliases.flat_map(|(it, _)| direct(&it.id)).collect();
    users.extend(
        direct(key)
            .into_iter()
            .filter(|it| it.kind != Kind::KeyAlias),
    );
    users.sort_unstable();
    users.dedup();
    users
}
