//! For whom a resource is there: the stack that made it, or the service that it works for.

use crate::{
    graph::Graph, id::ResourceId, kind::Kind, rack::STACK_NAME_TAG, relation::RelationKind,
    rule::Case, snapshot::Resource,
};

/// How far to ask who made it: a volume's instance, its group, the group's stack.
const STEPS: usize = 4;

/// The name of the stack that made it, or what made it, if a stack did.
pub(super) fn stack_of(case: &Case<'_>, resource: &Resource) -> Option<String> {
    let mut at = resource;
    for _ in 0..STEPS {
        if let Some(stack) = stack(case.graph, at) {
            return Some(stack);
        }
        at = maker(case.graph, &at.id)?;
    }
    None
}

/// `stack NAME`; `service CLUSTER/NAME` where no stack made the service; else `None`.
pub(super) fn of(case: &Case<'_>, resource: &Resource) -> Option<String> {
    let mut at = resource;
    for _ in 0..STEPS {
        if let Some(stack) = stack(case.graph, at) {
            return Some(format!("stack {stack}"));
        }
        if at.id.kind == Kind::Service {
            return Some(format!("service {}", at.id.key));
        }
        at = maker(case.graph, &at.id)?;
    }
    None
}

/// The stack that made it, by its tag or by the stack's own word.
pub(super) fn stack(graph: &Graph<'_>, resource: &Resource) -> Option<String> {
    let tag = resource.tags.get(STACK_NAME_TAG).cloned();
    tag.or_else(|| {
        let mut users = graph.users(&resource.id).into_iter();
        let declaring = users.find(|(_, edge)| edge.kind == RelationKind::Declares);
        declaring.map(|(it, _)| it.id.key.clone())
    })
}

/// What made it, or the service that it is part of.
pub(super) fn maker<'s>(graph: &Graph<'s>, id: &ResourceId) -> Option<&'s Resource> {
    let mut users = graph.users(id).into_iter();
    let maker = users.find(|(_, edge)| edge.kind == RelationKind::Makes);
    let whole = || {
        let mut uses = graph.uses(id).into_iter();
        uses.find(|(it, edge)| it.id.kind == Kind::Service && edge.kind == RelationKind::PartOf)
    };
    maker.or_else(whole).map(|(it, _)| it)
}
