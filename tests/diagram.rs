//! Diagrams, read by the programs that draw them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::support::{
    parsers,
    program::{racklens, run},
};

const SAMPLE: &str = "samples/karim-test/snapshot.json";

/// Names as someone might give them who wants to break out of a picture.
const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "\"]; click a href \"https://evil.test\"",
    "end",
    "a\nend\nb",
    "=cmd|' /C calc'!A0",
    "\u{1b}[2J\u{1b}]0;owned\u{7}",
    "../../../etc/passwd",
    "\u{202e}gpj.exe",
    "`backticks` **bold** _it_ ~~no~~",
    "%%{init: {\"securityLevel\": \"loose\"}}%%",
    "#quot; &amp; &#60;b&#62; #lt;",
    "${vars.x} $(id) |md # x |",
    "</td></tr>]]>--><b>",
    "\\N \\G \\\" \\",
    "[[https://evil.test x]] <img:/etc/passwd>",
    "%getenv(\"HOME\") !include /etc/passwd",
    "1. first",
    "- item",
    "ﬂ°°60¶ß",
    "名前 ünïcode 🚀",
    "\u{fffe}\u{ffff}",
    "   ",
    "style fill:#f00; classDef default",
    "o--o x--x ==> -.-> <-->",
];

fn draw(snapshot: &Path, args: &[&str]) -> (i32, String, String) {
    run(racklens()
        .args(["diagram", "--from"])
        .arg(snapshot)
        .args(args))
}

fn sample(args: &[&str]) -> String {
    let (code, drawn, said) = draw(Path::new(SAMPLE), args);
    assert_eq!(code, 0, "{said}");
    drawn
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The sample with something done to its JSON, as a file.
struct Changed {
    folder: tempfile::TempDir,
}

impl Changed {
    fn new(change: impl FnOnce(&mut Value)) -> Self {
        let mut snapshot = parsed(&fs::read_to_string(SAMPLE).unwrap());
        change(&mut snapshot);
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("rack.json"), snapshot.to_string()).unwrap();
        Self { folder }
    }

    /// Everything that a person can name bears a hostile name.
    fn hostile() -> Self {
        Self::new(|snapshot| {
            let mut names = HOSTILE.iter().cycle();
            for resource in snapshot["resources"].as_array_mut().unwrap() {
                resource["name"] = json!(names.next().unwrap());
                if let Some(rule) = resource["attrs"].get_mut("listener-rule") {
                    for it in rule["conditions"].as_array_mut().unwrap() {
                        it["values"] = json!([names.next().unwrap()]);
                    }
                }
                if let Some(it) = resource["attrs"].get_mut("instance") {
                    it["instance_type"] = json!(names.next().unwrap());
                }
            }
        })
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("rack.json")
    }

    fn draw(&self, args: &[&str]) -> String {
        let (code, drawn, said) = draw(&self.path(), args);
        assert_eq!(code, 0, "{said}");
        drawn
    }
}

/// The lines of each node of the JSON, by its id.
fn lines(diagram: &Value) -> BTreeMap<String, Vec<String>> {
    let strings = |it: &Value, field: &str| -> Vec<String> {
        let list = it[field].as_array().unwrap().iter();
        list.map(|it| it.as_str().or(it["text"].as_str()).unwrap().to_owned())
            .collect()
    };
    let nodes = diagram["nodes"].as_array().unwrap().iter();
    nodes
        .map(|it| {
            let lines = [strings(it, "lines"), strings(it, "marks")].concat();
            (it["id"].as_str().unwrap().to_owned(), lines)
        })
        .collect()
}

fn ids(list: &Value) -> BTreeSet<&str> {
    let list = list.as_array().unwrap().iter();
    list.map(|it| it["id"].as_str().unwrap()).collect()
}

/// Mermaid must see the nodes, edges and frames of the JSON, with their text as it is.
fn mermaid_agrees(mermaid: &str, diagram: &Value) {
    let Some(seen) = parsers::read("mermaid", mermaid) else {
        return;
    };
    let mut nodes = ids(&seen["nodes"]);
    assert!(nodes.remove("legend"));
    assert_eq!(nodes, ids(&diagram["nodes"]));
    assert_eq!(ids(&seen["frames"]), ids(&diagram["boxes"]));
    let ends = |list: &Value| -> Vec<(String, String)> {
        let list = list.as_array().unwrap().iter();
        list.map(|it| (it["from"].to_string(), it["to"].to_string()))
            .collect()
    };
    assert_eq!(ends(&seen["edges"]), ends(&diagram["edges"]));
    let lines = lines(diagram);
    for node in seen["nodes"].as_array().unwrap() {
        assert_eq!(node["clickable"], false, "{node}");
        if let Some(lines) = lines.get(node["id"].as_str().unwrap()) {
            assert_eq!(node["text"], lines.concat(), "{node}");
        }
    }
    let all = ["nodes", "edges", "frames"];
    for it in all.iter().flat_map(|it| seen[*it].as_array().unwrap()) {
        let tags = it["tags"].as_array().unwrap();
        assert!(tags.iter().all(|it| it == "BR"), "{it}");
    }
}

#[test]
fn mermaid_sees_the_sample_as_it_is_meant() {
    let diagram = parsed(&sample(&["--format", "json"]));
    mermaid_agrees(&sample(&[]), &diagram);
}

#[test]
fn mermaid_takes_hostile_names_for_text() {
    let changed = Changed::hostile();
    let diagram = parsed(&changed.draw(&["--format", "json", "--detail", "all"]));
    mermaid_agrees(&changed.draw(&["--detail", "all"]), &diagram);
}

/// D2 must see the nodes of the JSON with their text as it is, and link none.
fn d2_agrees(d2: &str, diagram: &Value) {
    let Some(seen) = parsers::read("d2", d2) else {
        return;
    };
    let lines = lines(diagram);
    let mut found = 0;
    for node in seen["nodes"].as_array().unwrap() {
        assert_eq!(node["link"], "", "{node}");
        let own = node["id"].as_str().unwrap().rsplit('.').next().unwrap();
        if let Some(lines) = lines.get(own) {
            assert_eq!(node["text"], lines.join("\n"), "{node}");
            found += 1;
        }
    }
    assert_eq!(found, lines.len());
    let edges = diagram["edges"].as_array().unwrap().len();
    assert_eq!(seen["edges"].as_array().unwrap().len(), edges);
}

#[test]
fn d2_takes_hostile_names_for_text() {
    let changed = Changed::hostile();
    let diagram = parsed(&changed.draw(&["--format", "json"]));
    d2_agrees(&changed.draw(&["--format", "d2"]), &diagram);
}

#[test]
fn graphviz_draws_the_sample() {
    if let Some(svg) = parsers::drawn(&sample(&["--format", "dot"])) {
        for said in [
            "karim&#45;test public 0",
            "3 of 3",
            "not drawn: 48 resources",
        ] {
            assert!(svg.contains(said), "{said}");
        }
    }
}

#[test]
fn graphviz_takes_hostile_names_for_text() {
    let changed = Changed::hostile();
    let calm = parsers::drawn(&sample(&["--format", "dot"]));
    let dot = changed.draw(&["--format", "dot"]);
    let Some((calm, svg)) = calm.zip(parsers::drawn(&dot)) else {
        return;
    };
    assert!(!svg.contains("<script") && !svg.contains("<a "));
    assert!(svg.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    // As many nodes and edges as with calm names: none was added by one.
    for class in ["class=\"node\"", "class=\"edge\"", "class=\"cluster\""] {
        let count = |it: &str| it.matches(class).count();
        assert_eq!(count(&svg), count(&calm), "{class}");
    }
}

#[test]
fn the_same_snapshot_makes_the_same_bytes_in_every_format() {
    for format in ["mermaid", "dot", "d2", "plantuml", "graphml", "json"] {
        let once = sample(&["--format", format]);
        assert_eq!(once, sample(&["--format", format]), "{format}");
        assert!(!once.contains('\u{1b}'));
    }
}

#[test]
fn a_report_holds_the_same_diagram() {
    let kept = fs::read_to_string("samples/karim-test/diagram.mmd").unwrap();
    assert_eq!(sample(&[]), kept);
}

/// Ids of all that a diagram shows: nodes, what they stand for, and boxes.
fn shown(diagram: &Value) -> BTreeSet<String> {
    let text = |it: &Value| it.as_str().map(str::to_owned);
    let of = |list: &str| diagram[list].as_array().unwrap().clone();
    let nodes = of("nodes");
    let members = nodes
        .iter()
        .flat_map(|it| it["members"].as_array().unwrap());
    let members: Vec<String> = members.filter_map(text).collect();
    let own = nodes
        .iter()
        .chain(&of("boxes"))
        .map(|it| it["resource"].clone())
        .collect::<Vec<_>>();
    own.iter().filter_map(text).chain(members).collect()
}

/// Ids of all that the rack has, by the table of the report.
fn ours() -> BTreeSet<String> {
    let table = fs::read_to_string("samples/karim-test/resources.csv").unwrap();
    let mut table = csv::Reader::from_reader(table.as_bytes());
    let rows = table.records().map(Result::unwrap);
    rows.filter(|it| &it[4] == "karim-test")
        .map(|it| it[0].to_owned())
        .collect()
}

#[test]
fn all_that_the_rack_has_is_drawn_or_counted() {
    let diagram = parsed(&sample(&["--format", "json"]));
    let shown = shown(&diagram);
    let absent = ours().into_iter().filter(|it| !shown.contains(it)).count();
    let notes = diagram["counts"].as_array().unwrap().iter();
    let mut notes = notes.map(|it| it.as_str().unwrap());
    let note = notes.find(|it| it.starts_with("Not drawn: ")).unwrap();
    let counts = note
        .split(['(', ',', ':'])
        .filter_map(|it| it.split_once(" × "));
    let counted: usize = counts.map(|it| it.0.trim().parse::<usize>().unwrap()).sum();
    assert_eq!(counted, absent, "{note}");
}

#[test]
fn in_all_detail_nothing_of_the_rack_is_missing() {
    let shown = shown(&parsed(&sample(&["--format", "json", "--detail", "all"])));
    let missing: Vec<String> = ours()
        .into_iter()
        .filter(|it| !shown.contains(it))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn taking_one_thing_away_renames_nothing_else() {
    let before = parsed(&sample(&["--format", "json"]));
    let gone = "queue/karim-test-AccountEvents-TID8BNKTU61U";
    let without = Changed::new(|snapshot| {
        let resources = snapshot["resources"].as_array_mut().unwrap();
        resources.retain(|it| it["id"] != gone);
    });
    let after = parsed(&without.draw(&["--format", "json"]));
    let (before, after) = (ids(&before["nodes"]), ids(&after["nodes"]));
    assert!(after.is_subset(&before));
    assert_eq!(before.len(), after.len() + 1);
}

#[test]
fn the_format_is_that_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    for (name, start) in [
        ("a.mmd", "%% Rack"),
        ("a.dot", "digraph"),
        ("a.d2", "direction"),
        ("a.puml", "@startuml"),
        ("a.graphml", "<?xml"),
        ("a.json", "{"),
    ] {
        let path = folder.path().join(name);
        let said = sample(&["--out", path.to_str().unwrap()]);
        assert_eq!(said, "");
        let written = fs::read_to_string(&path).unwrap();
        assert!(written.starts_with(start), "{name}");
    }
    let (code, _, said) = draw(Path::new(SAMPLE), &["--out", "picture.png"]);
    assert_eq!(code, 2);
    assert!(said.contains("say it: --format mermaid"), "{said}");
    assert!(!Path::new("picture.png").exists());
}

#[test]
fn what_is_left_out_is_said_beside_the_result() {
    let (_, _, said) = draw(Path::new(SAMPLE), &[]);
    assert!(
        said.contains("Not drawn: 3 × CloudFormation stack"),
        "{said}"
    );
    assert!(said.contains("LogGroup-PUBRBTCTRYC (low)"), "{said}");
}

#[test]
fn a_focus_shows_what_is_near_and_nothing_else() {
    let names = |args: &[&str]| -> BTreeSet<String> {
        let args = [args, &["--format", "json"]].concat();
        lines(&parsed(&sample(&args)))
            .into_values()
            .map(|it| it[1].clone())
            .collect()
    };
    let focus = "karim-regis-ovc6lz8vjn1k";
    assert_eq!(
        names(&["--focus", focus, "--depth", "0"]),
        BTreeSet::from(["ECR repository".to_owned()])
    );
    assert_eq!(
        names(&["--focus", focus, "--depth", "1"]),
        BTreeSet::from(["ECR repository", "ECS service · 1 task on EC2"].map(str::to_owned))
    );
    assert!(names(&["--focus", focus]).len() > 2);
}

#[test]
fn a_focus_on_what_is_left_out_draws_it() {
    let near = sample(&["--focus", "volume/vol-2493a551e15776cdc", "--depth", "1"]);
    assert!(near.contains("EBS volume"), "{near}");
    assert!(near.contains("EC2 instance"), "{near}");
}

#[test]
fn a_focus_on_a_frame_shows_what_is_in_it() {
    let focus = "vpc/vpc-0c1755355d04959e2";
    let near = sample(&["--focus", focus, "--depth", "0"]);
    assert!(near.contains("EC2 instance"), "{near}");
    assert!(!near.contains("SQS queue"), "{near}");
}

#[test]
fn a_focus_that_means_none_or_several_says_what_to_do() {
    let (code, drawn, said) = draw(Path::new(SAMPLE), &["--focus", "karim-test"]);
    assert_eq!((code, drawn.as_str()), (2, ""));
    assert!(said.contains("help: --focus stack/karim-test"), "{said}");
    let (code, _, said) = draw(Path::new(SAMPLE), &["--focus", "vpc-0"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("was not seen"), "{said}");
}

#[test]
fn a_rack_of_which_nothing_is_left_is_an_error() {
    let bare = Changed::new(|snapshot| {
        let resources = snapshot["resources"].as_array_mut().unwrap();
        resources.retain(|it| it["id"] == "stack/karim-test");
    });
    let (code, drawn, said) = draw(&bare.path(), &[]);
    assert_eq!((code, drawn.as_str()), (3, ""));
    assert!(
        said.contains("nothing of rack karim-test can be drawn"),
        "{said}"
    );
}

#[test]
fn what_was_not_read_is_told_in_the_picture_and_by_the_exit_code() {
    let gap = |kind: &str, resource: Value, call: &str| {
        json!({"kind": kind, "resource": resource, "call": call, "action": call,
               "reason": "denied", "code": "AccessDenied", "message": "no"})
    };
    let table = "table/karim-test-builds";
    let unread = Changed::new(|snapshot| {
        snapshot["gaps"] = json!([
            gap("queue", Value::Null, "sqs:ListQueues"),
            gap("table", json!(table), "dynamodb:DescribeTable"),
        ]);
    });
    let (code, drawn, said) = draw(&unread.path(), &["--format", "json"]);
    assert_eq!(code, 4, "{said}");
    let diagram = parsed(&drawn);
    assert!(
        drawn.contains("SQS queue (sqs:ListQueues, denied)"),
        "{drawn}"
    );
    let nodes = diagram["nodes"].as_array().unwrap();
    let marked = nodes.iter().find(|it| it["resource"] == table).unwrap();
    assert_eq!(
        marked["marks"][0]["text"],
        "? not read: dynamodb:DescribeTable"
    );
}

#[test]
fn a_small_limit_folds_what_is_sound_and_keeps_what_is_not() {
    let folded = sample(&["--max-nodes", "20"]);
    assert!(folded.contains("2 × DynamoDB table"), "{folded}");
    // Each of these has a finding of medium.
    assert!(!folded.contains("× S3 bucket"), "{folded}");
    assert!(folded.contains("⚠ 2 findings (critical)"), "{folded}");
}
