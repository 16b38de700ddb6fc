//! Functions whose network interfaces hold subnets and groups long after they are gone.

use super::{Case, Evidence, Rule, Status, Verdict, Words, going};
use crate::kind::{Kind, function::Function};

pub const RULE: Rule = Rule {
    id: "slow-interface",
    words: include_str!("../../rules/slow-interface.toml"),
    needs: &[Kind::Function],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let functions = going::of::<Function>(case);
    functions
        .map(|(resource, function)| {
            let id = &resource.id;
            let verdict = |status, why: &str| Verdict::new(&RULE, words, id, status, why);
            if function.subnets.is_empty() {
                let why = "it is in no subnet, and so has no interface to wait for";
                return verdict(Status::Pass, why);
            }
            let evidence = Evidence::new(id, "VpcConfig.SubnetIds", function.subnets.join(", "));
            let why = "it has network interfaces in the VPC, which AWS takes away up to 45 \
                       minutes after it is gone";
            verdict(Status::Fail, why).evidence([evidence])
        })
        .collect()
}
