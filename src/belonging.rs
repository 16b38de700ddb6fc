//! What belongs to a rack, with the evidence, and who else uses it.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    graph::Graph,
    id::ResourceId,
    kind::{Kind, stack::Stack},
    rack::{Rack, STACK_ID_TAG, STACK_NAME_TAG},
    relation::RelationKind,
    removal::Removal,
    snapshot::Resource,
};

/// How a resource belongs to the rack. A likeness of names is never evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// In the rack's stack, or tagged by it.
    Declared,
    /// Made by, or part of, something that belongs.
    Derived,
    /// Only this rack uses it.
    Inferred,
    /// Others use it too; they are named.
    Shared,
    /// None of the above.
    Foreign,
}

impl Class {
    pub fn name(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Derived => "derived",
            Self::Inferred => "inferred",
            Self::Shared => "shared",
            Self::Foreign => "foreign",
        }
    }
}

/// How one resource belongs, and why we say so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Belonging {
    pub class: Class,
    /// A sentence without its full stop.
    pub evidence: String,
    /// What else uses it, for `Shared`.
    pub others: Vec<ResourceId>,
}

impl Belonging {
    pub fn is_foreign(&self) -> bool {
        self.class == Class::Foreign
    }

    fn new(class: Class, evidence: impl Into<String>) -> Self {
        Self {
            class,
            evidence: evidence.into(),
            others: Vec::new(),
        }
    }
}

/// How every resource of a graph belongs to one rack.
#[derive(Clone, Debug)]
pub struct Belongings {
    known: BTreeMap<ResourceId, Belonging>,
    foreign: Belonging,
}

impl Belongings {
    /// How that resource belongs; what was never seen is foreign.
    pub fn of(&self, id: &ResourceId) -> &Belonging {
        self.known.get(id).unwrap_or(&self.foreign)
    }

    /// All that is not foreign, in id order.
    pub fn ours(&self) -> impl Iterator<Item = (&ResourceId, &Belonging)> {
        self.known.iter()
    }
}

/// Decides for every resource.
///
/// What the rack's roots declare comes first, then what that makes and what is part of it, then
/// what all of it uses. Whatever anything foreign uses too is shared, however it came to be ours.
pub fn decide(graph: &Graph<'_>, rack: &Rack) -> Belongings {
    let mut known = declared(graph, rack);
    derive(graph, &mut known);
    // Tags come second: a group hands its own on to its instances, which it yet makes.
    add_tagged(graph, rack, &mut known);
    derive(graph, &mut known);
    infer(graph, &mut known);
    share(graph, rack, &mut known);
    Belongings {
        known,
        foreign: Belonging::new(
            Class::Foreign,
            format!("nothing ties it to rack {}", rack.name),
        ),
    }
}

/// The stack that made a resource and is gone: what the resource's tags still name, although no
/// such stack is there.
pub fn left_by<'r>(resource: &'r Resource, graph: &Graph<'_>) -> Option<&'r str> {
    let id = resource.tags.get(STACK_ID_TAG)?;
    let name = resource.tags.get(STACK_NAME_TAG)?;
    let live = graph
        .get_as::<Stack>(name)
        .is_some_and(|(_, stack)| stack.arn == *id);
    (!live).then_some(name)
}

fn declared(graph: &Graph<'_>, rack: &Rack) -> BTreeMap<ResourceId, Belonging> {
    let mut known = BTreeMap::new();
    for (root, evidence) in &rack.roots {
        known.insert(root.clone(), Belonging::new(Class::Declared, evidence));
    }
    for (resource, stack) in graph.of::<Stack>() {
        if rack.roots.contains_key(&resource.id) {
            for (member, logical) in stack.members() {
                let Some(member) = graph.get(&member) else {
                    continue;
                };
                let why = format!("{logical} of {}", resource.id);
                known
                    .entry(member.id.clone())
                    .or_insert_with(|| Belonging::new(Class::Declared, why));
            }
        }
    }
    known.retain(|id, _| graph.get(id).is_some());
    known
}

/// Adds what bears the tag of one of the rack's stacks.
fn add_tagged(graph: &Graph<'_>, rack: &Rack, known: &mut BTreeMap<ResourceId, Belonging>) {
    let stacks: BTreeMap<&str, &ResourceId> = graph
        .of::<Stack>()
        .filter(|(resource, _)| rack.roots.contains_key(&resource.id))
        .map(|(resource, stack)| (stack.arn.as_str(), &resource.id))
        .collect();
    for resource in graph.resources() {
        let stack = resource
            .tags
            .get(STACK_ID_TAG)
            .and_then(|it| stacks.get(it.as_str()));
        if let Some(stack) = stack {
            let why = format!("tag {STACK_ID_TAG} names {stack}");
            known
                .entry(resource.id.clone())
                .or_insert_with(|| Belonging::new(Class::Declared, why));
        }
    }
}

/// Adds what is made by, or part of, what belongs.
fn derive(graph: &Graph<'_>, known: &mut BTreeMap<ResourceId, Belonging>) {
    let mut open: Vec<ResourceId> = known.keys().cloned().collect();
    while let Some(holder) = open.pop() {
        let made = graph.uses(&holder).into_iter();
        let made = made.filter(|(_, edge)| edge.kind == RelationKind::Makes);
        let parts = graph.users(&holder).into_iter();
        let parts = parts.filter(|(_, edge)| edge.kind == RelationKind::PartOf);
        let made = made.map(|(it, _)| (&it.id, format!("made by {holder}")));
        let parts = parts.map(|(it, _)| (&it.id, format!("part of {holder}")));
        for (id, why) in made.chain(parts) {
            if !known.contains_key(id) {
                known.insert(id.clone(), Belonging::new(Class::Derived, why));
                open.push(id.clone());
            }
        }
    }
}

/// Adds what is used, and reached through what is used, by what belongs.
fn infer(graph: &Graph<'_>, known: &mut BTreeMap<ResourceId, Belonging>) {
    let mut open: Vec<ResourceId> = known.keys().cloned().collect();
    open.reverse();
    while let Some(holder) = open.pop() {
        for (used, edge) in graph.uses(&holder) {
            if is_use(edge.kind) && !known.contains_key(&used.id) {
                let why = format!("used by {holder}");
                known.insert(used.id.clone(), Belonging::new(Class::Inferred, why));
                open.push(used.id.clone());
            }
        }
    }
}

/// Turns what anything foreign holds on to into `Shared`, until nothing changes.
///
/// A thing that is only inferred is taken for ours by its users alone; once one of its users
/// turns out shared it is shared with whoever shares the user.
fn share(graph: &Graph<'_>, rack: &Rack, known: &mut BTreeMap<ResourceId, Belonging>) {
    let mut changed = true;
    while changed {
        changed = false;
        let ids: Vec<ResourceId> = known.keys().cloned().collect();
        for id in ids {
            let Some(resource) = graph.get(&id) else {
                continue;
            };
            let others = others(graph, rack, known, resource);
            let Some(belonging) = known.get_mut(&id) else {
                continue;
            };
            if belonging.class == Class::Inferred
                && let Removal::Never(why) = resource.attrs.model().removal()
            {
                belonging.class = Class::Shared;
                belonging.evidence = format!("{}; {why}", belonging.evidence);
                changed = true;
            }
            if !others.is_empty() && belonging.others != others {
                belonging.class = Class::Shared;
                belonging.others = others;
                changed = true;
            }
        }
    }
}

/// What foreign things hold on to a resource.
fn others(
    graph: &Graph<'_>,
    rack: &Rack,
    known: &BTreeMap<ResourceId, Belonging>,
    resource: &Resource,
) -> Vec<ResourceId> {
    let mut others = BTreeSet::new();
    let inferred = known
        .get(&resource.id)
        .is_some_and(|it| it.class == Class::Inferred);
    for (user, edge) in graph.users(&resource.id) {
        if !is_use(edge.kind) && !edge.kind.is_origin() {
            continue;
        }
        match known.get(&user.id) {
            None => {
                others.insert(user.id.clone());
            }
            // What only a shared thing leads to is as shared as that.
            Some(it) if inferred && it.class == Class::Shared => {
                others.extend(it.others.iter().cloned());
            }
            Some(_) => {}
        }
    }
    // A foreign stack that made it holds on to it, although nobody opened that stack.
    if let Some(name) = resource.tags.get(STACK_NAME_TAG) {
        let stack = ResourceId::new(Kind::Stack, name);
        let theirs = !rack.roots.contains_key(&stack) && graph.get(&stack).is_some();
        if inferred && theirs {
            others.insert(stack);
        }
    }
    others.remove(&resource.id);
    others.into_iter().collect()
}

/// Whether an edge means that the holder would miss what it holds.
fn is_use(kind: RelationKind) -> bool {
    match kind {
        RelationKind::SitsIn
        | RelationKind::Uses
        | RelationKind::RunsOn
        | RelationKind::ForwardsTo
        | RelationKind::RoutesTo
        | RelationKind::WritesTo => true,
        RelationKind::Declares
        | RelationKind::Makes
        | RelationKind::PartOf
        | RelationKind::Admits
        | RelationKind::Watches => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kind::{
            Fact,
            bucket::Bucket,
            listener::Listener,
            load_balancer::{LoadBalancer, Settings},
            security_group::{Permission, SecurityGroup},
            vpc::Vpc,
        },
        rack,
        testing::{opened, stack, tagged},
    };

    fn balancer(name: &str, group: &str, logs: &str) -> Resource {
        let settings = Settings {
            access_log_bucket: Some(logs.to_owned()),
            ..Settings::default()
        };
        let attrs = LoadBalancer {
            vpc: "vpc-1".to_owned(),
            security_groups: vec![group.to_owned()],
            settings: Fact::Known(settings),
            ..LoadBalancer::default()
        };
        Resource::new(name, attrs)
    }

    fn vpc(is_default: bool) -> Resource {
        let attrs = Vpc {
            is_default,
            ..Vpc::default()
        };
        Resource::new("vpc-1", attrs)
    }

    fn group(id: &str, admits: &[&str]) -> Resource {
        let peers = Permission {
            protocol: "-1".to_owned(),
            groups: admits.iter().map(|it| (*it).to_owned()).collect(),
            ..Permission::default()
        };
        let attrs = SecurityGroup {
            vpc: "vpc-1".to_owned(),
            ingress: vec![peers],
            ..SecurityGroup::default()
        };
        Resource::new(id, attrs)
    }

    fn bucket(name: &str) -> Resource {
        Resource::new(name, Bucket::default())
    }

    /// How the things of this account belong to rack `prod`, whose stack made these.
    fn classes(members: &[(&str, &str)], mut others: Vec<Resource>) -> BTreeMap<String, String> {
        others.push(opened(stack("prod"), members));
        let graph = Graph::build(&others);
        let rack = rack::find(&graph, &[], "prod").unwrap();
        let belongings = decide(&graph, &rack);
        graph
            .resources()
            .map(|it| {
                let belonging = belongings.of(&it.id);
                let others: Vec<String> =
                    belonging.others.iter().map(ToString::to_string).collect();
                let class = belonging.class.name();
                (
                    it.id.to_string(),
                    format!("{class} {}", others.join(",")).trim().to_owned(),
                )
            })
            .collect()
    }

    const BALANCER: (&str, &str) = (
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/router/42",
    );

    #[test]
    fn what_the_stack_made_is_declared_and_what_is_part_of_that_is_derived() {
        let listener = Listener {
            load_balancer: "router".to_owned(),
            ..Listener::default()
        };
        let classes = classes(
            &[BALANCER],
            vec![
                balancer("router", "sg-1", "logs"),
                Resource::new("router/75", listener),
            ],
        );
        assert_eq!(classes["load-balancer/router"], "declared");
        assert_eq!(classes["listener/router/75"], "derived");
        assert_eq!(classes["stack/prod"], "declared");
    }

    #[test]
    fn what_only_the_rack_uses_is_inferred() {
        let classes = classes(
            &[BALANCER],
            vec![
                balancer("router", "sg-1", "logs"),
                group("sg-1", &[]),
                bucket("logs"),
                bucket("logs-2"),
            ],
        );
        assert_eq!(classes["security-group/sg-1"], "inferred");
        assert_eq!(classes["bucket/logs"], "inferred");
        // A name that looks alike is no evidence.
        assert_eq!(classes["bucket/logs-2"], "foreign");
    }

    #[test]
    fn a_bucket_that_two_balancers_write_to_is_shared_even_if_declared() {
        let classes = classes(
            &[BALANCER, ("AWS::S3::Bucket", "logs")],
            vec![
                balancer("router", "sg-1", "logs"),
                balancer("neighbour", "sg-2", "logs"),
                bucket("logs"),
            ],
        );
        assert_eq!(classes["bucket/logs"], "shared load-balancer/neighbour");
        assert_eq!(classes["load-balancer/neighbour"], "foreign");
    }

    #[test]
    fn the_default_vpc_is_never_the_racks_own() {
        let resources = |is_default| vec![balancer("router", "sg-1", "logs"), vpc(is_default)];
        assert_eq!(classes(&[BALANCER], resources(true))["vpc/vpc-1"], "shared");
        assert_eq!(
            classes(&[BALANCER], resources(false))["vpc/vpc-1"],
            "inferred"
        );
    }

    #[test]
    fn a_foreign_group_that_admits_ours_does_not_make_it_shared() {
        let classes = classes(
            &[BALANCER, ("AWS::EC2::SecurityGroup", "sg-1")],
            vec![
                balancer("router", "sg-1", "logs"),
                group("sg-1", &[]),
                group("sg-consul", &["sg-1"]),
            ],
        );
        assert_eq!(classes["security-group/sg-1"], "declared");
        assert_eq!(classes["security-group/sg-consul"], "foreign");
    }

    #[test]
    fn what_only_a_shared_thing_leads_to_is_shared_as_well() {
        let classes = classes(
            &[BALANCER],
            vec![
                balancer("router", "sg-1", "logs"),
                balancer("neighbour", "sg-1", "their-logs"),
                group("sg-1", &[]),
                vpc(false),
            ],
        );
        assert_eq!(
            classes["security-group/sg-1"],
            "shared load-balancer/neighbour"
        );
        assert_eq!(classes["vpc/vpc-1"], "shared load-balancer/neighbour");
    }

    #[test]
    fn the_tag_of_a_live_stack_of_another_rack_makes_a_thing_shared() {
        let theirs = tagged(bucket("logs"), [(STACK_NAME_TAG, "other")]);
        let classes = classes(
            &[BALANCER],
            vec![balancer("router", "sg-1", "logs"), theirs, stack("other")],
        );
        assert_eq!(classes["bucket/logs"], "shared stack/other");
    }

    #[test]
    fn a_stack_that_is_gone_is_known_by_the_tags_it_left() {
        let live = stack("prod");
        let tags = |id: &str| tagged(bucket("b"), [(STACK_NAME_TAG, "prod"), (STACK_ID_TAG, id)]);
        let resources = [live.clone()];
        let graph = Graph::build(&resources);
        let arn = live.arn.clone().unwrap();
        assert_eq!(left_by(&tags(&arn), &graph), None);
        // A new stack may bear the name of the old one.
        assert_eq!(left_by(&tags("arn:old"), &graph), Some("prod"));
        assert_eq!(left_by(&bucket("b"), &graph), None);
    }
}
