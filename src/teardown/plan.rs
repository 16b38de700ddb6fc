//! The plan as a file: every step with its reason, what stays, and what stands in the way.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::protection::Guard;
use crate::{
    id::ResourceId,
    removal::{Action, Data},
    text,
};

/// The format that this version writes and runs. A plan of another one is made anew, never
/// guessed at.
pub const FORMAT: u32 = 1;

/// How one rack goes. The same snapshot and the same wishes make the same plan, to the byte.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    pub format: u32,
    /// The version of racklens that made it.
    pub racklens: String,
    pub rack: String,
    /// Twelve digits.
    pub account: String,
    pub region: String,
    /// ARN of who took the snapshot; `None` where the snapshot does not tell.
    pub identity: Option<String>,
    /// When the snapshot was taken: the plan is as old as what it was made from.
    pub taken: Timestamp,
    pub consent: Consent,
    /// In an order in which they could be run one by one.
    pub steps: Vec<Step>,
    /// The data that is lost, in order of its class; what goes along with a stack, too.
    pub losses: Vec<Loss>,
    /// What of the rack, or used by it, is there afterwards, in id order.
    pub stays: Vec<Stay>,
    /// Why it must not be run. Empty for a plan that may be.
    pub blockers: Vec<Blocker>,
    /// What a person should know and nothing waits for: whole sentences.
    pub notes: Vec<String>,
    /// Of what goes although only its use ties it to the rack: how it is used.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inferred: BTreeMap<ResourceId, String>,
    /// What is not the rack's and must be there afterwards, in id order.
    pub neighbours: Vec<ResourceId>,
    pub month: Month,
    /// SHA-256 of all the rest, in hex. A plan that was changed by hand does not have it.
    #[serde(default)]
    pub digest: String,
}

/// What a person allowed, beyond what can be undone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Consent {
    /// Classes of data that may be lost.
    pub delete: BTreeSet<Data>,
    /// Protections that may be switched off.
    pub disable: BTreeSet<Guard>,
    /// Whether what only its use ties to the rack goes, too.
    pub inferred: bool,
    /// Whether what AWS can save is saved first.
    pub backup: bool,
    /// Whether a stack that could not be deleted goes without what it failed at.
    pub retain: bool,
    /// What stays whatever else is said: `kind/key`, ARNs, `tag:KEY=VALUE`, or names.
    pub keep: BTreeSet<String>,
}

/// One thing to be done to one resource. One resource may need several, at different times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// From 1, in the order of the plan. A step never comes before one that it waits for.
    pub number: u32,
    pub resource: ResourceId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// What a person calls it, where that is not its key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub identity: Identity,
    /// What is true once it is done.
    pub goal: Goal,
    /// Calls in their order. None where AWS does it by itself and we only wait.
    pub acts: Vec<Act>,
    /// Numbers of the steps that must be done before, in order.
    pub after: Vec<u32>,
    /// Why it stands where it does: a sentence without its full stop.
    pub why: String,
    /// How long it usually takes, in seconds.
    pub takes: u32,
    /// When to give up, in seconds.
    pub deadline: u32,
    /// The class of data that is lost with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loses: Option<Data>,
    /// How it is undone: a sentence without its full stop. `None` where it cannot be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<String>,
    /// What goes along with it without a step of its own, in id order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub covers: Vec<ResourceId>,
    /// Where it is, if not in the plan's region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

/// By what a resource is known to be still the same thing. Where both are `None` it has no more
/// than its id, which AWS never gives to another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Identity {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// AWS's own number for it, where its key is a name: a stack's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unique: Option<String>,
}

/// What a step is to bring about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Goal {
    /// A copy of its data is there and ready to be used.
    Saved,
    /// Nothing protects it from deletion any more.
    Unprotected,
    /// It starts nothing new: a rule is off, an Auto Scaling group launches no instance.
    Stopped,
    /// Nothing runs in it any more: a service without tasks, a group without instances.
    Drained,
    /// It lets go of others: rules that name groups, capacity providers, associations.
    Cut,
    /// There is nothing in it any more: a bucket without objects.
    Empty,
    /// It is not there any more, by its own kind's meaning.
    Gone,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    pub action: Action,
    pub on: ResourceId,
    /// What the plan fixes of the call, by AWS's names of the parameters:
    /// `FinalDBSnapshotIdentifier`, `PendingWindowInDays`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub with: BTreeMap<String, String>,
}

/// Data that does not come back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Loss {
    pub data: Data,
    pub resource: ResourceId,
    /// Whether a copy is made before.
    pub copied: bool,
    /// How much there was when the snapshot was taken: "3 objects, 1.2 MB"; empty where that was
    /// not read.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub size: String,
    /// What of it is elsewhere by itself and stays: "snapshot snap-1, made 3 hours ago"; empty where
    /// nothing is known to be.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kept: String,
}

/// One thing that is there afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stay {
    pub resource: ResourceId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub why: Why,
    /// The class of data that things like it have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Data>,
    /// What it goes on to cost a month, in US dollars, to the cent; `None` where that is not known
    /// or it costs nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub month: Option<Decimal>,
}

/// Why a thing stays.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Why {
    /// Others use it, too.
    Shared { others: Vec<ResourceId> },
    /// It is not the rack's, although the rack uses it.
    Foreign { evidence: String },
    /// Whose it is, or who uses it, was not read; the call that would tell.
    Unread { call: String },
    /// Nothing but its use ties it to the rack.
    Inferred { evidence: String },
    /// Its stack leaves it there.
    Retained { by: ResourceId },
    /// A protection is on that nobody allowed to switch off.
    Protected { guard: Guard, field: String },
    /// Data of that class would be lost, and nobody agreed to that.
    NoConsent { data: Data },
    /// A person said so.
    Kept { by: String },
    /// AWS does not let it be deleted.
    NeverDeletable { reason: String },
    /// It cannot go before that, which stays.
    GoesWith { with: ResourceId },
    /// AWS is deleting it already, or it goes by itself with what goes.
    Going { reason: String },
}

/// Why the plan must not be run as it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blocker {
    /// What it is about; `None` where it is about the whole rack.
    pub resource: Option<ResourceId>,
    /// A sentence without its full stop.
    pub what: String,
    /// Who stands in the way: resources, calls, or people.
    pub by: Vec<String>,
    /// How we know.
    pub evidence: String,
    /// What to do about it: a sentence without its full stop.
    pub remedy: String,
    /// The option that would lift it, as it is written on the command line.
    pub consent: Option<String>,
}

/// What the rack costs a month, split by what goes and what stays. US dollars, to the cent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Month {
    pub saved: Decimal,
    pub kept: Decimal,
    /// Lines of the bill that could not be priced; they are in neither sum.
    pub unknown: u32,
}

/// Why a text is not a plan that may be run.
#[derive(Debug, thiserror::Error)]
pub enum BadPlan {
    #[error("not a teardown plan, or damaged, at `{path}`: {source}")]
    Damaged {
        path: String,
        source: serde_json::Error,
    },
    #[error(
        "a plan of format {found}, made by racklens {racklens}; this one runs format {FORMAT} only"
    )]
    OtherFormat { found: u32, racklens: String },
    #[error(
        "the plan was changed after racklens made it: its digest is {found}, its content's {made}"
    )]
    Changed { found: String, made: String },
    #[error("the plan does not hold together: {0}")]
    Inconsistent(String),
}

impl Plan {
    /// The digest that a plan of this content has.
    pub fn digested(&self) -> String {
        let bare = Self {
            digest: String::new(),
            ..self.clone()
        };
        text::json_digest(&bare, 64)
    }

    /// The same plan with its digest.
    pub fn sealed(mut self) -> Self {
        self.digest = self.digested();
        self
    }

    /// The text of a plan file.
    pub fn to_json(&self) -> String {
        text::json(self)
    }

    /// Reads the text of a plan file.
    ///
    /// # Errors
    /// When it is no plan, one of another format, one that was changed by hand, or one whose steps
    /// wait for later ones.
    pub fn parse(json: &[u8]) -> Result<Self, BadPlan> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
            racklens: String,
        }
        if let Ok(head) = serde_json::from_slice::<Head>(json)
            && head.format != FORMAT
        {
            return Err(BadPlan::OtherFormat {
                found: head.format,
                racklens: head.racklens,
            });
        }
        let mut reader = serde_json::Deserializer::from_slice(json);
        let plan: Self = serde_path_to_error::deserialize(&mut reader).map_err(|it| {
            let path = it.path().to_string();
            let source = it.into_inner();
            BadPlan::Damaged { path, source }
        })?;
        reader.end().map_err(|source| BadPlan::Damaged {
            path: "end of file".to_owned(),
            source,
        })?;
        let made = plan.digested();
        if made != plan.digest {
            let found = plan.digest;
            return Err(BadPlan::Changed { found, made });
        }
        plan.hold_together()?;
        Ok(plan)
    }

    /// Whether nothing stands in the way of running it.
    pub fn may_run(&self) -> bool {
        self.blockers.is_empty()
    }

    /// Everything that is gone after it, in id order.
    pub fn goes(&self) -> BTreeSet<&ResourceId> {
        let gone = self.steps.iter().filter(|it| it.goal == Goal::Gone);
        gone.flat_map(|it| it.covers.iter().chain([&it.resource]))
            .collect()
    }

    /// The data that is lost with a step: of its own resource, and of what goes along with it.
    pub fn lost_with(&self, step: &Step) -> Vec<&Loss> {
        let ends = matches!(step.goal, Goal::Gone | Goal::Empty);
        let is_of = |it: &&Loss| it.resource == step.resource || step.covers.contains(&it.resource);
        self.losses.iter().filter(|it| ends && is_of(it)).collect()
    }

    /// The step with which a thing is gone.
    pub fn gone_with(&self, id: &ResourceId) -> Option<&Step> {
        let mut gone = self.steps.iter().filter(|it| it.goal == Goal::Gone);
        gone.find(|it| it.resource == *id || it.covers.contains(id))
    }

    /// Refuses what nobody could run and what nobody may, whatever its digest.
    fn hold_together(&self) -> Result<(), BadPlan> {
        let bad = |what| Err(BadPlan::Inconsistent(what));
        let stays: BTreeSet<&ResourceId> = self.stays.iter().map(|it| &it.resource).collect();
        let stays: BTreeSet<&ResourceId> = stays.into_iter().chain(&self.neighbours).collect();
        for (step, number) in self.steps.iter().zip(1_u32..) {
            if step.number != number {
                return bad(format!(
                    "step {} stands where step {number} should",
                    step.number
                ));
            }
            if step.after.iter().any(|it| *it == 0 || *it >= number) {
                return bad(format!("step {number} waits for one that is not before it"));
            }
            if let Some(act) = step.acts.iter().find(|it| it.on != step.resource) {
                return bad(format!(
                    "step {number} is about {} and does something to {}",
                    step.resource, act.on
                ));
            }
            if stays.contains(&step.resource) {
                return bad(format!(
                    "step {number} does something to {}, which is to stay",
                    step.resource
                ));
            }
            if step.goal == Goal::Saved && step.acts.is_empty() {
                return bad(format!("step {number} makes no copy and says that it does"));
            }
        }
        let goes = self.goes();
        match stays.into_iter().find(|it| goes.contains(it)) {
            Some(id) => bad(format!("{id} is to go and to stay")),
            None => Ok(()),
        }
    }
}

impl Act {
    pub fn new(action: Action, on: ResourceId) -> Self {
        Self {
            action,
            on,
            with: BTreeMap::new(),
        }
    }

    /// With a parameter that the plan fixes.
    pub fn with(mut self, parameter: &str, value: impl Into<String>) -> Self {
        self.with.insert(parameter.to_owned(), value.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Kind;

    fn subnet(n: u32) -> ResourceId {
        ResourceId::new(Kind::Subnet, format!("subnet-{n}"))
    }

    fn step(goal: Goal) -> Step {
        Step {
            number: 1,
            resource: subnet(1),
            arn: None,
            name: None,
            identity: Identity::default(),
            goal,
            acts: vec![Act::new(Action::DeleteSubnet, subnet(1))],
            after: Vec::new(),
            why: String::new(),
            takes: 1,
            deadline: 1,
            loses: None,
            undo: None,
            covers: Vec::new(),
            region: None,
        }
    }

    /// What is said of a plan of that one step in which subnet 2 stays and subnet 3 is another's.
    fn told(step: Step) -> Result<Plan, String> {
        let plan = Plan {
            format: FORMAT,
            racklens: String::new(),
            rack: "shop".to_owned(),
            account: String::new(),
            region: String::new(),
            identity: None,
            taken: Timestamp::UNIX_EPOCH,
            consent: Consent::default(),
            steps: vec![step],
            losses: Vec::new(),
            stays: vec![Stay {
                resource: subnet(2),
                name: None,
                why: Why::Kept { by: String::new() },
                data: None,
                month: None,
            }],
            blockers: Vec::new(),
            notes: Vec::new(),
            inferred: BTreeMap::new(),
            neighbours: vec![subnet(3)],
            month: Month::default(),
            digest: String::new(),
        };
        Plan::parse(plan.sealed().to_json().as_bytes()).map_err(|it| it.to_string())
    }

    #[test]
    fn a_plan_that_does_something_to_another_thing_than_it_says_is_refused() {
        assert!(told(step(Goal::Gone)).is_ok());
        let mut other = step(Goal::Gone);
        other.acts[0].on = subnet(4);
        let said = told(other).unwrap_err();
        assert!(
            said.contains("is about subnet/subnet-1 and does something to subnet/subnet-4"),
            "{said}"
        );
    }

    #[test]
    fn a_plan_that_does_anything_to_what_stays_is_refused() {
        for (n, goal) in [(2, Goal::Unprotected), (3, Goal::Empty), (2, Goal::Gone)] {
            let mut other = step(goal);
            other.resource = subnet(n);
            other.acts[0].on = subnet(n);
            let said = told(other).unwrap_err();
            assert!(said.contains("which is to stay"), "{said}");
        }
        let mut covering = step(Goal::Gone);
        covering.covers = vec![subnet(3)];
        let said = told(covering).unwrap_err();
        assert!(said.contains("is to go and to stay"), "{said}");
    }

    #[test]
    fn a_copy_without_a_call_is_refused() {
        let mut bare = step(Goal::Saved);
        bare.acts.clear();
        assert!(told(bare).is_err());
    }
}
