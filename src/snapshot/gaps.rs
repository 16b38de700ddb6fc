//! What could not be read, to be asked by what it hides.

use std::{collections::BTreeMap, slice};

use super::Gap;
use crate::{id::ResourceId, kind::Kind};

/// The gaps of one snapshot. A rule asks for each thing that it judges whether one is about it, so
/// that they are gone through once and not once a question.
#[derive(Debug, Default)]
pub struct Gaps<'a> {
    all: &'a [Gap],
    about: BTreeMap<&'a ResourceId, Vec<&'a Gap>>,
    by_kind: BTreeMap<Kind, Vec<&'a Gap>>,
}

impl<'a> Gaps<'a> {
    pub fn of(all: &'a [Gap]) -> Self {
        let mut gaps = Self {
            all,
            ..Self::default()
        };
        for gap in all {
            gaps.by_kind.entry(gap.kind).or_default().push(gap);
            if let Some(id) = &gap.resource {
                gaps.about.entry(id).or_default().push(gap);
            }
        }
        gaps
    }

    /// All of them, in the order of the snapshot.
    pub fn iter(&self) -> slice::Iter<'a, Gap> {
        self.all.iter()
    }

    /// Those about this one resource.
    pub fn about(&self, id: &ResourceId) -> impl Iterator<Item = &'a Gap> {
        self.about.get(id).into_iter().flatten().copied()
    }

    /// Those by which less of a kind is known.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &'a Gap> {
        self.by_kind.get(&kind).into_iter().flatten().copied()
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

impl<'a> IntoIterator for &Gaps<'a> {
    type Item = &'a Gap;
    type IntoIter = slice::Iter<'a, Gap>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::gap;

    #[test]
    fn a_gap_is_found_by_its_kind_and_by_what_it_is_about() {
        let id = ResourceId::new(Kind::Bucket, "logs");
        let about = Gap {
            resource: Some(id.clone()),
            ..gap(Kind::Bucket, "s3:GetBucketTagging")
        };
        let all = [
            about.clone(),
            gap(Kind::Stack, "cloudformation:DescribeStacks"),
        ];
        let gaps = Gaps::of(&all);
        assert_eq!(gaps.about(&id).collect::<Vec<_>>(), [&about]);
        assert_eq!(gaps.of_kind(Kind::Stack).count(), 1);
        assert_eq!(gaps.of_kind(Kind::Vpc).count(), 0);
        assert_eq!(gaps.iter().count(), 2);
    }
}
