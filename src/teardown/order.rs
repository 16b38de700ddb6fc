//! An order in which nothing comes before what it waits for, and the circles that have none.

use std::collections::BTreeSet;

/// Things by number, and what each waits for.
#[derive(Clone, Debug)]
pub(super) struct Order {
    before: Vec<BTreeSet<usize>>,
}

impl Order {
    pub(super) fn of(things: usize) -> Self {
        Self {
            before: vec![BTreeSet::new(); things],
        }
    }

    /// Makes room for one more thing, which waits for nothing.
    pub(super) fn grow(&mut self) {
        self.before.push(BTreeSet::new());
    }

    /// `first` is done before `then`. A thing never waits for itself.
    pub(super) fn put(&mut self, first: usize, then: usize) {
        if first != then
            && let Some(before) = self.before.get_mut(then)
        {
            before.insert(first);
        }
    }

    /// `first` need not be done before `then`.
    pub(super) fn drop(&mut self, first: usize, then: usize) {
        if let Some(before) = self.before.get_mut(then) {
            before.remove(&first);
        }
    }

    /// What a thing waits for.
    pub(super) fn before(&self, thing: usize) -> &BTreeSet<usize> {
        &self.before[thing]
    }

    /// All things, each after all that it waits for; among those that may come next, the one with
    /// the least key. Things in a circle are left out, and so is what waits for them.
    pub(super) fn sorted<K: Ord + Clone>(&self, key: impl Fn(usize) -> K) -> Vec<usize> {
        let mut waiting: Vec<usize> = self.before.iter().map(BTreeSet::len).collect();
        let after = self.after();
        let mut open: BTreeSet<(K, usize)> = (0..waiting.len())
            .filter(|it| waiting[*it] == 0)
            .map(|it| (key(it), it))
            .collect();
        let mut sorted = Vec::with_capacity(waiting.len());
        while let Some((_, next)) = open.pop_first() {
            sorted.push(next);
            for &then in &after[next] {
                waiting[then] -= 1;
                if waiting[then] == 0 {
                    open.insert((key(then), then));
                }
            }
        }
        sorted
    }

    fn after(&self) -> Vec<Vec<usize>> {
        let mut after = vec![Vec::new(); self.before.len()];
        for (then, before) in self.before.iter().enumerate() {
            for &first in before {
                after[first].push(then);
            }
        }
        after
    }

    /// The circles: groups of things each of which waits for all others of its group. In order.
    pub(super) fn circles(&self) -> Vec<Vec<usize>> {
        // Tarjan's algorithm, with a stack of its own so that a long chain cannot exhaust ours.
        let things = self.before.len();
        let after: Vec<Vec<usize>> = self.after();
        let mut index = vec![usize::MAX; things];
        let mut low = vec![0; things];
        let mut on_path = vec![false; things];
        let mut path = Vec::new();
        let mut circles = Vec::new();
        let mut next = 0;
        for start in 0..things {
            if index[start] != usize::MAX {
                continue;
            }
            let mut open: Vec<(usize, usize)> = vec![(start, 0)];
            while let Some((thing, child)) = open.pop() {
                if child == 0 {
                    index[thing] = next;
                    low[thing] = next;
                    next += 1;
                    path.push(thing);
                    on_path[thing] = true;
                }
                if let Some(&to) = after[thing].get(child) {
                    open.push((thing, child + 1));
                    if index[to] == usize::MAX {
                        open.push((to, 0));
                    } else if on_path[to] {
                        low[thing] = low[thing].min(index[to]);
                    }
                    continue;
                }
                if low[thing] == index[thing] {
                    let mut circle = Vec::new();
                    while let Some(member) = path.pop() {
                        on_path[member] = false;
                        circle.push(member);
                        if member == thing {
                            break;
                        }
                    }
                    if circle.len() > 1 {
                        circle.sort_unstable();
                        circles.push(circle);
                    }
                }
                if let Some((parent, _)) = open.last() {
                    low[*parent] = low[*parent].min(low[thing]);
                }
            }
        }
        circles.sort();
        circles
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(things: usize, pairs: &[(usize, usize)]) -> Order {
        let mut order = Order::of(things);
        for (first, then) in pairs {
            order.put(*first, *then);
        }
        order
    }

    #[test]
    fn what_may_come_next_comes_by_its_key() {
        let order = order(4, &[(3, 0), (2, 0)]);
        assert_eq!(order.sorted(|it| it), [1, 2, 3, 0]);
    }

    #[test]
    fn a_circle_is_told_with_all_its_members_and_nobody_else() {
        let order = order(6, &[(0, 1), (1, 2), (2, 0), (2, 3), (4, 5), (5, 4)]);
        assert_eq!(order.circles(), [vec![0, 1, 2], vec![4, 5]]);
    }

    #[test]
    fn two_circles_that_share_a_member_are_one() {
        let order = order(3, &[(0, 1), (1, 0), (1, 2), (2, 1)]);
        assert_eq!(order.circles(), [vec![0, 1, 2]]);
    }

    #[test]
    fn what_waits_for_a_circle_has_no_place() {
        let order = order(3, &[(0, 1), (1, 0), (1, 2)]);
        assert!(order.sorted(|it| it).is_empty());
    }

    #[test]
    fn a_chain_of_any_length_has_no_circle() {
        let pairs: Vec<(usize, usize)> = (1..200_000).map(|it| (it - 1, it)).collect();
        assert!(order(200_000, &pairs).circles().is_empty());
    }
}
