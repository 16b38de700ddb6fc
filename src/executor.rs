//! Runs a teardown plan that a person approved: step by step, journaled, and proved at the end.
//!
//! What is asked of the account and done to it goes through [`Account`], so that the order, the
//! patience and the journal can be tested against one in memory.

use std::future::Future;

use crate::{
    aws::{
        look::{self, Seen, Target},
        refusal::Refusal,
        write::{Hand, Ready, Way},
    },
    id::ResourceId,
    teardown::plan::Act,
};

pub mod approval;
pub mod event;
pub mod journal;
pub mod lock;
pub mod pace;
pub mod preflight;
pub mod proof;
pub mod run;

#[cfg(test)]
pub mod testing;

/// What a run asks of an account and does to it.
pub trait Account {
    /// Looks at one resource now.
    fn look(
        &self,
        target: Target<'_>,
        region: Option<&str>,
    ) -> impl Future<Output = Result<Seen, Refusal>>;

    /// Makes the calls of one act.
    fn act(
        &self,
        act: &Act,
        region: Option<&str>,
        way: Way,
    ) -> impl Future<Output = Result<(), Refusal>>;

    /// Whether what an act began has come to its end.
    fn ready(
        &self,
        act: &Act,
        region: Option<&str>,
    ) -> impl Future<Output = Result<Ready, Refusal>>;

    /// Whether nothing runs in it any more.
    fn drained(&self, id: &ResourceId) -> impl Future<Output = Result<Ready, Refusal>>;

    /// What holds on to a thing that could not be deleted, as sentences.
    fn holders(&self, id: &ResourceId) -> impl Future<Output = Result<Vec<String>, Refusal>>;
}

impl Account for Hand {
    async fn look(&self, target: Target<'_>, region: Option<&str>) -> Result<Seen, Refusal> {
        look::look(&self.at(region), self.place(), target).await
    }

    async fn act(&self, act: &Act, region: Option<&str>, way: Way) -> Result<(), Refusal> {
        Self::act(self, act, region, way).await
    }

    async fn ready(&self, act: &Act, region: Option<&str>) -> Result<Ready, Refusal> {
        Self::ready(self, act, region).await
    }

    async fn drained(&self, id: &ResourceId) -> Result<Ready, Refusal> {
        Self::drained(self, id).await
    }

    async fn holders(&self, id: &ResourceId) -> Result<Vec<String>, Refusal> {
        Self::holders(self, id).await
    }
}
