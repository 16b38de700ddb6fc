//! Disks that are not encrypted, and that will not be.

use std::collections::BTreeMap;

use super::{Case, Evidence, Rule, Severity, Status, Verdict, Words, launch, origin};
use crate::{
    id::ResourceId,
    kind::{Fact, Kind, auto_scaling_group::AutoScalingGroup, volume::Volume},
    snapshot::Resource,
};

pub const RULE: Rule = Rule {
    id: "ebs-unencrypted",
    words: include_str!("../../rules/ebs-unencrypted.toml"),
    needs: &[Kind::AutoScalingGroup, Kind::Instance, Kind::Volume],
    check,
};

/// The call that tells whether the account encrypts every new disk.
const DEFAULT: &str = "GetEbsEncryptionByDefault";

/// One verdict for each Auto Scaling group or service whose disks come and go, for each machine or
/// disk that stands for itself, and for each group that has no machine now; one about the account
/// where it alone is what is wrong.
fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let mut by_subject: BTreeMap<ResourceId, Vec<(&Resource, &Volume)>> = BTreeMap::new();
    for (resource, volume) in case.ours::<Volume>().filter(|(_, it)| !it.is_gone()) {
        let of = origin::of(case, &resource.id);
        // A single machine's disks are mended one by one.
        let subject = if of.kind == Kind::Instance {
            resource.id.clone()
        } else {
            of
        };
        by_subject
            .entry(subject)
            .or_default()
            .push((resource, volume));
    }
    let judged = by_subject.iter();
    let mut verdicts: Vec<Verdict> = judged
        .map(|(it, all)| judge(case, words, it, all))
        .collect();
    let empty = launch::empty_groups(case).filter(|it| !by_subject.contains_key(&it.group.id));
    verdicts.extend(empty.map(|it| judge_next(case, words, &it)));
    let mended = verdicts.iter().all(|it| it.status != Status::Fail);
    verdicts.extend(judge_account(case, words).filter(|_| mended));
    verdicts
}

fn judge(
    case: &Case<'_>,
    words: &Words,
    subject: &ResourceId,
    all: &[(&Resource, &Volume)],
) -> Verdict {
    let plain: Vec<_> = all.iter().filter(|(_, it)| !it.encrypted).collect();
    let one = all.iter().all(|(it, _)| it.id == *subject);
    if plain.is_empty() {
        let why = if one {
            "it is encrypted".to_owned()
        } else {
            format!("disks that are not encrypted: 0 of {}", all.len())
        };
        return Verdict::new(&RULE, words, subject, Status::Pass, why);
    }
    let group = case.graph.get_as::<AutoScalingGroup>(&subject.key);
    let group = group.filter(|it| it.0.id == *subject);
    let default = match group.and_then(|(_, it)| it.disks_encrypted_by_default.known()) {
        Some(true) => "; the account encrypts new disks by now, so new machines are enough",
        Some(false) => "; the account does not encrypt new disks by itself",
        None => "",
    };
    let why = if one {
        "it is not encrypted".to_owned()
    } else {
        format!(
            "disks that are not encrypted: {} of {}{default}",
            plain.len(),
            all.len()
        )
    };
    let evidence = plain
        .into_iter()
        .map(|(it, _)| Evidence::new(&it.id, "Encrypted", "false"));
    Verdict::new(&RULE, words, subject, Status::Fail, why).evidence(evidence)
}

/// What the disks of a group's next machine will be. What nobody says is not "no": the account's
/// default or the image decides.
fn judge_next(case: &Case<'_>, words: &Words, next: &launch::Next<'_>) -> Verdict {
    let id = &next.group.id;
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    let default = &next.attrs.disks_encrypted_by_default;
    let said = |wanted: Option<bool>| {
        let devices = next.devices.iter();
        let devices = devices.filter(move |it| it.encrypted == wanted);
        devices.map(|it| it.name.as_str()).collect::<Vec<_>>()
    };
    let (plain, open) = (said(Some(false)), said(None));
    let from = next.from;
    match default {
        Fact::Known(true) => {
            let why = "it has no machine, and the account encrypts every new disk by itself";
            verdict(Status::Pass, why.to_owned())
        }
        _ if !next.devices.is_empty() && plain.is_empty() && open.is_empty() => {
            let why = format!("it has no machine, and {from} has each disk encrypted");
            verdict(Status::Pass, why)
        }
        Fact::Unread => {
            let why = "whether the account encrypts the disks of its next machine was not read";
            let gap = case.gap_of_call(id, DEFAULT);
            verdict(Status::Unknown, why.to_owned()).gap(gap)
        }
        Fact::Known(false) if !plain.is_empty() => {
            let why = format!(
                "it has no machine, and the next one's disks are not encrypted, as {from} says: {}",
                plain.join(", ")
            );
            let evidence = plain.iter().map(|it| {
                let value = format!("{it}: false");
                Evidence::new(from, "BlockDeviceMappings.Ebs.Encrypted", value)
            });
            verdict(Status::Fail, why).evidence(evidence)
        }
        Fact::Known(false) => {
            let why = format!(
                "it has no machine; {from} does not say whether the next one's disks are \
                 encrypted, and the account does not encrypt new disks by itself, so only an image \
                 that is encrypted makes them so, which lowers the severity"
            );
            let evidence = Evidence::new(id, "EbsEncryptionByDefault", "false");
            let low = words.severity.min(Severity::Low);
            verdict(Status::Fail, why)
                .severity(low)
                .evidence([evidence])
        }
    }
}

/// The account's default, told of the rack as a whole: nothing of the rack is wrong by it yet.
fn judge_account(case: &Case<'_>, words: &Words) -> impl Iterator<Item = Verdict> {
    let of_group = |(group, attrs): (&Resource, &AutoScalingGroup)| {
        let default = attrs.disks_encrypted_by_default;
        (group.id.clone(), default)
    };
    let first = case.ours::<AutoScalingGroup>().next().map(of_group);
    let said = first.and_then(|(group, default)| {
        let root = case.whole()?;
        let verdict = |status, why: &str| {
            Verdict::new(&RULE, words, root, status, why)
                .severity(words.severity.min(Severity::Low))
                .detail("default")
        };
        match default {
            Fact::Known(true) => None,
            Fact::Known(false) => {
                let why = "the account does not encrypt new disks of the region by itself: the \
                           next template that forgets it has plain ones";
                let evidence = Evidence::new(&group, "EbsEncryptionByDefault", "false");
                Some(verdict(Status::Fail, why).evidence([evidence]))
            }
            Fact::Unread => {
                let gap = case.gap_of_call(&group, DEFAULT)?;
                let why = "whether the account encrypts new disks by itself was not read";
                Some(verdict(Status::Unknown, why).gap(Some(gap)))
            }
        }
    });
    said.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kind::launch_configuration::{Device, LaunchConfiguration},
        testing,
    };

    /// A group without machines, and what its configuration and its account say of disks.
    fn said(devices: &[Option<bool>], default: Fact<bool>) -> (Status, Severity) {
        let devices = devices.iter().map(|it| Device {
            name: "/dev/xvda".to_owned(),
            encrypted: *it,
            ..Device::default()
        });
        let configuration = LaunchConfiguration {
            devices: devices.collect(),
            ..LaunchConfiguration::default()
        };
        let group = AutoScalingGroup {
            launch_configuration: Some("lc".to_owned()),
            disks_encrypted_by_default: default,
            ..AutoScalingGroup::default()
        };
        let resources = [
            Resource::new("workers", group),
            Resource::new("lc", configuration),
        ];
        let words = RULE.words().unwrap();
        let said = testing::owned(&resources, &[], |_| true, |case| check(case, &words));
        (said[0].status, said[0].severity)
    }

    #[test]
    fn what_nobody_says_is_left_to_the_account() {
        let (on, off) = (Fact::Known(true), Fact::Known(false));
        for (devices, default, expected) in [
            (vec![None], on, (Status::Pass, Severity::Medium)),
            (vec![Some(false)], on, (Status::Pass, Severity::Medium)),
            (vec![None], off, (Status::Fail, Severity::Low)),
            (Vec::new(), off, (Status::Fail, Severity::Low)),
            (
                vec![Some(false), None],
                off,
                (Status::Fail, Severity::Medium),
            ),
            (vec![Some(true)], off, (Status::Pass, Severity::Medium)),
            (
                vec![None],
                Fact::Unread,
                (Status::Unknown, Severity::Medium),
            ),
            (
                vec![Some(true)],
                Fact::Unread,
                (Status::Pass, Severity::Medium),
            ),
        ] {
            let told = format!("{devices:?} {default:?}");
            assert_eq!(said(&devices, default), expected, "{told}");
        }
    }

    #[test]
    fn the_account_is_told_of_only_where_nothing_of_the_rack_is() {
        let said = |encrypted: bool| {
            let group = AutoScalingGroup {
                disks_encrypted_by_default: Fact::Known(false),
                ..AutoScalingGroup::default()
            };
            let volume = Volume {
                encrypted,
                ..Volume::default()
            };
            let resources = [
                testing::cluster("prod"),
                Resource::new("workers", group),
                Resource::new("vol-1", volume),
            ];
            let words = RULE.words().unwrap();
            let said = testing::owned(&resources, &[], |_| true, |case| check(case, &words));
            let failed = said.into_iter().filter(|it| it.status == Status::Fail);
            failed
                .map(|it| (it.subject.to_string(), it.severity))
                .collect::<Vec<_>>()
        };
        let account = ("cluster/prod".to_owned(), Severity::Low);
        assert_eq!(said(true), [account]);
        assert_eq!(said(false), [("volume/vol-1".to_owned(), Severity::Medium)]);
    }
}
