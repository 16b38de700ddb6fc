//! Snapshots that nothing seems to need any more.

use std::collections::BTreeMap;

use super::{
    Case, Evidence, Rule, Status, Verdict, Words, sg_unused::launches_unread_version,
    snapshot_public::of_rack,
};
use crate::{
    id::ResourceId,
    kind::{
        Fact, Kind, auto_scaling_group::AutoScalingGroup, ebs_snapshot::EbsSnapshot,
        launch_configuration::LaunchConfiguration, launch_template::LaunchTemplate,
    },
    snapshot::{Gap, Resource},
    text,
};

pub const RULE: Rule = Rule {
    id: "snapshot-old",
    words: include_str!("../../rules/snapshot-old.toml"),
    needs: &[Kind::EbsSnapshot],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let launchers = Launchers::of(case);
    let judge = |(resource, snapshot)| judge(case, words, &launchers, resource, snapshot);
    of_rack(case).map(judge).collect()
}

fn judge(
    case: &Case<'_>,
    words: &Words,
    launchers: &Launchers<'_>,
    resource: &Resource,
    it: &EbsSnapshot,
) -> Verdict {
    let id = &resource.id;
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    let keepers = words.texts("kept-by");
    let mut tags = resource.tags.keys();
    let kept = tags.find(|key| keepers.iter().any(|it| key.starts_with(it)));
    if let Some(tag) = kept {
        let why = format!("a service that keeps and expires it has tagged it: {tag}");
        return verdict(Status::NotApplicable, why);
    }
    let Some(images) = it.images.known() else {
        let why = "whether an image is made of it was not read";
        let gap = case.gap_in_listing(Kind::EbsSnapshot);
        return verdict(Status::Unknown, why.to_owned()).gap(gap);
    };
    if let Some(image) = images.first() {
        return verdict(Status::Pass, format!("image {image} is made of it"));
    }
    if let Some(template) = launchers.by_snapshot.get(id.key.as_str()) {
        return verdict(Status::Pass, format!("{template} makes disks of it"));
    }
    let Some(created) = resource.created else {
        let why = "how old it is was not told";
        return verdict(Status::Unknown, why.to_owned());
    };
    let age = text::age(created, case.taken);
    if case.hours_since(created) < words.number("days").saturating_mul(24) {
        return verdict(Status::Pass, format!("it was made only {age} ago"));
    }
    let evidence = Evidence::new(id, "StartTime", created.to_string());
    if let Some((what, gap)) = &launchers.hidden {
        let why = format!("nothing that was read makes disks of it, but {what}");
        return verdict(Status::Unknown, why).evidence([evidence]).gap(*gap);
    }
    let why = format!(
        "it was made {age} ago, no image and no template needs it, and it is billed for up to \
         {} GiB",
        it.size_gib
    );
    verdict(Status::Fail, why).evidence([evidence])
}

/// What launches machines, and of which snapshots it makes their disks: gathered once.
struct Launchers<'a> {
    by_snapshot: BTreeMap<&'a str, &'a ResourceId>,
    /// What may name more snapshots, and why that is not known.
    hidden: Option<(String, Option<&'a Gap>)>,
}

impl<'a> Launchers<'a> {
    fn of(case: &Case<'a>) -> Self {
        let templates = case
            .graph
            .of::<LaunchTemplate>()
            .flat_map(|(it, template)| {
                let versions = template.versions.known().into_iter().flatten();
                versions
                    .flat_map(|it| &it.devices)
                    .map(move |device| (&it.id, device))
            });
        let configurations = case.graph.of::<LaunchConfiguration>();
        let configurations = configurations
            .flat_map(|(it, old)| old.devices.iter().map(move |device| (&it.id, device)));
        let mut by_snapshot = BTreeMap::new();
        for (id, device) in templates.chain(configurations) {
            if let Some(snapshot) = device.snapshot.as_deref() {
                by_snapshot.entry(snapshot).or_insert(id);
            }
        }
        let listing = [Kind::LaunchTemplate, Kind::LaunchConfiguration];
        let listing = listing.into_iter().find_map(|it| case.gap_in_listing(it));
        let listing = listing.map(|gap| (format!("{} was not read", gap.kind.name()), Some(gap)));
        let unread = || {
            let templates = case.ours::<LaunchTemplate>();
            let templates = templates.filter(|(_, it)| it.versions == Fact::Unread);
            let groups = case.ours::<AutoScalingGroup>();
            let groups = groups.filter(|(_, it)| launches_unread_version(case, it));
            let mut all = templates.map(|it| it.0).chain(groups.map(|it| it.0));
            let it = all.next()?;
            Some((format!("{} may", it.id), case.gap_about(&it.id)))
        };
        Self {
            by_snapshot,
            hidden: listing.or_else(unread),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kind::{launch_configuration::Device, launch_template::Version},
        testing,
    };

    fn said(versions: Fact<Vec<Version>>, gaps: &[Gap]) -> Verdict {
        let snapshot = EbsSnapshot {
            images: Fact::Known(Vec::new()),
            ..EbsSnapshot::default()
        };
        let created: jiff::Timestamp = "1969-01-01T00:00:00Z".parse().unwrap();
        let template = LaunchTemplate {
            versions,
            ..LaunchTemplate::default()
        };
        let resources = [
            Resource::new("snap-1", snapshot).created(created),
            Resource::new("lt-1", template),
        ];
        let words = RULE.words().unwrap();
        testing::owned(&resources, gaps, |_| true, |case| check(case, &words)).remove(0)
    }

    #[test]
    fn what_a_template_makes_disks_of_is_needed() {
        let device = Device {
            snapshot: Some("snap-1".to_owned()),
            ..Device::default()
        };
        let version = Version {
            devices: vec![device],
            ..Version::default()
        };
        assert_eq!(said(Fact::Known(vec![version]), &[]).status, Status::Pass);
        assert_eq!(said(Fact::Known(Vec::new()), &[]).status, Status::Fail);
    }

    #[test]
    fn a_template_that_was_not_read_may_make_disks_of_it() {
        let gap = Gap {
            resource: Some(ResourceId::new(Kind::LaunchTemplate, "lt-1")),
            ..testing::gap(Kind::LaunchTemplate, "ec2:DescribeLaunchTemplateVersions")
        };
        let one = said(Fact::Unread, std::slice::from_ref(&gap));
        assert_eq!(one.status, Status::Unknown);
        assert_eq!(one.gap.as_deref(), Some(&gap));
        let all = testing::gap(Kind::LaunchTemplate, "ec2:DescribeLaunchTemplates");
        let all = said(Fact::Known(Vec::new()), &[all]);
        assert_eq!(all.status, Status::Unknown);
    }
}
