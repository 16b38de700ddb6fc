//! `show`: one resource, with what holds it and what it holds.

use clap::{Args, ValueEnum};
use serde_json::json;

use super::{
    reference,
    ruleset::{Dirs, RuleSet},
};
use crate::{
    charge::{Amount, Charge},
    cli::Input,
    cost,
    failure::{Exit, Failure},
    graph::Edge,
    removal::Removal,
    report::{Material, csv},
    snapshot::{Gap, Resource},
    text, ui,
};

#[derive(Debug, Args)]
pub struct Show {
    /// KIND/KEY, an id, a name, or an ARN
    reference: String,
    #[command(flatten)]
    input: Input,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// List all relations, however many
    #[arg(long)]
    all: bool,
}

/// A resource is no table: as text, or as JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    #[default]
    Text,
    Json,
}

/// Relations shown of one direction unless all are asked for.
const SHOWN: usize = 12;

pub fn run(args: &Show) -> Result<Exit, Failure> {
    let rules = RuleSet::load(&args.input.said, &Dirs::default())?;
    let snapshot = super::load(&args.input)?;
    super::judge_by(&snapshot, &rules, |material| {
        let resource = reference::find(material, &args.reference, "racklens show")?;
        let gaps: Vec<&Gap> = snapshot
            .gaps
            .iter()
            .filter(|it| it.resource.as_ref() == Some(&resource.id))
            .collect();
        ui::result(&match args.format {
            Format::Text => page(material, resource, &gaps, args.all),
            Format::Json => json(material, resource, &gaps),
        })?;
        Ok(if gaps.is_empty() {
            Exit::Fine
        } else {
            Exit::Incomplete
        })
    })
}

fn page(material: &Material<'_>, resource: &Resource, gaps: &[&Gap], all: bool) -> String {
    let case = &material.case;
    let model = resource.attrs.model();
    let place = model.place();
    let belonging = case.belongings.of(&resource.id);
    let mut lines = Lines::default();
    lines.head(&resource.id.to_string(), model.state().unwrap_or_default());
    lines.field("what", &model.summary());
    lines.field("name", resource.name.as_deref().unwrap_or_default());
    lines.field("arn", resource.arn.as_deref().unwrap_or_default());
    lines.field(
        "created",
        &resource.created.map(csv::stamp).unwrap_or_default(),
    );
    let places = [place.zone, place.subnet, place.vpc];
    let places: Vec<&str> = places.into_iter().flatten().collect();
    lines.field("where", &places.join(", "));
    let evidence = format!("{}: {}", belonging.class.name(), belonging.evidence);
    lines.field("belongs", &evidence);
    for other in &belonging.others {
        lines.field("shared with", &other.to_string());
    }
    for (key, value) in &resource.tags {
        lines.field("tag", &format!("{key} = {value}"));
    }
    lines.relations("holds", case.graph.uses(&resource.id), all);
    lines.relations("held by", case.graph.users(&resource.id), all);
    let verdicts = material.judged.iter().flat_map(|it| &it.verdicts);
    for it in verdicts.filter(|it| it.subject == resource.id) {
        let word = it.status.word(it.severity);
        match &it.muted {
            Some(muted) => {
                let until = format!("muted until {}: {}", muted.until, muted.reason);
                lines.field(
                    "muted",
                    &format!("{}: {} ({word}, {until})", it.rule, it.why),
                );
            }
            None => lines.field(word, &format!("{}: {}", it.rule, it.why)),
        }
    }
    for charge in cost::charges(case.graph, resource) {
        lines.field("bills for", &said(&charge));
    }
    let goes = if material.case.rack.keep.contains(&resource.id) {
        "never: the definition of the rack keeps it".to_owned()
    } else {
        removal(&model.removal())
    };
    lines.field("goes by", &goes);
    for gap in gaps {
        let line = format!("{}: {} ({})", gap.call, gap.reason.name(), gap.message);
        lines.field("not read", &line);
    }
    lines.fields(&resource.attrs);
    lines.0
}

/// Lines of text, with everything that came from AWS made harmless.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn head(&mut self, id: &str, state: &str) {
        let line = format!("{id}  {state}");
        self.0.push_str(text::harmless(line.trim_end()).as_ref());
        self.0.push('\n');
    }

    fn field(&mut self, label: &str, value: &str) {
        if !value.is_empty() {
            let line = format!("  {label:<12} {}\n", text::harmless(value));
            self.0.push_str(&line);
        }
    }

    fn relations(&mut self, label: &str, edges: Vec<(&Resource, Edge)>, all: bool) {
        let shown = if all { edges.len() } else { SHOWN };
        let more = edges.len().saturating_sub(shown);
        for (other, edge) in edges.into_iter().take(shown) {
            let port = edge.port.map(|it| format!(" :{it}")).unwrap_or_default();
            let kind = edge.kind.name();
            self.field(
                label,
                &format!("{kind} {}{port}  ({})", other.id, edge.evidence),
            );
        }
        if more > 0 {
            self.field(label, &format!("… and {more} more (--all)"));
        }
    }

    /// The description itself, one field a line, as the snapshot has it.
    fn fields(&mut self, attrs: &crate::kind::Attrs) {
        let Ok(serde_json::Value::Object(attrs)) = serde_json::to_value(attrs) else {
            return;
        };
        self.0.push('\n');
        for (_, fields) in attrs {
            let mut flat = Vec::new();
            flatten("", &fields, &mut flat);
            for (path, value) in flat {
                let line = format!("  {path} = {}\n", text::harmless(&value));
                self.0.push_str(&line);
            }
        }
    }
}

/// `ingress[0].from` → `22`; what is empty or absent is left out.
fn flatten(path: &str, value: &serde_json::Value, flat: &mut Vec<(String, String)>) {
    match value {
        serde_json::Value::Object(map) => {
            for (key, value) in map {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                flatten(&path, value, flat);
            }
        }
        serde_json::Value::Array(list) => {
            for (n, value) in list.iter().enumerate() {
                flatten(&format!("{path}[{n}]"), value, flat);
            }
        }
        serde_json::Value::Null => {}
        serde_json::Value::String(text) if text.is_empty() => {}
        serde_json::Value::String(text) => flat.push((path.to_owned(), text.clone())),
        other @ (serde_json::Value::Bool(_) | serde_json::Value::Number(_)) => {
            flat.push((path.to_owned(), other.to_string()));
        }
    }
}

fn said(charge: &Charge) -> String {
    let amount = match &charge.amount {
        Amount::PerHour(units) => format!("{units} an hour"),
        Amount::PerMonth(units) => format!("{units} a month"),
        Amount::Metered(unit) => format!("by the {unit}"),
        Amount::Unread(why) => return format!("{}: unknown, {why}", charge.component),
    };
    format!(
        "{}: {amount} ({} {})",
        charge.component, charge.service, charge.usage
    )
}

fn removal(removal: &Removal) -> String {
    match removal {
        Removal::By { ready, gone, loses } => {
            let calls: Vec<&str> = ready.iter().chain([gone]).map(|it| it.name()).collect();
            let loses = loses.map(|it| format!("; loses {}", it.name()));
            format!("{}{}", calls.join(", then "), loses.unwrap_or_default())
        }
        Removal::Follows(why) => format!("nothing of its own: {why}"),
        Removal::Never(why) => format!("never: {why}"),
    }
}

fn json(material: &Material<'_>, resource: &Resource, gaps: &[&Gap]) -> String {
    let case = &material.case;
    let belonging = case.belongings.of(&resource.id);
    let edges = |edges: Vec<(&Resource, Edge)>| {
        let edges = edges.into_iter().map(|(other, edge)| {
            json!({
                "relation": edge.kind,
                "resource": other.id,
                "port": edge.port,
                "weight": edge.weight,
                "evidence": edge.evidence,
            })
        });
        edges.collect::<Vec<_>>()
    };
    let document = json!({
        "schema_version": 1,
        "resource": resource,
        "belonging": {
            "class": belonging.class.name(),
            "evidence": belonging.evidence,
            "shared_with": belonging.others,
        },
        "holds": edges(case.graph.uses(&resource.id)),
        "held_by": edges(case.graph.users(&resource.id)),
        "gaps": gaps,
    });
    text::json(&document)
}
