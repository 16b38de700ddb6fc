//! The programs that draw our diagrams and read our documents, so that a test can ask what they see.

use std::{
    env, fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

use serde_json::{Value, json};

const FILES: &[(&str, &str)] = &[
    ("package.json", include_str!("../parsers/package.json")),
    (
        "package-lock.json",
        include_str!("../parsers/package-lock.json"),
    ),
    ("mermaid.js", include_str!("../parsers/mermaid.js")),
    ("d2.js", include_str!("../parsers/d2.js")),
    ("schema.js", include_str!("../parsers/schema.js")),
    ("xml.js", include_str!("../parsers/xml.js")),
];

/// What in a document is not as its schema says; `None` where that cannot be told, which is said
/// and, in CI, a failure.
pub fn against_schema(schema: &Value, document: &Value) -> Option<Vec<String>> {
    let both = json!({ "schema": schema, "document": document });
    let wrong = read("schema", &both.to_string())?;
    Some(serde_json::from_value(wrong).expect("a list of texts"))
}

/// What Mermaid or D2 sees in a diagram, or an XML parser in a document; `None` where they cannot
/// be had, which is said and, in CI, a failure.
pub fn read(program: &str, diagram: &str) -> Option<Value> {
    static PLACE: OnceLock<Option<PathBuf>> = OnceLock::new();
    let place = PLACE.get_or_init(|| {
        let installed = installed();
        if let Err(why) = &installed {
            skipped(&format!("the readers of diagrams: {why}"));
        }
        installed.ok()
    });
    let script = place.as_ref()?.join(format!("{program}.js"));
    let said = fed(Command::new("node").arg(script), diagram);
    let said = said.unwrap_or_else(|it| panic!("{program} refuses the diagram: {it}"));
    Some(serde_json::from_str(&said).expect("the reader tells JSON"))
}

/// What Graphviz draws; `None` where it is not installed, which is said and, in CI, a failure.
pub fn drawn(diagram: &str) -> Option<String> {
    if Command::new("dot").arg("-V").output().is_err() {
        skipped("Graphviz: there is no program dot");
        return None;
    }
    let drawn = fed(Command::new("dot").args(["-Tsvg", "-q1"]), diagram);
    Some(drawn.unwrap_or_else(|it| panic!("dot refuses the diagram: {it}")))
}

/// Runs a program to its end and tells what it wrote, or its complaint.
fn fed(command: &mut Command, input: &str) -> Result<String, String> {
    let child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.map_err(|it| it.to_string())?;
    let mut stdin = child.stdin.take().expect("its standard input is a pipe");
    let input = input.to_owned();
    // In a thread of its own: it may write before it has read all.
    let feeding = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().map_err(|it| it.to_string())?;
    // It may have stopped reading; then its complaint says why.
    feeding
        .join()
        .expect("feeding does not panic")
        .unwrap_or_default();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        return Err(complaint);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Where the readers are, fetched the first time: pinned with their hashes by the lock file.
fn installed() -> Result<PathBuf, String> {
    let files: String = FILES.iter().map(|it| it.1).collect();
    let digest = racklens::text::digest(files.as_bytes(), 12);
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("parsers-{digest}"));
    let done = place.join("done");
    if done.exists() {
        return Ok(place);
    }
    let failed = |it: std::io::Error| format!("{}: {it}", place.display());
    fs::create_dir_all(&place).map_err(failed)?;
    for (name, content) in FILES {
        fs::write(place.join(name), content).map_err(failed)?;
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    fed(npm.current_dir(&place), "").map_err(|it| format!("npm ci: {it}"))?;
    fs::write(done, "").map_err(failed)?;
    Ok(place)
}

fn skipped(what: &str) {
    assert!(env::var_os("CI").is_none(), "CI must have {what}");
    #[expect(clippy::print_stderr, reason = "who runs the tests should know")]
    {
        eprintln!("skipped, for want of {what}");
    }
}
