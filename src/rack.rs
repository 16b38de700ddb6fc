//! Which racks stand in a region, and which one a name means.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::{
    definition::Definition,
    graph::Graph,
    id::ResourceId,
    kind::{Kind, cluster::Cluster, stack::Stack},
    snapshot::{Gap, Resource},
};

/// The tag that CloudFormation puts on what it makes: the stack's ARN.
pub const STACK_ID_TAG: &str = "aws:cloudformation:stack-id";
/// The tag that CloudFormation puts on what it makes: the stack's name.
pub const STACK_NAME_TAG: &str = "aws:cloudformation:stack-name";

/// One ECS deployment, and the things that declare it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rack {
    pub name: String,
    pub made_by: Maker,
    /// What everything else is declared by, with the evidence for each.
    pub roots: BTreeMap<ResourceId, String>,
    /// What stays when the rack goes, because its definition says so.
    pub keep: BTreeSet<ResourceId>,
    /// What its definition names and was not seen.
    pub unseen: Vec<ResourceId>,
}

/// What a rack was made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Maker {
    Convox,
    EcsCli,
    CloudFormation,
    Terraform,
    /// No stack and no state declares it: made by hand, or by who knows what.
    Unknown,
}

impl Maker {
    pub fn name(self) -> &'static str {
        match self {
            Self::Convox => "Convox",
            Self::EcsCli => "ecs-cli",
            Self::CloudFormation => "CloudFormation",
            Self::Terraform => "Terraform",
            Self::Unknown => "no stack",
        }
    }
}

/// Why a name means no rack, or not just one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSuchRack {
    #[error("no rack `{name}`")]
    Absent {
        name: String,
        /// Names that look like it, nearest first.
        near: Vec<String>,
        /// All racks of the region.
        all: Vec<String>,
    },
    /// Defined, and nothing of what defines it is there.
    #[error("nothing of rack `{name}` was seen: {}", names(unseen))]
    Unseen {
        name: String,
        unseen: Vec<ResourceId>,
    },
    #[error("`{name}` is the name of more than one rack: {}", choices.join(", "))]
    Ambiguous { name: String, choices: Vec<String> },
    #[error("whether there is a rack `{name}` is not known: {}", unread(gaps))]
    Unread { name: String, gaps: Vec<Gap> },
}

fn unread(gaps: &[Gap]) -> String {
    let calls: Vec<String> = gaps
        .iter()
        .map(|it| format!("{} was {} ({})", it.call, it.reason.name(), it.code))
        .collect();
    calls.join("; ")
}

fn names(unseen: &[ResourceId]) -> String {
    let names: Vec<String> = unseen.iter().map(|it| format!("no {it}")).collect();
    if names.is_empty() {
        return "nothing bears its tags or stands in its Terraform state".to_owned();
    }
    names.join(", ")
}

const ECS_CLI_PREFIX: &str = "amazon-ecs-cli-setup-";

/// The rack that `name` means: what its definition names, else a stack, an ecs-cli stack, a
/// cluster, or one of them in full (`stack/NAME`, `cluster/NAME`).
///
/// # Errors
/// When no such rack was seen, when two are meant, or when what would tell could not be read.
pub fn find(
    graph: &Graph<'_>,
    gaps: &[Gap],
    name: &str,
    definition: Option<&Definition>,
) -> Result<Rack, NoSuchRack> {
    match definition {
        Some(it) => defined(graph, gaps, name, it),
        None => named(graph, gaps, name),
    }
}

fn named(graph: &Graph<'_>, gaps: &[Gap], name: &str) -> Result<Rack, NoSuchRack> {
    let choices: Vec<ResourceId> = match name.parse::<ResourceId>() {
        Ok(id) => graph.get(&id).map(|it| it.id.clone()).into_iter().collect(),
        Err(_) => candidates(graph, name),
    };
    match &choices[..] {
        [one] => Ok(rooted(graph, one)),
        [] => Err(absent(graph, gaps, name)),
        several => Err(NoSuchRack::Ambiguous {
            name: name.to_owned(),
            choices: several.iter().map(ToString::to_string).collect(),
        }),
    }
}

/// The rack that is what its definition says, as far as it was seen.
///
/// A definition that names neither stack nor cluster adds to whatever the name itself means.
fn defined(
    graph: &Graph<'_>,
    gaps: &[Gap],
    name: &str,
    definition: &Definition,
) -> Result<Rack, NoSuchRack> {
    let Definition {
        stacks,
        cluster,
        tags,
        own,
        keep,
        terraform,
    } = definition;
    let mut rack = Rack {
        name: name.to_owned(),
        made_by: Maker::Unknown,
        roots: BTreeMap::new(),
        keep: keep.iter().cloned().collect(),
        unseen: Vec::new(),
    };
    let stacks = stacks.iter().map(|it| ResourceId::new(Kind::Stack, it));
    let cluster = cluster.iter().map(|it| ResourceId::new(Kind::Cluster, it));
    let mut anchors: Vec<ResourceId> = stacks.chain(cluster).collect();
    if anchors.is_empty() {
        match named(graph, gaps, name) {
            Ok(it) => anchors.extend(it.roots.into_keys()),
            Err(NoSuchRack::Absent { .. } | NoSuchRack::Unseen { .. }) => {}
            Err(it @ (NoSuchRack::Ambiguous { .. } | NoSuchRack::Unread { .. })) => return Err(it),
        }
    }
    for anchor in anchors {
        if graph.get(&anchor).is_none() {
            rack.unseen.push(anchor);
            continue;
        }
        let told = rooted(graph, &anchor);
        rack.made_by = rack.made_by.min(told.made_by);
        for (id, why) in told.roots {
            rack.roots.entry(id).or_insert(why);
        }
    }
    for id in own {
        let why = "racklens.toml says that the rack owns it";
        rack.roots
            .entry(id.clone())
            .or_insert_with(|| why.to_owned());
        if graph.get(id).is_none() {
            rack.unseen.push(id.clone());
        }
    }
    if !tags.is_empty() {
        let bears = |it: &Resource| {
            tags.iter()
                .all(|(key, value)| it.tags.get(key) == Some(value))
        };
        for resource in graph.resources().filter(|it| bears(it)) {
            let tags: Vec<String> = tags
                .iter()
                .map(|(key, value)| format!("{key}={value}"))
                .collect();
            let why = format!("tagged {}", tags.join(", "));
            rack.roots.entry(resource.id.clone()).or_insert(why);
        }
    }
    for (id, address) in terraform {
        let why = format!("{address} of the Terraform state");
        rack.roots.insert(id.clone(), why);
    }
    if !terraform.is_empty() {
        rack.made_by = rack.made_by.min(Maker::Terraform);
    }
    if rack.roots.keys().any(|it| graph.get(it).is_some()) {
        return Ok(rack);
    }
    let telling = untold(gaps);
    let name = name.to_owned();
    Err(if telling.is_empty() {
        NoSuchRack::Unseen {
            name,
            unseen: rack.unseen,
        }
    } else {
        NoSuchRack::Unread {
            name,
            gaps: telling,
        }
    })
}

/// Every rack of the region, by name: those that are defined, and what stands beside them.
pub fn all(graph: &Graph<'_>, definitions: &BTreeMap<String, Definition>) -> Vec<Rack> {
    let mut racks: Vec<Rack> = definitions
        .iter()
        .filter_map(|(name, it)| defined(graph, &[], name, it).ok())
        .collect();
    let mut declared: BTreeSet<ResourceId> = racks
        .iter()
        .flat_map(|it| it.roots.keys().cloned())
        .collect();
    let stacks = graph
        .of::<Stack>()
        .filter(|(resource, stack)| stack.parent.is_none() && is_rack_stack(graph, resource))
        .filter(|(resource, _)| !declared.contains(&resource.id))
        .map(|(resource, _)| rooted(graph, &resource.id));
    let stacks: Vec<Rack> = stacks.collect();
    declared.extend(stacks.iter().flat_map(|it| it.roots.keys().cloned()));
    racks.extend(stacks);
    let bare = graph.of::<Cluster>().filter(|(resource, cluster)| {
        cluster.is_active()
            && !declared.contains(&resource.id)
            && !declared.iter().any(|root| declares(graph, root, resource))
    });
    racks.extend(bare.map(|(resource, _)| rooted(graph, &resource.id)));
    racks.sort_by(|a, b| (&a.name, a.made_by).cmp(&(&b.name, b.made_by)));
    racks
}

/// When the rack's first root was made.
pub fn created(graph: &Graph<'_>, rack: &Rack) -> Option<Timestamp> {
    rack.roots
        .keys()
        .filter_map(|it| graph.get(it)?.created)
        .min()
}

fn candidates(graph: &Graph<'_>, name: &str) -> Vec<ResourceId> {
    let stack = ResourceId::new(Kind::Stack, name);
    let ecs_cli = ResourceId::new(Kind::Stack, format!("{ECS_CLI_PREFIX}{name}"));
    let cluster = ResourceId::new(Kind::Cluster, name);
    let mut found: Vec<ResourceId> = [stack, ecs_cli]
        .into_iter()
        .filter(|it| graph.get(it).is_some())
        .collect();
    if let Some(seen) = graph.get(&cluster)
        && !found
            .iter()
            .any(|it| rooted(graph, it).roots.contains_key(&cluster))
        && !found.iter().any(|it| declares(graph, it, seen))
    {
        found.push(cluster);
    }
    found
}

/// The gaps because of which nothing can be said of which racks there are.
fn untold(gaps: &[Gap]) -> Vec<Gap> {
    gaps.iter()
        .filter(|it| matches!(it.kind, Kind::Stack | Kind::Cluster) && it.resource.is_none())
        .cloned()
        .collect()
}

fn absent(graph: &Graph<'_>, gaps: &[Gap], name: &str) -> NoSuchRack {
    let telling = untold(gaps);
    if !telling.is_empty() {
        return NoSuchRack::Unread {
            name: name.to_owned(),
            gaps: telling,
        };
    }
    let all: Vec<String> = all(graph, &BTreeMap::new())
        .into_iter()
        .map(|it| it.name)
        .collect();
    let mut near: Vec<(f64, &String)> = all
        .iter()
        .map(|it| {
            (
                strsim::jaro_winkler(&it.to_lowercase(), &name.to_lowercase()),
                it,
            )
        })
        .filter(|(likeness, _)| *likeness > 0.8)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    NoSuchRack::Absent {
        name: name.to_owned(),
        near: near.into_iter().take(3).map(|it| it.1.clone()).collect(),
        all,
    }
}

/// The rack that stands on this stack or cluster.
fn rooted(graph: &Graph<'_>, root: &ResourceId) -> Rack {
    let mut roots = BTreeMap::from([(root.clone(), format!("{root} is the rack's name"))]);
    let name = root.key.strip_prefix(ECS_CLI_PREFIX).unwrap_or(&root.key);
    if root.kind == Kind::Stack {
        let cluster = ResourceId::new(Kind::Cluster, name);
        if root.key != name && graph.get(&cluster).is_some() {
            // ecs-cli makes the cluster by a call of its own, and only its machines by a stack.
            roots.insert(cluster, format!("{root} makes machines for it"));
        }
        for (resource, stack) in graph.of::<Stack>() {
            if let Some(evidence) = joins(resource, stack, &root.key) {
                roots.entry(resource.id.clone()).or_insert(evidence);
            }
        }
        add_children(graph, &mut roots);
    }
    Rack {
        name: name.to_owned(),
        made_by: maker(graph, root),
        roots,
        keep: BTreeSet::new(),
        unseen: Vec::new(),
    }
}

/// Why a stack is one of the rack's own although it is not nested in it: as Convox marks its app
/// and resource stacks.
fn joins(resource: &Resource, stack: &Stack, rack: &str) -> Option<String> {
    let tag = |name: &str| resource.tags.get(name).map(String::as_str);
    if tag("System") == Some("convox") && tag("Rack") == Some(rack) {
        return Some(format!("tags System=convox, Rack={rack}"));
    }
    if stack.rack_parameter.as_deref() == Some(rack) {
        return Some(format!("parameter Rack names stack {rack}"));
    }
    None
}

fn add_children(graph: &Graph<'_>, roots: &mut BTreeMap<ResourceId, String>) {
    loop {
        let nested: Vec<(ResourceId, String)> = graph
            .of::<Stack>()
            .filter(|(resource, _)| !roots.contains_key(&resource.id))
            .filter_map(|(resource, stack)| {
                let parent = ResourceId::new(Kind::Stack, stack.parent.as_deref()?);
                let why = format!("nested in {parent}");
                roots
                    .contains_key(&parent)
                    .then(|| (resource.id.clone(), why))
            })
            .collect();
        if nested.is_empty() {
            return;
        }
        roots.extend(nested);
    }
}

fn maker(graph: &Graph<'_>, root: &ResourceId) -> Maker {
    if root.kind != Kind::Stack {
        return Maker::Unknown;
    }
    let system = graph.get(root).and_then(|it| it.tags.get("System"));
    if system.is_some_and(|it| it == "convox") {
        Maker::Convox
    } else if root.key.starts_with(ECS_CLI_PREFIX) {
        Maker::EcsCli
    } else {
        Maker::CloudFormation
    }
}

/// Whether a stack is a rack's main one, told without opening it.
fn is_rack_stack(graph: &Graph<'_>, stack: &Resource) -> bool {
    let convox = stack.tags.get("System").is_some_and(|it| it == "convox");
    if convox {
        return stack.tags.get("Type").is_some_and(|it| it == "rack");
    }
    stack.id.key.starts_with(ECS_CLI_PREFIX)
        || graph
            .of::<Cluster>()
            .any(|(cluster, _)| declares(graph, &stack.id, cluster))
}

/// Whether this stack made the resource, as its tags or the opened stack tell.
pub fn declares(graph: &Graph<'_>, stack: &ResourceId, resource: &Resource) -> bool {
    let Some((_, told)) = graph.get_as::<Stack>(&stack.key) else {
        return false;
    };
    stack.kind == Kind::Stack
        && (resource.tags.get(STACK_ID_TAG) == Some(&told.arn)
            || told.declares().any(|it| it == resource.id))
}

/// The living stack of somebody else that made a resource, as its tags tell.
pub fn foreign_stack(graph: &Graph<'_>, rack: &Rack, resource: &Resource) -> Option<ResourceId> {
    let name = resource.tags.get(STACK_NAME_TAG)?;
    let stack = ResourceId::new(Kind::Stack, name);
    (!rack.roots.contains_key(&stack) && graph.get(&stack).is_some()).then_some(stack)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cluster, stack, tagged};

    fn names(racks: &[Rack]) -> Vec<(&str, &'static str)> {
        racks
            .iter()
            .map(|it| (it.name.as_str(), it.made_by.name()))
            .collect()
    }

    fn convox(name: &str, kind: &str, rack: &str) -> Resource {
        let tags = [("System", "convox"), ("Type", kind), ("Rack", rack)];
        tagged(stack(name), tags)
    }

    #[test]
    fn a_convox_rack_takes_its_apps_and_resources_with_it() {
        let resources = [
            convox("prod", "rack", "prod"),
            convox("prod-web", "app", "prod"),
            convox("other-web", "app", "other"),
            stack("prod-lookalike"),
        ];
        let rack = find(&Graph::build(&resources), &[], "prod", None).unwrap();
        let roots: Vec<&str> = rack.roots.keys().map(|it| it.key.as_str()).collect();
        assert_eq!(roots, ["prod", "prod-web"]);
        assert_eq!(rack.made_by, Maker::Convox);
    }

    #[test]
    fn a_name_that_is_nearly_right_is_suggested() {
        let resources = [convox("karim-test", "rack", "karim-test"), cluster("web")];
        let error = find(&Graph::build(&resources), &[], "karim-tset", None).unwrap_err();
        let NoSuchRack::Absent { near, all, .. } = error else {
            panic!("{error}")
        };
        assert_eq!(near, ["karim-test"]);
        assert_eq!(all, ["karim-test", "web"]);
    }

    #[test]
    fn two_things_of_one_name_are_told_apart_by_their_kind() {
        let resources = [stack("prod"), cluster("prod")];
        let graph = Graph::build(&resources);
        let error = find(&graph, &[], "prod", None).unwrap_err();
        assert!(
            error.to_string().contains("stack/prod, cluster/prod"),
            "{error}"
        );
        assert!(find(&graph, &[], "cluster/prod", None).is_ok());
    }

    #[test]
    fn an_unread_listing_is_not_an_absent_rack() {
        let gaps = [crate::testing::gap(
            Kind::Stack,
            "cloudformation:DescribeStacks",
        )];
        let error = find(&Graph::build(&[]), &gaps, "prod", None).unwrap_err();
        assert!(matches!(error, NoSuchRack::Unread { .. }), "{error}");
    }

    #[test]
    fn the_cluster_that_ecs_cli_makes_beside_its_stack_is_of_one_rack_with_it() {
        let resources = [stack("amazon-ecs-cli-setup-demo"), cluster("demo")];
        let graph = Graph::build(&resources);
        let rack = find(&graph, &[], "demo", None).unwrap();
        assert_eq!(rack.roots.len(), 2);
        assert_eq!(names(&all(&graph, &BTreeMap::new())), [("demo", "ecs-cli")]);
    }

    #[test]
    fn clusters_without_a_stack_are_racks_too() {
        let resources = [
            stack("amazon-ecs-cli-setup-demo"),
            stack("database"),
            cluster("by-hand"),
        ];
        let racks = all(&Graph::build(&resources), &BTreeMap::new());
        assert_eq!(
            names(&racks),
            [("by-hand", "no stack"), ("demo", "ecs-cli")]
        );
    }

    fn definition(said: &str) -> Definition {
        serde_json::from_str(said).unwrap()
    }

    #[test]
    fn a_defined_rack_is_its_stacks_its_cluster_its_tags_and_what_it_owns() {
        let resources = [
            stack("shop"),
            stack("shop-db"),
            cluster("web"),
            tagged(cluster("batch"), [("Project", "shop")]),
            tagged(cluster("other"), [("Project", "other")]),
            cluster("extra"),
        ];
        let said = definition(
            r#"{"stacks": ["shop"], "cluster": "web", "tags": {"Project": "shop"},
                "own": ["cluster/extra", "bucket/gone"]}"#,
        );
        let rack = find(&Graph::build(&resources), &[], "any", Some(&said)).unwrap();
        let roots: Vec<String> = rack.roots.keys().map(ToString::to_string).collect();
        assert_eq!(
            roots,
            [
                "stack/shop",
                "cluster/batch",
                "cluster/extra",
                "cluster/web",
                "bucket/gone"
            ]
        );
        assert_eq!(rack.unseen[0].to_string(), "bucket/gone");
    }

    #[test]
    fn a_definition_without_stack_and_cluster_adds_to_what_the_name_means() {
        let said = definition(r#"{"terraform": {"bucket/logs": "aws_s3_bucket.logs"}}"#);
        let resources = [cluster("ECSTEST")];
        let rack = find(&Graph::build(&resources), &[], "ECSTEST", Some(&said)).unwrap();
        assert_eq!(rack.roots.len(), 2);
        assert_eq!(rack.made_by, Maker::Terraform);
    }

    #[test]
    fn a_defined_rack_of_which_nothing_is_there_is_absent() {
        let said = definition(r#"{"stacks": ["shop"]}"#);
        let error = find(&Graph::build(&[]), &[], "shop", Some(&said)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "nothing of rack `shop` was seen: no stack/shop"
        );
    }

    #[test]
    fn a_defined_rack_stands_once_in_the_list() {
        let resources = [stack("amazon-ecs-cli-setup-demo"), cluster("web")];
        let said = definition(r#"{"stacks": ["amazon-ecs-cli-setup-demo"], "cluster": "web"}"#);
        let definitions = BTreeMap::from([("shop".to_owned(), said)]);
        let racks = all(&Graph::build(&resources), &definitions);
        assert_eq!(names(&racks), [("shop", "ecs-cli")]);
    }
}
