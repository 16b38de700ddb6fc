//! Snapshots that nothing seems to need any more.

use super::{Case, Evidence, Rule, Status, Verdict, Words, snapshot_public::of_rack};
use crate::{
    kind::{
        Kind, ebs_snapshot::EbsSnapshot, launch_configuration::LaunchConfiguration,
        launch_template::LaunchTemplate,
    },
    snapshot::Resource,
    text,
};

pub const RULE: Rule = Rule {
    id: "snapshot-old",
    words: include_str!("../../rules/snapshot-old.toml"),
    needs: &[Kind::EbsSnapshot],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let judge = |(resource, snapshot)| judge(case, words, resource, snapshot);
    of_rack(case).map(judge).collect()
}

fn judge(case: &Case<'_>, words: &Words, resource: &Resource, it: &EbsSnapshot) -> Verdict {
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
    if let Some(template) = named_by(case, &id.key) {
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
    let why = format!(
        "it was made {age} ago, no image and no template needs it, and it is billed for up to \
         {} GiB",
        it.size_gib
    );
    verdict(Status::Fail, why).evidence([evidence])
}

/// The launch template or configuration that makes disks of a snapshot.
fn named_by(case: &Case<'_>, snapshot: &str) -> Option<String> {
    let templates = case.graph.of::<LaunchTemplate>();
    let mut templates = templates.filter(|(_, it)| {
        let versions = it.versions.known().into_iter().flatten();
        let mut devices = versions.flat_map(|it| &it.devices);
        devices.any(|it| it.snapshot.as_deref() == Some(snapshot))
    });
    let configurations = case.graph.of::<LaunchConfiguration>();
    let mut configurations = configurations.filter(|(_, it)| {
        let mut devices = it.devices.iter();
        devices.any(|it| it.snapshot.as_deref() == Some(snapshot))
    });
    let template = templates.next().map(|(it, _)| it.id.to_string());
    template.or_else(|| configurations.next().map(|(it, _)| it.id.to_string()))
}
