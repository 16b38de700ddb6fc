//! Which items of a long list a page shows.

use super::LIMIT;

/// The items shown, and of how many.
pub(super) struct Choice<T> {
    pub(super) items: Vec<T>,
    pub(super) of: usize,
}

impl<T> Choice<T> {
    pub(super) fn is_cut(&self) -> bool {
        self.items.len() < self.of
    }
}

/// All that must be shown and, as far as the limit allows, the first of the others; in their
/// order.
pub(super) fn choose<T>(all: &[T], must: impl Fn(&T) -> bool) -> Choice<&T> {
    let needed = all.iter().filter(|it| must(it)).count();
    let mut room = LIMIT.saturating_sub(needed);
    let mut fits = |it: &&T| {
        let fits = must(it) || room > 0;
        if fits && !must(it) {
            room -= 1;
        }
        fits
    };
    Choice {
        items: all.iter().filter(|it| fits(it)).collect(),
        of: all.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_list_is_shown_whole() {
        let chosen = choose(&[3, 1, 2], |_| false);
        assert_eq!(chosen.items, [&3, &1, &2]);
        assert!(!chosen.is_cut());
    }

    #[test]
    fn of_a_long_list_what_must_be_seen_is_seen_wherever_it_stands() {
        let all: Vec<usize> = (0..9413).collect();
        let chosen = choose(&all, |it| *it == 9000);
        assert_eq!((chosen.items.len(), chosen.of), (LIMIT, 9413));
        assert!(chosen.items.contains(&&9000) && chosen.items.is_sorted());
        assert!(chosen.is_cut());
    }

    #[test]
    fn the_limit_hides_nothing_that_must_be_seen() {
        let all: Vec<usize> = (0..5000).collect();
        assert_eq!(choose(&all, |it| *it < 3000).items.len(), 3000);
    }
}
