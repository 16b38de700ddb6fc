//! How much data is in a thing, as far as it was read.

use crate::{
    kind::{
        AsKind as _, bucket::Bucket, db_cluster::DbCluster, db_instance::DbInstance,
        file_system::FileSystem, log_group::LogGroup, queue::Queue, repository::Repository,
        table::Table, volume::Volume,
    },
    snapshot::Resource,
    text,
};

/// How much there is: "3 objects, 1.2 MB". Empty where that was not read.
pub fn size(resource: &Resource) -> String {
    let attrs = &resource.attrs;
    let number = |it: u64| usize::try_from(it).unwrap_or(usize::MAX);
    if let Some(it) = Bucket::of(attrs).and_then(|it| it.contents.known()) {
        let least = if it.complete { "" } else { "at least " };
        let objects = text::count(number(it.objects), "object");
        return format!("{least}{objects}, {}", text::bytes(it.bytes));
    }
    if let Some(it) = Table::of(attrs).and_then(|it| it.facts.known()) {
        let items = text::count(number(it.items), "item");
        return format!("{items}, {}", text::bytes(it.bytes));
    }
    if let Some(it) = Queue::of(attrs).and_then(|it| it.facts.known()) {
        return text::count(number(it.messages), "message");
    }
    if let Some(it) = Repository::of(attrs).and_then(|it| it.images.known()) {
        let images = text::count(number(it.count), "image");
        return format!("{images}, {}", text::bytes(it.bytes));
    }
    if let Some(it) = FileSystem::of(attrs) {
        return text::bytes(it.size_bytes);
    }
    if let Some(it) = LogGroup::of(attrs) {
        return text::bytes(it.stored_bytes);
    }
    let gib = DbInstance::of(attrs)
        .filter(|it| it.cluster.is_none())
        .map(|it| it.storage_gib)
        .or_else(|| DbCluster::of(attrs)?.storage_gib)
        .or_else(|| Some(Volume::of(attrs)?.size_gib));
    gib.filter(|it| *it > 0)
        .map(|it| format!("{it} GiB"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(id: &str, attrs: &serde_json::Value) -> String {
        let (kind, _) = id.split_once('/').unwrap();
        size(&serde_json::from_value(json!({ "id": id, "attrs": { kind: attrs } })).unwrap())
    }

    #[test]
    fn what_was_not_counted_whole_is_told_as_the_least_and_what_was_not_read_not_at_all() {
        let contents = |complete| json!({ "contents": { "known": { "objects": 3, "bytes": 9, "complete": complete } } });
        assert_eq!(told("bucket/b", &contents(true)), "3 objects, 9 bytes");
        assert_eq!(
            told("bucket/b", &contents(false)),
            "at least 3 objects, 9 bytes"
        );
        assert_eq!(told("bucket/b", &json!({})), "");
        assert_eq!(told("volume/v", &json!({ "size_gib": 8 })), "8 GiB");
    }
}
