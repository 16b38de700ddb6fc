//! Stacks whose exported values others import, which CloudFormation does not delete.

use super::{Case, Evidence, Rule, Status, Verdict, Words, going};
use crate::{
    id::ResourceId,
    kind::{Kind, stack::Stack},
    snapshot::Resource,
};

pub const RULE: Rule = Rule {
    id: "export-imported",
    words: include_str!("../../rules/export-imported.toml"),
    needs: &[Kind::Stack],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let judge = |(resource, stack)| judge(case, words, resource, stack);
    going::of::<Stack>(case).map(judge).collect()
}

fn judge(case: &Case<'_>, words: &Words, resource: &Resource, stack: &Stack) -> Verdict {
    let id = &resource.id;
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    let Some(exports) = stack.exports.known() else {
        let why = "which values it exports was not read";
        let gap = case.gap_of_call(id, "ListExports");
        return verdict(Status::Unknown, why.to_owned()).gap(gap);
    };
    let (mut evidence, mut strangers, mut unread) = (Vec::new(), Vec::new(), Vec::new());
    for export in exports {
        let Some(importers) = export.importers.known() else {
            unread.push(export.name.as_str());
            continue;
        };
        // The rack's own importers go before it.
        let stays = |it: &&String| !going::goes(case, &ResourceId::new(Kind::Stack, *it));
        for importer in importers.iter().filter(stays) {
            let value = format!("{} imports {}", importer, export.name);
            evidence.push(Evidence::new(id, "Imports", value));
            strangers.push(importer.as_str());
        }
    }
    strangers.sort_unstable();
    strangers.dedup();
    if !strangers.is_empty() {
        let why = format!(
            "stacks that are not the rack's import values that it exports: {}",
            going::few(&strangers)
        );
        return verdict(Status::Fail, why).evidence(evidence);
    }
    if !unread.is_empty() {
        let why = format!("who imports {} was not read", going::few(&unread));
        let gap = case.gap_of_call(id, "ListImports");
        return verdict(Status::Unknown, why).gap(gap);
    }
    let why = if exports.is_empty() {
        "it exports no value"
    } else {
        "no stack outside of the rack imports a value of it"
    };
    verdict(Status::Pass, why.to_owned())
}
