//! A strict account: the emulator with `--strict`, which refuses what AWS refuses, and says what it
//! refused.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicUsize, Ordering},
};

use serde::Deserialize;
use serde_json::Value;

use super::emulator::Emulator;

pub struct Strict {
    pub emulator: Emulator,
    notes: PathBuf,
}

/// A call that was refused, or one that a fault met.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// As IAM writes it: `ec2:DeleteSubnet`.
    pub call: String,
    pub code: String,
    /// What the call is about: names and ids, the telling ones.
    pub resource: String,
    /// Of HTTP; 0 where no answer came.
    pub status: u16,
    pub message: String,
    /// The fault that a test ordered; nothing where the account itself refuses.
    #[serde(default)]
    pub fault: Option<String>,
}

/// A call that changed the account.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Write {
    pub call: String,
    pub resource: String,
}

/// All that an account tells of each thing it holds, by the call that tells it and the thing's
/// name.
pub type Fingerprint = BTreeMap<String, String>;

impl Strict {
    /// An account of one's own in which these racks of `tests/emulator/racks` stand.
    pub fn start(racks: &[&str]) -> Self {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let count = STARTED.fetch_add(1, Ordering::Relaxed);
        let name = format!("strict-{}-{count}", process::id());
        let notes = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let arguments = ["--strict".as_ref(), notes.as_os_str()];
        let emulator = Emulator::start_with(racks, &arguments);
        Self { emulator, notes }
    }

    /// What was refused up to now, in order. Refused reading is written down only where the
    /// emulator itself broke or a fault was ordered.
    pub fn refusals(&self) -> Vec<Refusal> {
        self.noted("refusals.jsonl")
    }

    /// What the account refused of its own accord: on a good day nothing.
    pub fn earnest(&self) -> Vec<Refusal> {
        let mut refusals = self.refusals();
        refusals.retain(|it| it.fault.is_none());
        refusals
    }

    /// Every call that changed something, in order.
    pub fn writes(&self) -> Vec<Write> {
        self.noted("writes.jsonl")
    }

    /// The names in a fingerprint of what stood before this rack was stood up.
    pub fn before(&self, rack: &str) -> BTreeSet<String> {
        let file = self.notes.join(format!("before-{rack}.json"));
        serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
    }

    fn noted<T: for<'de> Deserialize<'de>>(&self, file: &str) -> Vec<T> {
        let text = fs::read_to_string(self.notes.join(file)).unwrap();
        let lines = text.lines();
        lines.map(|it| serde_json::from_str(it).unwrap()).collect()
    }

    /// Orders bad days, in place of those ordered before (see `tests/emulator/strict/faults.py`).
    pub fn order(&self, faults: &Value) {
        self.tell("faults", faults);
    }

    /// Lets somebody else make these calls: `[{"service": "ec2", "call": "delete_volume", "with":
    /// {…}}]`.
    pub fn somebody_else(&self, calls: &Value) {
        self.tell("calls", calls);
    }

    /// Makes the ECS agent of a machine fall silent.
    pub fn disconnect(&self, instance: &str) {
        self.tell("disconnect", &serde_json::json!({ "instance": instance }));
    }

    /// Everything the account holds.
    pub fn fingerprint(&self) -> Fingerprint {
        serde_json::from_value(self.tell("fingerprint", &Value::Null)).unwrap()
    }

    fn tell(&self, what: &str, told: &Value) -> Value {
        let address = self.emulator.endpoint.trim_start_matches("http://");
        let mut server = TcpStream::connect(address).unwrap();
        let told = told.to_string();
        let head = format!(
            "POST /-/{what} HTTP/1.0\r\nhost: {address}\r\ncontent-length: {}\r\n\r\n",
            told.len()
        );
        server
            .write_all(format!("{head}{told}").as_bytes())
            .unwrap();
        let mut answer = String::new();
        server.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(" 200 "), "{what}: {answer}");
        serde_json::from_str(body).unwrap()
    }
}

impl Drop for Strict {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.notes).ok();
    }
}
