//! Drives a headless Chromium for the tests of pages.
//!
//! Chromium is told what to do over two pipes (`--remote-debugging-pipe`): commands go to its file
//! descriptor 3, answers and events come from 4, each a JSON text that a zero byte ends. A pipe
//! needs no port, no socket library and no waiting for a server, and when this process ends,
//! however it ends, Chromium sees its pipe closed and leaves as well.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    env, fs,
    io::{BufRead, BufReader, Write as _},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

/// How long anything may take. Generous, because machines that test are busy.
const PATIENCE: Duration = Duration::from_secs(30);

/// Puts Chromium's two pipes where it looks for them and gives it a profile of its own, which
/// goes away with it.
const LAUNCH: &str = r#"
profile=$(mktemp -d) || exit 1
"$0" --user-data-dir="$profile" "$@" 3<&0 4>&1 0</dev/null 1>/dev/null 2>"$profile/log" || tail -n 20 "$profile/log" >&2
rm -rf "$profile"
"#;

const FLAGS: &[&str] = &[
    "--headless",
    "--remote-debugging-pipe",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--hide-scrollbars",
    // All pages are ours: they may share a process, and none is in the background.
    "--renderer-process-limit=2",
    "--disable-renderer-backgrounding",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "about:blank",
];

/// A running Chromium.
pub(crate) struct Browser {
    child: Child,
    wire: Arc<Wire>,
}

impl Browser {
    /// The program: what `CHROME` names, else the first of the usual names on the path.
    pub(crate) fn find() -> Option<PathBuf> {
        if let Some(chrome) = env::var_os("CHROME") {
            return Some(PathBuf::from(chrome));
        }
        let names = ["chromium", "chromium-browser", "google-chrome"];
        let path = env::var_os("PATH")?;
        let places = names
            .iter()
            .flat_map(|name| env::split_paths(&path).map(move |it| it.join(name)));
        places.into_iter().find(|it| it.is_file())
    }

    /// Starts the program.
    pub(crate) fn start(program: &Path) -> Self {
        let mut child = Command::new("sh")
            .args(["-c", LAUNCH])
            .arg(program)
            .args(FLAGS)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("a shell");
        let commands = child.stdin.take().expect("a pipe for commands");
        let answers = child.stdout.take().expect("a pipe for answers");
        let wire = Arc::new(Wire {
            commands: Mutex::new(Some(commands)),
            last: AtomicU64::new(0),
            waiting: Mutex::default(),
            pages: Mutex::default(),
        });
        let listener = Arc::clone(&wire);
        thread::spawn(move || listener.listen(answers));
        let browser = Self { child, wire };
        // The first answer shows that it runs at all.
        browser.wire.send(None, "Browser.getVersion", &json!({}));
        browser
    }

    /// Opens an empty page, apart from all others.
    pub(crate) fn page(&self) -> Page {
        let wire = &self.wire;
        let context = wire.send(None, "Target.createBrowserContext", &json!({}));
        let context = context["browserContextId"].clone();
        let target = json!({"url": "about:blank", "browserContextId": context});
        let target = wire.send(None, "Target.createTarget", &target)["targetId"].clone();
        let attach = json!({"targetId": target, "flatten": true});
        let session = wire.send(None, "Target.attachToTarget", &attach)["sessionId"].clone();
        let session = session.as_str().expect("a session").to_owned();
        let (sender, events) = mpsc::channel();
        lock(&wire.pages).insert(session.clone(), sender);
        let page = Page {
            wire: Arc::clone(wire),
            session,
            context,
            events,
            seen: RefCell::default(),
        };
        for domain in ["Page", "Runtime", "Log", "Network"] {
            page.send(&format!("{domain}.enable"), &json!({}));
        }
        // Several pages share a browser; each is to believe that it is the one in front.
        page.send(
            "Emulation.setFocusEmulationEnabled",
            &json!({"enabled": true}),
        );
        page
    }
}

impl Drop for Browser {
    /// Ends Chromium: it leaves when its pipe closes, and is made to when it does not.
    fn drop(&mut self) {
        drop(lock(&self.wire.commands).take());
        let deadline = Instant::now() + Duration::from_secs(5);
        while Instant::now() < deadline {
            if matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        // The shell and all that it started. There is nobody left to tell should this fail.
        let group = format!("-{}", self.child.id());
        let kill = Command::new("sh")
            .args(["-c", "kill -9 -- $0", &group])
            .status();
        kill.and_then(|_| self.child.wait())
            .map(drop)
            .unwrap_or_default();
    }
}

/// The two pipes, and who waits for what comes out of them.
struct Wire {
    /// `None` once there is nothing more to say.
    commands: Mutex<Option<ChildStdin>>,
    last: AtomicU64,
    waiting: Mutex<BTreeMap<u64, Sender<Value>>>,
    pages: Mutex<BTreeMap<String, Sender<Value>>>,
}

impl Wire {
    /// Hands every message to who waits for it, until the pipe ends.
    fn listen(&self, answers: ChildStdout) {
        for message in BufReader::new(answers).split(0) {
            let Ok(message) = message else { break };
            let Ok(message) = serde_json::from_slice::<Value>(&message) else {
                break;
            };
            let to = match message["id"].as_u64() {
                Some(id) => lock(&self.waiting).remove(&id),
                None => {
                    let session = message["sessionId"].as_str().unwrap_or_default();
                    lock(&self.pages).get(session).cloned()
                }
            };
            if let Some(to) = to {
                // Who waited may have given up.
                to.send(message).unwrap_or_default();
            }
        }
        // Nobody waits for what cannot come.
        lock(&self.waiting).clear();
        lock(&self.pages).clear();
    }

    /// Sends a command and waits for its result.
    fn send(&self, session: Option<&str>, method: &str, params: &Value) -> Value {
        let answer = self.post(session, method, params);
        match answer.recv_timeout(PATIENCE) {
            Ok(mut answer) if answer["error"].is_null() => answer["result"].take(),
            Ok(answer) => panic!("Chromium refused {method}: {}", answer["error"]),
            Err(RecvTimeoutError::Timeout) => panic!("Chromium did not answer {method}"),
            Err(RecvTimeoutError::Disconnected) => {
                panic!("Chromium ended before it answered {method}")
            }
        }
    }

    fn post(&self, session: Option<&str>, method: &str, params: &Value) -> Receiver<Value> {
        let id = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let mut command = json!({"id": id, "method": method, "params": params});
        if let Some(session) = session {
            command["sessionId"] = session.into();
        }
        let (sender, answer) = mpsc::channel();
        lock(&self.waiting).insert(id, sender);
        let mut bytes = command.to_string().into_bytes();
        bytes.push(0);
        let sent = match lock(&self.commands).as_mut() {
            Some(commands) => commands.write_all(&bytes).is_ok(),
            None => false,
        };
        if !sent {
            lock(&self.waiting).remove(&id);
        }
        answer
    }
}

/// How a page is shown; what is left out stays as it is in a new page.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Look {
    /// `light` or `dark`.
    pub(crate) scheme: Option<&'static str>,
    /// As on paper instead of on a screen.
    pub(crate) print: bool,
    /// In CSS pixels.
    pub(crate) size: Option<(u32, u32)>,
    pub(crate) without_script: bool,
}

/// One page of a browser.
pub(crate) struct Page {
    wire: Arc<Wire>,
    session: String,
    context: Value,
    events: Receiver<Value>,
    seen: RefCell<Vec<Value>>,
}

impl Page {
    /// Goes to an address and waits until everything there is loaded.
    pub(crate) fn open(&self, address: &str) {
        self.take_events();
        let from = self.seen.borrow().len();
        let gone = self.send("Page.navigate", &json!({"url": address}));
        let error = &gone["errorText"];
        assert!(error.is_null(), "{address}: {error}");
        // Within one document there is nothing to load.
        if gone["loaderId"].is_null() {
            return;
        }
        let deadline = Instant::now() + PATIENCE;
        while !self.seen.borrow()[from..]
            .iter()
            .any(|it| it["method"] == "Page.loadEventFired")
        {
            let left = deadline.saturating_duration_since(Instant::now());
            let event = self.events.recv_timeout(left);
            let event = event.unwrap_or_else(|_| panic!("{address} did not load"));
            self.seen.borrow_mut().push(event);
        }
    }

    /// The value of an expression, or of the promise that it is.
    pub(crate) fn eval(&self, expression: &str) -> Value {
        let params = json!({
            "expression": expression,
            "awaitPromise": true,
            "returnByValue": true,
            "userGesture": true,
        });
        let mut done = self.send("Runtime.evaluate", &params);
        let exception = &done["exceptionDetails"];
        assert!(exception.is_null(), "{expression}: {exception}");
        done["result"]["value"].take()
    }

    /// Runs a script in every document that the page opens from now on, before its own.
    pub(crate) fn before_load(&self, script: &str) {
        self.send(
            "Page.addScriptToEvaluateOnNewDocument",
            &json!({"source": script}),
        );
    }

    /// Waits until an expression is true.
    pub(crate) fn wait_for(&self, expression: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.eval(expression) != true {
            assert!(
                Instant::now() < deadline,
                "{expression} did not become true"
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Presses and releases a key: `Tab`, `Enter`, or one that types itself.
    pub(crate) fn press_key(&self, key: &str) {
        let (code, number, text) = match key {
            "Tab" => ("Tab", 9, ""),
            "Enter" => ("Enter", 13, "\r"),
            "Escape" => ("Escape", 27, ""),
            " " => ("Space", 32, " "),
            _ => ("", 0, key),
        };
        let mut params = json!({
            "type": if text.is_empty() { "rawKeyDown" } else { "keyDown" },
            "key": key,
            "code": code,
            "windowsVirtualKeyCode": number,
            "text": text,
        });
        self.send("Input.dispatchKeyEvent", &params);
        params["type"] = "keyUp".into();
        params["text"] = "".into();
        self.send("Input.dispatchKeyEvent", &params);
    }

    /// Types a text, key by key.
    pub(crate) fn type_text(&self, text: &str) {
        for it in text.chars() {
            self.press_key(&it.to_string());
        }
    }

    /// Shows the page in another way.
    pub(crate) fn emulate(&self, look: Look) {
        let scheme = look.scheme.unwrap_or("light");
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        let media = if look.print { "print" } else { "" };
        let params = json!({"media": media, "features": features});
        self.send("Emulation.setEmulatedMedia", &params);
        let (width, height) = look.size.unwrap_or((1280, 900));
        let size =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.send("Emulation.setDeviceMetricsOverride", &size);
        let off = json!({"value": look.without_script});
        self.send("Emulation.setScriptExecutionDisabled", &off);
    }

    /// Lets the page read and write the clipboard without asking.
    pub(crate) fn allow_clipboard(&self) {
        let permissions = json!({
            "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"],
            "browserContextId": self.context,
        });
        self.wire
            .send(None, "Browser.grantPermissions", &permissions);
    }

    /// Writes a picture of the whole page, or of what the window shows of it.
    pub(crate) fn screenshot(&self, whole: bool, path: &Path) {
        let params = json!({"captureBeyondViewport": whole});
        let params = if whole {
            let size = self.send("Page.getLayoutMetrics", &json!({}))["cssContentSize"].clone();
            let clip = json!({
                "x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1,
            });
            json!({"captureBeyondViewport": true, "clip": clip})
        } else {
            params
        };
        let shot = self.send("Page.captureScreenshot", &params);
        self.write(&shot, path);
    }

    /// Writes the page as it comes out of a printer.
    pub(crate) fn pdf(&self, path: &Path) {
        let params = json!({"preferCSSPageSize": true, "printBackground": false});
        let pdf = self.send("Page.printToPDF", &params);
        self.write(&pdf, path);
    }

    /// What the page complained of: exceptions, errors on the console, breaches of its policy.
    pub(crate) fn console_errors(&self) -> Vec<String> {
        self.take_events();
        let seen = self.seen.borrow();
        let errors = seen.iter().filter_map(|event| {
            let params = &event["params"];
            match event["method"].as_str()? {
                "Runtime.exceptionThrown" => Some(params["exceptionDetails"].to_string()),
                "Runtime.consoleAPICalled" if params["type"] == "error" => {
                    Some(params["args"].to_string())
                }
                "Log.entryAdded" if params["entry"]["level"] == "error" => {
                    Some(params["entry"]["text"].to_string())
                }
                _ => None,
            }
        });
        errors.collect()
    }

    /// The addresses of everything that the page asked for, its own among them.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.take_events();
        let seen = self.seen.borrow();
        let sent = seen
            .iter()
            .filter(|it| it["method"] == "Network.requestWillBeSent");
        let addresses = sent.filter_map(|it| it["params"]["request"]["url"].as_str());
        addresses.map(str::to_owned).collect()
    }

    /// Role and name of everything that a screen reader is told of.
    pub(crate) fn accessibles(&self) -> Vec<(String, String)> {
        let tree = self.send("Accessibility.getFullAXTree", &json!({}));
        let nodes = tree["nodes"].as_array().expect("nodes");
        let told = nodes.iter().filter(|it| it["ignored"] != true);
        let text = |it: &Value| it["value"].as_str().unwrap_or_default().trim().to_owned();
        told.map(|it| (text(&it["role"]), text(&it["name"])))
            .collect()
    }

    fn send(&self, method: &str, params: &Value) -> Value {
        self.wire.send(Some(&self.session), method, params)
    }

    fn take_events(&self) {
        self.seen.borrow_mut().extend(self.events.try_iter());
    }

    fn write(&self, answer: &Value, path: &Path) {
        let data = answer["data"].as_str().expect("data");
        let bytes = BASE64_STANDARD.decode(data).expect("base64");
        fs::write(path, bytes).unwrap_or_else(|it| panic!("{}: {it}", path.display()));
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        lock(&self.wire.pages).remove(&self.session);
        let context = json!({"browserContextId": self.context});
        drop(
            self.wire
                .post(None, "Target.disposeBrowserContext", &context),
        );
    }
}

/// A panic in one test is no reason to fail the others.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
