//! Tables of small accounts.

use jiff::Timestamp;

use super::*;
use crate::{
    belonging,
    graph::Graph,
    kind::{bucket::Bucket, cluster::Cluster, vpc::Vpc},
    rack,
    rule::Run,
    snapshot::Gaps,
    testing::{gap, opened, stack, tagged},
};

/// A rack `prod` with one VPC and two buckets, a neighbour's VPC, and these gaps.
fn asked<T>(
    gaps: &[Gap],
    question: &Question,
    then: impl FnOnce(Result<Answer<'_>, NoSuchColumn>) -> T,
) -> T {
    let members = [
        ("AWS::EC2::VPC", "vpc-1"),
        ("AWS::S3::Bucket", "one"),
        ("AWS::S3::Bucket", "two"),
    ];
    let known = Bucket {
        versioning: Fact::Known("Enabled".to_owned()),
        ..Bucket::default()
    };
    let resources = [
        opened(stack("prod"), &members),
        tagged(Resource::new("vpc-1", Vpc::default()), [("Tier", "a")]),
        Resource::new("vpc-2", Vpc::default()),
        Resource::new("one", known),
        Resource::new("two", Bucket::default()),
    ];
    let graph = Graph::build(&resources);
    let rack = rack::find(&graph, &[], "prod", None).unwrap();
    let case = Case {
        graph: &graph,
        rack: &rack,
        belongings: &belonging::decide(&graph, &rack),
        gaps: &Gaps::of(gaps),
        taken: Timestamp::UNIX_EPOCH,
        account: None,
        run: &Run::default(),
    };
    then(ask(&case, question))
}

fn question(table: &str, columns: &[&str], filters: &[&str]) -> Question {
    let subject = Subject::parse(table).unwrap();
    let column = |it: &&str| Column::find(subject, it).unwrap();
    let filter = |it: &&str| Filter::parse(subject, it).unwrap();
    Question {
        subject,
        columns: columns.iter().map(column).collect(),
        filters: filters.iter().map(filter).collect(),
        sort: None,
        all: false,
    }
}

fn ids(answer: &Answer<'_>) -> Vec<String> {
    let ids = answer.lines.iter().map(|it| it.resource.to_string());
    ids.collect()
}

#[test]
fn a_table_is_found_by_every_name_that_it_has() {
    for (name, subject) in [
        ("vpc", Subject::Kind(Kind::Vpc)),
        ("policies", Subject::Kind(Kind::Policy)),
        ("key-aliases", Subject::Kind(Kind::KeyAlias)),
        ("keys", Subject::Kind(Kind::Key)),
        ("SecurityGroups", Subject::Kind(Kind::SecurityGroup)),
        ("containerclusters", Subject::Kind(Kind::Cluster)),
        ("containertasks", Subject::Kind(Kind::TaskDefinition)),
        ("containerinstances", Subject::Kind(Kind::ContainerInstance)),
        ("rules", Subject::Kind(Kind::ListenerRule)),
        ("containers", Subject::Containers),
        ("target-health", Subject::TargetHealth),
    ] {
        assert_eq!(Subject::parse(name), Ok(subject), "{name}");
    }
    for subject in Subject::all() {
        assert_eq!(Subject::parse(&subject.name()), Ok(subject));
    }
}

#[test]
fn a_typo_is_answered_with_near_names_and_all_names() {
    let error = Subject::parse("instancs").unwrap_err();
    assert_eq!(error.near[0], "instances");
    assert!(error.all.contains(&"containers".to_owned()));
}

#[test]
fn neighbours_are_listed_only_when_asked_for_and_then_said_to_be_such() {
    let mut question = question("vpcs", &[], &[]);
    asked(&[], &question, |it| {
        assert_eq!(ids(&it.unwrap()), ["vpc/vpc-1"]);
    });
    question.all = true;
    asked(&[], &question, |it| {
        let answer = it.unwrap();
        assert_eq!(answer.columns.last().unwrap(), sheet::BELONGING);
        assert_eq!(answer.lines[1].cells.last(), Some(&Cell::text("foreign")));
    });
}

#[test]
fn a_row_that_a_filter_cannot_judge_is_left_out_and_named() {
    let question = question("buckets", &["id"], &["attrs.versioning=Enabled"]);
    asked(&[], &question, |it| {
        let answer = it.unwrap();
        assert_eq!(ids(&answer), ["bucket/one"]);
        assert_eq!(answer.undecided[0].to_string(), "bucket/two");
        assert!(!answer.is_whole());
    });
}

#[test]
fn another_filter_may_judge_what_the_first_cannot() {
    let filters = ["attrs.versioning=Enabled", "id~ON"];
    asked(&[], &question("buckets", &["id"], &filters), |it| {
        assert!(it.unwrap().is_whole());
    });
}

#[test]
fn a_tag_that_was_not_read_is_not_one_that_is_absent() {
    let mut denied = gap(Kind::Bucket, "s3:GetBucketTagging");
    denied.resource = Some(ResourceId::new(Kind::Bucket, "one"));
    let question = question("buckets", &["tag:Tier"], &[]);
    asked(&[denied], &question, |it| {
        let answer = it.unwrap();
        assert_eq!(answer.lines[0].cells, [Cell::Unread]);
        assert_eq!(answer.lines[1].cells, [Cell::Empty]);
        assert_eq!(answer.causes.len(), 1);
    });
}

#[test]
fn a_failed_listing_makes_a_table_incomplete_and_those_found_through_it() {
    let denied = [gap(
        Kind::LoadBalancer,
        "elasticloadbalancing:DescribeLoadBalancers",
    )];
    for (table, whole) in [
        ("load-balancers", false),
        ("listeners", false),
        ("rules", false),
        ("vpcs", true),
    ] {
        asked(&denied, &question(table, &[], &[]), |it| {
            assert_eq!(it.unwrap().is_whole(), whole, "{table}");
        });
    }
}

#[test]
fn what_could_not_be_read_at_all_makes_its_table_incomplete() {
    let mut denied = gap(Kind::TaskDefinition, "ecs:DescribeTaskDefinition");
    denied.resource = Some(ResourceId::new(Kind::TaskDefinition, "web:1"));
    asked(&[denied], &question("task-definitions", &[], &[]), |it| {
        assert!(!it.unwrap().is_whole());
    });
}

#[test]
fn a_field_that_no_row_has_is_no_column() {
    let subject = Subject::Kind(Kind::Vpc);
    let wrong = Column::find(subject, "attrs.cdir").map(|it| it.name);
    assert_eq!(wrong.unwrap_err().near, ["attrs.cidr"]);
    let deep = question("stacks", &["attrs.members.physicall"], &[]);
    asked(&[], &deep, |it| {
        assert_eq!(it.unwrap_err().name, "attrs.members.physicall");
    });
}

#[test]
fn other_tools_words_name_our_columns() {
    let subject = Subject::Kind(Cluster::KIND);
    let found = Column::find(subject, "RegisteredContainerInstances");
    let found = found.map(|it| it.name);
    assert_eq!(found.as_deref(), Ok("container-instances"));
}

#[cfg(feature = "aws")]
#[test]
fn kinds_are_found_through_what_the_edge_reads_them_through() {
    use crate::aws::read::{Source, reading};
    for &kind in Kind::ALL {
        let (through, region_wide) = found_through(kind);
        match reading(kind).source {
            Source::Region(_) => assert_eq!((through.len(), region_wide), (0, true)),
            Source::Inside(parent, _) => {
                assert_eq!((through, region_wide), (&[parent][..], true));
            }
            Source::InsideRack(parent, _) => {
                assert_eq!((through, region_wide), (&[parent][..], false));
            }
            Source::Referred(_) => assert!(!region_wide),
        }
    }
}
