//! The walls between the layers that `src/lib.rs` describes.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The edge: what only layers 4 and 5 may know.
const EDGE: &[&str] = &[
    "aws_sdk",
    "aws_config",
    "aws_smithy",
    "crate::aws",
    "tokio",
    "std::fs",
    "std::env",
    "Timestamp::now",
];

/// Files under these paths may not mention these words, besides what all below the edge may not.
const WALLS: &[(&[&str], &[&str])] = &[
    // 0: words know each other and the names of kinds.
    (
        &["id.rs", "relation.rs", "charge.rs", "removal.rs", "text.rs"],
        &[
            "petgraph",
            "crate::graph",
            "crate::snapshot",
            "crate::rule",
            "crate::report",
        ],
    ),
    // 1: facts speak in the words of layer 0.
    (
        &[
            "kind.rs",
            "kind",
            "snapshot.rs",
            "snapshot",
            "definition.rs",
            "arn.rs",
        ],
        &[
            "petgraph",
            "crate::graph",
            "crate::rule",
            "crate::report",
            "crate::belonging",
            "crate::rack",
        ],
    ),
    // 2
    (
        &["graph.rs"],
        &[
            "crate::rule",
            "crate::report",
            "crate::belonging",
            "crate::rack",
        ],
    ),
    // 3: questions know the graph, not how it is made or shown.
    (
        &[
            "config.rs",
            "config",
            "mute.rs",
            "terraform.rs",
            "rack.rs",
            "belonging.rs",
            "belonging",
            "rule.rs",
            "rule",
            "user_rule.rs",
            "user_rule",
            "price.rs",
            "price",
            "traffic.rs",
            "traffic",
            "table.rs",
            "table",
            "cost.rs",
            "cost",
            "teardown.rs",
            "teardown",
            "free_tier.rs",
            "free_tier",
            "trace.rs",
            "trace",
            "diagram.rs",
            "diagram",
            "report.rs",
            "report",
            "diff.rs",
            "diff",
        ],
        &[
            "petgraph",
            "crate::cli",
            "crate::command",
            "crate::ui",
            "crate::file",
            "crate::failure",
        ],
    ),
    // 4: the edge does not know the verbs.
    (
        &["aws.rs", "aws"],
        &[
            "petgraph",
            "crate::command",
            "crate::cli",
            "crate::rule",
            "crate::report",
        ],
    ),
    (
        &["executor.rs", "executor"],
        &["petgraph", "crate::command", "crate::cli", "aws_sdk"],
    ),
    (
        &["file.rs", "cache.rs", "failure.rs"],
        &["petgraph", "crate::command", "crate::cli"],
    ),
];

#[test]
fn nothing_reaches_over_a_wall() {
    let mut broken = Vec::new();
    for (n, (places, forbidden)) in WALLS.iter().enumerate() {
        let below_the_edge = n < 4;
        for file in places.iter().flat_map(|it| rust_files(it)) {
            let edge_half =
                file.ends_with("aws.rs") && file.parent().is_some_and(|it| !it.ends_with("src"));
            // Tests may reach further, wherever they stand.
            if edge_half || file.ends_with("tests.rs") {
                continue;
            }
            let edge = if below_the_edge { EDGE } else { &[] };
            broken.extend(mentions(&file, forbidden));
            broken.extend(mentions(&file, edge));
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn only_the_graph_knows_petgraph_and_only_the_ui_prints() {
    let mut broken = Vec::new();
    for file in rust_files("") {
        if !file.ends_with("graph.rs") {
            broken.extend(mentions(&file, &["petgraph::"]));
        }
        // A build script talks to cargo, not to a user.
        if !file.ends_with("ui.rs") && !file.ends_with("src/build.rs") {
            broken.extend(mentions(&file, &["println!", "eprintln!", "io::stdout()"]));
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn no_call_that_writes_is_in_the_house() {
    let verbs = [
        "create",
        "delete",
        "put",
        "update",
        "modify",
        "terminate",
        "deregister",
        "detach",
        "release",
        "revoke",
        "authorize",
        "attach",
        "schedule_key",
    ];
    let mut broken = Vec::new();
    // Behind one door a teardown deletes, behind the other a report is put into a bucket.
    let doors = ["aws/write.rs", "aws/store.rs"];
    let door =
        |it: &&PathBuf| !doors.iter().any(|door| it.ends_with(door)) && !is_under(it, "aws/write");
    for file in rust_files("").iter().filter(door) {
        for verb in verbs {
            let lines = mentions(file, &[&format!(".{verb}_")]);
            broken.extend(lines.into_iter().filter(|it| calls(it, verb)));
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn only_the_store_puts_an_object() {
    let puts = rust_files("").into_iter();
    let puts: Vec<String> = puts
        .flat_map(|it| mentions(&it, &[".put_object("]))
        .collect();
    assert_eq!(puts.len(), 1, "{puts:#?}");
    assert!(puts[0].contains("aws/store.rs"), "{puts:#?}");
}

#[test]
fn only_the_executor_goes_through_the_door_to_calls_that_write() {
    let mut broken = Vec::new();
    for file in rust_files("") {
        let may = is_under(&file, "executor")
            || is_under(&file, "aws")
            || is_under(&file, "command/teardown")
            || file.ends_with("executor.rs")
            // Prints what they need, and makes none.
            || file.ends_with("command/policy.rs")
            || is_under(&file, "command/policy");
        if !may {
            broken.extend(mentions(
                &file,
                &["aws::write", "write::Hand", "executor::run"],
            ));
        }
        // Only two doors lead to clients: one for reading, one for a teardown.
        if !file.ends_with("aws/client.rs") && !file.ends_with("aws/write.rs") {
            broken.extend(mentions(&file, &["Aws::guarded"]));
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

fn is_under(file: &Path, folder: &str) -> bool {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    file.starts_with(source.join(folder))
}

/// Whether a line begins an operation, `.delete_vpc()`, and not only reads a field of an answer.
fn calls(line: &str, verb: &str) -> bool {
    let mark = format!(".{verb}_");
    line.split(&mark)
        .skip(1)
        .map(|it| it.trim_start_matches(|it: char| it.is_ascii_lowercase() || it == '_'))
        .any(|it| it.starts_with("()"))
}

fn mentions(file: &Path, words: &[&str]) -> Vec<String> {
    let text = fs::read_to_string(file).expect("a source file");
    // Tests stand below the code and may reach further.
    let code = text
        .split("#[cfg(test)]\nmod tests")
        .next()
        .unwrap_or_default();
    let lines = code.lines().enumerate();
    let lines = lines.filter(|(_, it)| !it.trim_start().starts_with("//"));
    lines
        .filter(|(_, line)| words.iter().any(|word| line.contains(word)))
        .map(|(n, line)| format!("{}:{}: {}", file.display(), n + 1, line.trim()))
        .collect()
}

fn rust_files(place: &str) -> Vec<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src")
        .join(place);
    let mut files = Vec::new();
    collect(&path, &mut files);
    assert!(!files.is_empty(), "{} is not there", path.display());
    files.sort();
    files
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) {
    if path.extension().is_some_and(|it| it == "rs") {
        files.push(path.to_owned());
    } else if path.is_dir() {
        for entry in fs::read_dir(path).expect("a folder") {
            collect(&entry.expect("an entry").path(), files);
        }
    }
}
