//! Security groups that let every protocol in from the whole internet.

use super::{
    Case, Rule, Status, Verdict, Words,
    exposure::{self, Answer, Opening, Protocol},
    sg_world,
};
use crate::kind::{Kind, security_group::SecurityGroup};

pub const RULE: Rule = Rule {
    id: "sg-world-all-traffic",
    words: include_str!("../../rules/sg-world-all-traffic.toml"),
    needs: &[Kind::SecurityGroup],
    check,
};

/// Any port shows whether the internet arrives; a machine that listens has this one most often.
const SSH: Opening = Opening {
    protocol: Protocol::Tcp,
    from: 22,
    to: 22,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let judge = |(resource, group): (&crate::snapshot::Resource, &SecurityGroup)| {
        let id = &resource.id;
        match exposure::all_traffic(group) {
            Answer::Open => {
                let (severity, used) = sg_world::weigh(case, words, id, &[SSH]);
                let why = format!("everything is let in from the whole internet; {used}");
                let entries = group.ingress.iter();
                let entries =
                    entries.filter(|it| it.protocol == "-1" && sg_world::opens(group, it, &SSH));
                Verdict::new(&RULE, words, id, Status::Fail, why)
                    .severity(severity)
                    .evidence(sg_world::evidence(id, entries))
            }
            Answer::Unknown => sg_world::listed(&RULE, case, words, id),
            Answer::Closed => {
                let why = "no entry lets all traffic in from the whole internet";
                Verdict::new(&RULE, words, id, Status::Pass, why)
            }
        }
    };
    case.ours::<SecurityGroup>().map(judge).collect()
}
