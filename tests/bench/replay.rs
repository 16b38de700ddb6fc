//! Stands between the program and the emulator: remembers each answer, and gives it again.
//!
//! While it learns, a request that it has not seen goes to the emulator, so that what is measured
//! later waits for no emulator: an answer comes from memory, after a pause that is the same for
//! all. It speaks as much HTTP/1.1 as an AWS SDK and moto need.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// How answers are given.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plan {
    /// Added to every answer.
    pub latency: Duration,
    /// Every so many requests one is told to slow down.
    pub throttle_each: Option<usize>,
}

/// One request that came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub throttled: bool,
    /// Whether the answer had to be fetched from the emulator.
    pub fetched: bool,
    /// The operation's bare name, where this asks for a further page of a listing.
    pub continues: Option<String>,
}

pub struct Replay {
    pub endpoint: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    plan: Plan,
    upstream: String,
    answers: BTreeMap<String, Vec<u8>>,
    asked: Vec<Asked>,
}

impl Replay {
    /// Starts in front of an emulator.
    pub fn start(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(Mutex::new(State {
            upstream: upstream.trim_start_matches("http://").to_owned(),
            ..State::default()
        }));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                thread::spawn(move || serve(&client, &state));
            }
        });
        Self {
            endpoint: format!("http://{address}"),
            state,
        }
    }

    /// Answers like this from now on, and forgets who asked; answers stay known.
    pub fn plan(&self, plan: Plan) {
        let mut state = lock(&self.state);
        state.plan = plan;
        state.asked.clear();
    }

    /// Forgets the answers as well: what stands in the emulator has changed.
    pub fn forget(&self) {
        lock(&self.state).answers.clear();
    }

    /// How many pages a listing had, by the bare name of its operation, where it had more than one.
    pub fn pages(&self) -> BTreeMap<String, usize> {
        let mut pages = BTreeMap::new();
        for name in self.asked().into_iter().filter_map(|it| it.continues) {
            *pages.entry(name).or_insert(1) += 1;
        }
        pages
    }

    /// Who asked since the plan was made.
    pub fn asked(&self) -> Vec<Asked> {
        lock(&self.state).asked.clone()
    }
}

fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers the requests of one connection, one after another, until it ends.
fn serve(mut client: &TcpStream, state: &Mutex<State>) -> Option<()> {
    client.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(client);
    loop {
        let request = Request::read(&mut reader)?;
        let key = request.key();
        let at = Instant::now();
        let (known, plan, throttled) = {
            let mut state = lock(state);
            let number = state.asked.len() + 1;
            let throttled = state
                .plan
                .throttle_each
                .is_some_and(|it| number.is_multiple_of(it));
            let known = state.answers.get(&key).cloned();
            state.asked.push(Asked {
                throttled,
                fetched: known.is_none(),
                continues: request.continues(),
            });
            (known, state.plan, throttled)
        };
        let answer = if throttled {
            request.slow_down()
        } else if let Some(known) = known {
            known
        } else {
            let upstream = lock(state).upstream.clone();
            let fetched = request.forward(&upstream)?;
            lock(state).answers.insert(key, fetched.clone());
            fetched
        };
        let late = plan.latency.saturating_sub(at.elapsed());
        thread::sleep(late);
        client.write_all(&answer).ok()?;
    }
}

/// A request, as far as it matters.
struct Request {
    method: String,
    target: String,
    /// Names in small letters.
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    fn read(reader: &mut BufReader<&TcpStream>) -> Option<Self> {
        let mut words = line(reader)?;
        words.truncate(words.rfind(' ')?);
        let (method, target) = words.split_once(' ')?;
        let headers = headers(reader)?;
        let length = header(&headers, "content-length").and_then(|it| it.parse().ok());
        let mut body = vec![0; length.unwrap_or_default()];
        reader.read_exact(&mut body).ok()?;
        Some(Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers,
            body,
        })
    }

    /// What makes two requests the same question: not when it was signed, nor how often it is asked.
    fn key(&self) -> String {
        let target = header(&self.headers, "x-amz-target").unwrap_or_default();
        let service = self.service();
        let body = String::from_utf8_lossy(&self.body);
        format!("{service} {} {} {target} {body}", self.method, self.target)
    }

    /// The service that the request is signed for: `ec2`, `elasticloadbalancing`.
    fn service(&self) -> &str {
        let signed = header(&self.headers, "authorization").unwrap_or_default();
        let scope = signed.split("Credential=").nth(1).unwrap_or_default();
        scope.split('/').nth(3).unwrap_or_default()
    }

    /// The bare name of the operation, where this has a token from the page before.
    fn continues(&self) -> Option<String> {
        let body = String::from_utf8_lossy(&self.body);
        let tokens = [
            "NextToken",
            "nextToken",
            "Marker",
            "ExclusiveStart",
            "Position",
        ];
        if !tokens.iter().any(|it| body.contains(it)) {
            return None;
        }
        let action = body.split('&').find_map(|it| it.strip_prefix("Action="));
        let target = header(&self.headers, "x-amz-target");
        let name = target.and_then(|it| it.rsplit('.').next()).or(action)?;
        Some(name.to_owned())
    }

    /// What a service says that is asked too much, in the words of its protocol.
    fn slow_down(&self) -> Vec<u8> {
        let (status, body) = if header(&self.headers, "x-amz-target").is_some() {
            (
                400,
                r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#,
            )
        } else {
            match self.service() {
                "ec2" => (
                    503,
                    "<Response><Errors><Error><Code>RequestLimitExceeded</Code></Error></Errors></Response>",
                ),
                "s3" => (503, "<Error><Code>SlowDown</Code></Error>"),
                "lambda" | "elasticfilesystem" => (429, r#"{"Reason":"CallerRateLimitExceeded"}"#),
                _ => (
                    400,
                    "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>",
                ),
            }
        };
        let length = body.len();
        let kind = "x-amzn-errortype: TooManyRequestsException\r\n";
        let kind = if status == 429 { kind } else { "" };
        format!("HTTP/1.1 {status} X\r\n{kind}content-length: {length}\r\n\r\n{body}").into_bytes()
    }

    /// The emulator's answer, as one that leaves the connection open.
    fn forward(&self, upstream: &str) -> Option<Vec<u8>> {
        let mut server = TcpStream::connect(upstream).ok()?;
        // HTTP/1.0: no answer in chunks, and the end of the connection is the end of the answer.
        let mut head = format!("{} {} HTTP/1.0\r\n", self.method, self.target);
        for (name, value) in self.headers.iter().filter(|it| it.0 != "connection") {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        server.write_all(head.as_bytes()).ok()?;
        server.write_all(&self.body).ok()?;
        let mut reader = BufReader::new(&server);
        let status = line(&mut reader)?;
        let status = status.split_once(' ')?.1;
        let told = headers(&mut reader)?;
        let mut body = Vec::new();
        reader.read_to_end(&mut body).ok()?;
        let hop = ["connection", "content-length", "transfer-encoding"];
        let mut answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in told.iter().filter(|it| !hop.contains(&it.0.as_str())) {
            answer.push_str(&format!("{name}: {value}\r\n"));
        }
        answer.push_str("\r\n");
        Some([answer.into_bytes(), body].concat())
    }
}

fn line(reader: &mut BufReader<&TcpStream>) -> Option<String> {
    let mut line = String::new();
    let read = reader.read_line(&mut line).ok()?;
    (read > 0).then(|| line.trim_end().to_owned())
}

fn headers(reader: &mut BufReader<&TcpStream>) -> Option<Vec<(String, String)>> {
    let mut headers = Vec::new();
    loop {
        let line = line(reader)?;
        if line.is_empty() {
            return Some(headers);
        }
        let (name, value) = line.split_once(':')?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

fn header<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    let found = headers.iter().find(|it| it.0 == name);
    found.map(|it| it.1.as_str())
}
