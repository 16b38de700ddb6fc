//! Decides what is a node and what is told by another one, and draws the edges between them.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Detail, Diagram, Edge, Grade, Mark, Node, Tie, facts, label,
    look::{self, Part},
    node_id, notes,
    place::{self, Places},
    plain, reach,
    traffic::{self, Traffic, Way},
};
use crate::{
    belonging::Class,
    graph,
    id::ResourceId,
    kind::{
        AsKind as _, Kind, cluster::Cluster, instance::Instance, listener::Listener, task::Task,
    },
    relation::RelationKind,
    report::{Material, csv},
    rule::{Case, Severity, Status, Verdict},
    snapshot::{Gap, Resource},
    text,
};

/// What is told by the one thing that it holds on to in this way.
const HOLDERS: &[(Kind, RelationKind, Kind)] = &[
    (Kind::Task, RelationKind::PartOf, Kind::Service),
    (
        Kind::ContainerInstance,
        RelationKind::RunsOn,
        Kind::Instance,
    ),
    (Kind::Listener, RelationKind::PartOf, Kind::LoadBalancer),
    (Kind::ListenerRule, RelationKind::PartOf, Kind::Listener),
    (Kind::MountTarget, RelationKind::PartOf, Kind::FileSystem),
];

/// The id of the one node that is no resource.
const INTERNET: &str = "internet";

/// A diagram, and which of its nodes show a resource.
pub(super) struct Drawn {
    pub(super) diagram: Diagram,
    /// For a frame's resource: the nodes within it.
    pub(super) shown_by: BTreeMap<ResourceId, BTreeSet<String>>,
}

pub(super) fn draw(material: &Material<'_>, detail: Detail, wanted: Option<&ResourceId>) -> Drawn {
    let case = &material.case;
    let mut sketch = Sketch::new(material, detail, wanted);
    sketch.choose();
    let traffic = Traffic::follow(case, &sketch.shown_by);
    if detail == Detail::Architecture {
        sketch.collapse(&traffic);
    }
    let mut edges = sketch.edges(&traffic);
    sketch.add_names(&mut edges);
    let mut places = Places::new(case, &material.snapshot.region);
    let nodes = sketch.nodes(&mut places, &traffic, &edges);
    let mut frames = places.into_frames();
    for frame in &mut frames {
        let about: Vec<&ResourceId> = frame.resource.iter().collect();
        frame.marks = sketch.marks(&about);
    }
    let told = sketch.told(&nodes, &frames);
    let diagram = Diagram {
        title: title(material),
        notes: notes::notes(&told, case),
        counts: notes::counts(&told, case, detail),
        edges: edges.into_edges(&nodes),
        nodes,
        frames,
    };
    Drawn {
        shown_by: sketch.within(&diagram),
        diagram,
    }
}

/// `Rack prod in eu-west-1, account 123456789012, as of 2026-01-01T00:00:00Z`
fn title(material: &Material<'_>) -> String {
    let snapshot = material.snapshot;
    plain(&format!(
        "Rack {} in {}, account {}, as of {}",
        material.case.rack.name,
        snapshot.region,
        snapshot.account,
        csv::stamp(snapshot.taken)
    ))
}

/// How a resource is tied to the rack.
pub(super) fn tie(case: &Case<'_>, id: &ResourceId) -> Tie {
    match case.belongings.of(id).class {
        Class::Declared | Class::Derived => Tie::Own,
        Class::Inferred => Tie::Inferred,
        Class::Shared => Tie::Shared,
        Class::Foreign => Tie::Foreign,
    }
}

/// What became of all that belongs to the rack.
pub(super) struct Told<'a> {
    /// Drawn as a node or a frame.
    pub(super) drawn: BTreeSet<ResourceId>,
    /// Seen in something else's label or as an edge.
    pub(super) within: BTreeSet<ResourceId>,
    pub(super) verdicts: &'a BTreeMap<&'a ResourceId, Vec<&'a Verdict>>,
}

struct Sketch<'a> {
    case: &'a Case<'a>,
    detail: Detail,
    wanted: Option<&'a ResourceId>,
    verdicts: BTreeMap<&'a ResourceId, Vec<&'a Verdict>>,
    gaps: BTreeMap<&'a ResourceId, Vec<&'a Gap>>,
    /// Which nodes tell of a resource; of a node itself it is the one.
    shown_by: BTreeMap<ResourceId, BTreeSet<ResourceId>>,
}

impl<'a> Sketch<'a> {
    fn new(material: &'a Material<'a>, detail: Detail, wanted: Option<&'a ResourceId>) -> Self {
        let mut verdicts: BTreeMap<&ResourceId, Vec<&Verdict>> = BTreeMap::new();
        let all = material.judged.iter().flat_map(|it| &it.verdicts);
        for it in all.filter(|it| it.is_open()) {
            verdicts.entry(&it.subject).or_default().push(it);
        }
        let mut gaps: BTreeMap<&ResourceId, Vec<&Gap>> = BTreeMap::new();
        for gap in material.case.gaps {
            if let Some(about) = &gap.resource {
                gaps.entry(about).or_default().push(gap);
            }
        }
        Self {
            case: &material.case,
            detail,
            wanted,
            verdicts,
            gaps,
            shown_by: BTreeMap::new(),
        }
    }

    /// Finds what is a node by itself, then what those tell of.
    fn choose(&mut self) {
        for resource in self.case.graph.resources() {
            if self.is_node(resource) {
                self.show(&resource.id, [resource.id.clone()]);
            }
        }
        if self.detail == Detail::All {
            return;
        }
        self.show_clusters();
        // What is told of through others comes after these.
        let held = HOLDERS.iter().map(|it| it.0);
        for kind in held.chain([Kind::TaskDefinition]) {
            let all = self.case.graph.resources();
            let told: Vec<&Resource> = all.filter(|it| it.id.kind == kind).collect();
            for it in told {
                let by = self.tellers(it);
                self.show(&it.id, by);
            }
        }
    }

    /// A cluster in which nothing runs is no frame.
    fn show_clusters(&mut self) {
        let drawn = self
            .shown_by
            .keys()
            .filter_map(|it| self.case.graph.get(it));
        let busy: BTreeSet<&str> = drawn.filter_map(place::cluster_of).collect();
        let clusters = self.case.graph.of::<Cluster>().map(|it| it.0);
        let idle: Vec<&Resource> = clusters
            .filter(|it| !busy.contains(it.id.key.as_str()) && !facts::is_gone(it))
            .filter(|it| self.is_own(&it.id))
            .collect();
        for it in idle {
            self.show(&it.id, [it.id.clone()]);
        }
    }

    fn show(&mut self, id: &ResourceId, by: impl IntoIterator<Item = ResourceId>) {
        let entry = self.shown_by.entry(id.clone()).or_default();
        // What is a node tells of itself.
        if !entry.contains(id) {
            entry.extend(by);
        }
    }

    fn is_node(&self, resource: &Resource) -> bool {
        let id = &resource.id;
        if self.wanted == Some(id) && look::of(id.kind).part != Part::Frame {
            return true;
        }
        if self.case.belongings.of(id).is_foreign() || facts::is_gone(resource) {
            return false;
        }
        let part = look::of(id.kind).part;
        match part {
            Part::Frame => false,
            _ if self.detail == Detail::All => true,
            Part::Node => true,
            Part::Told => match Task::of(&resource.attrs) {
                Some(task) => !self.has_service(task),
                None => id.kind == Kind::TargetGroup,
            },
            Part::Plumbing => self.worst(id) >= Some(Severity::Medium),
        }
    }

    fn has_service(&self, task: &Task) -> bool {
        let service = task.service().map(|it| format!("{}/{it}", task.cluster));
        let service = service.map(|it| ResourceId::new(Kind::Service, it));
        service.is_some_and(|it| {
            let seen = self.case.graph.get(&it);
            seen.is_some_and(|it| !facts::is_gone(it))
        })
    }

    /// How bad the worst failure is.
    fn worst(&self, id: &ResourceId) -> Option<Severity> {
        let verdicts = self.verdicts.get(id).into_iter().flatten();
        let failed = verdicts.filter(|it| it.status == Status::Fail);
        failed.map(|it| it.severity).max()
    }

    /// The nodes that tell of something that is none.
    fn tellers(&self, resource: &Resource) -> BTreeSet<ResourceId> {
        let graph = self.case.graph;
        let uses = graph.uses(&resource.id).into_iter();
        let up = |kind: RelationKind, of: Kind| {
            let uses = uses.clone();
            uses.filter(move |(it, edge)| edge.kind == kind && it.id.kind == of)
                .map(|(it, _)| it.id.clone())
        };
        let holders: Vec<ResourceId> = match HOLDERS.iter().find(|it| it.0 == resource.id.kind) {
            Some((_, kind, holder)) => up(*kind, *holder).collect(),
            None => {
                let users = graph.users(&resource.id).into_iter();
                let users = users.filter(|(_, edge)| edge.kind == RelationKind::Uses);
                users.map(|(it, _)| it.id.clone()).collect()
            }
        };
        let shown = holders.iter().filter_map(|it| self.shown_by.get(it));
        shown.flatten().cloned().collect()
    }

    /// Lets a target group be told by the one thing behind it.
    fn collapse(&mut self, traffic: &Traffic) {
        let groups = self.shown_by.keys();
        let groups = groups.filter(|it| it.kind == Kind::TargetGroup && self.wanted != Some(it));
        let told: Vec<(ResourceId, ResourceId)> = groups
            .filter_map(|it| Some((it.clone(), traffic.only_goal(it)?.clone())))
            .filter(|(_, goal)| self.is_drawn(goal))
            .collect();
        for (group, goal) in told {
            self.shown_by.insert(group, BTreeSet::from([goal]));
        }
    }

    fn is_drawn(&self, id: &ResourceId) -> bool {
        self.shown_by.get(id).is_some_and(|by| by.contains(id))
    }

    /// All edges between nodes; may find neighbours that become nodes by them.
    fn edges(&mut self, traffic: &Traffic) -> Edges {
        let mut edges = Edges::default();
        for (from, edge, to) in self.case.graph.edges() {
            // Frames tell the first; a stack's members are too many for arrows to tell anything.
            let untold = matches!(edge.kind, RelationKind::SitsIn | RelationKind::Declares);
            if untold || self.is_told_by_traffic(from, edge, to) {
                continue;
            }
            for (a, b) in self.ends(from, to) {
                let (a, b) = (self.neighbour(&a), self.neighbour(&b));
                edges.add(&a, &b, edge.kind, &said(from, edge, to), from);
            }
        }
        if self.detail == Detail::Architecture {
            for way in traffic.ways(&self.shown_by) {
                edges.way(&way);
            }
        }
        for it in reach::all(self.case) {
            if self.is_drawn(&it.from) && self.is_drawn(&it.store) {
                let port = it.port.map(|it| format!(":{it}")).unwrap_or_default();
                edges.add(&it.from, &it.store, RelationKind::Admits, &port, &it.from);
            }
        }
        for (nat, gateway) in traffic::egress(self.case) {
            if self.is_drawn(&nat) && self.is_drawn(&gateway) {
                edges.add(&nat, &gateway, RelationKind::RoutesTo, "", &nat);
            }
        }
        edges
    }

    /// Between the rack's own things these edges are drawn as traffic, with all its conditions.
    fn is_told_by_traffic(&self, from: &ResourceId, edge: graph::Edge, to: &ResourceId) -> bool {
        let ours = |it| !self.case.belongings.of(it).is_foreign();
        if self.detail == Detail::All || !ours(from) || !ours(to) {
            return false;
        }
        let door =
            |it: &ResourceId| matches!(it.kind, Kind::TargetGroup | Kind::ClassicLoadBalancer);
        let registers = matches!(from.kind, Kind::Service | Kind::AutoScalingGroup);
        let sends = matches!(from.kind, Kind::Listener | Kind::ListenerRule) || door(from);
        (registers && door(to)) || (sends && edge.kind == RelationKind::ForwardsTo)
    }

    /// The pairs of nodes that an edge joins: at least one end is the rack's and drawn.
    fn ends(&self, from: &ResourceId, to: &ResourceId) -> Vec<(ResourceId, ResourceId)> {
        let (a, b) = (self.nodes_for(from), self.nodes_for(to));
        // One node tells of both: what several others tell of as well does not join these.
        if !a.is_disjoint(&b) {
            return Vec::new();
        }
        let pairs = a.iter().flat_map(|a| b.iter().map(move |b| (a, b)));
        pairs
            .filter(|(a, b)| a != b && (self.is_drawn(a) || self.is_drawn(b)))
            .filter(|(a, b)| self.is_own(a) || self.is_own(b))
            .map(|(a, b)| (a.clone(), b.clone()))
            .collect()
    }

    fn is_own(&self, id: &ResourceId) -> bool {
        !self.case.belongings.of(id).is_foreign() || self.wanted == Some(id)
    }

    /// The nodes that tell of a resource; of a neighbour the node that it would be.
    fn nodes_for(&self, id: &ResourceId) -> BTreeSet<ResourceId> {
        if let Some(by) = self.shown_by.get(id).filter(|it| !it.is_empty()) {
            return by.clone();
        }
        let seen = self.case.graph.get(id);
        let Some(seen) = seen.filter(|it| self.case.belongings.of(&it.id).is_foreign()) else {
            return BTreeSet::new();
        };
        if look::of(id.kind).part == Part::Node && !facts::is_gone(seen) {
            return BTreeSet::from([id.clone()]);
        }
        let listener = Listener::of(&seen.attrs).map(|it| &it.load_balancer);
        let balancer = listener.map(|it| ResourceId::new(Kind::LoadBalancer, it));
        balancer.into_iter().collect()
    }

    /// The same id; a neighbour is a node from now on.
    fn neighbour(&mut self, id: &ResourceId) -> ResourceId {
        if !self.is_drawn(id) {
            self.show(id, [id.clone()]);
        }
        id.clone()
    }

    /// How clients come in: by names and by open load balancers; and how packets leave.
    fn add_names(&mut self, edges: &mut Edges) {
        let mut named = BTreeSet::new();
        let (zones, balancers) = (
            Kind::HostedZone,
            [Kind::LoadBalancer, Kind::ClassicLoadBalancer],
        );
        for it in traffic::names(self.case) {
            let either = [&it.zone, &it.balancer];
            if !either.iter().any(|it| self.is_drawn(it) && self.is_own(it)) {
                continue;
            }
            let (zone, balancer) = (self.neighbour(&it.zone), self.neighbour(&it.balancer));
            let name = label(&it.name);
            edges.add(&zone, &balancer, RelationKind::RoutesTo, &name, &zone);
            if it.public {
                named.insert(balancer);
            }
        }
        let drawn: Vec<ResourceId> = self
            .shown_by
            .keys()
            .filter(|it| self.is_drawn(it))
            .cloned()
            .collect();
        for it in &drawn {
            let open = balancers.contains(&it.kind) && traffic::is_open(self.case, it);
            let asked = it.kind == zones && edges.leads(it, &named);
            if open && !named.contains(it) || asked {
                edges.clients(it);
            }
            if it.kind == Kind::InternetGateway {
                edges.gateway(it);
            }
        }
    }

    fn nodes(&self, places: &mut Places<'a>, traffic: &Traffic, edges: &Edges) -> Vec<Node> {
        let mut told: BTreeMap<&ResourceId, Vec<&ResourceId>> = BTreeMap::new();
        for (id, by) in &self.shown_by {
            for node in by.iter().filter(|it| *it != id) {
                told.entry(node).or_default().push(id);
            }
        }
        let drawn = self.shown_by.keys().filter(|it| self.is_drawn(it));
        let resources = drawn.filter_map(|it| self.case.graph.get(it));
        let mut nodes: Vec<Node> = Vec::new();
        for resource in resources {
            let about = told.get(&resource.id).map(Vec::as_slice);
            let about = about.unwrap_or_default();
            nodes.push(self.node(resource, about, places, traffic));
        }
        // Frames around nothing are nodes: an empty subnet is a part of the architecture, unless
        // it is one that others use.
        for kind in [Kind::Subnet, Kind::Vpc] {
            for resource in self.case.graph.resources() {
                let id = &resource.id;
                let meant = self.wanted == Some(id)
                    || (!matches!(tie(self.case, id), Tie::Foreign | Tie::Shared)
                        && !facts::is_gone(resource));
                if id.kind == kind && meant && !places.has(id) {
                    nodes.push(self.node(resource, &[], places, traffic));
                }
            }
        }
        nodes.sort_by(|a, b| a.resource.cmp(&b.resource));
        if edges.has_internet() {
            nodes.insert(0, internet());
        }
        nodes
    }

    fn node(
        &self,
        resource: &'a Resource,
        told: &[&ResourceId],
        places: &mut Places<'a>,
        traffic: &Traffic,
    ) -> Node {
        let id = &resource.id;
        let tie = tie(self.case, id);
        let look = look::of(id.kind);
        let mut lines = facts::lines(resource, self.case.graph);
        lines.extend(traffic.own_answers(id).iter().map(|it| label(it)));
        match tie {
            Tie::Shared => lines.push(self.shared(id)),
            Tie::Foreign => lines.push("not of this rack".to_owned()),
            Tie::Own | Tie::Inferred => {}
        }
        let about: Vec<&ResourceId> = [id].into_iter().chain(told.iter().copied()).collect();
        let mut marks = self.marks(&about);
        for door in &about {
            let ill = traffic.ill(door).map(|it| format!("! {it}"));
            marks.extend(ill.map(|it| mark(Grade::Ill, &it)));
            let unknown = traffic.unknown(door).map(|it| format!("? {it}"));
            marks.extend(unknown.map(|it| mark(Grade::Unknown, &it)));
        }
        marks.sort();
        marks.dedup();
        let instance = Instance::of(&resource.attrs);
        let group = instance.and_then(|it| it.auto_scaling_group.as_ref());
        Node {
            id: node_id(id),
            stands_for: 1,
            names: lines.iter().take(1).cloned().collect(),
            resource: Some(id.clone()),
            frame: Some(places.of(resource, tie)),
            noun: look.noun,
            tone: look.tone,
            lines,
            marks,
            tie,
            members: told.iter().map(|it| (*it).clone()).collect(),
            made_by: group.map(|it| ResourceId::new(Kind::AutoScalingGroup, it)),
            sort: instance
                .map(|it| it.instance_type.clone())
                .unwrap_or_default(),
        }
    }

    fn shared(&self, id: &ResourceId) -> String {
        match self.case.belongings.of(id).others.as_slice() {
            [one] => label(&format!("shared with {one}")),
            [] => "shared".to_owned(),
            others => format!("shared with {} others", others.len()),
        }
    }

    /// All that a reader must not miss about a node, from itself and from what it tells of.
    fn marks(&self, about: &[&ResourceId]) -> Vec<Mark> {
        let resources = about.iter().filter_map(|it| self.case.graph.get(it));
        let ill = resources.filter(|it| !facts::is_gone(it));
        let ill = ill.filter_map(facts::ill);
        let mut marks: Vec<Mark> = ill.map(|it| mark(Grade::Ill, &format!("! {it}"))).collect();
        let verdicts = about.iter().filter_map(|it| self.verdicts.get(*it));
        let verdicts: Vec<&Verdict> = verdicts.flatten().copied().collect();
        let (failed, open): (Vec<&Verdict>, Vec<&Verdict>) = verdicts
            .into_iter()
            .partition(|it| it.status == Status::Fail);
        if let Some(worst) = failed.iter().map(|it| it.severity).max() {
            let number = text::count(failed.len(), "finding");
            let said = format!("⚠ {number} ({worst})");
            marks.push(mark(Grade::Found(worst), &said));
        }
        if !open.is_empty() {
            let said = format!("? {} not known", text::count(open.len(), "check"));
            marks.push(mark(Grade::Unknown, &said));
        }
        let gaps = about.iter().filter_map(|it| self.gaps.get(*it)).flatten();
        let calls: BTreeSet<&str> = gaps.map(|it| it.call.as_str()).collect();
        if !calls.is_empty() {
            let calls: Vec<&str> = calls.into_iter().collect();
            let said = format!("? not read: {}", calls.join(", "));
            marks.push(mark(Grade::Unknown, &said));
        }
        marks.sort();
        marks.dedup();
        marks
    }

    fn told(&self, nodes: &[Node], frames: &[super::Frame]) -> Told<'_> {
        let frames = frames.iter().filter_map(|it| it.resource.clone());
        let nodes = nodes.iter().filter_map(|it| it.resource.clone());
        let shown = self.shown_by.iter();
        let within = shown.filter(|(id, by)| !by.is_empty() && !by.contains(id));
        Told {
            within: within.map(|(id, _)| id.clone()).collect(),
            drawn: nodes.chain(frames).collect(),
            verdicts: &self.verdicts,
        }
    }

    /// Which nodes show a resource, frames by what is within them.
    fn within(&self, diagram: &Diagram) -> BTreeMap<ResourceId, BTreeSet<String>> {
        let shown = self.shown_by.iter();
        let mut within: BTreeMap<ResourceId, BTreeSet<String>> = shown
            .map(|(id, by)| (id.clone(), by.iter().map(node_id).collect()))
            .collect();
        for node in &diagram.nodes {
            let own = node.resource.iter().cloned();
            let around = std::iter::successors(node.frame.as_deref(), |it| {
                let frame = diagram.frames.iter().find(|frame| frame.id == *it)?;
                frame.inside.as_deref()
            });
            let around = around.filter_map(|it| diagram.frames.iter().find(|at| at.id == it));
            let around = around.filter_map(|it| it.resource.clone());
            for id in own.chain(around) {
                within.entry(id).or_default().insert(node.id.clone());
            }
        }
        within
    }
}

fn mark(grade: Grade, text: &str) -> Mark {
    Mark {
        grade,
        text: label(text),
    }
}

fn internet() -> Node {
    Node {
        id: INTERNET.to_owned(),
        noun: "internet",
        lines: vec!["Internet".to_owned()],
        stands_for: 1,
        ..Node::default()
    }
}

/// What an edge of the graph says of itself, in a word or two.
fn said(from: &ResourceId, edge: graph::Edge, to: &ResourceId) -> String {
    if let Some(port) = edge.port {
        return format!(":{port}");
    }
    let word = match (edge.kind, from.kind, to.kind) {
        (RelationKind::Uses, _, Kind::Repository) => "images",
        (RelationKind::Uses, _, Kind::FileSystem) => "mounts",
        (RelationKind::Uses, _, Kind::Certificate) => "TLS",
        (RelationKind::Uses, Kind::Function, Kind::Queue) => "polls",
        (RelationKind::Uses, Kind::TaskDefinition, Kind::Bucket) => "environment files",
        (RelationKind::WritesTo, Kind::LoadBalancer | Kind::ClassicLoadBalancer, _) => {
            "access logs"
        }
        (RelationKind::WritesTo, Kind::Function, Kind::Queue | Kind::Topic)
        | (RelationKind::ForwardsTo, Kind::Queue, Kind::Queue) => "dead letters",
        (RelationKind::ForwardsTo, Kind::Topic, _) => "delivers",
        (RelationKind::ForwardsTo, Kind::EventRule | Kind::Schedule, _) => "starts",
        (RelationKind::Makes, Kind::AutoScalingGroup, _) => "launches",
        (RelationKind::PartOf, Kind::ContainerInstance, Kind::Cluster) => "machine of",
        (RelationKind::RunsOn, ..) => "",
        (RelationKind::Uses, ..) => "",
        _ => &edge.kind.name().replace('-', " "),
    };
    word.to_owned()
}

/// Edges by their ends, while they are collected.
#[derive(Default)]
struct Edges(BTreeMap<(String, String, RelationKind), Draft>);

#[derive(Default)]
struct Draft {
    labels: Vec<String>,
    /// Which requests, and the ports that they come in by.
    requests: Vec<(String, BTreeSet<u16>)>,
    tasks: BTreeSet<ResourceId>,
    sound: usize,
    broken: usize,
}

impl Edges {
    fn at(&mut self, from: String, to: String, kind: RelationKind) -> &mut Draft {
        self.0.entry((from, to, kind)).or_default()
    }

    fn add(
        &mut self,
        from: &ResourceId,
        to: &ResourceId,
        kind: RelationKind,
        said: &str,
        told_by: &ResourceId,
    ) {
        if from == to {
            return;
        }
        let draft = self.at(node_id(from), node_id(to), kind);
        draft.say(said);
        draft.sound += 1;
        if told_by.kind == Kind::Task && kind == RelationKind::RunsOn {
            draft.tasks.insert(told_by.clone());
        }
    }

    fn way(&mut self, way: &Way) {
        let (from, to) = (node_id(&way.from), node_id(&way.to));
        if from == to {
            return;
        }
        let draft = self.at(from, to, RelationKind::ForwardsTo);
        draft.come(way.port, &way.label);
        if way.broken {
            draft.broken += 1;
        } else {
            draft.sound += 1;
        }
    }

    fn clients(&mut self, door: &ResourceId) {
        let draft = self.at(INTERNET.to_owned(), node_id(door), RelationKind::RoutesTo);
        draft.sound += 1;
    }

    fn gateway(&mut self, gateway: &ResourceId) {
        let internet = INTERNET.to_owned();
        let draft = self.at(internet, node_id(gateway), RelationKind::RoutesTo);
        draft.say("in and out");
        draft.sound += 1;
    }

    /// Whether a node leads to one of these.
    fn leads(&self, from: &ResourceId, to: &BTreeSet<ResourceId>) -> bool {
        let from = node_id(from);
        let goals: BTreeSet<String> = to.iter().map(node_id).collect();
        let mut ends = self.0.keys();
        ends.any(|(a, b, _)| *a == from && goals.contains(b))
    }

    fn has_internet(&self) -> bool {
        let mut ends = self.0.keys();
        ends.any(|(from, to, _)| from == INTERNET || to == INTERNET)
    }

    /// In the order of the nodes that they lead from and to.
    fn into_edges(self, nodes: &[Node]) -> Vec<Edge> {
        let order: BTreeMap<&str, usize> = nodes
            .iter()
            .enumerate()
            .map(|(n, it)| (it.id.as_str(), n))
            .collect();
        let drawn = self.0.into_iter().filter(|((from, to, _), _)| {
            order.contains_key(from.as_str()) && order.contains_key(to.as_str())
        });
        let mut edges: Vec<Edge> = drawn
            .map(|((from, to, kind), draft)| Edge {
                from,
                to,
                kind,
                tasks: draft.tasks.len(),
                broken: draft.broken > 0 && draft.sound == 0,
                labels: draft.labels(),
            })
            .collect();
        edges.sort_by_key(|it| (order[it.from.as_str()], order[it.to.as_str()], it.kind));
        edges
    }
}

impl Draft {
    fn come(&mut self, port: Option<u16>, said: &str) {
        let at = self.requests.iter().position(|(it, _)| it == said);
        let at = at.unwrap_or_else(|| {
            self.requests.push((said.to_owned(), BTreeSet::new()));
            self.requests.len() - 1
        });
        self.requests[at].1.extend(port);
    }

    /// All labels: `:80 :443 host shop.test`.
    fn labels(mut self) -> Vec<String> {
        for (said, ports) in std::mem::take(&mut self.requests) {
            let ports: Vec<String> = ports.iter().map(|it| format!(":{it}")).collect();
            self.say(format!("{} {said}", ports.join(" ")).trim());
        }
        self.labels
    }

    fn say(&mut self, said: &str) {
        let said = label(said);
        if !said.is_empty() && !self.labels.contains(&said) {
            self.labels.push(said);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        diagram::{Question, example::drawn},
        kind::{
            Fact,
            bucket::Bucket,
            hosted_zone::{HostedZone, Record},
            listener_rule::{Action, Condition, Forward, ListenerRule},
            load_balancer::{LoadBalancer, Settings},
            security_group::{Permission, SecurityGroup},
            service::{Service, ServiceTarget},
            subnet::Subnet,
            target_group::{Target, TargetGroup},
            task_definition::TaskDefinition,
        },
        testing::{cluster, tagged},
    };

    fn balancer(scheme: &str) -> Resource {
        let attrs = LoadBalancer {
            scheme: scheme.to_owned(),
            status: "active".to_owned(),
            dns_name: "router.elb.test".to_owned(),
            settings: Fact::Known(Settings {
                access_log_bucket: Some("logs".to_owned()),
                ..Settings::default()
            }),
            ..LoadBalancer::default()
        };
        Resource::new("router", attrs)
    }

    fn forward(groups: &[&str]) -> Vec<Action> {
        let targets = groups.iter().map(|it| Forward {
            target_group: (*it).to_owned(),
            weight: Some(10),
        });
        vec![Action {
            kind: "forward".to_owned(),
            targets: targets.collect(),
            ..Action::default()
        }]
    }

    fn listener(port: u16, groups: &[&str]) -> Resource {
        let attrs = Listener {
            load_balancer: "router".to_owned(),
            port,
            actions: forward(groups),
            ..Listener::default()
        };
        Resource::new(format!("router/{port}"), attrs)
    }

    fn host_rule(port: u16, host: &str, group: &str) -> Resource {
        let attrs = ListenerRule {
            listener: format!("router/{port}"),
            priority: Some(1),
            conditions: vec![Condition {
                field: "host-header".to_owned(),
                values: vec![host.to_owned()],
                ..Condition::default()
            }],
            actions: forward(&[group]),
        };
        Resource::new(format!("router/{port}/1"), attrs)
    }

    fn group(name: &str, states: &[&str]) -> Resource {
        let targets = states.iter().enumerate().map(|(n, state)| Target {
            id: format!("10.0.0.{n}"),
            port: Some(80),
            state: (*state).to_owned(),
            ..Target::default()
        });
        let attrs = TargetGroup {
            target_type: "ip".to_owned(),
            load_balancers: vec!["router".to_owned()],
            targets: Fact::Known(targets.collect()),
            ..TargetGroup::default()
        };
        Resource::new(name, attrs)
    }

    fn service(name: &str, group: &str, subnets: &[&str]) -> Resource {
        let attrs = Service {
            cluster: "prod".to_owned(),
            status: "ACTIVE".to_owned(),
            launch_type: Some("FARGATE".to_owned()),
            desired: 2,
            running: 2,
            subnets: subnets.iter().map(|it| (*it).to_owned()).collect(),
            load_balancers: vec![ServiceTarget {
                target_group: Some(group.to_owned()),
                ..ServiceTarget::default()
            }],
            ..Service::default()
        };
        Resource::new(format!("prod/{name}"), attrs).name(name.to_owned())
    }

    fn subnet(key: &str) -> Resource {
        let attrs = Subnet {
            vpc: "vpc-1".to_owned(),
            zone: "us-east-1a".to_owned(),
            ..Subnet::default()
        };
        Resource::new(key, attrs)
    }

    fn nobodys(resource: Resource) -> Resource {
        tagged(resource, [("owner", "nobody")])
    }

    fn picture(resources: &[Resource]) -> Diagram {
        drawn(resources, &Question::default())
    }

    /// `router → web [:443 host a.test]`, each edge by the names of its ends.
    fn edges(diagram: &Diagram) -> Vec<String> {
        let name = |id: &str| {
            let node = diagram.nodes.iter().find(|it| it.id == id);
            node.map(|it| it.lines[0].clone()).unwrap_or_default()
        };
        let edges = diagram.edges.iter();
        edges
            .map(|it| format!("{} → {} {:?}", name(&it.from), name(&it.to), it.label()))
            .collect()
    }

    fn node<'d>(diagram: &'d Diagram, name: &str) -> Option<&'d Node> {
        diagram.nodes.iter().find(|it| it.lines[0] == name)
    }

    #[test]
    fn rules_are_words_on_the_edge_from_the_load_balancer_to_the_service() {
        let diagram = picture(&[
            balancer("internet-facing"),
            cluster("prod"),
            listener(80, &["web"]),
            listener(443, &["web"]),
            host_rule(80, "a.test", "api"),
            host_rule(443, "a.test", "api"),
            group("web", &["healthy"]),
            group("api", &["healthy"]),
            service("web", "web", &[]),
            service("api", "api", &[]),
        ]);
        let edges = edges(&diagram);
        assert!(
            edges.contains(&r#"Internet → router []"#.to_owned()),
            "{edges:?}"
        );
        let api = r#"router → api [":80 :443 host a.test"]"#.to_owned();
        assert!(edges.contains(&api), "{edges:?}");
        assert_eq!(node(&diagram, "api").unwrap().members.len(), 1);
    }

    #[test]
    fn services_of_one_task_definition_have_nothing_to_do_with_each_other() {
        let definition = Resource::new("web:1", TaskDefinition::default());
        let of_it = |name| {
            let mut service = service(name, name, &[]);
            if let Some(it) = Service::of_mut(&mut service.attrs) {
                it.task_definition = "web:1".to_owned();
            }
            service
        };
        let diagram = picture(&[cluster("prod"), definition, of_it("a"), of_it("b")]);
        assert_eq!(edges(&diagram), Vec::<String>::new());
    }

    #[test]
    fn weights_are_told_where_requests_are_shared_out() {
        let diagram = picture(&[
            balancer("internal"),
            cluster("prod"),
            listener(443, &["web", "api"]),
            group("web", &["healthy"]),
            group("api", &["healthy"]),
            service("web", "web", &[]),
            service("api", "api", &[]),
        ]);
        let edges = edges(&diagram);
        assert_eq!(
            edges,
            [
                r#"router → api [":443 (weight 10)"]"#,
                r#"router → web [":443 (weight 10)"]"#
            ]
        );
    }

    #[test]
    fn a_target_group_behind_which_nothing_is_known_is_a_node() {
        let diagram = picture(&[
            balancer("internal"),
            listener(443, &["web"]),
            group("web", &["healthy", "unhealthy"]),
        ]);
        let group = node(&diagram, "web").unwrap();
        assert_eq!(group.marks[0].text, "! 1 of 2 targets unhealthy");
        assert!(group.is_bad());
        assert_eq!(edges(&diagram), [r#"router → web [":443"]"#]);
    }

    #[test]
    fn a_way_on_which_no_target_is_healthy_is_broken() {
        let diagram = picture(&[
            balancer("internal"),
            cluster("prod"),
            listener(443, &["web"]),
            group("web", &["unhealthy"]),
            service("web", "web", &[]),
        ]);
        assert!(diagram.edges[0].broken);
        let service = node(&diagram, "web").unwrap();
        let marks: Vec<&str> = service.marks.iter().map(|it| it.text.as_str()).collect();
        assert!(marks.contains(&"! 1 of 1 targets unhealthy"), "{marks:?}");
        assert!(marks.iter().any(|it| it.contains("finding")), "{marks:?}");
    }

    #[test]
    fn a_service_that_lacks_tasks_says_so() {
        let mut lacking = service("web", "web", &[]);
        if let Some(it) = Service::of_mut(&mut lacking.attrs) {
            it.running = 1;
        }
        let diagram = picture(&[cluster("prod"), lacking]);
        let service = node(&diagram, "web").unwrap();
        assert_eq!(service.marks[0].text, "! 1 of 2 tasks running");
    }

    #[test]
    fn plumbing_is_drawn_when_a_rule_fails_on_it_and_counted_when_not() {
        let open = |cidr: &str| SecurityGroup {
            ingress: vec![Permission {
                protocol: "tcp".to_owned(),
                from: Some(22),
                to: Some(22),
                cidrs: vec![cidr.to_owned()],
                ..Permission::default()
            }],
            ..SecurityGroup::default()
        };
        let diagram = picture(&[
            Resource::new("sg-open", open("0.0.0.0/0")),
            Resource::new("sg-shut", open("10.0.0.0/8")),
            Resource::new("b", Bucket::default()),
        ]);
        assert!(node(&diagram, "sg-open").unwrap().is_bad());
        assert!(node(&diagram, "sg-shut").is_none());
        assert_eq!(
            diagram.counts,
            ["Not drawn: 1 × security group (--detail all draws them)"]
        );
    }

    #[test]
    fn a_neighbour_is_drawn_only_where_it_holds_on_to_something_of_the_rack() {
        let logs = Resource::new("logs", Bucket::default());
        let lonely = nobodys(Resource::new("theirs", Bucket::default()));
        let diagram = picture(&[nobodys(balancer("internal")), logs, lonely]);
        assert_eq!(node(&diagram, "router").unwrap().tie, Tie::Foreign);
        assert_eq!(node(&diagram, "logs").unwrap().tie, Tie::Shared);
        assert!(node(&diagram, "theirs").is_none());
        assert_eq!(edges(&diagram), [r#"router → logs ["access logs"]"#]);
    }

    #[test]
    fn a_public_name_stands_between_the_internet_and_its_load_balancer() {
        let record = Record {
            name: "shop.test.".to_owned(),
            record_type: "CNAME".to_owned(),
            values: vec!["ROUTER.elb.test.".to_owned()],
            ..Record::default()
        };
        let zone = HostedZone {
            zone_name: "test.".to_owned(),
            records: Fact::Known(vec![record]),
            ..HostedZone::default()
        };
        let zone = Resource::new("Z1", zone).name("test.".to_owned());
        let diagram = picture(&[balancer("internet-facing"), zone]);
        assert_eq!(
            edges(&diagram),
            [r#"Internet → test []"#, r#"test → router ["shop.test"]"#]
        );
    }

    #[test]
    fn subnets_in_which_nothing_is_drawn_are_nodes() {
        let diagram = picture(&[
            cluster("prod"),
            subnet("subnet-1"),
            service("web", "web", &["subnet-1"]),
        ]);
        let subnet = node(&diagram, "subnet-1").unwrap();
        let zone = diagram
            .frames
            .iter()
            .find(|it| Some(&it.id) == subnet.frame.as_ref());
        assert_eq!(zone.unwrap().lines, ["Zone us-east-1a"]);
        // The cluster is where all of it is.
        let cluster = diagram
            .frames
            .iter()
            .find(|it| it.lines[0] == "prod")
            .unwrap();
        let around = diagram
            .frames
            .iter()
            .find(|it| Some(&it.id) == cluster.inside.as_ref());
        assert_eq!(around.unwrap().lines, ["vpc-1", "VPC"]);
    }
}
