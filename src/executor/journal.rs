//! The journal of a run: what was meant, what AWS said, what was seen afterwards, line by line.
//!
//! Every line is on the disk before the next call is made, so that a run that was killed at any
//! moment can be taken up from its journal alone.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::event::How;
use crate::{
    aws::refusal::Refusal,
    file,
    id::ResourceId,
    removal::Action,
    teardown::plan::{BadPlan, Plan},
};

/// The format that this version writes and takes up.
pub const FORMAT: u32 = 1;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    pub at: Timestamp,
    pub entry: Entry,
}

/// What a line tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entry {
    /// The first line.
    Begun(Box<Header>),
    /// The run was taken up again.
    Resumed { identity: String, racklens: String },
    /// A call is about to be made.
    Intent {
        step: u32,
        /// Which of the step's acts, from 0.
        act: usize,
        call: Action,
        on: ResourceId,
    },
    /// What AWS said to it; `None` for yes.
    Result {
        step: u32,
        act: usize,
        refused: Option<Said>,
    },
    /// The step's goal was seen to be reached.
    Verified { step: u32, how: How },
    /// The step's thing was left alone.
    Left { step: u32, why: String },
    /// The step came to nothing in this run.
    Failed { step: u32, why: String },
    /// A protection that the step had switched off is on again.
    Restored { step: u32 },
    /// The run came to its end, with this exit code.
    Ended { exit: u8 },
}

/// What is run, and by whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    pub format: u32,
    pub racklens: String,
    /// Twelve digits.
    pub account: String,
    pub region: String,
    /// ARN of who runs it.
    pub identity: String,
    /// The plan itself, so that nothing but the journal is needed to go on.
    pub plan: Plan,
}

/// AWS's refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    pub code: String,
    pub message: String,
}

impl From<&Refusal> for Said {
    fn from(it: &Refusal) -> Self {
        Self {
            code: it.code.clone(),
            message: it.message.clone(),
        }
    }
}

/// Where a run notes what it does.
pub trait Notes {
    /// Notes an entry; it is safe before this returns.
    ///
    /// # Errors
    /// When it is not. Then no further call may be made.
    fn note(&self, entry: Entry) -> io::Result<()>;
}

/// Why a file is no journal that can be taken up.
#[derive(Debug, thiserror::Error)]
pub enum BadJournal {
    #[error("cannot open it: {0}")]
    Unopened(io::Error),
    #[error("another run has it open")]
    InUse,
    #[error("there is one already")]
    Exists,
    #[error("line {line} is damaged: {why}")]
    Damaged { line: usize, why: String },
    #[error("it is empty or does not begin as a journal does")]
    Headless,
    #[error("format {found}, written by racklens {racklens}; this one reads format {FORMAT} only")]
    OtherFormat { found: u32, racklens: String },
    #[error("its plan cannot be trusted: {0}")]
    Plan(BadPlan),
}

/// A journal on the disk, locked while it is open.
pub struct Journal {
    file: RefCell<File>,
    clock: fn() -> Timestamp,
}

impl Journal {
    /// Where the journal of a plan lies: beside it.
    pub fn beside(plan: &Path) -> PathBuf {
        let mut name = plan.as_os_str().to_owned();
        name.push(".journal.jsonl");
        PathBuf::from(name)
    }

    /// Begins a journal in a new file that only its owner can read.
    ///
    /// # Errors
    /// When the file is there already or cannot be made.
    pub fn begin(
        path: &Path,
        header: Header,
        clock: fn() -> Timestamp,
    ) -> Result<Self, BadJournal> {
        // With its first line or not at all: one without could neither be gone on with nor begun.
        let mut file = file::beside(path).map_err(BadJournal::Unopened)?;
        lock(file.as_file())?;
        let first = Line {
            at: clock(),
            entry: Entry::Begun(Box::new(header)),
        };
        file.write_all(line(&first).map_err(BadJournal::Unopened)?.as_bytes())
            .and_then(|()| file.as_file().sync_all())
            .map_err(BadJournal::Unopened)?;
        let file = file.persist_noclobber(path).map_err(|it| {
            if it.error.kind() == io::ErrorKind::AlreadyExists {
                BadJournal::Exists
            } else {
                BadJournal::Unopened(it.error)
            }
        })?;
        let journal = Self {
            file: RefCell::new(file),
            clock,
        };
        // The name itself must be on the disk, too.
        File::open(file::folder_of(path))
            .and_then(|it| it.sync_all())
            .unwrap_or_default();
        Ok(journal)
    }

    /// Opens a journal to go on with it. A last line that was cut short is taken away: the call
    /// that it was about is looked after again.
    ///
    /// # Errors
    /// When it cannot be opened, another run has it, or it is damaged elsewhere than at its end.
    pub fn reopen(path: &Path, clock: fn() -> Timestamp) -> Result<(Self, Past), BadJournal> {
        let mut options = OpenOptions::new();
        let mut file = options
            .read(true)
            .append(true)
            .open(path)
            .map_err(BadJournal::Unopened)?;
        lock(&file)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(BadJournal::Unopened)?;
        let past = Past::parse(&text)?;
        if past.cut {
            let whole = text
                .iter()
                .rposition(|it| *it == b'\n')
                .map_or(0, |it| it + 1);
            let whole = u64::try_from(whole).unwrap_or_default();
            file.set_len(whole)
                .and_then(|()| file.seek(io::SeekFrom::End(0)))
                .and_then(|_| file.sync_all())
                .map_err(BadJournal::Unopened)?;
        }
        let file = RefCell::new(file);
        Ok((Self { file, clock }, past))
    }

    /// Reads a journal without going on with it.
    ///
    /// # Errors
    /// When it cannot be read or is damaged elsewhere than at its end.
    pub fn read(path: &Path) -> Result<Past, BadJournal> {
        Past::parse(&fs::read(path).map_err(BadJournal::Unopened)?)
    }
}

fn lock(file: &File) -> Result<(), BadJournal> {
    file.try_lock().map_err(|it| match it {
        TryLockError::WouldBlock => BadJournal::InUse,
        TryLockError::Error(it) => BadJournal::Unopened(it),
    })
}

fn line(line: &Line) -> io::Result<String> {
    let mut text = serde_json::to_string(line)?;
    text.push('\n');
    Ok(text)
}

impl Notes for Journal {
    fn note(&self, entry: Entry) -> io::Result<()> {
        let at = (self.clock)();
        let line = line(&Line { at, entry })?;
        let mut file = self.file.borrow_mut();
        file.write_all(line.as_bytes())?;
        file.sync_data()
    }
}

/// What a journal tells of the runs so far.
#[derive(Clone, Debug)]
pub struct Past {
    pub header: Header,
    pub entries: Vec<Entry>,
    /// When its last whole line was written.
    pub last: Timestamp,
    /// Whether its last line was cut short.
    pub cut: bool,
}

impl Past {
    /// Nothing but a beginning, at that time.
    pub fn fresh(header: Header, at: Timestamp) -> Self {
        Self {
            header,
            entries: Vec::new(),
            last: at,
            cut: false,
        }
    }

    /// Reads the text of a journal.
    ///
    /// # Errors
    /// When a line other than a last one without its end is damaged.
    pub fn parse(text: &[u8]) -> Result<Self, BadJournal> {
        let cut = !text.ends_with(b"\n");
        let whole = text.iter().rposition(|it| *it == b'\n').unwrap_or(0);
        let mut header = None;
        let mut entries = Vec::new();
        let mut last = Timestamp::MIN;
        let lines = text
            .get(..whole)
            .unwrap_or_default()
            .split(|it| *it == b'\n');
        for (line, n) in lines.filter(|it| !it.is_empty()).zip(1..) {
            let line = serde_json::from_slice::<Line>(line).map_err(|it| {
                let (line, why) = (n, it.to_string());
                BadJournal::Damaged { line, why }
            })?;
            last = line.at;
            match (n, line.entry) {
                (1, Entry::Begun(it)) => header = Some(*it),
                (1, _) => return Err(BadJournal::Headless),
                (_, it) => entries.push(it),
            }
        }
        let header = header.ok_or(BadJournal::Headless)?;
        if header.format != FORMAT {
            let (found, racklens) = (header.format, header.racklens);
            return Err(BadJournal::OtherFormat { found, racklens });
        }
        // A journal that was edited must not make another plan run.
        let plan = Plan::parse(header.plan.to_json().as_bytes()).map_err(BadJournal::Plan)?;
        let header = Header { plan, ..header };
        Ok(Self {
            header,
            entries,
            last,
            cut,
        })
    }

    /// Steps whose goal was reached and stayed so, as far as the journal tells.
    pub fn verified(&self) -> BTreeSet<u32> {
        let mut steps = BTreeSet::new();
        for entry in &self.entries {
            match entry {
                Entry::Verified { step, .. } => {
                    steps.insert(*step);
                }
                Entry::Restored { step } => {
                    steps.remove(step);
                }
                Entry::Begun(_)
                | Entry::Resumed { .. }
                | Entry::Intent { .. }
                | Entry::Result { .. }
                | Entry::Left { .. }
                | Entry::Failed { .. }
                | Entry::Ended { .. } => {}
            }
        }
        steps
    }

    /// Acts that AWS is known to have taken, by step, but for protections that are on again.
    pub fn taken(&self) -> BTreeSet<(u32, usize)> {
        let mut acts = BTreeSet::new();
        for entry in &self.entries {
            if let Entry::Result { step, act, refused } = entry
                && refused.is_none()
            {
                acts.insert((*step, *act));
            }
            if let Entry::Restored { step } = entry {
                acts.retain(|it| it.0 != *step);
            }
        }
        acts
    }

    /// Acts that AWS took or may have taken, by step: no answer to them is known, or none came.
    /// But for protections that are on again.
    pub fn begun(&self) -> BTreeSet<(u32, usize)> {
        const NO_ANSWER: &[&str] = &["NoAnswer", "NoConnection", "Timeout"];
        let (mut acts, mut open) = (BTreeSet::new(), BTreeSet::new());
        for entry in &self.entries {
            match entry {
                Entry::Intent { step, act, .. } => {
                    open.insert((*step, *act));
                }
                Entry::Result { step, act, refused } => {
                    open.remove(&(*step, *act));
                    let said = refused.as_ref().map(|it| it.code.as_str());
                    if said.is_none_or(|it| NO_ANSWER.contains(&it)) {
                        acts.insert((*step, *act));
                    }
                }
                Entry::Restored { step } => {
                    acts.retain(|it: &(u32, usize)| it.0 != *step);
                    open.retain(|it: &(u32, usize)| it.0 != *step);
                }
                Entry::Begun(_)
                | Entry::Resumed { .. }
                | Entry::Verified { .. }
                | Entry::Left { .. }
                | Entry::Failed { .. }
                | Entry::Ended { .. } => {}
            }
        }
        acts.extend(open);
        acts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::testing;

    fn clock() -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn journal(folder: &Path) -> (PathBuf, Journal) {
        let path = Journal::beside(&folder.join("shop.plan.json"));
        let header = testing::header(testing::plan(vec![testing::step(1, &[])]));
        let journal = Journal::begin(&path, header, clock).unwrap();
        let verified = Entry::Verified {
            step: 1,
            how: How::Made,
        };
        journal.note(verified).unwrap();
        (path, journal)
    }

    fn reopened(path: &Path) -> Result<Past, BadJournal> {
        Journal::reopen(path, clock).map(|it| it.1)
    }

    #[test]
    fn what_was_noted_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let (path, journal) = journal(folder.path());
        drop(journal);
        let past = reopened(&path).unwrap();
        assert_eq!(past.verified(), BTreeSet::from([1]));
        assert!(!past.cut);
    }

    #[test]
    fn a_last_line_that_was_cut_short_is_taken_away_and_said_so() {
        let folder = tempfile::tempdir().unwrap();
        let (path, journal) = journal(folder.path());
        drop(journal);
        let whole = fs::read(&path).unwrap();
        for cut in 1..40 {
            fs::write(&path, &whole[..whole.len() - cut]).unwrap();
            let past = reopened(&path).unwrap();
            assert!(past.cut);
            assert_eq!(past.entries, []);
            assert!(fs::read(&path).unwrap().ends_with(b"\n"));
        }
    }

    #[test]
    fn a_line_that_is_damaged_in_the_middle_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let (path, journal) = journal(folder.path());
        drop(journal);
        let mut text = fs::read_to_string(&path).unwrap();
        text = text.replace("\"verified\"", "\"verifeid\"");
        text.push_str("{}\n");
        fs::write(&path, text).unwrap();
        let error = reopened(&path).unwrap_err();
        assert!(
            matches!(error, BadJournal::Damaged { line: 2, .. }),
            "{error}"
        );
    }

    #[test]
    fn a_journal_whose_plan_was_edited_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (path, journal) = journal(folder.path());
        drop(journal);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("subnet-1", "subnet-2")).unwrap();
        assert!(matches!(reopened(&path), Err(BadJournal::Plan(_))));
    }

    #[test]
    fn a_journal_that_is_there_is_never_begun_anew_nor_opened_twice() {
        let folder = tempfile::tempdir().unwrap();
        let (path, journal) = journal(folder.path());
        let header = testing::header(testing::plan(Vec::new()));
        let again = Journal::begin(&path, header, clock);
        assert!(matches!(again, Err(BadJournal::Exists)));
        assert!(matches!(reopened(&path), Err(BadJournal::InUse)));
        drop(journal);
    }

    #[test]
    fn an_act_that_may_have_been_made_is_told_from_one_that_was_refused() {
        let intent = |act| Entry::Intent {
            step: 1,
            act,
            call: Action::DeleteSubnet,
            on: testing::thing(1),
        };
        let result = |act, code: Option<&str>| Entry::Result {
            step: 1,
            act,
            refused: code.map(|it| Said {
                code: it.to_owned(),
                message: String::new(),
            }),
        };
        let header = testing::header(testing::plan(vec![testing::step(1, &[])]));
        let mut past = Past::fresh(header, clock());
        past.entries = vec![
            intent(0),
            result(0, Some("AccessDenied")),
            intent(1),
            result(1, Some("Timeout")),
            intent(1),
            result(1, Some("Throttling")),
            intent(2),
            result(2, None),
            intent(3),
        ];
        assert_eq!(past.begun(), BTreeSet::from([(1, 1), (1, 2), (1, 3)]));
        assert_eq!(past.taken(), BTreeSet::from([(1, 2)]));
        past.entries.push(Entry::Restored { step: 1 });
        assert_eq!(past.begun(), BTreeSet::new());
    }

    #[test]
    fn a_file_that_is_no_journal_is_refused() {
        assert!(matches!(Past::parse(b""), Err(BadJournal::Headless)));
        let error = Past::parse(b"{\"racks\":[]}\n").unwrap_err();
        assert!(matches!(error, BadJournal::Damaged { line: 1, .. }));
    }
}
