//! Through a load balancer: its listener, the rule that takes the request, what the rule does.

use super::{
    Outcome, Passed, Step, What,
    admission::{self, Admission},
    matching::{self, Match},
    request::{Request, Scheme},
    target::Sender,
    walk::{Asked, Walk},
};
use crate::{
    id::ResourceId,
    kind::{
        Kind,
        certificate::Certificate,
        classic_load_balancer::{ClassicListener, ClassicLoadBalancer},
        listener::Listener,
        listener_rule::{Action, Forward, ListenerRule, Redirect, when},
        load_balancer::LoadBalancer,
    },
    rule::exposure::Protocol,
    snapshot::Resource,
};

impl<'a> Walk<'a> {
    /// On from a load balancer of either generation.
    pub(super) fn balancer(&self, id: &ResourceId, evidence: &str, asked: Asked<'_>) -> Step {
        if let Some(end) = self.tired() {
            return end;
        }
        if let Some((resource, lb)) = self.graph().get_as::<LoadBalancer>(&id.key)
            && id.kind == Kind::LoadBalancer
        {
            let then = self.listeners(resource, lb, asked);
            return entered(resource, &lb.lb_type, &lb.scheme, evidence, then);
        }
        if let Some((resource, lb)) = self.graph().get_as::<ClassicLoadBalancer>(&id.key)
            && id.kind == Kind::ClassicLoadBalancer
        {
            let then = self.classic(resource, lb, asked);
            return entered(resource, "classic", &lb.scheme, evidence, then);
        }
        Step::unknown(format!("{id} was not seen"), self.gap_in(id.kind))
    }

    fn listeners(&self, resource: &'a Resource, lb: &LoadBalancer, asked: Asked<'_>) -> Step {
        // `active_impaired` still takes requests.
        if !lb.status.is_empty() && !lb.status.starts_with("active") {
            return Step::dead_end(format!("it is {}, not active", lb.status));
        }
        if lb.lb_type == "gateway" {
            return Step::dead_end("a gateway load balancer takes packets, not requests");
        }
        let mut listeners = self.graph().parts::<Listener>(&resource.id);
        listeners.sort_by_key(|(_, it)| it.port);
        let gap = self.gap_within(Kind::Listener, &resource.id);
        let wanted = asked.request.ports();
        let (port, at) = chosen(&wanted, |port| {
            listeners.iter().find(|it| it.1.port == port)
        });
        let Some((id, listener)) = at else {
            if listeners.is_empty() && gap.is_none() && self.is_foreign(&resource.id) {
                return Step::unknown(
                    "it is a neighbour's, of which the listeners are not read",
                    None,
                );
            }
            let there = listeners
                .iter()
                .map(|(_, it)| (it.port, it.protocol.as_str()));
            return Step::end_unless(&no_listener(&wanted, there), gap);
        };
        // An unread listener at the first port would have been taken before this one.
        if let Some(gap) = gap.filter(|_| port != wanted[0]) {
            let why = format!("whether it listens at port {} is not known", wanted[0]);
            return Step::unknown(why, Some(gap));
        }
        self.listener(resource, lb, id, listener, asked)
    }

    fn listener(
        &self,
        resource: &'a Resource,
        lb: &LoadBalancer,
        id: &'a Resource,
        listener: &'a Listener,
        asked: Asked<'_>,
    ) -> Step {
        let arrived = arrived(asked.request, &listener.protocol, listener.port);
        let asked = Asked {
            request: &arrived,
            ..asked
        };
        let sender = Sender {
            resource,
            is_network: lb.lb_type == "network",
            groups: &lb.security_groups,
            subnets: &lb.subnets,
        };
        let (then, outcome) = match refused(asked.request, &listener.protocol) {
            Some(why) => (vec![Step::dead_end(why)], Outcome::DeadEnd),
            None => self.rules(&sender, id, listener, asked),
        };
        let certificate = Some(&listener.certificates).filter(|it| !it.is_empty());
        let (certificate, note) = certificate
            .map(|it| self.certificate(it, &asked.request.host))
            .unwrap_or_default();
        let clients = self.clients(&sender, &listener.protocol, listener.port, asked.request);
        let outcome = outcome.and(
            clients
                .as_ref()
                .map_or(Outcome::Answered, Admission::outcome),
        );
        let what = What::Listener {
            resource: Some(id.id.clone()),
            port: listener.port,
            protocol: listener.protocol.clone(),
            certificate,
            clients,
        };
        Step::then(what, then).outcome(outcome).note(note)
    }

    /// Whether the client gets in; nothing where there is no door.
    fn clients(
        &self,
        sender: &Sender<'_>,
        protocol: &str,
        port: u16,
        request: &Request,
    ) -> Option<Admission> {
        // A network load balancer may have no groups; then it lets everybody in.
        if sender.groups.is_empty() {
            return None;
        }
        let client = request.source_ip;
        let protocol = transport(protocol);
        let graph = self.graph();
        let groups = sender.groups;
        Some(admission::clients(graph, groups, client, protocol, port))
    }

    /// The certificate that a client of this host is shown, and what is wrong with it.
    fn certificate(&self, keys: &[String], host: &str) -> (Option<String>, Option<String>) {
        let known: Vec<(&str, Option<&Certificate>)> = keys
            .iter()
            .map(|it| {
                let found = self.graph().get_as::<Certificate>(it);
                (it.as_str(), found.map(|it| it.1))
            })
            .collect();
        let fitting = known
            .iter()
            .find(|(_, it)| it.is_some_and(|it| covers(it, host)));
        let (key, shown) = fitting.unwrap_or(&known[0]);
        let name = shown.map_or(*key, |it| it.domain.as_str()).to_owned();
        let all_known = known.iter().all(|it| it.1.is_some());
        let note = (fitting.is_none() && all_known)
            .then(|| format!("none of its certificates names {host}: browsers refuse it"));
        (Some(name), note)
    }

    /// The rule that takes the request, with those before it that may; and how it ends.
    fn rules(
        &self,
        sender: &Sender<'_>,
        id: &Resource,
        listener: &Listener,
        asked: Asked<'_>,
    ) -> (Vec<Step>, Outcome) {
        if sender.is_network {
            let steps = self.actions(sender, &listener.actions, asked);
            let outcome = Outcome::any(&steps);
            return (steps, outcome);
        }
        let mut rules = self.graph().parts::<ListenerRule>(&id.id);
        rules.sort_by_key(|(_, it)| it.priority.unwrap_or(u32::MAX));
        let mut steps = Vec::new();
        if let Some(gap) = self.gap_within(Kind::ListenerRule, &id.id) {
            let why = "a rule that was not read may take it before";
            steps.push(Step::unknown(why, Some(gap)));
        }
        let mut passed = Vec::new();
        // What would have to be so for the request to come as far as the next rule.
        let mut so_far: Vec<String> = Vec::new();
        for (resource, rule) in rules {
            let doubt = match matching::all(&rule.conditions, asked.request) {
                Match::No(condition) => {
                    passed.push(Passed {
                        rule: resource.id.clone(),
                        priority: rule.priority,
                        condition,
                    });
                    continue;
                }
                Match::Yes => None,
                Match::Maybe(it) => Some(it),
            };
            let holds = doubt.iter().map(|it| it.holds.clone());
            let condition: Vec<String> = so_far.iter().cloned().chain(holds).collect();
            let what = What::Rule {
                resource: Some(resource.id.clone()),
                priority: rule.priority,
                conditions: when(&rule.conditions),
                passed: std::mem::take(&mut passed),
            };
            let then = self.actions(sender, &rule.actions, asked);
            let condition = (!condition.is_empty()).then(|| condition.join(" and "));
            steps.push(Step::then(what, then).only_if(condition));
            match doubt {
                Some(it) => so_far.push(it.fails),
                None => return ended(steps),
            }
        }
        // A listener tells its default rule's actions too.
        let what = What::Rule {
            resource: None,
            priority: None,
            conditions: when(&[]),
            passed,
        };
        let then = self.actions(sender, &listener.actions, asked);
        let condition = (!so_far.is_empty()).then(|| so_far.join(" and "));
        steps.push(Step::then(what, then).only_if(condition));
        ended(steps)
    }

    /// What a rule does, in its order; the last action answers.
    fn actions(&self, sender: &Sender<'_>, actions: &[Action], asked: Asked<'_>) -> Vec<Step> {
        let mut actions: Vec<&Action> = actions.iter().collect();
        actions.sort_by_key(|it| it.order);
        let Some((last, before)) = actions.split_last() else {
            return vec![Step::dead_end("it has no action")];
        };
        let steps = self.action(sender, last, asked);
        before.iter().rev().fold(steps, |then, it| {
            let how = it.kind.clone();
            vec![Step::then(What::Authenticate { how }, then)]
        })
    }

    fn action(&self, sender: &Sender<'_>, action: &Action, asked: Asked<'_>) -> Vec<Step> {
        if let Some(it) = &action.redirect {
            return vec![self.redirect(it, asked)];
        }
        if let Some(status) = &action.fixed_status {
            let status = status.clone();
            let what = What::Response { status };
            return vec![Step::new(what, Outcome::Answered)];
        }
        if action.kind != "forward" {
            let why = format!("what action {} does is not known", action.kind);
            return vec![Step::unknown(why, None)];
        }
        // A group gets weight 1 where none is told.
        let weight = |it: &Forward| u64::from(it.weight.unwrap_or(1));
        let all: u64 = action.targets.iter().map(weight).sum();
        let several = action.targets.len() > 1;
        let steps: Vec<Step> = action
            .targets
            .iter()
            .map(|it| {
                let share = several.then(|| per_cent(weight(it), all));
                let step = self.group(sender, &it.target_group, share, weight(it) > 0, asked);
                let sticky = action.sticky && several;
                step.note(sticky.then(|| {
                    "a client that came before stays with the group that it had".to_owned()
                }))
            })
            .collect();
        if steps.is_empty() {
            return vec![Step::dead_end("it forwards to no target group")];
        }
        steps
    }

    fn redirect(&self, redirect: &Redirect, asked: Asked<'_>) -> Step {
        let to = redirected(redirect, asked.request);
        let status = redirect.status.trim_start_matches("HTTP_").to_owned();
        let what = What::Redirect {
            status,
            to: to.clone(),
        };
        let mut before = asked.before.to_vec();
        before.push(asked.request.key());
        let next = Request::parse(&to).map(|it| Request {
            method: asked.request.method.clone(),
            headers: without_host(&asked.request.headers),
            source_ip: asked.request.source_ip,
            ..it
        });
        let next = match next {
            Ok(it) => it,
            Err(why) => {
                let end = Step::unknown(format!("no client can follow: {why}"), None);
                return Step::then(what, vec![end]);
            }
        };
        if before.contains(&next.key()) {
            let end = Step::dead_end("it has been there already: the client goes in circles");
            return Step::then(what, vec![end]);
        }
        if !self.follow {
            return Step::new(what, Outcome::Answered);
        }
        let way = self.ask(&next, &before);
        Step::then(what, way.steps).outcome(way.outcome)
    }

    fn classic(&self, resource: &'a Resource, lb: &ClassicLoadBalancer, asked: Asked<'_>) -> Step {
        let mut listeners: Vec<&ClassicListener> = lb.listeners.iter().collect();
        listeners.sort_by_key(|it| it.port);
        let wanted = asked.request.ports();
        let (_, at) = chosen(&wanted, |port| listeners.iter().find(|it| it.port == port));
        let Some(listener) = at else {
            let there = listeners.iter().map(|it| (it.port, it.protocol.as_str()));
            return Step::dead_end(no_listener(&wanted, there));
        };
        let arrived = arrived(asked.request, &listener.protocol, listener.port);
        let sender = Sender {
            resource,
            is_network: false,
            groups: &lb.security_groups,
            subnets: &lb.subnets,
        };
        let then = match refused(&arrived, &listener.protocol) {
            Some(why) => vec![Step::dead_end(why)],
            None => self.registered(&sender, lb, listener, &arrived),
        };
        let keys: Vec<String> = listener.certificate.iter().cloned().collect();
        let (certificate, note) = Some(&keys)
            .filter(|it| !it.is_empty())
            .map(|it| self.certificate(it, &arrived.host))
            .unwrap_or_default();
        let clients = self.clients(&sender, &listener.protocol, listener.port, &arrived);
        let door = clients
            .as_ref()
            .map_or(Outcome::Answered, Admission::outcome);
        let outcome = Outcome::any(&then).and(door);
        let what = What::Listener {
            resource: None,
            port: listener.port,
            protocol: listener.protocol.clone(),
            certificate,
            clients,
        };
        Step::then(what, then).outcome(outcome).note(note)
    }
}

fn entered(resource: &Resource, lb_type: &str, scheme: &str, evidence: &str, then: Step) -> Step {
    let what = What::LoadBalancer {
        resource: resource.id.clone(),
        lb_type: lb_type.to_owned(),
        scheme: scheme.to_owned(),
        state: resource.attrs.model().state().map(ToOwned::to_owned),
        evidence: evidence.to_owned(),
    };
    let inside = (scheme == "internal").then(|| "reached only from inside its network".to_owned());
    Step::then(what, vec![then]).note(inside)
}

/// Rules of which one takes the request, and nobody knows which where there are several.
fn ended(steps: Vec<Step>) -> (Vec<Step>, Outcome) {
    let outcome = Outcome::agreed(&steps);
    (steps, outcome)
}

/// The first wanted port that is there.
fn chosen<T>(wanted: &[u16], at: impl Fn(u16) -> Option<T>) -> (u16, Option<T>) {
    let found = wanted.iter().find_map(|it| Some((*it, Some(at(*it)?))));
    found.unwrap_or((wanted[0], None))
}

fn no_listener<'l>(wanted: &[u16], there: impl Iterator<Item = (u16, &'l str)>) -> String {
    let there: Vec<String> = there
        .map(|(port, protocol)| format!(":{port} {protocol}"))
        .collect();
    let wanted: Vec<String> = wanted.iter().map(|it| format!(":{it}")).collect();
    let wanted = wanted.join(" or ");
    if there.is_empty() {
        return "it has no listener: nothing comes in".to_owned();
    }
    format!(
        "it has no listener at {wanted}; it has {}",
        there.join(", ")
    )
}

/// The request as it comes in at a listener: with the port and the scheme that it has now.
fn arrived(request: &Request, protocol: &str, port: u16) -> Request {
    let spoken = match protocol {
        "HTTPS" | "TLS" | "SSL" => Some(Scheme::Https),
        "HTTP" => Some(Scheme::Http),
        // What goes through unread is what its port is for.
        _ if port == Scheme::Https.port() => Some(Scheme::Https),
        _ => Some(Scheme::Http),
    };
    Request {
        scheme: request.scheme.or(spoken),
        port: Some(port),
        ..request.clone()
    }
}

/// Why a listener cannot take what the client speaks.
fn refused(request: &Request, protocol: &str) -> Option<String> {
    let why = match (request.scheme?, protocol) {
        (Scheme::Http, "HTTPS") => "it speaks HTTPS, and answers http:// with 400",
        (Scheme::Http, "TLS" | "SSL") => "it speaks TLS, and http:// does not",
        (Scheme::Https, "HTTP") => "it speaks plain HTTP, and https:// cannot begin",
        (_, "UDP" | "QUIC" | "GENEVE") => "it takes no TCP, in which requests come",
        _ => return None,
    };
    Some(why.to_owned())
}

/// What a listener's or a group's protocol is carried by.
pub(super) fn transport(protocol: &str) -> Protocol {
    match protocol {
        "UDP" | "QUIC" => Protocol::Udp,
        _ => Protocol::Tcp,
    }
}

/// Whether a certificate names a host; its `*` stands for one label.
fn covers(certificate: &Certificate, host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let names = std::iter::once(&certificate.domain).chain(&certificate.alternative_names);
    names.map(|it| it.to_ascii_lowercase()).any(|it| {
        let below = it.strip_prefix("*.");
        it == host || below.is_some_and(|it| host.split_once('.').is_some_and(|own| own.1 == it))
    })
}

/// Where a redirect sends a request. What it does not tell stays as it is.
fn redirected(redirect: &Redirect, request: &Request) -> String {
    let own = |port: Option<u16>| port.map(|it| it.to_string()).unwrap_or_default();
    let scheme = request.scheme.map(Scheme::name).unwrap_or_default();
    let fill = |part: &Option<String>, usual: &str| {
        part.as_deref()
            .unwrap_or(usual)
            .replace("#{protocol}", scheme)
            .replace("#{host}", request.named())
            .replace("#{port}", &own(request.port))
            .replace("#{path}", request.path.trim_start_matches('/'))
            .replace("#{query}", request.query.as_deref().unwrap_or_default())
    };
    let protocol = fill(&redirect.protocol, "#{protocol}").to_lowercase();
    let host = fill(&redirect.host, "#{host}");
    let port = fill(&redirect.port, "#{port}");
    let path = fill(&redirect.path, "/#{path}");
    let query = fill(&redirect.query, "#{query}");
    let usual = match protocol.as_str() {
        "https" => "443",
        _ => "80",
    };
    let port = if port.is_empty() || port == usual {
        String::new()
    } else {
        format!(":{port}")
    };
    let query = if query.is_empty() {
        String::new()
    } else {
        format!("?{query}")
    };
    format!("{protocol}://{host}{port}{path}{query}")
}

/// A client that is sent elsewhere names the new host.
fn without_host(headers: &[(String, String)]) -> Vec<(String, String)> {
    let others = headers
        .iter()
        .filter(|it| !it.0.eq_ignore_ascii_case("host"));
    others.cloned().collect()
}

/// `33.3 %`, cut, in whole tenths.
fn per_cent(part: u64, all: u64) -> String {
    let tenths = (part * 1000).checked_div(all).unwrap_or_default();
    match tenths % 10 {
        0 => format!("{} %", tenths / 10),
        rest => format!("{}.{rest} %", tenths / 10),
    }
}
