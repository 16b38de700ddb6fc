//! Shared files that lie or travel unencrypted.

use super::{Case, Evidence, Rule, Status, Verdict, Words, revision, used_definition};
use crate::{
    id::ResourceId,
    kind::{
        Kind,
        file_system::FileSystem,
        task_definition::{TaskDefinition, TaskVolume},
    },
};

pub const RULE: Rule = Rule {
    id: "efs-plain",
    words: include_str!("../../rules/efs-plain.toml"),
    needs: &[Kind::FileSystem, Kind::TaskDefinition],
    check,
};

/// One verdict for each file system, and one for each mount in a revision that runs.
fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let at_rest = case.ours::<FileSystem>();
    let at_rest = at_rest
        .filter(|(_, it)| !it.is_gone() && it.status != "deleting")
        .map(|(it, system)| at_rest_of(words, &it.id, system));
    let on_the_way = revision::in_use(case).flat_map(|(it, definition)| {
        mounts(definition)
            .map(|mount| on_the_way_to(words, &it.id, mount))
            .collect::<Vec<_>>()
    });
    // A revision that was not read may mount one.
    let unread = used_definition::unread(&RULE, case, words);
    at_rest.chain(on_the_way).chain(unread).collect()
}

fn at_rest_of(words: &Words, id: &ResourceId, system: &FileSystem) -> Verdict {
    let (status, why) = if system.encrypted {
        (Status::Pass, "what lies in it is encrypted")
    } else {
        (Status::Fail, "what lies in it is not encrypted")
    };
    let evidence = Evidence::new(id, "Encrypted", system.encrypted.to_string());
    Verdict::new(&RULE, words, id, status, why).evidence([evidence])
}

fn mounts(definition: &TaskDefinition) -> impl Iterator<Item = (&TaskVolume, &String)> {
    let volumes = definition.volumes.iter();
    volumes.filter_map(|it| Some((it, it.file_system.as_ref()?)))
}

fn on_the_way_to(words: &Words, id: &ResourceId, mount: (&TaskVolume, &String)) -> Verdict {
    let (volume, system) = mount;
    let encrypted = volume.transit_encryption.as_deref() == Some("ENABLED");
    let (status, how) = if encrypted {
        (Status::Pass, "encrypted")
    } else {
        (Status::Fail, "unencrypted")
    };
    let why = format!(
        "files of volume {} travel {how} between the task and {system}",
        volume.name
    );
    let value = volume.transit_encryption.as_deref();
    let evidence = Evidence::new(
        id,
        "volumes.efsVolumeConfiguration.transitEncryption",
        value.unwrap_or("absent: DISABLED"),
    );
    Verdict::new(&RULE, words, id, status, why)
        .evidence([evidence])
        .detail(format!("volume {}", volume.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn a_revision_that_was_not_read_may_mount_files_without_encryption() {
        let gap = crate::snapshot::Gap {
            resource: Some(ResourceId::new(Kind::TaskDefinition, "web:4")),
            ..testing::gap(Kind::TaskDefinition, "ecs:DescribeTaskDefinition")
        };
        let words = RULE.words().unwrap();
        let said = testing::owned(&[], &[gap], |_| true, |case| check(case, &words));
        assert_eq!(said[0].subject.to_string(), "task-definition/web:4");
        assert_eq!(said[0].status, Status::Unknown);
    }
}
