//! What goes when the rack goes: its own, but not what others use and what it was told to keep.

use super::Case;
use crate::{
    belonging::Class,
    id::ResourceId,
    kind::{AsKind, stack::Stack},
    snapshot::Resource,
};

/// Whether it goes.
pub fn goes(case: &Case<'_>, id: &ResourceId) -> bool {
    let owned = match case.belongings.of(id).class {
        Class::Declared | Class::Derived | Class::Inferred => true,
        Class::Shared | Class::Foreign => false,
    };
    owned && !case.rack.keep.contains(id)
}

/// All of a kind that goes, typed.
pub fn of<'a, K: AsKind + 'a>(
    case: &Case<'a>,
) -> impl Iterator<Item = (&'a Resource, &'a K)> + use<'a, K> {
    let case = *case;
    let every = case.graph.of::<K>();
    every.filter(move |(it, _)| goes(&case, &it.id))
}

/// The stack that leaves a resource behind when it is deleted, with CloudFormation's word for how.
pub fn kept<'a>(case: &Case<'a>, id: &ResourceId) -> Option<(&'a ResourceId, &'a str)> {
    let stacks = case.graph.users(id).into_iter();
    let mut stacks = stacks.filter_map(|(it, _)| Some((it, Stack::of(&it.attrs)?)));
    stacks.find_map(|(resource, stack)| {
        let name = stack.members().find(|(it, _)| it == id)?.1;
        let policy = stack.kept.known()?.get(name)?;
        Some((&resource.id, policy.as_str()))
    })
}

/// The first few of many, joined: `a, b, c and 4 more`.
pub fn few<T: ToString>(names: &[T]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<String> = names.iter().take(SHOWN).map(T::to_string).collect();
    let shown = shown.join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::{
        kind::{Fact, bucket::Bucket},
        testing,
    };

    #[test]
    fn what_the_rack_was_told_to_keep_does_not_go() {
        let resources = [
            Resource::new("a", Bucket::default()),
            Resource::new("b", Bucket::default()),
        ];
        testing::owned(
            &resources,
            &[],
            |_| true,
            |case| {
                let mut rack = case.rack.clone();
                rack.keep = BTreeSet::from([resources[0].id.clone()]);
                let case = Case {
                    rack: &rack,
                    ..*case
                };
                let keys: Vec<&str> = of::<Bucket>(&case).map(|(it, _)| &*it.id.key).collect();
                assert_eq!(keys, ["b"]);
            },
        );
    }

    #[test]
    fn a_stack_tells_what_it_leaves_behind() {
        let mut stack = testing::opened(testing::stack("prod"), &[("AWS::S3::Bucket", "logs")]);
        if let Some(it) = Stack::of_mut(&mut stack.attrs) {
            let policy = ("logs".to_owned(), "Retain".to_owned());
            it.kept = Fact::Known(BTreeMap::from([policy]));
        }
        let resources = [stack, Resource::new("logs", Bucket::default())];
        testing::owned(
            &resources,
            &[],
            |_| true,
            |case| {
                let (stack, policy) = kept(case, &resources[1].id).unwrap();
                assert_eq!((stack, policy), (&resources[0].id, "Retain"));
                assert!(kept(case, &resources[0].id).is_none());
            },
        );
    }

    #[test]
    fn many_names_are_cut_short_with_their_number() {
        assert_eq!(few(&["a", "b"]), "a, b");
        assert_eq!(few(&["a", "b", "c", "d", "e"]), "a, b, c and 2 more");
    }
}
