//! Reads a rack: everything cheap for the whole region, then depth for what is the rack's own.
//!
//! Breadth lists each kind once for the region, all kinds side by side. Then belonging decides
//! what is the rack's, and depth asks about that, and about orphans, one by one: more fields, the
//! parts inside, the things referred to. Whatever depth finds is asked about in turn, without
//! waiting for the rest, until nothing new comes.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{
    future::BoxFuture,
    stream::{FuturesUnordered, StreamExt},
};

use super::{Aws, Call, Found, Service, session};
use crate::{
    belonging::{self, Belongings, Class},
    definition::Definition,
    graph::Graph,
    id::ResourceId,
    kind::{
        self, AsKind as _, Kind, cluster::Cluster, for_each_kind, key::Key, service, task,
        task_definition::is_family,
    },
    rack::{self, NoSuchRack, Rack},
    relation::RelationKind,
    snapshot::{Gap, Resource},
};

/// Lists a kind for the whole region.
pub type List = for<'a> fn(&'a Aws) -> BoxFuture<'a, Found>;
/// Asks more about these resources, or for what is inside them.
pub type Ask = for<'a> fn(&'a Aws, Vec<Resource>) -> BoxFuture<'a, Found>;
/// Reads these by their ids.
pub type Fetch = for<'a> fn(&'a Aws, Vec<ResourceId>) -> BoxFuture<'a, Found>;

/// How one kind is read: its room's edge half, as data.
pub struct Reading {
    /// Every call that this room may make. Nothing else gets past the guard.
    pub calls: &'static [Call],
    pub source: Source,
    /// Returns the same resources with what takes a call of its own to learn.
    pub deepen: Option<Ask>,
}

/// Where the resources of a kind come from.
pub enum Source {
    /// One listing for the region.
    Region(List),
    /// Asked of every parent in the region: cheap, and neighbours need it too.
    Inside(Kind, Ask),
    /// Asked only of the rack's own parents.
    InsideRack(Kind, Ask),
    /// Read by id when something of the rack refers to it.
    Referred(Fetch),
}

macro_rules! define_readings {
    ($($variant:ident($module:ident, $name:literal, $group:ident, $cfn:literal),)+) => {
        /// How resources of that kind are read.
        pub fn reading(kind: Kind) -> &'static Reading {
            match kind { $(Kind::$variant => &kind::$module::aws::READING,)+ }
        }
    };
}
for_each_kind!(define_readings);

/// Kinds of which neighbours, too, are asked for all fields: only these tell which bucket a load
/// balancer writes its logs to, or what an event rule or a schedule sets off, and so who shares it
/// and whether one is left behind.
const TELLING: [Kind; 4] = [
    Kind::LoadBalancer,
    Kind::ClassicLoadBalancer,
    Kind::EventRule,
    Kind::Schedule,
];

/// Kinds that run task definitions. Of neighbours' tasks only those are read that none of the
/// others started.
const RUNNING: [Kind; 4] = [Kind::Service, Kind::EventRule, Kind::Schedule, Kind::Task];

/// Kinds that a customer's key may encrypt and whose listing does not say with which: who besides
/// the rack needs a key of the rack's, only one call for each of them tells.
const LOCKED: [(Kind, Ask); 4] = [
    (Kind::Bucket, kind::bucket::aws::ask_for_key),
    (Kind::Table, kind::table::aws::ask_for_key),
    (Kind::Queue, kind::queue::aws::deepen),
    (Kind::Topic, kind::topic::aws::ask_for_key),
];

/// Kinds of which only one call for each tells what nothing but a teardown needs to know: whether
/// AWS would delete them, and whether anybody took a copy of them that stays.
const GUARDED: [(Kind, Ask); 3] = [
    (Kind::Instance, kind::instance::aws::ask_for_protection),
    (Kind::DbInstance, kind::db_instance::aws::ask_for_snapshots),
    (Kind::DbCluster, kind::db_cluster::aws::ask_for_snapshots),
];

/// Who we are to AWS; asked first, and the only call whose failure ends a run.
pub const IDENTITY: Call = Call::new(Service::Sts, "GetCallerIdentity");

/// Every call that reading may make, sorted: the guard's list and the snapshot policy's.
pub fn calls() -> Vec<Call> {
    let mut calls: Vec<Call> = Kind::ALL
        .iter()
        .flat_map(|it| reading(*it).calls)
        .copied()
        .chain([IDENTITY, session::REGIONS])
        .collect();
    calls.sort_unstable();
    calls.dedup();
    calls
}

/// What reading tells about its progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many readings are known to be needed by now, this many are done.
    Done { done: usize, of: usize },
    /// All kinds are listed; depth begins.
    Listed { resources: usize },
}

/// All that was read, before it becomes a snapshot.
pub struct Read {
    pub resources: Vec<Resource>,
    pub gaps: Vec<Gap>,
}

/// The rack that is to be read.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub name: &'a str,
    pub definition: Option<&'a Definition>,
    /// Whether what only a teardown needs is asked, too.
    pub for_teardown: bool,
}

impl Asked<'_> {
    fn find(&self, graph: &Graph<'_>, gaps: &[Gap]) -> Result<Rack, NoSuchRack> {
        rack::find(graph, gaps, self.name, self.definition)
    }
}

/// Reads a rack with its neighbours.
///
/// # Errors
/// When the region was listed and holds no such rack.
pub async fn rack(
    aws: &Aws,
    asked: Asked<'_>,
    progress: &dyn Fn(Progress),
) -> Result<Read, NoSuchRack> {
    let mut crawl = Crawl::new(aws, progress);
    crawl.breadth(asked).await?;
    progress(Progress::Listed {
        resources: crawl.found.len(),
    });
    crawl.depth(asked).await?;
    Ok(crawl.into_read())
}

/// Lists only these kinds, for a look at the region.
pub async fn kinds(aws: &Aws, kinds: &[Kind], progress: &dyn Fn(Progress)) -> Read {
    let mut crawl = Crawl::new(aws, progress);
    for &kind in kinds {
        if let Source::Region(list) = reading(kind).source {
            crawl.start(Work::List(kind), list(aws));
        }
    }
    while let Some((work, found)) = crawl.next().await {
        crawl.keep(work, found);
    }
    crawl.into_read()
}

/// One reading under way or done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Work {
    List(Kind),
    /// More fields of resources that are there already.
    Deepen,
    /// Resources that may be new.
    More,
    /// What a family's name stands for, which may be known by its own name already.
    Latest,
    /// A look at neighbours' resources, or a last one at ours: nothing more is asked about them.
    Look,
}

struct Crawl<'a> {
    aws: &'a Aws,
    progress: &'a dyn Fn(Progress),
    running: FuturesUnordered<BoxFuture<'a, (Work, Found)>>,
    started: usize,
    done: usize,
    found: BTreeMap<ResourceId, Resource>,
    gaps: Vec<Gap>,
    /// What is the rack's own and has been asked about, so that nothing is asked twice.
    asked: BTreeSet<ResourceId>,
    /// Whose further fields have been asked for, neighbours among them.
    deepened: BTreeSet<ResourceId>,
    /// What has been asked for by its id.
    fetched: BTreeSet<ResourceId>,
    /// Neighbours' things whose key has been asked for.
    asked_for_key: BTreeSet<ResourceId>,
    /// What has been asked whether AWS would delete it.
    guarded: BTreeSet<ResourceId>,
    /// Neighbours' clusters whose tasks have been asked for.
    peeked_into: BTreeSet<ResourceId>,
}

/// What of the things seen so far deserves depth.
struct Ours {
    ids: Vec<ResourceId>,
    /// Whether a customer's key is among them and nobody is known to share it.
    has_key: bool,
}

impl<'a> Crawl<'a> {
    fn new(aws: &'a Aws, progress: &'a dyn Fn(Progress)) -> Self {
        Self {
            aws,
            progress,
            running: FuturesUnordered::new(),
            started: 0,
            done: 0,
            found: BTreeMap::new(),
            gaps: Vec::new(),
            asked: BTreeSet::new(),
            deepened: BTreeSet::new(),
            fetched: BTreeSet::new(),
            asked_for_key: BTreeSet::new(),
            guarded: BTreeSet::new(),
            peeked_into: BTreeSet::new(),
        }
    }

    fn start(&mut self, work: Work, future: BoxFuture<'a, Found>) {
        self.started += 1;
        self.running
            .push(Box::pin(async move { (work, future.await) }));
    }

    async fn next(&mut self) -> Option<(Work, Found)> {
        let next = self.running.next().await?;
        self.done += 1;
        (self.progress)(Progress::Done {
            done: self.done,
            of: self.started,
        });
        Some(next)
    }

    /// Keeps what was found and tells what it was.
    fn keep(&mut self, work: Work, mut found: Found) -> Vec<ResourceId> {
        self.gaps.extend(found.gaps);
        // More may have been asked about what is there.
        if work == Work::Latest {
            let known = &self.found;
            found.resources.retain(|it| !known.contains_key(&it.id));
        }
        let ids = found.resources.iter().map(|it| it.id.clone()).collect();
        let found = found.resources.into_iter();
        self.found.extend(found.map(|it| (it.id.clone(), it)));
        ids
    }

    fn all_of(&self, kind: Kind) -> Vec<Resource> {
        let all = self.found.values().filter(|it| it.id.kind == kind);
        all.cloned().collect()
    }

    /// Lists every kind for the region; the rack's stacks are opened as soon as they are known.
    async fn breadth(&mut self, asked: Asked<'_>) -> Result<(), NoSuchRack> {
        for &kind in Kind::ALL {
            if let Source::Region(list) = reading(kind).source {
                self.start(Work::List(kind), list(self.aws));
            }
        }
        // What may hold a rack: when both are listed and neither has one, the rest is not worth
        // the wait.
        let mut anchors = BTreeSet::from([Kind::Stack, Kind::Cluster]);
        while let Some((work, found)) = self.next().await {
            self.keep(work, found);
            let Work::List(listed) = work else { continue };
            for &kind in Kind::ALL {
                if let Source::Inside(parent, ask) = reading(kind).source
                    && parent == listed
                {
                    self.start(Work::List(kind), ask(self.aws, self.all_of(parent)));
                }
            }
            if anchors.remove(&listed) && anchors.is_empty() {
                self.open_stacks(asked)?;
            }
            // Read whoever they are of, and so as soon as can be: more hangs on them.
            if listed == Kind::Service {
                self.fetch_what_is_run();
            }
        }
        Ok(())
    }

    fn open_stacks(&mut self, asked: Asked<'_>) -> Result<(), NoSuchRack> {
        let anchors: Vec<Resource> = [Kind::Stack, Kind::Cluster]
            .iter()
            .flat_map(|it| self.all_of(*it))
            .collect();
        let graph = Graph::build(&anchors);
        let rack = match asked.find(&graph, &self.gaps) {
            // Other kinds than these two may bear its tags, or be its own.
            Err(NoSuchRack::Unseen { .. }) => return Ok(()),
            found => found?,
        };
        let stacks: Vec<Resource> = anchors
            .iter()
            .filter(|it| it.id.kind == Kind::Stack && rack.roots.contains_key(&it.id))
            .cloned()
            .collect();
        self.deepen(Kind::Stack, stacks);
        Ok(())
    }

    /// Asks about what is the rack's until nothing new comes.
    async fn depth(&mut self, asked: Asked<'_>) -> Result<(), NoSuchRack> {
        for kind in TELLING {
            self.deepen(kind, self.all_of(kind));
        }
        self.fetch_defined(asked);
        loop {
            let ours = self.ours(asked)?;
            self.ask_about(&ours.ids);
            self.ask_what_runs_alone();
            self.fetch_what_is_run();
            // Only now it is known whose the rack's keys are, and all that is the rack's.
            if self.running.is_empty() {
                if ours.has_key {
                    self.ask_who_needs_keys();
                }
                if asked.for_teardown {
                    self.ask_what_is_guarded();
                }
            }
            if self.running.is_empty() {
                return Ok(());
            }
            while let Some((work, found)) = self.next().await {
                let came = self.keep(work, found);
                match work {
                    // Parts and references of what is ours are ours to ask about at once;
                    // only what belongs for another reason waits for the next round.
                    Work::More | Work::List(_) => self.ask_about(&came),
                    Work::Deepen => self.fetch_referred(&came),
                    Work::Latest | Work::Look => {}
                }
            }
        }
    }

    /// What of the things seen so far deserves depth.
    fn ours(&self, asked: Asked<'_>) -> Result<Ours, NoSuchRack> {
        let graph = Graph::build(self.found.values());
        let rack = asked.find(&graph, &self.gaps)?;
        let belongings = belonging::decide(&graph, &rack);
        let ids = self
            .found
            .values()
            .filter(|it| deserves_depth(it, &graph, &belongings))
            .map(|it| it.id.clone())
            .collect();
        // One that others need stays whoever else needs it.
        let mut keys = graph.of::<Key>();
        let has_key = keys.any(|(it, key)| {
            let class = belongings.of(&it.id).class;
            !matches!(class, Class::Shared | Class::Foreign) && key.is_aws_managed() != Some(true)
        });
        Ok(Ours { ids, has_key })
    }

    /// Asks those of neighbours' clusters for their tasks in which more run than services keep
    /// running: nothing else tells which images and roles those have.
    fn ask_what_runs_alone(&mut self) {
        let mut kept: BTreeMap<&str, u32> = BTreeMap::new();
        for service in self
            .found
            .values()
            .filter_map(|it| service::Service::of(&it.attrs))
        {
            *kept.entry(&service.cluster).or_default() += service.running;
        }
        let more = |it: &&Resource| {
            let kept = kept.get(it.id.key.as_str()).copied().unwrap_or_default();
            Cluster::of(&it.attrs).is_some_and(|it| it.is_active() && it.running_tasks > kept)
        };
        let clusters = self.found.values().filter(more);
        let mut clusters: Vec<Resource> = clusters.cloned().collect();
        clusters
            .retain(|it| !self.asked.contains(&it.id) && self.peeked_into.insert(it.id.clone()));
        if !clusters.is_empty() {
            self.start(Work::Look, task::aws::ask_for_lone(self.aws, clusters));
        }
    }

    /// Asks neighbours' things, each once, which key they are encrypted with.
    fn ask_who_needs_keys(&mut self) {
        for (kind, ask) in LOCKED {
            let mut others = self.all_of(kind);
            others.retain(|it| {
                !self.deepened.contains(&it.id) && self.asked_for_key.insert(it.id.clone())
            });
            if !others.is_empty() {
                self.start(Work::Look, ask(self.aws, others));
            }
        }
    }

    /// Asks about the rack's own, each once, whether AWS would delete it.
    fn ask_what_is_guarded(&mut self) {
        for (kind, ask) in GUARDED {
            let mut ours = self.all_of(kind);
            ours.retain(|it| self.asked.contains(&it.id) && self.guarded.insert(it.id.clone()));
            if !ours.is_empty() {
                self.start(Work::Look, ask(self.aws, ours));
            }
        }
    }

    /// Starts every reading that these resources call for and that was not started yet.
    fn ask_about(&mut self, ids: &[ResourceId]) {
        let mut fresh: BTreeMap<Kind, Vec<Resource>> = BTreeMap::new();
        for id in ids {
            if self.asked.insert(id.clone())
                && let Some(resource) = self.found.get(id)
            {
                fresh.entry(id.kind).or_default().push(resource.clone());
            }
        }
        for (parent, resources) in fresh {
            for &kind in Kind::ALL {
                if let Source::InsideRack(of, ask) = reading(kind).source
                    && of == parent
                {
                    self.start(Work::More, ask(self.aws, resources.clone()));
                }
            }
            self.deepen(parent, resources);
        }
        self.fetch_referred(ids);
    }

    fn deepen(&mut self, kind: Kind, mut resources: Vec<Resource>) {
        resources.retain(|it| self.deepened.insert(it.id.clone()));
        if let Some(ask) = reading(kind).deepen
            && !resources.is_empty()
        {
            self.start(Work::Deepen, ask(self.aws, resources));
        }
    }

    /// Reads by id what these refer to and no listing brings, as far as they are the rack's own.
    fn fetch_referred(&mut self, ids: &[ResourceId]) {
        let ours = ids.iter().filter(|it| self.asked.contains(*it));
        let holders = ours.filter_map(|it| self.found.get(it));
        let held: Vec<ResourceId> = holders.flat_map(referred).collect();
        self.fetch(Work::More, held);
    }

    /// Reads what services run and what is started by the clock, neighbours' too: only a task
    /// definition tells which roles, images, secrets and logs they have, and so who shares them.
    fn fetch_what_is_run(&mut self) {
        let runners = self.found.values();
        let runners = runners.filter(|it| RUNNING.contains(&it.id.kind));
        let mut run: Vec<ResourceId> = runners.flat_map(referred).collect();
        run.retain(|it| it.kind == Kind::TaskDefinition);
        self.fetch(Work::Look, run);
    }

    /// Reads what only the rack's definition names.
    fn fetch_defined(&mut self, asked: Asked<'_>) {
        let said = asked.definition.into_iter();
        let named = said.flat_map(|it| it.own.iter().chain(it.terraform.keys()));
        self.fetch(Work::More, named.cloned().collect());
    }

    /// Reads by id what was not read yet and no listing brings.
    fn fetch(&mut self, work: Work, ids: Vec<ResourceId>) {
        let mut wanted: BTreeMap<(Kind, Work), Vec<ResourceId>> = BTreeMap::new();
        for id in ids {
            if matches!(reading(id.kind).source, Source::Referred(_))
                && !self.found.contains_key(&id)
                && self.fetched.insert(id.clone())
            {
                let work = if is_family(&id) { Work::Latest } else { work };
                wanted.entry((id.kind, work)).or_default().push(id);
            }
        }
        for ((kind, work), ids) in wanted {
            if let Source::Referred(fetch) = reading(kind).source {
                self.start(work, fetch(self.aws, ids));
            }
        }
    }

    fn into_read(self) -> Read {
        Read {
            resources: self.found.into_values().collect(),
            gaps: self.gaps,
        }
    }
}

/// What a resource would miss.
fn referred(holder: &Resource) -> impl Iterator<Item = ResourceId> {
    let relations = holder.attrs.model().relations().into_iter();
    let held = relations.filter(|it| it.kind != RelationKind::Admits);
    held.map(|it| it.to)
}

/// The rack's own, what it shares, and what a stack left behind.
fn deserves_depth(resource: &Resource, graph: &Graph<'_>, belongings: &Belongings) -> bool {
    !belongings.of(&resource.id).is_foreign() || belonging::left_by(resource, graph).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kind::{Fact, task_definition::TaskDefinition},
        testing::replay::Tape,
    };

    #[tokio::test]
    async fn only_where_more_runs_than_services_keep_running_a_neighbour_is_asked_for_tasks() {
        for (running, asked) in [(2, 0), (3, 1)] {
            let tape = Tape::default().answer(200, r#"{"taskArns":[]}"#);
            let aws = tape.aws();
            let mut crawl = Crawl::new(&aws, &|_| ());
            let mut found = Found::of(Kind::Cluster);
            let cluster = Cluster {
                status: "ACTIVE".to_owned(),
                running_tasks: running,
                ..Cluster::default()
            };
            let service = service::Service {
                cluster: "other".to_owned(),
                running: 2,
                ..service::Service::default()
            };
            found.resources = vec![
                Resource::new("other", cluster),
                Resource::new("other/web", service),
            ];
            crawl.keep(Work::List(Kind::Cluster), found);
            // Each is asked once, however often it is thought of.
            crawl.ask_what_runs_alone();
            crawl.ask_what_runs_alone();
            while crawl.next().await.is_some() {}
            assert_eq!(tape.asked().len(), asked, "{running}");
        }
    }

    #[test]
    fn what_was_asked_of_a_revision_is_not_lost_when_its_family_is_read() {
        let aws = Tape::default().aws();
        let mut crawl = Crawl::new(&aws, &|_| ());
        let read = |active_revisions| {
            let definition = TaskDefinition {
                active_revisions,
                ..TaskDefinition::default()
            };
            let mut found = Found::of(Kind::TaskDefinition);
            found.resources = vec![Resource::new("web:120", definition)];
            found
        };
        crawl.keep(Work::Deepen, read(Fact::Known(120)));
        let came = crawl.keep(Work::Latest, read(Fact::Unread));
        assert_eq!(came, []);
        let kept = crawl.into_read().resources;
        let kept = TaskDefinition::of(&kept[0].attrs).unwrap();
        assert_eq!(kept.active_revisions, Fact::Known(120));
    }
}
