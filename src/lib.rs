pub mod arn;
#[cfg(feature = "aws")]
pub mod aws;
pub mod belonging;
pub mod charge;
pub mod graph;
pub mod id;
pub mod kind;
pub mod rack;
pub mod relation;
pub mod removal;
pub mod snapshot;
#[cfg(test)]
pub mod testing;
