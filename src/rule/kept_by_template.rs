//! What a stack leaves behind when it is deleted, because its template says so.

use super::{Case, Evidence, Rule, Status, Verdict, Words, going};
use crate::{
    arn,
    kind::{Kind, stack::Stack},
    snapshot::Resource,
};

pub const RULE: Rule = Rule {
    id: "kept-by-template",
    words: include_str!("../../rules/kept-by-template.toml"),
    needs: &[Kind::Stack],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let stacks = going::of::<Stack>(case);
    stacks
        .flat_map(|(resource, stack)| judge(case, words, resource, stack))
        .collect()
}

fn judge(case: &Case<'_>, words: &Words, resource: &Resource, stack: &Stack) -> Vec<Verdict> {
    let id = &resource.id;
    let Some(kept) = stack.keeps() else {
        let why = "what it leaves behind when it is deleted was not read";
        let verdict = Verdict::new(&RULE, words, id, Status::Unknown, why);
        let gap = case.gap_of_call(id, "GetTemplate");
        let gap = gap.or_else(|| case.gap_of_call(id, "ListStackResources"));
        return vec![verdict.gap(gap)];
    };
    if kept.is_empty() {
        let why = "its template keeps nothing of what it made";
        return vec![Verdict::new(&RULE, words, id, Status::Pass, why)];
    }
    kept.into_iter()
        .map(|(member, policy)| {
            let made = arn::stack_resource(&member.cloudformation, &member.physical);
            // It stays as well where it could not be read itself.
            let made = made.map(|it| case.graph.get(&it).map_or(it, |it| it.id.clone()));
            let stays = match policy {
                "Snapshot" => "a snapshot of it is made and stays",
                _ => "it stays",
            };
            let why = format!(
                "{stays} when CloudFormation deletes {id}: the template says {policy} of {}",
                member.logical
            );
            let evidence = Evidence::new(id, "DeletionPolicy", policy);
            // What is of no kind that is read has only its stack to be told by.
            let subject = made.as_ref().unwrap_or(id);
            let verdict = Verdict::new(&RULE, words, subject, Status::Fail, why);
            verdict
                .detail(format!("{}/{}", id.key, member.logical))
                .evidence([evidence])
        })
        .collect()
}
