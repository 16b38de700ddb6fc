//! Users' rules: what loads, what is refused and how, and what they say.

use super::{cel::Cel, language::Language, *};
use crate::{
    kind::{Attrs, log_group::LogGroup, security_group::SecurityGroup, target_group::TargetGroup},
    testing,
};

/// A rule about log groups with that condition; lines of its own come first.
fn about_logs(pass: &str, more: &str) -> String {
    format!(
        "{more}
id: logs-kept
title: Log group keeps too little
severity: low
category: data
kind: log-group
pass: {pass}
risk: Nobody can look back.
remedy: Keep more.
examples:
  - name: kept for a week
    subject: log-group/a
    verdict: fail
    resources: [{{ id: log-group/a, attrs: {{ log-group: {{ retention_days: 7 }} }} }}]
  - name: kept for two months
    subject: log-group/a
    verdict: pass
    resources: [{{ id: log-group/a, attrs: {{ log-group: {{ retention_days: 60 }} }} }}]
"
    )
}

const SOUND: &str = "it.retention_days == null || it.retention_days >= 30";

fn refused(content: &str) -> String {
    let bad = read("a.yaml", content, &Cel).unwrap_err();
    format!("{bad} ({})", bad.hint)
}

fn loaded(content: &str) -> UserRule {
    read("a.yaml", content, &Cel).unwrap_or_else(|it| panic!("{it} ({})", it.hint))
}

fn judged(rule: &UserRule, resources: &[Resource], gaps: &[Gap]) -> Vec<(Status, String)> {
    let judge = |case: &Case<'_>| rule.judge(case, &rule.words);
    let verdicts = testing::owned(resources, gaps, |_| true, judge);
    verdicts.into_iter().map(|it| (it.status, it.why)).collect()
}

fn group(name: &str, days: Option<u32>) -> Resource {
    let attrs = LogGroup {
        retention_days: days,
        ..LogGroup::default()
    };
    Resource::new(name, attrs)
}

#[test]
fn a_sound_rule_judges_every_resource_of_its_kind() {
    let rule = loaded(&about_logs(
        SOUND,
        "why: '{name} keeps {it.retention_days} days.'",
    ));
    let resources = [group("a", Some(7)), group("b", None), group("c", Some(30))];
    let said = judged(&rule, &resources, &[]);
    let statuses: Vec<Status> = said.iter().map(|it| it.0).collect();
    assert_eq!(statuses, [Status::Fail, Status::Pass, Status::Pass]);
    assert_eq!(said[0].1, "a keeps 7 days");
}

#[test]
fn what_the_condition_looked_at_is_the_evidence() {
    let rule = loaded(&about_logs(SOUND, ""));
    let judge = |case: &Case<'_>| rule.judge(case, &rule.words);
    let verdicts = testing::owned(&[group("a", Some(7))], &[], |_| true, judge);
    let evidence = &verdicts[0].evidence[0];
    assert_eq!(
        (evidence.path, evidence.value.as_str()),
        ("retention_days", "7")
    );
}

#[test]
fn a_typo_in_a_field_is_refused_with_its_line_and_the_right_name() {
    let said = refused(&about_logs("it.retention_day >= 30", ""));
    assert!(
        said.starts_with("line 7: `pass`: there is no field `retention_day`"),
        "{said}"
    );
    assert!(said.contains("did you mean retention_days"), "{said}");
}

#[test]
fn a_name_that_is_not_there_is_refused() {
    let said = refused(&about_logs("retention_days >= 30", ""));
    assert!(said.contains("is written `it.retention_days`"), "{said}");
    let said = refused(&about_logs("tag.Owner == 'a'", ""));
    assert!(said.contains("did you mean tags"), "{said}");
}

#[test]
fn values_of_two_types_are_not_compared() {
    let said = refused(&about_logs("it.retention_days == '30'", ""));
    assert!(
        said.contains("`==` does not work on number, or null and text"),
        "{said}"
    );
    assert!(said.contains("without quotes"), "{said}");
}

#[test]
fn a_condition_that_is_no_question_is_refused() {
    let said = refused(&about_logs("it.retention_days", ""));
    assert!(said.contains("must be true or false"), "{said}");
}

#[test]
fn what_is_no_cel_is_refused_with_what_people_mean() {
    for (pass, meant) in [
        ("it.retention_days = 30", "`==`"),
        ("it.retention_days > 1 and true", "`&&`"),
        ("it.retention_days >", "ends too early"),
        ("(it.retention_days > 1", "ends too early"),
        ("", "is empty"),
    ] {
        let said = refused(&about_logs(&format!("\"{pass}\""), ""));
        assert!(said.starts_with("line 7: `pass`"), "{said}");
        assert!(said.contains(meant), "{pass}: {said}");
    }
}

#[test]
fn a_condition_over_lines_is_refused_at_the_right_one() {
    let said = refused(&about_logs(
        "|\n  it.retention_days > 1 &&\n  it.retention_dys > 2",
        "",
    ));
    assert!(
        said.starts_with("line 9: `pass`: there is no field `retention_dys`"),
        "{said}"
    );
}

#[test]
fn a_huge_condition_is_refused() {
    let long = format!(
        "it.stored_bytes > 1{}",
        " || it.stored_bytes > 1".repeat(200)
    );
    assert!(refused(&about_logs(&long, "")).contains("more than 2000 characters"));
    for deep in [
        format!("{}true{}", "(".repeat(500), ")".repeat(500)),
        format!("{}true", "!".repeat(501)),
        format!("{}true", "true ? true : ".repeat(100)),
        format!("{}1 == 1", "1 + ".repeat(400)),
        format!("size({}) == 1", "[".repeat(300)),
        format!("it{} == 1", ".a".repeat(900)),
        format!("tags{} == 1", "['a']".repeat(300)),
        format!("1{}", " < 1".repeat(400)),
        format!("tags.Name{}", ".size()".repeat(250)),
    ] {
        let said = refused(&about_logs(&format!("\"{deep}\""), ""));
        assert!(said.contains("nests too deep"), "{said}");
    }
}

#[test]
fn a_condition_is_read_with_little_left_of_the_stack() {
    let reader = std::thread::Builder::new().stack_size(256 << 10);
    let reader = reader.spawn(|| {
        let deep = format!("{}it.retention_days{} == 1", "(".repeat(16), ")".repeat(16));
        let scope = facts::scope(Kind::LogGroup, &toml::Table::new());
        Language::read(&Cel, &deep, &scope).map(drop)
    });
    assert_eq!(reader.unwrap().join().unwrap(), Ok(()));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_reading_or_asking_a_condition_panic(
        words in proptest::collection::vec(proptest::sample::select(WORDS), 0..40)
    ) {
        let text = words.concat();
        let scope = facts::scope(Kind::LogGroup, &toml::Table::new());
        if let Ok(condition) = Language::read(&Cel, &text, &scope) {
            let rule_facts = |case: &Case<'_>| {
                let wanted = Wanted::new(condition.paths());
                let resource = case.graph.of_kind(Kind::LogGroup).next().unwrap();
                facts::facts(case, resource, &wanted, &toml::Table::new())
            };
            let facts = testing::owned(&[group("a", Some(7))], &[], |_| true, rule_facts);
            drop(condition.holds(&facts, Timestamp::UNIX_EPOCH, &mut 100_000));
        }
    }
}

/// What a condition may be made of, and what it may not.
const WORDS: &[&str] = &[
    "it",
    ".",
    "retention_days",
    "tags",
    "users",
    "service",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    " == ",
    " > ",
    " && ",
    " || ",
    "!",
    "-",
    "1",
    "'a'",
    "\"",
    "null",
    "true",
    "x",
    ".exists(x, ",
    ".all(x, ",
    ".map(x, ",
    ".filter(x, ",
    ", ",
    "has(",
    "size(",
    " in ",
    "?",
    ":",
    "name",
    "\\",
    "1u",
    "b'a'",
    "9223372036854775807",
    " + ",
    " / 0",
    "`",
    "//",
    "\n",
    "é",
    "days_since(",
    "created",
];

#[test]
fn tags_that_were_not_read_are_not_taken_for_none() {
    let rule = loaded(&about_logs(
        "it.retention_days >= 30 && !('x' in tags && it.retention_days > 60)",
        "",
    ));
    let resource = group("a", Some(61));
    let mut gap = testing::gap(Kind::LogGroup, "logs:ListTagsForResource");
    gap.resource = Some(resource.id.clone());
    let judge = |case: &Case<'_>| rule.judge(case, &rule.words);
    let verdicts = testing::owned(&[resource], &[gap], |_| true, judge);
    assert_eq!(verdicts[0].status, Status::Unknown);
    assert_eq!(verdicts[0].why, "`tags` was not read");
    assert!(verdicts[0].gap.is_some());
}

#[test]
fn loops_inside_of_loops_end() {
    let list = format!("[{}]", vec!["1"; 900].join(","));
    let three = format!("{list}.all(a, {list}.all(b, a == b || b == a))");
    let said = refused(&about_logs(&format!("\"{three}\""), ""));
    assert!(said.contains("2000 characters"), "{said}");
    let numbers = format!("[{}]", vec!["1"; 400].join(","));
    let pass = format!("[{numbers}].all(n, n.all(a, n.all(b, n.all(c, a == b && b == c))))");
    let said = refused(&about_logs(&format!("\"{pass}\""), ""));
    assert!(said.contains("more than 3 loops"), "{said}");
    let pass = format!("[{numbers}].all(n, n.all(a, n.all(b, n.size() > 1)))");
    let said = refused(&about_logs(&format!("\"{pass}\""), ""));
    assert!(
        said.contains("goes through more than 1000000 values"),
        "{said}"
    );
}

#[test]
fn a_rule_without_an_example_of_each_kind_does_not_load() {
    let whole = about_logs(SOUND, "");
    let (without, _) = whole.split_once("  - name: kept for two months").unwrap();
    assert!(refused(without).contains("no example is meant to pass"));
}

#[test]
fn an_example_that_comes_out_otherwise_is_refused_with_its_line() {
    let said = refused(&about_logs(
        "it.retention_days == null || it.retention_days >= 90",
        "",
    ));
    assert!(
        said.starts_with("line 15: the example `kept for two months`"),
        "{said}"
    );
    assert!(said.contains("is meant to be pass, and is fail"), "{said}");
}

#[test]
fn an_unknown_field_of_the_file_is_refused_with_its_line() {
    let said = refused(&about_logs(SOUND, "severty: high"));
    assert!(
        said.starts_with("line 1: unknown field `severty`"),
        "{said}"
    );
    let said = refused(&about_logs(SOUND, "").replace("retention_days: 7", "retention: 7"));
    assert!(
        said.starts_with("line 14: unknown field `retention`"),
        "{said}"
    );
}

#[test]
fn what_is_no_rule_of_yaml_is_refused_with_its_line() {
    let said = refused(&about_logs("[", ""));
    assert!(said.starts_with("line "), "{said}");
    let said = refused(&about_logs(SOUND, "title: twice"));
    assert!(
        said.starts_with("line 3: duplicate mapping key: title ("),
        "{said}"
    );
    let twice = format!("{0}---{0}", about_logs(SOUND, ""));
    assert!(refused(&twice).contains("this one holds several"));
    assert!(refused("").contains("the file is empty"));
}

#[test]
fn a_parameter_is_used_and_is_of_a_type_that_conditions_know() {
    let with = "parameters: { days: 30 }";
    let rule = loaded(&about_logs("it.retention_days >= params.days", with));
    assert_eq!(rule.words.number("days"), 30);
    let said = refused(&about_logs(SOUND, with));
    assert!(
        said.contains("no condition uses the parameter `days`"),
        "{said}"
    );
    let said = refused(&about_logs(
        "it.retention_days >= params.days",
        "parameters: { days: 1.5 }",
    ));
    assert!(
        said.contains("is nothing that a condition can use"),
        "{said}"
    );
}

#[test]
fn null_where_a_number_is_needed_is_unknown_and_says_what_to_ask() {
    let rule = loaded(&about_logs("it.retention_days >= 30", ""));
    let said = judged(&rule, &[group("a", None)], &[]);
    assert_eq!(said[0].0, Status::Unknown);
    assert!(
        said[0].1.contains("on null: ask `… != null &&` before"),
        "{}",
        said[0].1
    );
}

#[test]
fn a_tag_that_is_not_there_is_unknown_unless_it_is_asked_for() {
    let tagged = testing::tagged(group("a", Some(60)), [("Owner", "jane")]);
    let loose = loaded(&about_logs(
        "it.retention_days >= 30 && (it.retention_days == 60 || tags.Owner == 'jane')",
        "",
    ));
    let said = judged(&loose, &[tagged.clone(), group("b", Some(31))], &[]);
    assert_eq!(said[0].0, Status::Pass);
    assert_eq!(said[1].0, Status::Unknown);
    assert!(
        said[1].1.contains("ask `\"Owner\" in …` first"),
        "{}",
        said[1].1
    );
}

const TARGETS: &str = "
id: targets-healthy
title: A target is not healthy
severity: high
category: reliability
kind: target_group
when: it.load_balancers.size() > 0
pass: it.targets.all(t, t.state == 'healthy')
risk: Some requests fail.
remedy: [Look at it., Mend it.]
examples:
  - name: one is not
    subject: target-group/a
    verdict: fail
    resources:
      - id: target-group/a
        attrs:
          target-group: { load_balancers: [x], targets: { known: [{ id: i-1, state: unhealthy }] } }
  - name: all are
    subject: target-group/a
    verdict: pass
    resources:
      - id: target-group/a
        attrs:
          target-group: { load_balancers: [x], targets: { known: [{ id: i-1, state: healthy }] } }
  - name: nobody asked
    subject: target-group/a
    verdict: unknown
    resources: [{ id: target-group/a, attrs: { target-group: { load_balancers: [x] } } }]
  - name: nothing sends to it
    subject: target-group/a
    verdict: not-applicable
    resources: [{ id: target-group/a, attrs: { target-group: {} } }]
";

#[test]
fn what_was_not_read_is_unknown_and_names_its_gap() {
    let rule = loaded(TARGETS);
    let group = TargetGroup {
        load_balancers: vec!["x".to_owned()],
        ..TargetGroup::default()
    };
    let resource = Resource::new("a", group);
    let mut gap = testing::gap(
        Kind::TargetGroup,
        "elasticloadbalancing:DescribeTargetHealth",
    );
    gap.resource = Some(resource.id.clone());
    let judge = |case: &Case<'_>| rule.judge(case, &rule.words);
    let verdicts = testing::owned(&[resource], &[gap], |_| true, judge);
    assert_eq!(verdicts[0].status, Status::Unknown);
    assert_eq!(verdicts[0].why, "`targets` was not read");
    let call = verdicts[0].gap.as_ref().unwrap();
    assert!(call.action.contains("DescribeTargetHealth"));
}

const USERS: &str = "
id: groups-with-users
title: Security group that no service uses
severity: info
category: cost
kind: security-group
pass: users.service.exists(s, s.it.status == 'ACTIVE' && s.ours)
risk: It is in the way.
remedy: Delete it.
examples:
  - name: nothing uses it
    subject: security-group/sg-1
    verdict: fail
    resources: [{ id: security-group/sg-1, attrs: { security-group: {} } }]
  - name: a service uses it
    subject: security-group/sg-1
    verdict: pass
    resources:
      - { id: security-group/sg-1, attrs: { security-group: {} } }
      - id: service/prod/web
        attrs: { service: { status: ACTIVE, security_groups: [sg-1] } }
";

#[test]
fn a_neighbour_is_asked_by_its_kind() {
    let rule = loaded(USERS);
    let lonely = Resource::new("sg-1", Attrs::from(SecurityGroup::default()));
    assert_eq!(judged(&rule, &[lonely], &[])[0].0, Status::Fail);
    let said = refused(&USERS.replace("users.service.", "users.servcie."));
    assert!(said.contains("did you mean service"), "{said}");
    let said = refused(&USERS.replace("s.it.status", "s.it.stat"));
    assert!(said.contains("did you mean status"), "{said}");
}

#[test]
fn neighbours_that_could_not_be_listed_make_it_unknown() {
    let rule = loaded(USERS);
    let lonely = Resource::new("sg-1", Attrs::from(SecurityGroup::default()));
    let gaps = [testing::gap(Kind::Service, "ecs:ListServices")];
    let said = judged(&rule, &[lonely], &gaps);
    assert_eq!(said[0].0, Status::Unknown);
    assert!(
        said[0].1.contains("ecs:ListServices was denied"),
        "{}",
        said[0].1
    );
}

#[test]
fn ages_ranges_and_patterns_can_be_asked() {
    let pass = "\"it.retention_days == 60 && (created == null || days_since(created) > 0) \
                && glob(name, 'a*') && cidr_within('10.1.2.3', ['10.0.0.0/8'])\"";
    let rule = loaded(&about_logs(pass, ""));
    assert_eq!(
        judged(&rule, &[group("ab", Some(60))], &[])[0].0,
        Status::Pass
    );
    assert_eq!(
        judged(&rule, &[group("b", Some(60))], &[])[0].0,
        Status::Fail
    );
}

#[test]
fn a_moment_is_compared_by_its_age() {
    let said = refused(&about_logs("created > '2020'", ""));
    assert!(said.contains("days_since"), "{said}");
}

#[test]
fn a_place_in_the_sentence_must_be_there() {
    let said = refused(&about_logs(SOUND, "why: 'keeps {it.days}'"));
    assert!(
        said.starts_with("line 1: `why`: there is no `{it.days}`"),
        "{said}"
    );
}

#[test]
fn an_id_that_cannot_be_an_anchor_is_refused() {
    let said = refused(&about_logs(SOUND, "").replace("id: logs-kept", "id: Logs Kept"));
    assert!(said.starts_with("line 2: `Logs Kept` is no id"), "{said}");
}
