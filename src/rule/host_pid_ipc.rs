//! Tasks that see the processes or the shared memory of their machine.

use super::{
    Case, Evidence, Rule, Verdict, Words,
    used_definition::{self, Judgement},
};

pub const RULE: Rule = Rule {
    id: "host-pid-ipc",
    words: include_str!("../../rules/host-pid-ipc.toml"),
    needs: used_definition::NEEDS,
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    used_definition::check(&RULE, case, words, |resource, definition| {
        let shared: Vec<(&str, &str)> = [
            ("pidMode", "processes", &definition.pid_mode),
            ("ipcMode", "shared memory", &definition.ipc_mode),
        ]
        .into_iter()
        .filter(|(_, _, mode)| mode.as_deref() == Some("host"))
        .map(|(path, what, _)| (path, what))
        .collect();
        if shared.is_empty() {
            return Judgement::Pass("it has processes and shared memory of its own".to_owned());
        }
        let what: Vec<&str> = shared.iter().map(|(_, what)| *what).collect();
        let why = format!("its containers see the machine's {}", what.join(" and "));
        let evidence = shared.iter();
        let evidence = evidence.map(|(path, _)| Evidence::new(&resource.id, path, "host"));
        Judgement::Fail(why, evidence.collect())
    })
}
