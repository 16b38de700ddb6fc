//! AWS from memory: remembers what the emulator answers and gives it again, fast, late or wrong.
//!
//! ```no_run
//! let recorded = Recorded::take(&emulator.endpoint, |endpoint| { /* read a rack from endpoint */ });
//! let served = recorded.serve(Plan::default().latency(Duration::from_millis(50)));
//! // read the rack from served.endpoint, then look at served.requests()
//! ```
//!
//! Within one process `recorded.desk(plan).client()` does without a network: it takes the place of
//! the SDK's HTTP client, and knows no latency.
//!
//! What was never asked while recording is fetched from the emulator, remembered, and counted in
//! [`Desk::unforeseen`].

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    ops::Deref,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use aws_smithy_runtime_api::{
    client::{
        http::{
            HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector,
            http_client_fn,
        },
        orchestrator::{HttpRequest, HttpResponse},
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use racklens::aws::{money, read};

/// The answers of an endpoint, by request. Cloning is cheap and shares them.
#[derive(Clone)]
pub struct Recorded {
    upstream: String,
    answers: Arc<Mutex<BTreeMap<String, Answer>>>,
    /// Calls by the names that the SDK gives their services: `("elasticloadbalancingv2", "elbv2")`.
    services: Arc<BTreeMap<String, &'static str>>,
}

/// A request.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    /// With its query.
    pub path: String,
    /// By names in lower case.
    pub head: BTreeMap<String, String>,
    pub body: Vec<u8>,
    /// As racklens writes calls: `elbv2:DescribeRules`. A request that is none of them is told
    /// by its method and path.
    pub call: String,
    /// How many requests came before it.
    pub number: usize,
}

/// What is answered.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    /// Without the length, and without what is about the connection.
    pub head: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// What to do instead of giving the true answer.
pub enum Deed {
    Answer(Answer),
    /// Say nothing until the other side gives up.
    Hang,
}

/// Looks at each request and tells what to do instead, if anything. The recording is there to
/// ask for true answers, of this request or of another.
type Fault = Arc<dyn Fn(&Asked, &Recorded) -> Option<Deed> + Send + Sync>;

/// How to answer.
#[derive(Clone, Default)]
pub struct Plan {
    latency: Duration,
    fault: Option<Fault>,
}

impl Plan {
    /// Gives every answer that much later.
    pub fn latency(self, latency: Duration) -> Self {
        Self { latency, ..self }
    }

    pub fn fault(
        self,
        fault: impl Fn(&Asked, &Recorded) -> Option<Deed> + Send + Sync + 'static,
    ) -> Self {
        let fault: Option<Fault> = Some(Arc::new(fault));
        Self { fault, ..self }
    }
}

/// A server that gives recorded answers; it ends when this is dropped.
pub struct Served {
    pub endpoint: String,
    address: SocketAddr,
    desk: Arc<Desk>,
}

impl Deref for Served {
    type Target = Desk;

    fn deref(&self) -> &Desk {
        &self.desk
    }
}

/// One request that was answered, or let hang.
#[derive(Clone, Debug)]
pub struct Seen {
    pub asked: Asked,
    /// 0 where nothing was answered.
    pub status: u16,
    /// When it had come and when it was answered, since the server started.
    pub came: Duration,
    pub answered: Duration,
}

/// Where requests arrive and answers are given out, by however many threads.
pub struct Desk {
    recorded: Recorded,
    plan: Plan,
    started: Instant,
    closed: AtomicBool,
    number: AtomicUsize,
    unforeseen: AtomicUsize,
    seen: Mutex<Vec<Seen>>,
}

impl Recorded {
    /// Remembers every answer that `run` gets from the endpoint it is given, which asks `upstream`.
    pub fn take(upstream: &str, run: impl FnOnce(&str)) -> Self {
        let calls = read::calls().into_iter().chain(money::CALLS);
        let services = calls.map(|it| it.service);
        let recorded = Self {
            upstream: upstream.trim_start_matches("http://").to_owned(),
            answers: Arc::default(),
            services: Arc::new(services.map(|it| (plain(it.sdk_id()), it.name())).collect()),
        };
        run(&recorded.serve(Plan::default()).endpoint);
        recorded
    }

    /// Gives answers out without a network.
    pub fn desk(&self, plan: Plan) -> Arc<Desk> {
        Arc::new(Desk {
            recorded: self.clone(),
            plan,
            started: Instant::now(),
            closed: AtomicBool::new(false),
            number: AtomicUsize::new(0),
            unforeseen: AtomicUsize::new(0),
            seen: Mutex::default(),
        })
    }

    /// Starts a server on a free port.
    pub fn serve(&self, plan: Plan) -> Served {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let desk = self.desk(plan);
        let host = Arc::clone(&desk);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if host.closed.load(Ordering::Relaxed) {
                    return;
                }
                let desk = Arc::clone(&host);
                thread::spawn(move || desk.attend(&client));
            }
        });
        Served {
            endpoint: format!("http://{address}"),
            address,
            desk,
        }
    }

    /// The true answer, and whether it was in memory.
    pub fn answer(&self, asked: &Asked) -> (Answer, bool) {
        let key = asked.key();
        let known = self.answers.lock().expect("no panic").get(&key).cloned();
        if let Some(answer) = known {
            return (answer, true);
        }
        let answer = self.forward(asked).unwrap_or_else(|| {
            // As if AWS were not there: the test sees a gap that it does not expect.
            Answer::new(502, format!("nothing came from {}", self.upstream))
        });
        let mut answers = self.answers.lock().expect("no panic");
        answers.insert(key, answer.clone());
        (answer, false)
    }

    fn forward(&self, asked: &Asked) -> Option<Answer> {
        let mut server = TcpStream::connect(&self.upstream).ok()?;
        let mut request = format!("{} {} HTTP/1.1\r\n", asked.method, asked.path);
        for (name, value) in asked.head.iter().filter(|(it, _)| *it != "connection") {
            write!(request, "{name}: {value}\r\n").ok()?;
        }
        request.push_str("connection: close\r\n\r\n");
        let mut request = request.into_bytes();
        request.extend_from_slice(&asked.body);
        server.write_all(&request).ok()?;
        let mut reader = BufReader::new(server);
        let (first, head) = head(&mut reader)?;
        let status = first.split(' ').nth(1)?.parse().ok()?;
        let mut body = Vec::new();
        reader.read_to_end(&mut body).ok()?;
        let dropped = ["content-length", "connection", "date", "server"];
        Some(Answer {
            status,
            head: head
                .into_iter()
                .filter(|(name, _)| !dropped.contains(&name.as_str()))
                .collect(),
            body,
        })
    }

    /// Which call a request is, by the way in which the SDK says it.
    fn call(
        &self,
        method: &str,
        path: &str,
        head: &BTreeMap<String, String>,
        body: &[u8],
    ) -> String {
        let agent = head.get("user-agent").map_or("", String::as_str);
        let api = agent.split(' ').find_map(|it| it.strip_prefix("api/"));
        let sdk = api.unwrap_or_default().split(['#', '/']).next();
        let service = self.services.get(&plain(sdk.unwrap_or_default()));
        let service = service.copied().unwrap_or_default();
        let target = head.get("x-amz-target");
        let target = target.and_then(|it| it.rsplit_once('.')).map(|it| it.1);
        let body = String::from_utf8_lossy(body);
        let action = body.split('&').find_map(|it| it.strip_prefix("Action="));
        let smithy = path.split_once("/operation/").map(|it| it.1);
        let rest = || {
            let mut places = PLACES.iter();
            places
                .find(|it| it.is(service, method, path))
                .map(|it| it.operation)
        };
        match target.or(action).or(smithy).or_else(rest) {
            Some(operation) => format!("{service}:{operation}"),
            None => format!("{service}: {method} {path}"),
        }
    }
}

/// Letters and digits of a name, in lower case.
fn plain(name: &str) -> String {
    let kept = name.chars().filter(char::is_ascii_alphanumeric);
    kept.map(|it| it.to_ascii_lowercase()).collect()
}

impl Drop for Served {
    fn drop(&mut self) {
        self.desk.closed.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for clients.
        drop(TcpStream::connect(self.address));
    }
}

impl Desk {
    /// What was asked so far, in the order in which it was answered.
    pub fn requests(&self) -> Vec<Seen> {
        self.seen.lock().expect("no panic").clone()
    }

    /// How many answers were not in memory and came from the emulator, in its own time.
    pub fn unforeseen(&self) -> usize {
        self.unforeseen.load(Ordering::Relaxed)
    }

    /// An HTTP client that asks here and not the network.
    pub fn client(self: &Arc<Self>) -> SharedHttpClient {
        let counter = Counter(Arc::clone(self));
        http_client_fn(move |_, _| SharedHttpConnector::new(counter.clone()))
    }

    /// Answers one client's requests, one after the other, until it leaves.
    fn attend(&self, client: &TcpStream) -> Option<()> {
        client.set_nodelay(true).ok()?;
        let mut reader = BufReader::new(client);
        loop {
            let asked = self.hear(&mut reader)?;
            match self.handle(asked) {
                Deed::Answer(answer) => answer.write(client)?,
                Deed::Hang => {
                    // Ends with the client's patience.
                    reader.fill_buf().ok()?;
                    return None;
                }
            }
        }
    }

    /// Decides, waits, and notes.
    fn handle(&self, asked: Asked) -> Deed {
        let came = self.started.elapsed();
        let deed = self.decide(&asked);
        let status = match &deed {
            Deed::Answer(it) => it.status,
            Deed::Hang => 0,
        };
        thread::sleep(self.plan.latency);
        let seen = Seen {
            asked,
            status,
            came,
            answered: self.started.elapsed(),
        };
        self.seen.lock().expect("no panic").push(seen);
        deed
    }

    fn decide(&self, asked: &Asked) -> Deed {
        let fault = self.plan.fault.as_ref();
        if let Some(deed) = fault.and_then(|it| it(asked, &self.recorded)) {
            return deed;
        }
        let (answer, foreseen) = self.recorded.answer(asked);
        if !foreseen {
            self.unforeseen.fetch_add(1, Ordering::Relaxed);
        }
        Deed::Answer(answer)
    }

    fn hear(&self, reader: &mut impl std::io::BufRead) -> Option<Asked> {
        let (first, head) = head(reader)?;
        let head: BTreeMap<String, String> = head.into_iter().collect();
        let mut words = first.split(' ');
        let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
        let length = head
            .get("content-length")
            .map_or(Some(0), |it| it.parse().ok());
        let mut body = vec![0; length?];
        reader.read_exact(&mut body).ok()?;
        Some(self.asked(method, path, head, body))
    }

    fn asked(
        &self,
        method: String,
        path: String,
        head: BTreeMap<String, String>,
        body: Vec<u8>,
    ) -> Asked {
        let call = self.recorded.call(&method, &path, &head, &body);
        Asked {
            method,
            path,
            head,
            body,
            call,
            number: self.number.fetch_add(1, Ordering::Relaxed),
        }
    }
}

/// A desk as the SDK knows one.
#[derive(Clone)]
struct Counter(Arc<Desk>);

impl fmt::Debug for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counter")
    }
}

impl HttpConnector for Counter {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let uri = request.uri().trim_start_matches("http://");
        let path = uri.find('/').map_or("/", |it| &uri[it..]).to_owned();
        let head = request.headers().iter();
        let mut head: BTreeMap<String, String> = head
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        head.insert("host".to_owned(), self.0.recorded.upstream.clone());
        let body = request.body().bytes().unwrap_or_default().to_vec();
        let asked = self.0.asked(request.method().to_owned(), path, head, body);
        let answer = match self.0.handle(asked) {
            Deed::Answer(it) => it,
            Deed::Hang => return HttpConnectorFuture::new(std::future::pending()),
        };
        let status = StatusCode::try_from(answer.status).expect("a status");
        let mut response = HttpResponse::new(status, SdkBody::from(answer.body));
        for (name, value) in answer.head {
            response.headers_mut().insert(name, value);
        }
        HttpConnectorFuture::ready(Ok(response))
    }
}

/// The first line, and the head by names in lower case.
fn head(reader: &mut impl std::io::BufRead) -> Option<(String, Vec<(String, String)>)> {
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|it| *it > 0)?;
        Some(line.trim_end().to_owned())
    };
    let first = line()?;
    let mut head = Vec::new();
    loop {
        let line = line()?;
        if line.is_empty() {
            return Some((first, head));
        }
        let (name, value) = line.split_once(':')?;
        head.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

/// How a service writes what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    Ec2Query,
    Query,
    Json,
    RestJson,
    RestXml,
    /// S3's own way with errors.
    S3,
    Cbor,
}

impl Asked {
    /// The same for the same question, whoever signs it and when.
    pub fn key(&self) -> String {
        let (path, query) = self.path.split_once('?').unwrap_or((&self.path, ""));
        let mut query: Vec<&str> = query.split('&').collect();
        query.sort_unstable();
        format!(
            "{} {} {path}?{} {}",
            self.call,
            self.method,
            query.join("&"),
            self.text()
        )
    }

    /// Body, as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Which time this same request is sent, from 1.
    pub fn attempt(&self) -> u32 {
        let told = self.head.get("amz-sdk-request").map_or("", String::as_str);
        let attempt = told.split("; ").find_map(|it| it.strip_prefix("attempt="));
        attempt.and_then(|it| it.parse().ok()).unwrap_or(1)
    }

    pub fn wire(&self) -> Wire {
        let kind = self.head.get("content-type").map_or("", String::as_str);
        let service = self.call.split(':').next().unwrap_or_default();
        match service {
            _ if self.head.contains_key("smithy-protocol") => Wire::Cbor,
            "ec2" => Wire::Ec2Query,
            "s3" => Wire::S3,
            "route53" | "s3control" => Wire::RestXml,
            _ if self.head.contains_key("x-amz-target") => Wire::Json,
            _ if kind.starts_with("application/x-www-form-urlencoded") => Wire::Query,
            _ => Wire::RestJson,
        }
    }

    /// An error as this service writes it, or would.
    pub fn error(&self, status: u16, code: &str) -> Answer {
        let error = format!("<Error><Code>{code}</Code><Message>planted</Message></Error>");
        let json = format!(r#"{{"__type":"{code}","message":"planted"}}"#);
        let body = match self.wire() {
            Wire::Ec2Query => format!("<Response><Errors>{error}</Errors></Response>"),
            Wire::Query | Wire::RestXml => format!("<ErrorResponse>{error}</ErrorResponse>"),
            Wire::S3 => error,
            Wire::Json | Wire::RestJson => json,
            Wire::Cbor => {
                let answer = Answer::new(status, cbor(&[("__type", code), ("message", "planted")]));
                return answer.with("smithy-protocol", "rpc-v2-cbor");
            }
        };
        Answer::new(status, body).with("x-amzn-errortype", code)
    }
}

/// A map of short texts.
fn cbor(pairs: &[(&str, &str)]) -> Vec<u8> {
    let text = |it: &str| {
        let length = u8::try_from(it.len()).expect("a short text");
        [&[0x78, length], it.as_bytes()].concat()
    };
    let pairs = pairs
        .iter()
        .flat_map(|(key, value)| [text(key), text(value)].concat());
    [0xbf].into_iter().chain(pairs).chain([0xff]).collect()
}

impl Answer {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            head: Vec::new(),
            body: body.into(),
        }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.head.push((name.to_owned(), value.to_owned()));
        self
    }

    fn write(&self, mut client: &TcpStream) -> Option<()> {
        let mut head = format!("HTTP/1.1 {} X\r\n", self.status);
        for (name, value) in &self.head {
            write!(head, "{name}: {value}\r\n").ok()?;
        }
        write!(head, "content-length: {}\r\n\r\n", self.body.len()).ok()?;
        let mut whole = head.into_bytes();
        whole.extend_from_slice(&self.body);
        client.write_all(&whole).ok()
    }
}

/// Where a REST service keeps an operation.
struct Place {
    service: &'static str,
    method: &'static str,
    /// `*` stands for anything without a slash.
    path: &'static str,
    /// What the query must have, by name; empty for anything.
    query: &'static str,
    operation: &'static str,
}

impl Place {
    const fn new(
        service: &'static str,
        method: &'static str,
        path: &'static str,
        query: &'static str,
        operation: &'static str,
    ) -> Self {
        Self {
            service,
            method,
            path,
            query,
            operation,
        }
    }

    fn is(&self, service: &str, method: &str, whole: &str) -> bool {
        let (path, query) = whole.split_once('?').unwrap_or((whole, ""));
        let parts = |it: &str| -> Vec<String> {
            let parts = it.trim_matches('/').split('/');
            parts.map(ToOwned::to_owned).collect()
        };
        let (mine, its) = (parts(self.path), parts(path));
        let mut names = query
            .split('&')
            .map(|it| it.split('=').next().unwrap_or(it));
        self.service == service
            && self.method == method
            && (self.query.is_empty() || names.any(|it| it == self.query))
            && mine.len() == its.len()
            && mine
                .iter()
                .zip(&its)
                .all(|(a, b)| a == "*" && !b.is_empty() || a == b)
    }
}

/// Every operation of the REST services that is told by its path; the first that fits counts.
const PLACES: &[Place] = &[
    Place::new(
        "efs",
        "GET",
        "/2015-02-01/access-points",
        "",
        "DescribeAccessPoints",
    ),
    Place::new(
        "efs",
        "GET",
        "/2015-02-01/file-systems",
        "",
        "DescribeFileSystems",
    ),
    Place::new(
        "efs",
        "GET",
        "/2015-02-01/file-systems/*/backup-policy",
        "",
        "DescribeBackupPolicy",
    ),
    Place::new(
        "efs",
        "GET",
        "/2015-02-01/mount-targets",
        "",
        "DescribeMountTargets",
    ),
    Place::new(
        "efs",
        "GET",
        "/2015-02-01/mount-targets/*/security-groups",
        "",
        "DescribeMountTargetSecurityGroups",
    ),
    Place::new(
        "lambda",
        "GET",
        "/2015-03-31/event-source-mappings",
        "",
        "ListEventSourceMappings",
    ),
    Place::new(
        "lambda",
        "GET",
        "/2015-03-31/functions",
        "",
        "ListFunctions",
    ),
    Place::new("lambda", "GET", "/2017-03-31/tags/*", "", "ListTags"),
    Place::new(
        "route53",
        "GET",
        "/2013-04-01/hostedzone",
        "",
        "ListHostedZones",
    ),
    Place::new(
        "route53",
        "GET",
        "/2013-04-01/hostedzone/*",
        "",
        "GetHostedZone",
    ),
    Place::new(
        "route53",
        "GET",
        "/2013-04-01/hostedzone/*/rrset",
        "",
        "ListResourceRecordSets",
    ),
    Place::new(
        "route53",
        "POST",
        "/2013-04-01/tags/hostedzone",
        "",
        "ListTagsForResources",
    ),
    Place::new("s3", "GET", "/*", "acl", "GetBucketAcl"),
    Place::new("s3", "GET", "/*", "encryption", "GetBucketEncryption"),
    Place::new(
        "s3",
        "GET",
        "/*",
        "lifecycle",
        "GetBucketLifecycleConfiguration",
    ),
    Place::new("s3", "GET", "/*", "list-type", "ListObjectsV2"),
    Place::new("s3", "GET", "/*", "location", "GetBucketLocation"),
    Place::new(
        "s3",
        "GET",
        "/*",
        "object-lock",
        "GetObjectLockConfiguration",
    ),
    Place::new("s3", "GET", "/*", "policy", "GetBucketPolicy"),
    Place::new("s3", "GET", "/*", "policyStatus", "GetBucketPolicyStatus"),
    Place::new(
        "s3",
        "GET",
        "/*",
        "publicAccessBlock",
        "GetPublicAccessBlock",
    ),
    Place::new("s3", "GET", "/*", "replication", "GetBucketReplication"),
    Place::new("s3", "GET", "/*", "tagging", "GetBucketTagging"),
    Place::new("s3", "GET", "/*", "versioning", "GetBucketVersioning"),
    Place::new("s3", "GET", "/*", "versions", "ListObjectVersions"),
    Place::new("s3", "GET", "/", "x-id", "ListBuckets"),
    Place::new(
        "s3control",
        "GET",
        "/v20180820/configuration/publicAccessBlock",
        "",
        "GetPublicAccessBlock",
    ),
];
