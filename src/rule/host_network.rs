//! Tasks that use the network of their machine as if they were no containers.

use super::{
    Case, Evidence, Rule, Verdict, Words,
    used_definition::{self, Judgement},
};

pub const RULE: Rule = Rule {
    id: "host-network",
    words: include_str!("../../rules/host-network.toml"),
    needs: used_definition::NEEDS,
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    used_definition::check(&RULE, case, words, |resource, definition| {
        let mode = definition.network_mode.as_deref().unwrap_or("default");
        if mode != "host" {
            return Judgement::Pass(format!("its network mode is {mode}"));
        }
        let why = "its containers listen on the machine's own addresses, and reach what listens on \
                   its loopback";
        let evidence = Evidence::new(&resource.id, "networkMode", mode);
        Judgement::Fail(why.to_owned(), vec![evidence])
    })
}
