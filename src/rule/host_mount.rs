//! Containers that see directories of their machine from which they can take it over.

use std::collections::BTreeSet;

use super::{
    Case, Evidence, Rule, Verdict, Words,
    used_definition::{self, Judgement},
};
use crate::kind::task_definition::{TaskDefinition, TaskVolume};

pub const RULE: Rule = Rule {
    id: "host-mount",
    words: include_str!("../../rules/host-mount.toml"),
    needs: used_definition::NEEDS,
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let dangerous = words.texts("paths");
    used_definition::check(&RULE, case, words, |resource, definition| {
        let mut bad: Vec<Evidence> = Vec::new();
        let mut paths: BTreeSet<&str> = BTreeSet::new();
        for volume in &definition.volumes {
            let Some(path) = volume.host_path.as_deref().filter(|it| !it.is_empty()) else {
                continue;
            };
            if !dangerous.iter().any(|it| is_within(it, path)) {
                continue;
            }
            for (container, read_only) in mounted(definition, volume) {
                let how = if read_only { ", read-only" } else { "" };
                let value = format!("{container} sees {path}{how}");
                bad.push(Evidence::new(
                    &resource.id,
                    "volumes.host.sourcePath",
                    value,
                ));
                paths.insert(path);
            }
        }
        if bad.is_empty() {
            let why = "no container sees such a directory or socket of its machine";
            return Judgement::Pass(why.to_owned());
        }
        let paths: Vec<&str> = paths.into_iter().collect();
        let why = format!("its containers see the machine's {}", paths.join(", "));
        Judgement::Fail(why, bad)
    })
}

/// The containers that see a volume, and whether they may only read it.
fn mounted<'d>(
    definition: &'d TaskDefinition,
    volume: &'d TaskVolume,
) -> impl Iterator<Item = (&'d str, bool)> {
    definition.containers.iter().flat_map(move |container| {
        let mounts = container.mounts.iter();
        let mounts = mounts.filter(|it| it.volume == volume.name);
        mounts.map(|it| (container.name.as_str(), it.read_only))
    })
}

/// Whether who sees directory `mounted` sees `path` too.
fn is_within(path: &str, mounted: &str) -> bool {
    let parts = |it: &str| -> Vec<String> {
        let parts = it.split('/').filter(|it| !matches!(*it, "" | "."));
        parts.map(str::to_owned).collect()
    };
    parts(path).starts_with(&parts(mounted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_above_shows_what_is_below() {
        for mounted in ["/", "/var", "/var/run/", "//var/run/docker.sock"] {
            assert!(is_within("/var/run/docker.sock", mounted), "{mounted}");
        }
    }

    #[test]
    fn a_directory_below_or_beside_does_not_show_it() {
        for mounted in ["/etc/localtime", "/etcetera", "/srv"] {
            assert!(!is_within("/etc", mounted), "{mounted}");
        }
    }
}
