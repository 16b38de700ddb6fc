//! `racks`: which racks stand in a region.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use serde_json::json;

#[cfg(feature = "aws")]
use crate::aws::session::Access;
use crate::{
    cli::Format,
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
    #[cfg(feature = "aws")]
    #[command(flatten)]
    access: Access,
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
    let graph = Graph::build(&seen.resources);
    let lines: Vec<Line> = rack::all(&graph)
        .into_iter()
        .map(|it| line(&graph, &it, &seen))
        .collect();
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
    let telling: Vec<Gap> = seen
        .gaps
        .iter()
        .filter(|it| it.resource.is_none())
        .cloned()
        .collect();
    if let Some(line) = report::incomplete(&telling) {
        ui::note(&line);
        for gap in &telling {
            let line = format!("  {} was {}: {}", gap.call, gap.reason.name(), gap.message);
            ui::note(&text::harmless(&line));
        }
        return Ok(Exit::Incomplete);
    }
    if lines.is_empty() {
        ui::note(&format!("no rack was seen in {}", seen.region));
    }
    Ok(Exit::Fine)
}

fn look(args: &Racks) -> Result<Seen, Failure> {
    if let Some(path) = &args.from {
        let snapshot = file::read_snapshot(path)?;
        return Ok(Seen {
            region: snapshot.region,
            taken: snapshot.taken,
            resources: snapshot.resources,
            gaps: snapshot.gaps,
        });
    }
    #[cfg(feature = "aws")]
    return super::live::look_for_racks(&args.access);
    #[cfg(not(feature = "aws"))]
    Err(Failure::new(Exit::Usage, "nothing to look at").hint("give --from FILE"))
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
    ui::table(
        &["rack", "made by", "age", "size", "status", "region"],
        rows.collect(),
    )
}

fn json(seen: &Seen, lines: &[Line]) -> String {
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
    let document = json!({ "schema_version": 1, "racks": racks, "gaps": seen.gaps });
    text::json(&document)
}
