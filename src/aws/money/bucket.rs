//! How fast AWS's price list may be asked: so many at once, then so many a second.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Questions that may be asked at once, by AWS's word.
const BURST: u32 = 10;
/// How long AWS takes to allow one more.
const EACH: Duration = Duration::from_millis(200);

/// Hands out leave to ask.
#[derive(Debug)]
pub struct Bucket {
    began: Instant,
    /// When it is full again, as time since it began.
    full: Mutex<Duration>,
}

impl Bucket {
    pub fn new() -> Self {
        Self {
            began: Instant::now(),
            full: Mutex::new(Duration::ZERO),
        }
    }

    /// Waits until one more question may be asked.
    pub async fn take(&self) {
        let wait = {
            let mut full = self.full.lock().unwrap_or_else(PoisonError::into_inner);
            let (wait, later) = taken(*full, self.began.elapsed());
            *full = later;
            wait
        };
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }
}

impl Default for Bucket {
    fn default() -> Self {
        Self::new()
    }
}

/// How long to wait for one more at the time `now`, and when the bucket is full again after it.
fn taken(full: Duration, now: Duration) -> (Duration, Duration) {
    let later = full.max(now) + EACH;
    (later.saturating_sub(now + BURST * EACH), later)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long each of so many questions waits that come at the same time.
    fn waits(mut full: Duration, now: Duration, questions: usize) -> (Vec<u128>, Duration) {
        let mut waits = Vec::new();
        for _ in 0..questions {
            let (wait, later) = taken(full, now);
            full = later;
            waits.push(wait.as_millis());
        }
        (waits, full)
    }

    #[test]
    fn ten_are_asked_at_once_and_then_five_a_second() {
        let (waits, _) = waits(Duration::ZERO, Duration::ZERO, 13);
        assert_eq!(waits[..10], [0; 10]);
        assert_eq!(waits[10..], [200, 400, 600]);
    }

    #[test]
    fn it_fills_again_and_never_to_more_than_ten() {
        let (_, full) = waits(Duration::ZERO, Duration::ZERO, 10);
        let (later, _) = waits(full, Duration::from_millis(400), 3);
        assert_eq!(later, [0, 0, 200]);
        let (much_later, _) = waits(full, Duration::from_secs(3600), 11);
        assert_eq!(much_later.last(), Some(&200));
    }
}
