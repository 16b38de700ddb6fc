//! `racks`: which racks stand in a region, or in many.

use std::{collections::BTreeMap, path::PathBuf};

use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::definition::Said;
#[cfg(feature = "aws")]
use crate::aws::session::Access;
use crate::{
    cli::Format,
    definition::Definition,
    failure::{Exit, Failure},
    file,
    graph::Graph,
    kind::{cluster::Cluster, stack::Stack},
    rack::{self, Rack},
    report::{self, csv},
    snapshot::{Gap, Resource},
    text, ui,
};

#[derive(Debug, Args)]
pub struct Racks {
    /// Look into this snapshot file instead of asking AWS
    #[arg(long, value_name = "FILE")]
    #[cfg_attr(not(feature = "aws"), arg(required = true))]
    from: Option<PathBuf>,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Configuration file that may define racks [default: racklens.toml, where there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Look into these regions (us-east-1,eu-west-1), or into all that the account has
    #[arg(long, value_name = "all|REGION,…", value_parser = regions, default_value = "", hide_default_value = true, conflicts_with_all = ["from", "region"])]
    #[cfg(feature = "aws")]
    regions: Regions,
    #[cfg(feature = "aws")]
    #[command(flatten)]
    access: Access,
}

/// Where to look.
#[cfg(feature = "aws")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Regions {
    /// In the one region that the command line or the configuration names.
    Own,
    These(Vec<String>),
    All,
}

#[cfg(feature = "aws")]
fn regions(text: &str) -> Result<Regions, String> {
    match text {
        "" => Ok(Regions::Own),
        "all" => Ok(Regions::All),
        list => {
            let mut names: Vec<String> = list.split(',').map(|it| it.trim().to_owned()).collect();
            if names.iter().any(String::is_empty) {
                return Err("expected `all`, or names with commas between them".to_owned());
            }
            names.sort();
            names.dedup();
            Ok(Regions::These(names))
        }
    }
}

/// What may hold racks, as it was seen.
pub struct Seen {
    pub region: String,
    pub taken: Timestamp,
    pub resources: Vec<Resource>,
    pub gaps: Vec<Gap>,
}

pub fn run(args: &Racks) -> Result<Exit, Failure> {
    let seen = look(args)?;
    let said = Said {
        config: args.config.clone(),
        ..Said::default()
    };
    let definitions = said.racks()?;
    let lines = seen.iter().flat_map(|it| lines(it, &definitions));
    let lines: Vec<Line> = lines.collect();
    ui::result(&match args.format {
        Format::Table => table(&lines),
        Format::Json => json(&seen, &lines),
        Format::Csv => csv::simple(
            &[
                "Rack",
                "MadeBy",
                "CreatedAt",
                "Clusters",
                "Services",
                "Tasks",
                "Machines",
                "Status",
                "RegionId",
            ],
            lines.iter().map(Line::cells),
        )
        .map_err(|it| Failure::new(Exit::Failed, it.to_string()))?,
    })?;
    let gaps: Vec<&Gap> = seen.iter().flat_map(Seen::untold).collect();
    if gaps.is_empty() {
        if lines.is_empty() {
            let regions: Vec<&str> = seen.iter().map(|it| it.region.as_str()).collect();
            ui::note(&format!("no rack was seen in {}", regions.join(", ")));
        }
        return Ok(Exit::Fine);
    }
    if let Some(line) = report::incomplete(gaps.len()) {
        ui::note(&line);
    }
    for seen in &seen {
        for gap in seen.untold() {
            let (region, reason) = (&seen.region, gap.reason.name());
            let line = format!("  {region}: {} was {reason}: {}", gap.call, gap.message);
            ui::note(&text::harmless(&line));
        }
    }
    Ok(Exit::Incomplete)
}

impl Seen {
    /// The gaps because of which there may be racks that were not seen.
    fn untold(&self) -> impl Iterator<Item = &Gap> {
        self.gaps.iter().filter(|it| it.resource.is_none())
    }
}

fn look(args: &Racks) -> Result<Vec<Seen>, Failure> {
    if let Some(path) = &args.from {
        let snapshot = file::read_snapshot(path)?;
        return Ok(vec![Seen {
            region: snapshot.region,
            taken: snapshot.taken,
            resources: snapshot.resources,
            gaps: snapshot.gaps,
        }]);
    }
    #[cfg(feature = "aws")]
    return super::live::look_for_racks(&args.access, &args.regions);
    #[cfg(not(feature = "aws"))]
    Err(Failure::new(Exit::Usage, "nothing to look at").hint("give --from FILE"))
}

fn lines(seen: &Seen, definitions: &BTreeMap<String, Definition>) -> Vec<Line> {
    let graph = Graph::build(&seen.resources);
    let racks = rack::all(&graph, definitions);
    racks.iter().map(|it| line(&graph, it, seen)).collect()
}

/// One rack, as the list tells of it.
struct Line {
    name: String,
    made_by: &'static str,
    created: Option<Timestamp>,
    age: String,
    clusters: usize,
    services: u32,
    tasks: u32,
    machines: u32,
    status: String,
    region: String,
}

impl Line {
    fn cells(&self) -> Vec<String> {
        vec![
            self.name.clone(),
            self.made_by.to_owned(),
            self.created.map(csv::stamp).unwrap_or_default(),
            self.clusters.to_string(),
            self.services.to_string(),
            self.tasks.to_string(),
            self.machines.to_string(),
            self.status.clone(),
            self.region.clone(),
        ]
    }
}

fn line(graph: &Graph<'_>, rack: &Rack, seen: &Seen) -> Line {
    let belongs = |it: &Resource| {
        rack.roots.contains_key(&it.id)
            || rack
                .roots
                .keys()
                .any(|root| rack::declares(graph, root, it))
    };
    let clusters: Vec<&Cluster> = graph
        .of::<Cluster>()
        .filter(|(it, cluster)| cluster.is_active() && belongs(it))
        .map(|it| it.1)
        .collect();
    let created = rack::created(graph, rack);
    Line {
        name: rack.name.clone(),
        made_by: rack.made_by.name(),
        created,
        age: created.map_or_else(|| "unknown".to_owned(), |it| text::age(it, seen.taken)),
        clusters: clusters.len(),
        services: clusters.iter().map(|it| it.services).sum(),
        tasks: clusters.iter().map(|it| it.running_tasks).sum(),
        machines: clusters.iter().map(|it| it.container_instances).sum(),
        status: status(graph, rack),
        region: seen.region.clone(),
    }
}

/// The worst of its stacks' states: the first that is not settled, else the first.
fn status(graph: &Graph<'_>, rack: &Rack) -> String {
    let stacks: Vec<&Stack> = graph
        .of::<Stack>()
        .filter(|(it, _)| rack.roots.contains_key(&it.id))
        .map(|it| it.1)
        .collect();
    let clusters = graph
        .of::<Cluster>()
        .filter(|(it, _)| rack.roots.contains_key(&it.id))
        .map(|it| it.1.status.clone());
    let unsettled = stacks.iter().find(|it| !it.is_settled());
    unsettled
        .or(stacks.first())
        .map(|it| it.status.clone())
        .or(clusters.last())
        .unwrap_or_default()
}

fn table(lines: &[Line]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let rows = lines.iter().map(|it| {
        let size = [
            text::count(it.clusters, "cluster"),
            format!("{} services", it.services),
            format!("{} tasks", it.tasks),
            format!("{} machines", it.machines),
        ];
        vec![
            it.name.clone(),
            it.made_by.to_owned(),
            it.age.clone(),
            size.join(", "),
            it.status.clone(),
            it.region.clone(),
        ]
    });
    ui::told(
        &["rack", "made by", "age", "size", "status", "region"],
        rows.collect(),
    )
}

fn json(seen: &[Seen], lines: &[Line]) -> String {
    let racks: Vec<_> = lines
        .iter()
        .map(|it| {
            json!({
                "name": it.name,
                "made_by": it.made_by,
                "created": it.created.map(csv::stamp),
                "clusters": it.clusters,
                "services": it.services,
                "tasks": it.tasks,
                "machines": it.machines,
                "status": it.status,
                "region": it.region,
            })
        })
        .collect();
    let gaps: Vec<_> = seen
        .iter()
        .flat_map(|seen| {
            let gaps = seen.gaps.iter();
            gaps.map(|it| json!({ "region": seen.region, "gap": it }))
        })
        .collect();
    let document = json!({ "schema_version": 1, "racks": racks, "gaps": gaps });
    text::json(&document)
}

#[cfg(all(test, feature = "aws"))]
mod tests {
    use super::*;

    #[test]
    fn regions_are_all_or_a_list_each_once() {
        let two = vec!["eu-west-1".to_owned(), "us-east-1".to_owned()];
        assert_eq!(
            regions("us-east-1, eu-west-1,us-east-1"),
            Ok(Regions::These(two))
        );
        assert_eq!(regions("all"), Ok(Regions::All));
        assert!(regions("us-east-1,,").is_err());
    }
}
