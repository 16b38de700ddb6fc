//! Conditions in CEL, the Common Expression Language, within bounds.
//!
//! A condition has a length, a depth and a number of values that it may go through. None of them
//! is a time: what is too much is too much on every machine.

#![expect(
    clippy::disallowed_types,
    reason = "CEL's maps are hash maps; a checked condition makes no list of one"
)]

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    thread,
};

use cel::{
    Context, Env, ExecutionError, FunctionContext, IdedExpr, Value,
    common::{
        ast::SourceInfo,
        types::{CelBool, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString},
        value::{CowVal, Val},
    },
    parser::{ParseErrors, Parser},
};
use ipnet::IpNet;
use jiff::Timestamp;

use super::{
    check,
    language::{BadCondition, Condition, Datum, Facts, Language, Scope, Unsure},
};
use crate::text;

/// Characters that a condition has at most.
pub const LONGEST: usize = 2000;
/// Bytes of stack that reading a condition has; what it does not touch takes no memory.
const STACK: usize = 64 << 20;
/// Brackets that may be open at once.
const BRACKETS: usize = 16;
/// Values that a condition goes through at most, for one resource.
pub const STEPS: u64 = 1_000_000;
const DAY: i64 = 24 * 60 * 60;

/// The Common Expression Language.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cel;

impl Language for Cel {
    fn read(&self, text: &str, scope: &Scope) -> Result<Box<dyn Condition>, BadCondition> {
        bounded(text)?;
        let (mut expr, source) = parsed(text)?;
        let paths = check::check(&mut expr, &source, scope)?;
        Ok(Box::new(Checked::new(expr, paths)))
    }
}

/// A condition that was checked, with all that it may call.
struct Checked {
    expr: IdedExpr,
    paths: BTreeSet<Vec<String>>,
    root: Context<'static, 'static>,
    /// How many values it may still go through.
    left: Arc<AtomicU64>,
    /// Seconds since 1970 at which it is asked.
    now: Arc<AtomicI64>,
}

impl fmt::Debug for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checked")
            .field("paths", &self.paths)
            .finish_non_exhaustive()
    }
}

/// What a function of ours looks like to CEL.
type Native = Box<
    dyn for<'c, 'v> Fn(&mut FunctionContext<'c, 'v>) -> Result<CowVal<'c, 'v>, ExecutionError>
        + Send
        + Sync,
>;

impl Checked {
    fn new(expr: IdedExpr, paths: BTreeSet<Vec<String>>) -> Self {
        let left = Arc::new(AtomicU64::new(0));
        let now = Arc::new(AtomicI64::new(0));
        let mut root = Context::with_env(Arc::new(Env::stdlib()));
        let budget = Arc::clone(&left);
        let count: Native = Box::new(move |call| {
            let value = call.args.pop().ok_or_else(missing)?;
            let size = value.as_sizer().map_or(0, |it| *it.size().inner());
            let size = u64::try_from(size).unwrap_or_default() + 1;
            // What is spent stays spent: each loop around this one ends at once, too.
            let rest = budget.load(Ordering::Relaxed).saturating_sub(size);
            budget.store(rest, Ordering::Relaxed);
            if rest == 0 {
                return Err(call.error("too many values"));
            }
            Ok(value)
        });
        let (since, until) = (Arc::clone(&now), Arc::clone(&now));
        let since =
            move |moment: Arc<String>| days(&moment, |it| since.load(Ordering::Relaxed) - it);
        let until =
            move |moment: Arc<String>| days(&moment, |it| it - until.load(Ordering::Relaxed));
        // None of these names is one of CEL's own, so that adding them cannot fail.
        let added = [
            root.add_function(check::COUNT, count),
            root.add_function("days_since", since),
            root.add_function("days_until", until),
            root.add_function("glob", |it: Arc<String>, pattern: Arc<String>| {
                text::glob(&pattern, &it)
            }),
            root.add_function("cidr_within", |it: Arc<String>, ranges: Arc<Vec<Value>>| {
                cidr_within(&it, &ranges)
            }),
        ];
        debug_assert!(added.iter().all(Result::is_ok));
        Self {
            expr,
            paths,
            root,
            left,
            now,
        }
    }
}

impl Condition for Checked {
    fn paths(&self) -> &BTreeSet<Vec<String>> {
        &self.paths
    }

    fn holds(&self, facts: &Facts, now: Timestamp, budget: &mut u64) -> Result<bool, Unsure> {
        let most = STEPS.min(*budget);
        self.left.store(most, Ordering::Relaxed);
        self.now.store(now.as_second(), Ordering::Relaxed);
        let mut unread = BTreeSet::new();
        let mut context = self.root.new_inner_scope();
        for (name, datum) in facts {
            if let Some(value) = value(name, datum, &mut unread) {
                context.add_variable_as_val(name, value);
            }
        }
        let said = Value::resolve_val(&self.expr, &context);
        let left = self.left.load(Ordering::Relaxed);
        *budget = budget.saturating_sub(most - left);
        // Once it went too far nothing that it says counts, for `||` may have hidden that.
        if left == 0 {
            return Err(Unsure::Long(most));
        }
        let said = said.map_err(|it| unsure(&it, &unread))?;
        let said = said.downcast_ref::<CelBool>().map(|it| *it.inner());
        said.ok_or_else(|| Unsure::Failed("its condition is neither true nor false".to_owned()))
    }
}

fn missing() -> ExecutionError {
    ExecutionError::missing_argument_or_target()
}

/// A fact as CEL sees it. What was not read is left out, so that whoever looks at it fails.
fn value(
    name: &str,
    datum: &Datum,
    unread: &mut BTreeSet<String>,
) -> Option<Box<dyn Val + 'static>> {
    Some(match datum {
        Datum::Null => Box::new(CelNull),
        Datum::Bool(it) => Box::new(CelBool::from(*it)),
        Datum::Number(it) => Box::new(CelInt::from(*it)),
        Datum::Text(it) => Box::new(CelString::from(it.clone())),
        Datum::List(all) => {
            let all = all.iter().filter_map(|it| value(name, it, unread));
            let all: Vec<Box<dyn Val + 'static>> = all.collect();
            Box::new(CelList::from(all))
        }
        Datum::Record(fields) => {
            let mut entries: HashMap<CelMapKey<'static>, Box<dyn Val + 'static>> = HashMap::new();
            for (name, it) in fields {
                if let Some(value) = value(name, it, unread) {
                    let name = CelString::from(name.clone());
                    entries.insert(CelMapKey::String(name), value);
                }
            }
            Box::new(CelMap::from(entries))
        }
        Datum::Unread => {
            unread.insert(name.to_owned());
            return None;
        }
    })
}

fn unsure(error: &ExecutionError, unread: &BTreeSet<String>) -> Unsure {
    let (ExecutionError::NoSuchKey(name) | ExecutionError::UndeclaredReference(name)) = error
    else {
        return Unsure::Failed(format!("its condition {}", why(error)));
    };
    if unread.contains(name.as_str()) {
        return Unsure::Unread(name.to_string());
    }
    let help = format!("ask `\"{name}\" in …` first");
    Unsure::Failed(format!(
        "its condition looks for `{name}`, which is not there: {help}"
    ))
}

/// CEL's errors in our words, without values: those may be long, and may differ in their order.
fn why(error: &ExecutionError) -> String {
    if let ExecutionError::NoSuchOverload(it) = error {
        let function = it.function().trim_matches('_');
        let null = it.argument_types().iter().any(|it| it.contains("null"));
        return if null {
            format!("uses `{function}` on null: ask `… != null &&` before")
        } else {
            format!("uses `{function}` on what does not take it")
        };
    }
    if let ExecutionError::FunctionError { message, .. } = error {
        return format!("cannot go on: {message}");
    }
    let null = |got: &str| got.contains("null");
    let why = if matches!(
        error,
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_)
    ) {
        "divides by zero"
    } else if matches!(error, ExecutionError::Overflow(..)) {
        "reckons with numbers that are too large"
    } else if matches!(error, ExecutionError::IndexOutOfBounds(_)) {
        "takes an entry that the list does not have: ask its `size()` first"
    } else if matches!(error, ExecutionError::UnexpectedType { got, .. } if null(got)) {
        "uses null as if something were there: ask `… != null &&` before"
    } else {
        "uses something in a way that does not work"
    };
    why.to_owned()
}

fn days(moment: &str, seconds: impl Fn(i64) -> i64) -> Result<i64, ExecutionError> {
    let moment: Timestamp = moment
        .parse()
        .map_err(|_| ExecutionError::function_error("days", "a text is no moment"))?;
    Ok(seconds(moment.as_second()).div_euclid(DAY))
}

/// Whether every address of a range is in one of those ranges.
fn cidr_within(range: &str, ranges: &[Value]) -> Result<bool, ExecutionError> {
    let read = |text: &str| {
        let net = text.parse::<IpNet>().ok();
        let net = net.or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        let message = format!("`{text}` is no range of addresses");
        net.ok_or_else(|| ExecutionError::function_error("cidr_within", message))
    };
    let range = read(range)?;
    for it in ranges {
        if let Value::String(it) = it
            && read(it)?.contains(&range)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What can be told to be too large before it is read at all.
fn bounded(text: &str) -> Result<(), BadCondition> {
    let bad = |at, message: String| {
        Err(BadCondition {
            at,
            message,
            hint: "split the rule in two".to_owned(),
        })
    };
    if text.trim().is_empty() {
        return Err(BadCondition {
            at: 0,
            message: "the condition is empty".to_owned(),
            hint: "write what is true of a resource that is fine".to_owned(),
        });
    }
    if text.chars().count() > LONGEST {
        return bad(
            LONGEST,
            format!("the condition has more than {LONGEST} characters"),
        );
    }
    // Also those inside of texts: a condition that has so many is unreadable anyway. So are signs
    // one after the other, of which each would be a level.
    let mut open = 0_usize;
    let mut signs = 0_usize;
    let mut choices = 0_usize;
    for (at, it) in text.chars().enumerate() {
        signs = if matches!(it, '!' | '-') {
            signs + 1
        } else {
            0
        };
        match it {
            '(' | '[' | '{' => open += 1,
            ')' | ']' | '}' => open = open.saturating_sub(1),
            '?' => choices += 1,
            _ => {}
        }
        if open > BRACKETS || signs > 4 || choices > BRACKETS {
            return bad(at, "the condition nests too deep".to_owned());
        }
    }
    Ok(())
}

/// Reads a text with a stack of its own: the parser goes a dozen calls deep for each level, and
/// nobody knows how much is left of a stack that was begun elsewhere.
fn parsed(text: &str) -> Result<(IdedExpr, SourceInfo), BadCondition> {
    let read = || {
        let parsed = Parser::new().parse_with_source_info(text);
        parsed.map_err(|it| unreadable(text, &it))
    };
    thread::scope(|scope| {
        let begun = thread::Builder::new().stack_size(STACK);
        let reader = begun.spawn_scoped(scope, read).ok();
        let read = reader.and_then(|it| it.join().ok());
        read.unwrap_or_else(|| {
            Err(BadCondition {
                at: 0,
                message: "the condition cannot be read: the machine has no room for it".to_owned(),
                hint: "free some memory and try again".to_owned(),
            })
        })
    })
}

/// The parser's complaint in our words: where reading stopped, and what people mean there.
fn unreadable(text: &str, errors: &ParseErrors) -> BadCondition {
    let first = errors.errors.iter().min_by_key(|it| it.pos);
    let (line, column) = first.map_or((1, 1), |it| it.pos);
    let line = usize::try_from(line).unwrap_or(1).max(1) - 1;
    let column = usize::try_from(column).unwrap_or(1).max(1) - 1;
    let before: usize = text
        .split_inclusive('\n')
        .take(line)
        .map(|it| it.chars().count())
        .sum();
    let at = before + column;
    let rest: String = text.chars().skip(at).take(20).collect();
    let rest = rest.trim();
    let said = first.map(|it| it.msg.as_str()).unwrap_or_default();
    let message = if rest.is_empty() {
        "the condition ends too early".to_owned()
    } else if said.contains("recursion") {
        "the condition nests too deep".to_owned()
    } else {
        format!("the condition cannot be read from `{rest}` on")
    };
    let hint = if rest.starts_with('=') {
        "two values are compared with `==`"
    } else if rest.starts_with("and ") || rest.starts_with('&') {
        "`and` is written `&&`"
    } else if rest.starts_with("or ") || rest.starts_with('|') {
        "`or` is written `||`"
    } else if text.trim_start().starts_with("not ") {
        "`not` is written `!`"
    } else {
        "it is an expression of CEL: https://cel.dev"
    };
    BadCondition {
        at,
        message,
        hint: hint.to_owned(),
    }
}
