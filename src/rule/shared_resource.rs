//! What others use, too: it stays, or they break.

use super::{Case, Evidence, Rule, Severity, Status, Verdict, Words, going};
use crate::{belonging::Class, id::ResourceId, kind::Kind, removal::Removal, text};

pub const RULE: Rule = Rule {
    id: "shared-resource",
    words: include_str!("../../rules/shared-resource.toml"),
    needs: &[
        Kind::Stack,
        Kind::Service,
        Kind::Task,
        Kind::Instance,
        Kind::LaunchTemplate,
        Kind::LoadBalancer,
        Kind::NetworkInterface,
        Kind::SecurityGroup,
        Kind::VpcEndpoint,
        Kind::DbInstance,
        Kind::Function,
        Kind::Role,
    ],
    check,
};

/// What is commonly shared; others are told of only where they are.
const COMMON: &[Kind] = &[
    Kind::Vpc,
    Kind::Subnet,
    Kind::InternetGateway,
    Kind::NatGateway,
    Kind::SecurityGroup,
    Kind::Cluster,
    Kind::LoadBalancer,
    Kind::Bucket,
    Kind::FileSystem,
    Kind::HostedZone,
    Kind::Key,
    Kind::Role,
    Kind::Repository,
    Kind::LogGroup,
];

/// Whether it came with the rack: what the rack only uses stays anyhow.
fn is_made_by_rack(case: &Case<'_>, id: &ResourceId) -> bool {
    let mut makers = case.graph.users(id).into_iter();
    case.rack.roots.contains_key(id)
        || makers.any(|(it, edge)| edge.kind.is_origin() && going::goes(case, &it.id))
}

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let ours = case.belongings.ours();
    ours.filter_map(|(id, belonging)| {
        let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
        let resource = case.graph.get(id)?;
        if matches!(resource.attrs.model().removal(), Removal::Never(_)) {
            return None;
        }
        if belonging.class == Class::Shared && !belonging.others.is_empty() {
            let number = text::count(belonging.others.len(), "thing");
            let why = format!(
                "{number} that {} not the rack's {} it: {}",
                if belonging.others.len() == 1 {
                    "is"
                } else {
                    "are"
                },
                if belonging.others.len() == 1 {
                    "uses"
                } else {
                    "use"
                },
                going::few(&belonging.others)
            );
            let others = belonging.others.iter();
            let evidence = others.map(|it: &ResourceId| Evidence::new(it, "uses", id.to_string()));
            let verdict = if is_made_by_rack(case, id) {
                verdict(Status::Fail, why)
            } else {
                let why = format!("{why}; nothing of the rack made it, so it stays");
                verdict(Status::Fail, why).severity(Severity::Low)
            };
            return Some(verdict.evidence(evidence));
        }
        if !COMMON.contains(&id.kind) || belonging.class == Class::Shared {
            return None;
        }
        let why = "nothing that is not the rack's was seen to use it";
        Some(verdict(Status::Pass, why.to_owned()))
    })
    .collect()
}
