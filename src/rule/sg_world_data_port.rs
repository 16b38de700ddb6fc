//! Ports of databases, caches and brokers that a security group opens to the whole internet.

use super::{
    Case, Rule, Verdict, Words,
    exposure::Protocol,
    sg_world::{self, Ports},
};
use crate::kind::Kind;

pub const RULE: Rule = Rule {
    id: "sg-world-data-port",
    words: include_str!("../../rules/sg-world-data-port.toml"),
    needs: &[Kind::SecurityGroup],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let tcp = words.ports("tcp");
    let udp = words.ports("udp");
    let ports: Ports<'_> = &[(Protocol::Tcp, &tcp), (Protocol::Udp, &udp)];
    sg_world::check(&RULE, case, words, ports)
}
