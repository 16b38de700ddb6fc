//! Tables and log groups that AWS refuses to delete.

use super::{Case, Evidence, Rule, Status, Verdict, Words, going};
use crate::{
    id::ResourceId,
    kind::{Kind, log_group::LogGroup, table::Table},
};

pub const RULE: Rule = Rule {
    id: "data-protected",
    words: include_str!("../../rules/data-protected.toml"),
    needs: &[Kind::Table, Kind::LogGroup],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let tables = going::of::<Table>(case).map(|(it, table)| match table.facts.known() {
        Some(facts) => judge(
            words,
            &it.id,
            "DeletionProtectionEnabled",
            facts.deletion_protection,
        ),
        None => {
            let why = "whether deletion protection is on was not read";
            let gap = case.gap_of_call(&it.id, "DescribeTable");
            Verdict::new(&RULE, words, &it.id, Status::Unknown, why).gap(gap)
        }
    });
    let groups = going::of::<LogGroup>(case).map(|(it, group)| {
        judge(
            words,
            &it.id,
            "deletionProtectionEnabled",
            group.deletion_protection,
        )
    });
    tables.chain(groups).collect()
}

fn judge(words: &Words, id: &ResourceId, field: &'static str, protected: bool) -> Verdict {
    let verdict = |status, why: &str| Verdict::new(&RULE, words, id, status, why);
    if !protected {
        return verdict(Status::Pass, "deletion protection is off");
    }
    let why = "deletion protection is on: AWS refuses to delete it";
    verdict(Status::Fail, why).evidence([Evidence::new(id, field, "true")])
}
