//! An AWS API to test against: moto, with racks stood up in it (see `tests/emulator/serve.py`).
//!
//! The first test that asks for it makes a virtual environment under `target/emulator`, which takes
//! some twenty seconds and the network once. A server takes four seconds to stand both racks up.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::Duration;

/// What the emulator is made of.
pub const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/emulator");

/// Longer than the slowest machine needs to stand every rack up.
const DEADLINE: Duration = Duration::from_secs(300);

pub struct Emulator {
    pub endpoint: String,
    /// The ids that were drawn at random, and what to show in their place.
    pub aliases: BTreeMap<String, String>,
    /// What the server says: mostly why it answered 500.
    pub log: PathBuf,
    server: Child,
}

impl Emulator {
    /// What stands in the shared one.
    pub const SHARED: &[&str] = &["karim_test", "neighbours"];

    /// The server that every test of this process reads from; none may change what is in it.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Emulator> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(Self::SHARED))
    }

    /// A server of one's own, with the given racks of `tests/emulator/racks` in it.
    pub fn start(racks: &[&str]) -> Self {
        Self::start_with(racks, &[])
    }

    /// The same, with these arguments for `serve.py`.
    pub fn start_with(racks: &[&str], arguments: &[&OsStr]) -> Self {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let name = format!(
            "emulator-{}-{}",
            std::process::id(),
            STARTED.fetch_add(1, Ordering::Relaxed)
        );
        let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let (log, aliases) = (
            scratch.join(format!("{name}.log")),
            scratch.join(format!("{name}.json")),
        );

        let mut server = Command::new(interpreter())
            .arg(Path::new(SOURCE).join("serve.py"))
            .args(racks.iter().flat_map(|rack| ["--rack", rack]))
            .arg("--aliases")
            .arg(&aliases)
            .args(arguments)
            .envs(no_accident())
            // Without it the order of some answers changes from run to run.
            .env("PYTHONHASHSEED", "0")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            // The server ends when this pipe closes, so also when this process is killed.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).expect("a log in target/tmp"))
            .spawn()
            .expect("the emulator starts");

        let Some(endpoint) = first_line(&mut server, DEADLINE) else {
            server.kill().ok();
            panic!(
                "the emulator said nothing in {DEADLINE:?}; its log:\n{}",
                read(&log)
            );
        };
        let Some(endpoint) = endpoint.strip_prefix("listening ") else {
            panic!(
                "the emulator ended before it listened; its log:\n{}",
                read(&log)
            );
        };
        let known =
            serde_json::from_str(&read(&aliases)).expect("the aliases are an object of strings");
        fs::remove_file(&aliases).expect("the aliases were read");
        Self {
            endpoint: endpoint.to_owned(),
            aliases: known,
            log,
            server,
        }
    }

    /// What a process needs in its environment to take the emulator for AWS.
    pub fn env(&self) -> [(&'static str, String); 8] {
        let [config, credentials, no_proxy] = no_accident();
        [
            ("AWS_ENDPOINT_URL", self.endpoint.clone()),
            ("AWS_ACCESS_KEY_ID", "testing".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "testing".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            (config.0, config.1.to_owned()),
            (credentials.0, credentials.1.to_owned()),
            (no_proxy.0, no_proxy.1.to_owned()),
        ]
    }

    /// The text with every random id replaced, the longest first where two begin at the same place.
    pub fn apply_aliases(&self, text: &str) -> String {
        let mut by_first: BTreeMap<u8, Vec<(&str, &str)>> = BTreeMap::new();
        for (drawn, shown) in &self.aliases {
            by_first
                .entry(drawn.as_bytes()[0])
                .or_default()
                .push((drawn, shown));
        }
        for pairs in by_first.values_mut() {
            pairs.sort_by_key(|(drawn, _)| std::cmp::Reverse(drawn.len()));
        }

        let (mut replaced, mut copied, mut at) = (String::with_capacity(text.len()), 0, 0);
        while at < text.len() {
            let here = &text.as_bytes()[at..];
            let found = by_first.get(&here[0]).and_then(|pairs| {
                pairs
                    .iter()
                    .find(|(drawn, _)| here.starts_with(drawn.as_bytes()))
            });
            if let Some((drawn, shown)) = found {
                replaced.push_str(&text[copied..at]);
                replaced.push_str(shown);
                at += drawn.len();
                copied = at;
            } else {
                at += 1;
            }
        }
        replaced.push_str(&text[copied..]);
        replaced
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.server.kill().ok();
        self.server.wait().ok();
        fs::remove_file(&self.log).ok();
    }
}

/// Keeps the configuration, the credentials and the proxy of whoever runs the tests out of them.
fn no_accident() -> [(&'static str, &'static str); 3] {
    [
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ("NO_PROXY", "127.0.0.1"),
    ]
}

/// The first line a process prints, empty if it ends without; nothing if it prints none in time.
fn first_line(process: &mut Child, deadline: Duration) -> Option<String> {
    let printed = process
        .stdout
        .take()
        .expect("its standard output is a pipe");
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let mut line = String::new();
        BufReader::new(printed).read_line(&mut line).ok();
        tell.send(line.trim_end().to_owned()).ok();
    });
    told.recv_timeout(deadline).ok()
}

/// The interpreter of a virtual environment with the emulator's requirements, which is made if there is none.
pub fn interpreter() -> PathBuf {
    let requirements = Path::new(SOURCE).join("requirements.txt");
    let version = python_version();

    let mut hasher = DefaultHasher::new();
    (read(&requirements), &version).hash(&mut hasher);
    let environments = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("emulator");
    let made = environments.join(format!("{:016x}", hasher.finish()));
    let python = made.join("bin/python");
    if python.exists() {
        return python;
    }

    // One process makes it while others wait. It gets its name only when it is whole; what an
    // interrupted process left is thrown away, and bears another name, as its pip may still run.
    fs::create_dir_all(&environments).expect("a directory in target");
    let lock = File::create(environments.join("lock")).expect("a lock in target");
    lock.lock().expect("the lock is had in the end");
    if !python.exists() {
        for left in fs::read_dir(&environments)
            .expect("the directory was made")
            .flatten()
        {
            if left.path().extension().is_some_and(|it| it == "partial") {
                fs::remove_dir_all(left.path()).ok();
            }
        }
        let partial = made.with_extension(format!("{}.partial", std::process::id()));
        make_environment(&partial, &requirements);
        fs::rename(&partial, &made).expect("the environment gets its name");
    }
    python
}

fn python_version() -> String {
    let Ok(answer) = Command::new("python3").arg("--version").output() else {
        panic!(
            "these tests talk to an AWS API emulator written in Python, and there is no python3 here.\n\
             Install Python 3.10 or later (Debian: apt-get install python3 python3-venv)."
        );
    };
    let version = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    let minor = version
        .strip_prefix("Python 3.")
        .and_then(|rest| rest.split('.').next()?.parse::<u32>().ok());
    assert!(
        minor.is_some_and(|minor| minor >= 10),
        "these tests talk to an AWS API emulator that needs Python 3.10 or later, and python3 is {version:?}."
    );
    version
}

fn make_environment(directory: &Path, requirements: &Path) {
    run(
        Command::new("python3").args(["-m", "venv"]).arg(directory),
        "python3 cannot make a virtual environment for the AWS API emulator.\n\
         Its modules venv and ensurepip are packaged apart on some systems (Debian: apt-get install python3-venv).",
    );
    run(
        Command::new(directory.join("bin/python"))
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--no-input",
                "--disable-pip-version-check",
                "--require-hashes",
                "-r",
            ])
            .arg(requirements),
        "pip cannot install the AWS API emulator. It needs the network this once, to fetch some 30 MB from PyPI;\n\
         behind a proxy or a mirror, tell pip in its own environment variables (PIP_INDEX_URL, PIP_PROXY, PIP_CERT).",
    );
}

fn run(command: &mut Command, otherwise: &str) {
    let answer = command
        .output()
        .unwrap_or_else(|error| panic!("{otherwise}\n\n{command:?}: {error}"));
    assert!(
        answer.status.success(),
        "{otherwise}\n\n{command:?}:\n{}",
        String::from_utf8_lossy(&answer.stderr)
    );
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}
