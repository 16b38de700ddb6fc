//! `diagram`: the architecture of a rack as a text that a drawing tool makes a picture of.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::{
    reference,
    ruleset::{Dirs, RuleSet},
};
use crate::{
    cli::Input,
    diagram::{
        self, Detail, Diagram, MAX_NODES, Question, d2, dot, graphml, json, mermaid, plantuml,
    },
    failure::{Exit, Failure},
    file,
    report::{self, Material},
    text, ui,
};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  racklens diagram --from rack.json.gz                            Mermaid, for a wiki
  racklens diagram --from rack.json.gz --out rack.dot             then: dot -Tsvg -O rack.dot
  racklens diagram --from rack.json.gz --focus service/prod/web   what is near one service
  racklens diagram --from rack.json.gz --focus vpc-0123 --depth 0 --format d2

Drawn by default is what a person would draw; what is left out is counted in the picture's legend
and here. --detail all draws every resource of the rack.")]
pub struct Draw {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    dirs: Dirs,
    /// Guessed from the name of --out where it is not given; else mermaid
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// What is drawn
    #[arg(long, value_enum, default_value_t)]
    detail: Level,
    /// Only what is near this: KIND/KEY, an id, a name, or an ARN
    #[arg(long, value_name = "REF")]
    focus: Option<String>,
    /// How many edges away from --focus is near, either way
    #[arg(long, value_name = "N", default_value_t = 2, requires = "focus")]
    depth: usize,
    /// Fold what is alike where there would be more nodes
    #[arg(long, value_name = "N", default_value_t = MAX_NODES)]
    max_nodes: usize,
    /// Write into this file instead of to standard output
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Who reads the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Mermaid: wikis, GitHub, GitLab
    Mermaid,
    /// Graphviz
    Dot,
    /// D2
    D2,
    /// PlantUML
    Plantuml,
    /// yEd, Gephi, NetworkX
    Graphml,
    /// A program of your own
    Json,
}

impl Format {
    /// The format that a file of this name has.
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "mmd" | "mermaid" => Some(Self::Mermaid),
            "dot" | "gv" => Some(Self::Dot),
            "d2" => Some(Self::D2),
            "puml" | "plantuml" | "pu" => Some(Self::Plantuml),
            "graphml" => Some(Self::Graphml),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    fn write(self, diagram: &Diagram) -> String {
        match self {
            Self::Mermaid => mermaid::write(diagram),
            Self::Dot => dot::write(diagram),
            Self::D2 => d2::write(diagram),
            Self::Plantuml => plantuml::write(diagram),
            Self::Graphml => graphml::write(diagram),
            Self::Json => json::write(diagram),
        }
    }
}

/// How much is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Level {
    /// What a person would draw
    #[default]
    Architecture,
    /// Every resource of the rack
    All,
}

pub fn run(args: &Draw) -> Result<Exit, Failure> {
    let format = format(args)?;
    let rules = RuleSet::load(&args.input.said, &args.dirs)?;
    let snapshot = super::load(&args.input)?;
    super::judge_by(&snapshot, &rules, |material| {
        let focus = args.focus.as_deref();
        let focus = focus.map(|it| reference::find(material, it, "--focus"));
        let focus = focus.transpose()?.map(|it| (it.id.clone(), args.depth));
        let question = Question {
            detail: match args.detail {
                Level::Architecture => Detail::Architecture,
                Level::All => Detail::All,
            },
            focus,
            max_nodes: args.max_nodes,
        };
        let diagram = diagram::draw(material, &question);
        if diagram.is_empty() {
            return Err(empty(material, &question));
        }
        let content = format.write(&diagram);
        match &args.out {
            Some(path) => file::write(path, &content)?,
            None => ui::result(&content)?,
        }
        for line in diagram.beside().chain(limits(format, &diagram, &content)) {
            ui::note(&line);
        }
        if let Some(line) = report::incomplete(snapshot.gaps.len()) {
            ui::note(&line);
            return Ok(Exit::Incomplete);
        }
        Ok(Exit::Fine)
    })
}

/// As asked, else as the file's name says, else for a wiki.
fn format(args: &Draw) -> Result<Format, Failure> {
    match (args.format, &args.out) {
        (Some(it), _) => Ok(it),
        (None, None) => Ok(Format::Mermaid),
        (None, Some(path)) => Format::of(path).ok_or_else(|| {
            let message = format!("{} does not tell in which format to write", path.display());
            Failure::new(Exit::Usage, message)
                .hint("say it: --format mermaid, dot, d2, plantuml, graphml or json")
                .hint("or give a name that ends in .mmd, .dot, .d2, .puml, .graphml or .json")
        }),
    }
}

fn empty(material: &Material<'_>, question: &Question) -> Failure {
    let whole = material.snapshot.gaps.is_empty();
    let exit = if whole {
        Exit::NoSuchRack
    } else {
        Exit::Incomplete
    };
    let rack = &material.case.rack.name;
    let message = match &question.focus {
        Some((focus, _)) => format!("nothing of rack {rack} is near {focus}"),
        None => format!("nothing of rack {rack} can be drawn"),
    };
    let failure = Failure::new(exit, message);
    match question.detail {
        Detail::Architecture => failure.hint("--detail all draws every resource of the rack"),
        Detail::All => failure.hint("`racklens racks` lists the racks of a region"),
    }
}

/// What the tool that draws it will not take.
fn limits(format: Format, diagram: &Diagram, content: &str) -> Option<String> {
    let size = content.chars().count();
    let edges = diagram.edges.len();
    let over = size > mermaid::LONGEST || edges > mermaid::MOST_EDGES;
    (format == Format::Mermaid && over).then(|| {
        format!(
            "Mermaid draws {} characters and {} edges unless told otherwise; this has {size} and {}: \
             --max-nodes or --focus makes it smaller",
            mermaid::LONGEST,
            mermaid::MOST_EDGES,
            text::count(edges, "edge")
        )
    })
}
