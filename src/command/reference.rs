//! What a user calls a resource, and the one resource that this means.

use crate::{
    failure::{Exit, Failure},
    id::ResourceId,
    report::Material,
    snapshot::Resource,
};

/// Choices named where a reference means several resources.
const SHOWN: usize = 12;

/// The one resource that a reference means.
///
/// `again` is what a user types before the name of one of several.
///
/// # Errors
/// When it means none or several.
pub(super) fn find<'a>(
    material: &Material<'a>,
    reference: &str,
    again: &str,
) -> Result<&'a Resource, Failure> {
    let graph = material.case.graph;
    let exact = reference.parse::<ResourceId>().ok();
    let exact = exact.or_else(|| crate::arn::resource(reference));
    if let Some(found) = exact.and_then(|it| graph.get(&it)) {
        return Ok(found);
    }
    // What AWS calls it counts more than what a person named it.
    let ways: [fn(&Resource, &str) -> bool; 3] = [
        |it, wanted| it.id.key == wanted || it.arn.as_deref() == Some(wanted),
        |it, wanted| it.id.key.rsplit('/').next() == Some(wanted),
        |it, wanted| it.name.as_deref() == Some(wanted),
    ];
    let matching = ways.iter().map(|is| {
        let all = graph.resources().filter(|it| is(it, reference));
        all.collect::<Vec<&Resource>>()
    });
    let named = matching.into_iter().find(|it| !it.is_empty());
    let named = named.unwrap_or_default();
    match named[..] {
        [one] => Ok(one),
        [] => Err(absent(material, reference)),
        _ => {
            let failure = Failure::new(
                Exit::Usage,
                format!("`{reference}` means {} resources", named.len()),
            );
            let choices = named.iter().take(SHOWN);
            Err(choices.fold(failure, |it, one| it.hint(format!("{again} {}", one.id))))
        }
    }
}

fn absent(material: &Material<'_>, reference: &str) -> Failure {
    let wanted = reference.to_lowercase();
    let mut near: Vec<(f64, String)> = material
        .case
        .graph
        .resources()
        .map(|it| {
            let by_key = strsim::jaro_winkler(&it.id.key.to_lowercase(), &wanted);
            let by_name = strsim::jaro_winkler(&it.label().to_lowercase(), &wanted);
            (by_key.max(by_name), it.id.to_string())
        })
        .filter(|(likeness, _)| *likeness > 0.85)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let snapshot = material.snapshot;
    let gaps = snapshot.gaps.iter().filter(|it| it.resource.is_none());
    let unread: Vec<&str> = gaps.map(|it| it.call.as_str()).collect();
    let exit = if unread.is_empty() {
        Exit::Failed
    } else {
        Exit::Incomplete
    };
    let mut failure = Failure::new(
        exit,
        format!(
            "`{reference}` was not seen in {} when rack {} was read",
            snapshot.region, snapshot.rack
        ),
    );
    for (_, id) in near.into_iter().take(3) {
        failure = failure.hint(format!("did you mean {id}?"));
    }
    if !unread.is_empty() {
        failure = failure.hint(format!("not all was read: {}", unread.join(", ")));
    }
    failure
}
