//! An account in memory that refuses as AWS does, and plans to run against it.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    io,
    time::Duration,
};

use jiff::Timestamp;

use super::{
    Account,
    journal::{Entry, FORMAT, Header, Notes, Past},
    pace::Pace,
};
use crate::{
    aws::{
        look::{Seen, Target, There},
        refusal::{Class, Refusal},
        write::{self, Ready, Way},
    },
    id::ResourceId,
    kind::Kind,
    removal::Action,
    teardown::plan::{self, Act, Consent, Goal, Identity, Month, Plan, Step},
};

/// A subnet of that number: one kind is as good as another here.
pub fn thing(n: u32) -> ResourceId {
    ResourceId::new(Kind::Subnet, format!("subnet-{n}"))
}

/// A step that deletes a thing after others.
pub fn step(number: u32, after: &[u32]) -> Step {
    Step {
        number,
        resource: thing(number),
        arn: None,
        name: None,
        identity: Identity {
            created: Some(Timestamp::UNIX_EPOCH),
            unique: None,
        },
        goal: Goal::Gone,
        acts: vec![Act::new(Action::DeleteSubnet, thing(number))],
        after: after.to_vec(),
        why: "its users are gone".to_owned(),
        takes: 1,
        deadline: 10_000,
        loses: None,
        undo: None,
        covers: Vec::new(),
        region: None,
    }
}

/// A step that switches off what protects the thing of step `of`.
pub fn unprotect(number: u32, of: u32) -> Step {
    Step {
        resource: thing(of),
        goal: Goal::Unprotected,
        acts: vec![Act::new(Action::ModifyLoadBalancerAttributes, thing(of))],
        ..step(number, &[])
    }
}

/// A step that copies the thing of step `of`.
pub fn copy(number: u32, of: u32) -> Step {
    Step {
        resource: thing(of),
        goal: Goal::Saved,
        acts: vec![Act::new(Action::CreateBackup, thing(of))],
        ..step(number, &[])
    }
}

/// A sealed plan of these steps.
pub fn plan(steps: Vec<Step>) -> Plan {
    Plan {
        format: plan::FORMAT,
        racklens: env!("CARGO_PKG_VERSION").to_owned(),
        rack: "shop".to_owned(),
        account: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
        identity: Some("arn:aws:iam::123456789012:user/ops".to_owned()),
        taken: Timestamp::UNIX_EPOCH,
        consent: Consent::default(),
        steps,
        losses: Vec::new(),
        stays: Vec::new(),
        blockers: Vec::new(),
        notes: Vec::new(),
        inferred: BTreeMap::new(),
        neighbours: Vec::new(),
        month: Month::default(),
        digest: String::new(),
    }
    .sealed()
}

pub fn header(plan: Plan) -> Header {
    Header {
        format: FORMAT,
        racklens: plan.racklens.clone(),
        account: plan.account.clone(),
        region: plan.region.clone(),
        identity: plan.identity.clone().unwrap_or_default(),
        plan,
    }
}

/// A run that does not wait.
pub fn pace() -> Pace {
    Pace {
        second: Duration::from_millis(1),
        first: 0.0,
        longest: 0.0,
        heartbeat: 0,
        deadline: 600_000,
        at_once: 8,
    }
}

/// A journal in memory that breaks after so many lines.
#[derive(Debug)]
pub struct Memory {
    pub entries: RefCell<Vec<Entry>>,
    pub room: usize,
}

impl Memory {
    /// One that never breaks.
    pub fn whole() -> Self {
        Self::killed_after(usize::MAX)
    }

    pub fn killed_after(room: usize) -> Self {
        Self {
            entries: RefCell::new(Vec::new()),
            room,
        }
    }

    /// What a next run is told of this one and of those before.
    pub fn past(&self, before: &Past) -> Past {
        let mut past = before.clone();
        past.entries.extend(self.entries.borrow().iter().cloned());
        past
    }
}

impl Notes for Memory {
    fn note(&self, entry: Entry) -> io::Result<()> {
        let mut entries = self.entries.borrow_mut();
        if entries.len() >= self.room {
            return Err(io::Error::other("killed"));
        }
        entries.push(entry);
        Ok(())
    }
}

/// One thing of the account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thing {
    /// Who holds on to it: while one is there it cannot go.
    pub held_by: BTreeSet<ResourceId>,
    /// What must have been done before it can go.
    pub needs: BTreeSet<(Action, ResourceId)>,
    /// The act that deletes it; without one it goes by itself once nothing holds it.
    pub ends: Option<Action>,
    /// What goes along with it.
    pub covers: Vec<ResourceId>,
    /// After how many looks it is gone once its deletion began.
    pub looks: u32,
    pub going: bool,
    pub gone: bool,
    pub protected: bool,
    pub created: Timestamp,
    /// How many of its deletions AWS accepts and then gives up.
    pub sticks: u32,
    pub stuck: bool,
    /// Of a stack: what CloudFormation cannot delete of what goes along, by its key, which is its
    /// logical name, too. It gives up as long as it is not told to leave that there.
    pub fails_at: BTreeSet<String>,
    /// Whether there are objects in it, and how often more come after it was emptied.
    pub full: bool,
    pub refills: u32,
    /// How many parts of its objects are deleted before the last.
    pub parts: u32,
}

/// What goes wrong from time to time, in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    Throttled,
    Failure,
    /// The call takes effect and its answer is lost.
    LostAnswer,
}

/// The account.
#[derive(Debug, Default)]
pub struct InMemory {
    pub things: RefCell<BTreeMap<ResourceId, Thing>>,
    /// Every refusal of an act, by its code.
    pub refusals: RefCell<Vec<String>>,
    /// Every act that took effect and deleted nothing.
    pub made: RefCell<BTreeSet<(Action, ResourceId)>>,
    /// Every act, in order.
    pub acts: RefCell<Vec<(Action, ResourceId)>>,
    /// One call in so many meets this.
    pub weather: Option<(u32, Weather)>,
    /// From this call on the credentials are no good.
    pub expires: Option<u32>,
    pub calls: RefCell<u32>,
    /// How long each act takes.
    pub slow: Duration,
    /// What AWS says to whoever asks whether a thing is ready; nothing for yes.
    pub unready: RefCell<Option<Refusal>>,
    /// What happens to the account at a call of that number.
    pub incidents: RefCell<BTreeMap<u32, Incident>>,
    /// Calls under way now, and the most that ever were.
    pub most_at_once: RefCell<(usize, usize)>,
}

/// What someone else does meanwhile.
#[derive(Clone, Debug)]
pub enum Incident {
    Deletes(ResourceId),
    /// Makes another of that name.
    Replaces(ResourceId),
    Adds(ResourceId, Thing),
    Protects(ResourceId),
}

impl InMemory {
    /// All that a plan deletes, each held by the steps that go before it, and all that it leaves.
    pub fn of(plan: &Plan) -> Self {
        let account = Self::default();
        let mut things: BTreeMap<ResourceId, Thing> = BTreeMap::new();
        let stays = plan.stays.iter().map(|it| &it.resource);
        let covers = plan.steps.iter().flat_map(|it| &it.covers);
        for id in stays.chain(&plan.neighbours).chain(covers) {
            things.entry(id.clone()).or_default();
        }
        for step in &plan.steps {
            let thing = things.entry(step.resource.clone()).or_default();
            thing.created = step.identity.created.unwrap_or_default();
        }
        for step in plan.steps.iter().filter(|it| it.goal == Goal::Gone) {
            let before = |number| plan.steps.iter().find(|it| it.number == number);
            let before: Vec<&Step> = step.after.iter().filter_map(|it| before(*it)).collect();
            let gone = before.iter().filter(|it| it.goal == Goal::Gone);
            let gone = gone.filter(|it| it.resource != step.resource);
            let ready = before.iter().filter(|it| it.goal != Goal::Gone);
            let acts = ready.flat_map(|it| &it.acts);
            if let Some(thing) = things.get_mut(&step.resource) {
                thing.held_by.extend(gone.map(|it| it.resource.clone()));
                thing
                    .needs
                    .extend(acts.map(|it| (it.action, it.on.clone())));
                thing.ends = step.acts.last().map(|it| it.action);
                thing.covers.clone_from(&step.covers);
            }
        }
        for act in plan.steps.iter().flat_map(|it| &it.acts) {
            if write::unprotects(act)
                && let Some(thing) = things.get_mut(&act.on)
            {
                thing.protected = true;
            }
        }
        account.things.replace(things);
        account
    }

    pub fn change(&self, id: &ResourceId, change: impl FnOnce(&mut Thing)) {
        change(self.things.borrow_mut().get_mut(id).unwrap());
    }

    pub fn left(&self) -> Vec<ResourceId> {
        let things = self.things.borrow();
        let left = things.iter().filter(|it| !it.1.gone);
        left.map(|it| it.0.clone()).collect()
    }

    /// Counts a call and lets happen what happens at it.
    fn count(&self) -> Result<u32, Refusal> {
        let mut calls = self.calls.borrow_mut();
        *calls += 1;
        if self.expires.is_some_and(|it| *calls >= it) {
            return Err(Refusal::new(Class::Expired, "ExpiredToken", "it is over"));
        }
        if let Some(incident) = self.incidents.borrow_mut().remove(&calls) {
            let mut things = self.things.borrow_mut();
            match incident {
                Incident::Deletes(id) => things.get_mut(&id).unwrap().gone = true,
                Incident::Protects(id) => things.get_mut(&id).unwrap().protected = true,
                Incident::Replaces(id) => {
                    let thing = things.get_mut(&id).unwrap();
                    thing.created = Timestamp::MAX;
                    thing.gone = false;
                }
                Incident::Adds(id, thing) => {
                    things.insert(id, thing);
                }
            }
        }
        match self.weather {
            Some((every, Weather::Throttled)) if strikes(*calls, every) => {
                Err(Refusal::new(Class::Soon, "RequestLimitExceeded", ""))
            }
            Some((every, Weather::Failure)) if strikes(*calls, every) => {
                Err(Refusal::new(Class::Soon, "HTTP500", ""))
            }
            _ => Ok(*calls),
        }
    }

    fn change_of(&self, act: &Act, way: Way) -> Result<(), Refusal> {
        let refuse = |class, code: &str| {
            self.refusals.borrow_mut().push(code.to_owned());
            Err(Refusal::new(class, code, format!("about {}", act.on)))
        };
        let mut things = self.things.borrow_mut();
        let is_there = |id: &ResourceId| things.get(id).is_some_and(|it| !it.gone);
        let Some(thing) = things.get(&act.on) else {
            return refuse(Class::Already, "NotFound");
        };
        if thing.gone && act.action == Action::CreateBackup {
            return refuse(Class::Never, "TableNotFoundException");
        }
        if thing.gone {
            return refuse(Class::Already, "NotFound");
        }
        if write::unprotects(act) {
            things.get_mut(&act.on).unwrap().protected = way == Way::BackOn;
        } else if thing.ends == Some(act.action) {
            if thing.protected {
                return refuse(Class::Never, "OperationNotPermitted");
            }
            if thing.full {
                return refuse(Class::Held, "BucketNotEmpty");
            }
            if thing.held_by.iter().any(is_there) {
                return refuse(Class::Held, "DependencyViolation");
            }
            // What is gone by now needs nothing any more.
            let made = self.made.borrow();
            let mut needs = thing.needs.iter();
            if needs.any(|it| is_there(&it.1) && !made.contains(it)) {
                return refuse(Class::Held, "NotReady");
            }
            let thing = things.get_mut(&act.on).unwrap();
            if thing.sticks > 0 {
                thing.sticks -= 1;
                thing.stuck = true;
                return Ok(());
            }
            let retained = act.with.get("RetainResources");
            let retained: BTreeSet<&str> = retained.iter().flat_map(|it| it.split(',')).collect();
            if thing
                .fails_at
                .iter()
                .any(|it| !retained.contains(it.as_str()))
            {
                fail(&mut things, &act.on);
                return Ok(());
            }
            thing.stuck = false;
            thing.going = true;
            if thing.looks == 0 {
                end(&mut things, &act.on);
            }
            return Ok(());
        } else if act.action == Action::DeleteObjects {
            let thing = things.get_mut(&act.on).unwrap();
            if thing.parts > 0 {
                thing.parts -= 1;
                return refuse(Class::Soon, write::MORE);
            }
            thing.full = thing.refills > 0;
            thing.refills = thing.refills.saturating_sub(1);
        }
        let made = (act.action, act.on.clone());
        self.made.borrow_mut().insert(made);
        Ok(())
    }
}

/// A stack goes but for what CloudFormation fails at.
fn fail(things: &mut BTreeMap<ResourceId, Thing>, id: &ResourceId) {
    let Some(stack) = things.get_mut(id) else {
        return;
    };
    stack.stuck = true;
    let fails_at = stack.fails_at.clone();
    let covers = std::mem::take(&mut stack.covers).into_iter();
    let (left, goes): (Vec<_>, Vec<_>) = covers.partition(|it| fails_at.contains(&it.key));
    stack.covers = left;
    for covered in goes {
        end(things, &covered);
    }
}

/// A thing is gone, and what goes with it.
fn end(things: &mut BTreeMap<ResourceId, Thing>, id: &ResourceId) {
    let Some(thing) = things.get_mut(id) else {
        return;
    };
    thing.gone = true;
    for covered in std::mem::take(&mut thing.covers) {
        end(things, &covered);
    }
}

/// Whether a call of that number is one of those, which come in no rhythm.
fn strikes(call: u32, every: u32) -> bool {
    (call.wrapping_mul(2_654_435_761) >> 16).is_multiple_of(every)
}

impl Account for InMemory {
    async fn look(&self, target: Target<'_>, _region: Option<&str>) -> Result<Seen, Refusal> {
        self.enter().await;
        self.count()?;
        let mut things = self.things.borrow_mut();
        let Some(thing) = things.get_mut(target.id) else {
            return Ok(Seen::Gone);
        };
        if thing.gone {
            return Ok(Seen::Gone);
        }
        if thing.going {
            thing.looks = thing.looks.saturating_sub(1);
            if thing.looks == 0 {
                end(&mut things, target.id);
            }
            return Ok(Seen::Going("it is being deleted".to_owned()));
        }
        let (ends, held_by) = (thing.ends, thing.held_by.clone());
        let is_there = |id: &ResourceId| things.get(id).is_some_and(|it| !it.gone);
        if ends.is_none() && !held_by.is_empty() && !held_by.iter().any(is_there) {
            end(&mut things, target.id);
            return Ok(Seen::Gone);
        }
        let Some(thing) = things.get(target.id) else {
            return Ok(Seen::Gone);
        };
        Ok(Seen::There(There {
            created: Some(thing.created),
            stuck: thing.stuck.then(|| "a part of it would not go".to_owned()),
            ..There::default()
        }))
    }

    async fn act(&self, act: &Act, _region: Option<&str>, way: Way) -> Result<(), Refusal> {
        self.enter().await;
        if !self.slow.is_zero() {
            tokio::time::sleep(self.slow).await;
        }
        self.acts.borrow_mut().push((act.action, act.on.clone()));
        let call = self.count()?;
        let done = self.change_of(act, way);
        match self.weather {
            Some((every, Weather::LostAnswer)) if strikes(call, every) => {
                Err(Refusal::new(Class::Unclear, "Timeout", "no answer in time"))
            }
            _ => done,
        }
    }

    async fn ready(&self, _act: &Act, _region: Option<&str>) -> Result<Ready, Refusal> {
        self.unready.borrow().clone().map_or(Ok(Ready::Yes), Err)
    }

    async fn drained(&self, _id: &ResourceId) -> Result<Ready, Refusal> {
        self.unready.borrow().clone().map_or(Ok(Ready::Yes), Err)
    }

    async fn holders(&self, id: &ResourceId) -> Result<Vec<String>, Refusal> {
        let things = self.things.borrow();
        let held_by = things.get(id).map(|it| it.held_by.clone());
        let there = held_by.unwrap_or_default().into_iter();
        let there = there.filter(|it| things.get(it).is_some_and(|it| !it.gone));
        Ok(there.map(|it| it.to_string()).collect())
    }
}

impl InMemory {
    /// A call takes a moment, in which others may be made.
    async fn enter(&self) {
        {
            let mut counted = self.most_at_once.borrow_mut();
            counted.0 += 1;
            counted.1 = counted.1.max(counted.0);
        }
        tokio::task::yield_now().await;
        self.most_at_once.borrow_mut().0 -= 1;
    }
}
