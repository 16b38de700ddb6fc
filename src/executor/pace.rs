//! How patient a run is, and the wish to end it early.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use tokio::sync::Notify;

/// How often a run asks, and when it gives up. Counted in its own seconds, so that a test can have
/// short ones.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How long a second of the plan is.
    pub second: Duration,
    /// The first pause between two looks, in seconds; each is an eighth longer than the last, so
    /// that what took a while is seen soon after it is done.
    pub first: f32,
    /// The longest pause, in seconds.
    pub longest: f32,
    /// How often it is told what is waited for, in seconds.
    pub heartbeat: u32,
    /// When the whole run is given up, in seconds.
    pub deadline: u32,
    /// Calls under way at once.
    pub at_once: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            second: Duration::from_secs(1),
            first: 1.0,
            longest: 15.0,
            heartbeat: 30,
            deadline: 3 * 60 * 60,
            at_once: 8,
        }
    }
}

impl Pace {
    /// The pause before look number `n`, counted from 0.
    pub fn pause(&self, n: u32) -> Duration {
        // Twenty-four times an eighth more is nearly seventeen times as long: by then it is the
        // longest.
        let grown = (0..n.min(24)).fold(self.second.mul_f32(self.first), |it, _| it + it / 8);
        grown.min(self.second.mul_f32(self.longest))
    }

    /// So many of the plan's seconds.
    pub fn seconds(&self, number: u32) -> Duration {
        self.second.saturating_mul(number)
    }
}

/// A wish to stop: no new call begins, the one under way is finished and noted.
#[derive(Debug, Default)]
pub struct Stop {
    wished: AtomicBool,
    wake: Notify,
}

impl Stop {
    pub fn ask(&self) {
        self.wished.store(true, Ordering::SeqCst);
        self.wake.notify_waiters();
    }

    pub fn is_asked(&self) -> bool {
        self.wished.load(Ordering::SeqCst)
    }

    /// Waits that long, or until someone wants to stop.
    pub async fn sleep(&self, pause: Duration) {
        let woken = self.wake.notified();
        if self.is_asked() {
            return;
        }
        if pause.is_zero() {
            return tokio::task::yield_now().await;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = woken => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_longest_and_no_further() {
        let pace = Pace::default();
        assert_eq!(pace.pause(0), Duration::from_secs(1));
        assert!(pace.pause(1) > Duration::from_millis(1100));
        assert!(pace.pause(1) < Duration::from_millis(1200));
        assert_eq!(pace.pause(40), Duration::from_secs(15));
    }
}
