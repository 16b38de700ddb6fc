//! One request, followed from its host name to the container that would answer it.
//!
//! The walk is a tree: a name may have several records, a rule several target groups, a group
//! several targets. Each step says how the walk ends below it. Network ACLs and routes are not
//! looked at, nor is what a service beyond the snapshot would do.

use serde::Serialize;

use crate::{id::ResourceId, rule::Case, snapshot::Gap};
use admission::Admission;
use request::Request;
use walk::Walk;

pub mod admission;
mod balancer;
pub mod dns;
pub mod matching;
pub mod request;
mod target;
mod walk;

/// A request with all that becomes of it.
#[derive(Clone, Debug, Serialize)]
pub struct Trace {
    pub request: Request,
    pub outcome: Outcome,
    pub steps: Vec<Step>,
}

/// How a walk ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// A healthy container or function, or the load balancer itself, answers.
    Answered,
    DeadEnd,
    /// It hangs on something that is not known.
    Unknown,
}

impl Outcome {
    /// Of ways that are all taken: one that is answered is enough.
    pub fn any(steps: &[Step]) -> Self {
        let is = |outcome| steps.iter().any(|it| it.outcome == outcome);
        if is(Self::Answered) {
            Self::Answered
        } else if is(Self::Unknown) {
            Self::Unknown
        } else {
            Self::DeadEnd
        }
    }

    /// Of ways of which one is taken and nobody knows which: known where all end alike.
    pub fn agreed(steps: &[Step]) -> Self {
        let first = steps.first().map_or(Self::DeadEnd, |it| it.outcome);
        if steps.iter().all(|it| it.outcome == first) {
            first
        } else {
            Self::Unknown
        }
    }

    /// The worse of two that must both be good.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::DeadEnd, _) | (_, Self::DeadEnd) => Self::DeadEnd,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Answered, Self::Answered) => Self::Answered,
        }
    }
}

/// One step of the walk.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    #[serde(flatten)]
    pub what: What,
    /// What would have to be so for the walk to come here, where that is not known.
    #[serde(rename = "if", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// What else is worth knowing, each as a sentence without its full stop.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    pub outcome: Outcome,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub then: Vec<Self>,
}

/// What a step comes to.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum What {
    /// A record of a hosted zone.
    Record {
        zone: ResourceId,
        name: String,
        #[serde(rename = "type")]
        record_type: String,
        to: String,
        /// Which of several records of that name it is: `weight 10`.
        routing: Option<String>,
    },
    LoadBalancer {
        resource: ResourceId,
        #[serde(rename = "type")]
        lb_type: String,
        scheme: String,
        state: Option<String>,
        /// Why it is this one.
        evidence: String,
    },
    Listener {
        /// A classic load balancer's listeners are no resources of their own.
        resource: Option<ResourceId>,
        port: u16,
        protocol: String,
        certificate: Option<String>,
        /// Whether the load balancer's security groups let the client in.
        clients: Option<Admission>,
    },
    Rule {
        resource: Option<ResourceId>,
        /// Absent on the default rule.
        priority: Option<u32>,
        conditions: String,
        /// Those that come before it and do not take the request.
        passed: Vec<Passed>,
    },
    /// The client must show who it is before the walk goes on.
    Authenticate {
        how: String,
    },
    Redirect {
        status: String,
        to: String,
    },
    /// The load balancer answers itself.
    Response {
        status: String,
    },
    TargetGroup {
        resource: ResourceId,
        target_type: String,
        protocol: Option<String>,
        /// Per cent of the requests, where several groups share them.
        share: Option<String>,
    },
    Target {
        /// AWS's name for it: an instance's id, an address, an ARN.
        name: String,
        resource: Option<ResourceId>,
        port: Option<u16>,
        health: String,
        reason: String,
        /// Whether security groups let the load balancer through to it.
        admission: Option<Admission>,
    },
    Container {
        task: ResourceId,
        container_instance: Option<String>,
        service: String,
        name: String,
        port: u16,
        image: String,
    },
    Function {
        name: String,
    },
    /// Here it does not go on.
    End {
        why: String,
        hints: Vec<String>,
        /// What could not be read.
        gap: Option<Gap>,
    },
}

/// A rule that does not take the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Passed {
    pub rule: ResourceId,
    pub priority: Option<u32>,
    /// The condition that does not hold.
    pub condition: String,
}

impl Step {
    fn new(what: What, outcome: Outcome) -> Self {
        Self {
            what,
            condition: None,
            notes: Vec::new(),
            outcome,
            then: Vec::new(),
        }
    }

    /// A step whose next steps are all taken.
    fn then(what: What, then: Vec<Self>) -> Self {
        let mut step = Self::new(what, Outcome::any(&then));
        step.then = then;
        step
    }

    fn dead_end(why: impl Into<String>) -> Self {
        Self::end(why.into(), None, Outcome::DeadEnd)
    }

    fn unknown(why: impl Into<String>, gap: Option<&Gap>) -> Self {
        Self::end(why.into(), gap, Outcome::Unknown)
    }

    /// A dead end, unless a gap may hide the way on.
    fn end_unless(why: &str, gap: Option<&Gap>) -> Self {
        match gap {
            Some(_) => Self::unknown(format!("{why}, but not all was read"), gap),
            None => Self::dead_end(why),
        }
    }

    fn end(why: String, gap: Option<&Gap>, outcome: Outcome) -> Self {
        let what = What::End {
            why,
            hints: Vec::new(),
            gap: gap.cloned(),
        };
        Self::new(what, outcome)
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        if let What::End { hints, .. } = &mut self.what {
            hints.push(hint.into());
        }
        self
    }

    fn note(mut self, note: impl Into<Option<String>>) -> Self {
        self.notes.extend(note.into());
        self
    }

    fn only_if(mut self, condition: Option<String>) -> Self {
        self.condition = condition;
        self
    }

    fn outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        self
    }
}

impl Trace {
    /// Follows a request. `region` is where the snapshot was taken; with `follow` redirects are
    /// gone after.
    pub fn of(case: &Case<'_>, region: &str, request: &Request, follow: bool) -> Self {
        let steps = Walk::new(case, region, follow).ask(request, &[]);
        Self {
            request: request.clone(),
            outcome: steps.outcome,
            steps: steps.steps,
        }
    }

    /// The port at which all ways come in, where they agree on one.
    pub fn port(&self) -> Option<u16> {
        let mut ports = Vec::new();
        doors(&self.steps, &mut ports);
        let first = ports.first().copied();
        first.filter(|it| ports.iter().all(|other| other == it))
    }
}

/// The ports of the first listeners on every way.
fn doors(steps: &[Step], ports: &mut Vec<u16>) {
    for step in steps {
        if let What::Listener { port, .. } = &step.what {
            ports.push(*port);
        } else {
            doors(&step.then, ports);
        }
    }
}

#[cfg(test)]
mod tests;
