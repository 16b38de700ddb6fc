//! Tests of the rules as a whole, and of what all of them share.

use std::collections::BTreeSet;

use super::*;
use crate::testing::owned;

fn words(rule: &Rule) -> Words {
    rule.words().unwrap_or_else(|it| panic!("{it}"))
}

/// What a rule says where all is the rack's but what is tagged `owner = "nobody"`.
fn verdicts(rule: &Rule, example: &Example) -> Vec<Verdict> {
    let nobodys = |it: &Resource| it.tags.get("owner").is_some_and(|it| it == "nobody");
    owned(
        &example.resources,
        &[],
        |it| !nobodys(it),
        |case| {
            let account = example.account.as_ref();
            let asked = Run {
                used: example.used.as_ref(),
                ..Run::default()
            };
            let case = Case {
                account,
                run: &asked,
                ..*case
            };
            run(rule, &words(rule), &case)
        },
    )
}

#[test]
fn every_rule_has_its_file_and_every_file_its_rule() {
    let files: BTreeSet<String> = std::fs::read_dir("rules")
        .unwrap()
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .collect();
    let rules = RULES.iter().map(|it| format!("{}.toml", it.id)).collect();
    assert_eq!(files, rules);
    assert!(RULES.is_sorted_by_key(|it| it.id));
}

#[test]
fn every_rule_shows_a_failing_and_a_passing_example_and_means_them() {
    for rule in RULES {
        let words = words(rule);
        let shown: BTreeSet<Status> = words.example.iter().map(|it| it.verdict).collect();
        assert!(shown.contains(&Status::Fail), "{} has no fail", rule.id);
        assert!(shown.contains(&Status::Pass), "{} has no pass", rule.id);
        for example in &words.example {
            let said: Vec<Status> = verdicts(rule, example)
                .into_iter()
                .filter(|it| it.subject == example.subject)
                .map(|it| it.status)
                .collect();
            let meant = said.contains(&example.verdict);
            assert!(meant, "{}: {}: {said:?}", rule.id, example.name);
        }
    }
}

#[test]
fn every_rule_says_what_it_means_and_how_to_mend_it() {
    for rule in RULES {
        let words = words(rule);
        assert!(!words.risk.is_empty() && !words.remedy.is_empty());
        for address in &words.references {
            assert!(address.starts_with("https://"), "{}: {address}", rule.id);
        }
    }
}

#[test]
fn the_next_revision_of_a_task_definition_has_the_same_fingerprint() {
    let words = words(&runs_as_root::RULE);
    let of = |key: &str| {
        let subject = ResourceId::new(Kind::TaskDefinition, key);
        Verdict::new(&runs_as_root::RULE, &words, &subject, Status::Fail, "").fingerprint()
    };
    assert_eq!(of("web:3"), of("web:4"));
    assert_ne!(of("web:3"), of("api:3"));
}

#[test]
fn a_rack_that_is_to_live_is_not_told_what_keeps_it_from_going() {
    let resources = [crate::testing::cluster("prod")];
    let of = |judge: fn(&Pack, &Case<'_>) -> Vec<Judged>| {
        let judged = owned(
            &resources,
            &[],
            |_| true,
            |case| judge(&Pack::built_in().unwrap(), case),
        );
        let ids: BTreeSet<&str> = judged.iter().map(|it| it.rule.id).collect();
        ids
    };
    let (audit, review) = (of(Pack::audit), of(Pack::review));
    assert!(review.contains("cluster-not-empty") && !audit.contains("cluster-not-empty"));
    assert!(review.contains("stack-unhealthy") && audit.contains("stack-unhealthy"));
    assert!(audit.contains("env-plain-secret") && !review.contains("env-plain-secret"));
}

#[test]
fn a_rule_about_the_teardown_says_what_its_failure_means_for_it() {
    for rule in RULES {
        let words = words(rule);
        let of_teardown = words.category == Category::Teardown;
        assert!(!of_teardown || words.teardown.is_some(), "{}", rule.id);
    }
}

#[test]
fn every_parameter_says_what_it_is() {
    for rule in RULES {
        let remarks = rule.remarks();
        for name in words(rule).parameters.keys() {
            let remark = remarks.get(name).map(String::as_str);
            assert!(
                remark.is_some_and(|it| it.len() > 10),
                "{}: {name}",
                rule.id
            );
        }
    }
}

#[test]
fn a_kind_that_could_not_be_listed_makes_its_rules_unknown() {
    let gaps = [crate::testing::gap(
        Kind::LogGroup,
        "logs:DescribeLogGroups",
    )];
    let root = [crate::testing::stack("prod")];
    let judged = owned(&root, &gaps, |_| true, |case| audit(case).unwrap());
    let logs = judged.iter().find(|it| it.rule.id == "logs-no-retention");
    let verdict = &logs.unwrap().verdicts[0];
    assert_eq!(verdict.status, Status::Unknown);
    assert!(
        verdict
            .gap
            .as_ref()
            .unwrap()
            .action
            .contains("DescribeLogGroups")
    );
}

#[test]
fn every_kind_that_could_not_be_listed_is_named() {
    let gaps = [
        crate::testing::gap(Kind::Bucket, "s3:ListBuckets"),
        crate::testing::gap(Kind::Stack, "cloudformation:DescribeStacks"),
    ];
    let root = [crate::testing::stack("prod")];
    let judged = owned(&root, &gaps, |_| true, |case| audit(case).unwrap());
    let orphans = judged.iter().find(|it| it.rule.id == "bucket-orphan");
    let calls: Vec<&str> = orphans
        .unwrap()
        .verdicts
        .iter()
        .map(|it| it.detail.as_str())
        .collect();
    assert_eq!(calls, ["cloudformation:DescribeStacks", "s3:ListBuckets"]);
}
