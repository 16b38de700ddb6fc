//! `trace`: one request, from its host name to the container that would answer it.

use std::net::IpAddr;

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::{
    cli::Input,
    failure::{Exit, Failure},
    report::csv,
    snapshot::Snapshot,
    text,
    trace::{
        Outcome, Passed, Step, Trace, What,
        admission::Admission,
        request::{BadRequest, Request},
    },
    ui,
};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  racklens trace https://shop.example.com/cart --from rack.json.gz
  racklens trace shop.example.com --header 'X-Env: blue' --from rack.json.gz
  racklens trace http://shop.example.com --follow --from rack.json.gz

Exit codes:
  0 a healthy container or function answers, or the load balancer itself
  1 a dead end   2 usage   4 it cannot be known: the output says what is missing")]
pub struct Follow {
    /// [http[s]://]HOST[:PORT][/PATH][?QUERY]; without scheme and port 443 is tried, then 80
    #[arg(value_name = "URL")]
    target: String,
    #[command(flatten)]
    input: Input,
    /// The request's method
    #[arg(long, value_name = "METHOD", default_value = "GET")]
    method: String,
    /// A header of the request, 'Name: value'; Host changes what rules see, not the way in
    #[arg(long, value_name = "HEADER")]
    header: Vec<String>,
    /// The client's address, for rules and security groups that ask for it
    #[arg(long, value_name = "IP")]
    source_ip: Option<IpAddr>,
    /// Go where a redirect sends the client
    #[arg(long)]
    follow: bool,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    #[default]
    Text,
    Json,
}

/// Next steps, and rules passed over, that are shown of each kind.
const SHOWN: usize = 12;
const PASSED: usize = 3;

pub fn run(args: &Follow) -> Result<Exit, Failure> {
    let request = request(args).map_err(|it| {
        Failure::new(Exit::Usage, it.to_string())
            .hint("for example: racklens trace https://shop.example.com/cart --from FILE")
    })?;
    let snapshot = super::load(&args.input)?;
    super::seen(&snapshot, |material| {
        let trace = Trace::of(&material.case, &snapshot.region, &request, args.follow);
        ui::result(&match args.format {
            Format::Text => page(&trace),
            Format::Json => json(&snapshot, &trace),
        })?;
        Ok(match trace.outcome {
            Outcome::Answered => Exit::Fine,
            Outcome::DeadEnd => Exit::Failed,
            Outcome::Unknown => Exit::Incomplete,
        })
    })
}

fn request(args: &Follow) -> Result<Request, BadRequest> {
    let mut request = Request::parse(&args.target)?;
    request.method(&args.method)?;
    for it in &args.header {
        request.header(it)?;
    }
    request.source_ip = args.source_ip;
    Ok(request)
}

/// The walk, one step a line.
fn page(trace: &Trace) -> String {
    let mut page = String::new();
    let request = Request {
        port: trace.request.port.or(trace.port()),
        ..trace.request.clone()
    };
    line(&mut page, 0, &request.to_string());
    walk(&mut page, 1, &trace.steps);
    page
}

/// Steps that are the only ones stand below each other; where ways part, each is set in.
fn walk(page: &mut String, depth: usize, steps: &[Step]) {
    let parting = usize::from(steps.len() > 1);
    for step in steps.iter().take(SHOWN) {
        let condition = step.condition.as_ref();
        let condition = condition.map(|it| format!("if {it}: ")).unwrap_or_default();
        let said = said(step);
        line(page, depth, &format!("{} {condition}{said}", mark(step)));
        for it in &step.notes {
            line(page, depth + 1, &format!("note: {it}"));
        }
        if let What::End { hints, .. } = &step.what {
            for it in hints {
                line(page, depth + 1, &format!("help: {it}"));
            }
        }
        walk(page, depth + parting, &step.then);
    }
    let more = steps.len().saturating_sub(SHOWN);
    if more > 0 {
        line(
            page,
            depth,
            &format!("… and {more} more (--format json has all)"),
        );
    }
}

/// Where the walk ends, or cannot get through, it is not an arrow.
fn mark(step: &Step) -> &'static str {
    let mut door = None;
    if let What::End { .. } = &step.what {
        door = Some(step.outcome);
    } else if let What::Listener { clients: it, .. } | What::Target { admission: it, .. } =
        &step.what
    {
        door = it.as_ref().map(Admission::outcome);
    }
    match door {
        Some(Outcome::DeadEnd) => "✗",
        Some(Outcome::Unknown) => "?",
        Some(Outcome::Answered) | None => "→",
    }
}

fn line(page: &mut String, depth: usize, said: &str) {
    page.push_str(&"  ".repeat(depth));
    page.push_str(text::harmless(said.trim_end()).as_ref());
    page.push('\n');
}

/// A step in words: what it is, then what is to know of it.
fn said(step: &Step) -> String {
    match &step.what {
        What::Record {
            zone,
            name,
            record_type,
            to,
            routing,
        } => {
            let routing = part(", ", routing.as_deref());
            format!("{zone}  {name} {record_type} {to}{routing}")
        }
        What::LoadBalancer {
            resource,
            lb_type,
            scheme,
            state,
            evidence,
        } => {
            let state = part(", ", state.as_deref());
            format!("{resource}  {scheme} {lb_type}{state} ({evidence})")
        }
        What::Listener {
            port,
            protocol,
            certificate,
            clients,
            ..
        } => {
            let certificate = part("  certificate ", certificate.as_deref());
            let clients = part("  ", clients.as_ref().map(|it| it.why.as_str()));
            format!("listener :{port} {protocol}{certificate}{clients}")
        }
        What::Rule {
            priority,
            conditions,
            passed,
            ..
        } => {
            let name = number(*priority);
            format!("{name}  {conditions}{}", over(passed))
        }
        What::Authenticate { how } => {
            format!("{how}  goes on for clients that show who they are; others are sent to do so")
        }
        What::Redirect { status, to } => format!("redirect {status} to {to}"),
        What::Response { status } => format!("the load balancer answers {status} itself"),
        What::TargetGroup {
            resource,
            target_type,
            protocol,
            share,
        } => {
            let protocol = part(", ", protocol.as_deref());
            let share = part(", gets ", share.as_deref());
            format!("{resource}  {target_type}{protocol}{share}")
        }
        What::Target { .. } => target(&step.what),
        What::Container {
            task,
            container_instance,
            service,
            name,
            port,
            image,
        } => {
            let service = part("  of service ", Some(service.as_str()));
            let machine = part("  on container-instance/", container_instance.as_deref());
            format!("{task}  container {name} :{port}  image {image}{service}{machine}")
        }
        What::Function { name } => format!("function/{name}"),
        What::End { why, gap, .. } => {
            let gap = gap.as_ref().map(|it| {
                let (call, reason, action) = (&it.call, it.reason.name(), &it.action);
                format!(": {call} was {reason} (needs {action})")
            });
            let head = match step.outcome {
                Outcome::Unknown => "not known",
                Outcome::DeadEnd | Outcome::Answered => "dead end",
            };
            format!("{head}: {why}{}", gap.unwrap_or_default())
        }
    }
}

fn target(what: &What) -> String {
    let What::Target {
        name,
        resource,
        port,
        health,
        reason,
        admission,
    } = what
    else {
        return String::new();
    };
    let name = resource.as_ref().map_or(name.clone(), ToString::to_string);
    let port = port.map(|it| format!(" :{it}")).unwrap_or_default();
    let reason = match reason.as_str() {
        "" => String::new(),
        it => format!(" ({it})"),
    };
    let admission = part(", ", admission.as_ref().map(|it| it.why.as_str()));
    format!("{name}{port}  {health}{reason}{admission}")
}

/// A part that is only said where there is something to say.
fn part(before: &str, text: Option<&str>) -> String {
    let text = text.filter(|it| !it.is_empty());
    text.map(|it| format!("{before}{it}")).unwrap_or_default()
}

fn number(priority: Option<u32>) -> String {
    match priority {
        Some(it) => format!("rule {it}"),
        None => "default rule".to_owned(),
    }
}

/// The rules that came before and did not match, the nearest last.
fn over(passed: &[Passed]) -> String {
    let more = passed.len().saturating_sub(PASSED);
    let mut said: Vec<String> = passed
        .iter()
        .skip(more)
        .map(|it| format!("{} did not match: {}", number(it.priority), it.condition))
        .collect();
    if more > 0 {
        said.insert(
            0,
            format!("{} before did not match", text::count(more, "rule")),
        );
    }
    if said.is_empty() {
        return String::new();
    }
    format!("  ({})", said.join("; "))
}

fn json(snapshot: &Snapshot, trace: &Trace) -> String {
    let document = json!({
        "schema_version": 1,
        "rack": snapshot.rack,
        "account": snapshot.account,
        "region": snapshot.region,
        "taken": csv::stamp(snapshot.taken),
        "request": trace.request,
        "outcome": trace.outcome,
        "steps": trace.steps,
    });
    text::json(&document)
}
