//! Ports for administration that a security group opens to the whole internet.

use super::{
    Case, Rule, Verdict, Words,
    exposure::Protocol,
    sg_world::{self, Ports},
};
use crate::kind::Kind;

pub const RULE: Rule = Rule {
    id: "sg-world-admin-port",
    words: include_str!("../../rules/sg-world-admin-port.toml"),
    needs: &[Kind::SecurityGroup],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let tcp = words.ports("tcp");
    let ports: Ports<'_> = &[(Protocol::Tcp, &tcp)];
    sg_world::check(&RULE, case, words, ports)
}
