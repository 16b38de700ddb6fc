//! Any account, any wishes: what must hold of every plan.

use proptest::prelude::*;

use super::*;
use crate::graph::Graph;
use crate::relation::RelationKind;

/// An account that refuses to delete what something else still points at.
struct Account<'s> {
    graph: Graph<'s>,
    there: BTreeSet<&'s ResourceId>,
    /// Groups whose rules that name others were taken away.
    cut: BTreeSet<&'s ResourceId>,
}

impl<'s> Account<'s> {
    /// Who would make AWS refuse: what still points at it, but for what goes at the same moment.
    fn refused(&self, id: &ResourceId, together: &BTreeSet<&ResourceId>) -> Option<String> {
        let users = self.graph.users(id).into_iter();
        let mut users = users.filter(|(user, edge)| {
            self.there.contains(&user.id)
                && !together.contains(&user.id)
                && minds(edge.kind, user.id.kind, id.kind)
                && !(edge.kind == RelationKind::Admits
                    && (self.cut.contains(&user.id) || user.id == *id))
        });
        users
            .next()
            .map(|(user, edge)| format!("{} {} {id}", user.id, edge.kind.name()))
    }
}

/// Whether AWS minds that edge, told from the field notes and not from the planner.
fn minds(edge: RelationKind, user: Kind, used: Kind) -> bool {
    match edge {
        RelationKind::Declares | RelationKind::Makes | RelationKind::Watches => false,
        // Parts that a service of AWS takes away linger behind their whole.
        RelationKind::PartOf => user != Kind::NetworkInterface && used != Kind::Key,
        // The machine ends first; its registration stays until somebody takes it away.
        RelationKind::RunsOn => user != Kind::ContainerInstance,
        RelationKind::ForwardsTo => !matches!(
            user,
            Kind::TargetGroup | Kind::ClassicLoadBalancer | Kind::Alarm
        ),
        // A route that leads nowhere is a black hole, and AWS lets it be.
        RelationKind::RoutesTo => false,
        RelationKind::Uses => {
            let provider = user == Kind::CapacityProvider && used == Kind::AutoScalingGroup;
            let image = user == Kind::TaskDefinition && used == Kind::Repository;
            !provider && !image && used != Kind::Key && user != Kind::Alarm
        }
        RelationKind::SitsIn | RelationKind::Admits | RelationKind::WritesTo => true,
    }
}

/// Runs a plan in one of the orders that its steps allow, and checks every deletion.
pub(super) fn run(snapshot: &Snapshot, plan: &Plan, luck: u64) {
    let graph = Graph::build(&snapshot.resources);
    let mut account = Account {
        there: snapshot.resources.iter().map(|it| &it.id).collect(),
        cut: BTreeSet::new(),
        graph,
    };
    let kept: BTreeSet<&ResourceId> = plan
        .stays
        .iter()
        .map(|it| &it.resource)
        .chain(&plan.neighbours)
        .collect();
    let mut done = BTreeSet::new();
    let mut open: Vec<&super::super::Step> = plan.steps.iter().collect();
    let mut dice = Dice(luck);
    while !open.is_empty() {
        let free: Vec<usize> = (0..open.len())
            .filter(|it| open[*it].after.iter().all(|it| done.contains(it)))
            .collect();
        assert!(!free.is_empty(), "steps wait for each other: {open:#?}");
        let step = open.remove(free[dice.below(free.len())]);
        for act in &step.acts {
            assert!(!kept.contains(&act.on), "{} stays and is a target", act.on);
        }
        assert!(!kept.contains(&step.resource), "{} stays", step.resource);
        match step.goal {
            Goal::Gone => {
                let together: BTreeSet<&ResourceId> =
                    step.covers.iter().chain([&step.resource]).collect();
                for id in &together {
                    let refused = account.refused(id, &together);
                    assert_eq!(refused, None, "{:#?}", told(plan));
                }
                account.there.retain(|it| !together.contains(it));
            }
            Goal::Cut => {
                let group = snapshot.resources.iter().find(|it| it.id == step.resource);
                account.cut.extend(group.map(|it| &it.id));
            }
            Goal::Saved | Goal::Unprotected | Goal::Stopped | Goal::Drained | Goal::Empty => {}
        }
        done.insert(step.number);
    }
    let goes = plan.goes();
    let left = snapshot.resources.iter().map(|it| &it.id);
    let left: BTreeSet<&ResourceId> = left.filter(|it| !goes.contains(it)).collect();
    assert_eq!(account.there, left);
    for stay in &plan.stays {
        assert!(left.contains(&stay.resource));
    }
}

struct Dice(u64);

impl Dice {
    fn below(&mut self, number: usize) -> usize {
        // Any generator does; this one is Knuth's.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % number
    }

    fn one(&mut self, kind: &str, of: usize) -> String {
        format!("{kind}-{}", self.below(of))
    }

    fn some(&mut self, kind: &str, of: usize) -> Vec<String> {
        let number = self.below(3);
        (0..number).map(|_| self.one(kind, of)).collect()
    }

    fn chance(&mut self) -> bool {
        self.below(2) == 0
    }
}

/// `n` of each of many kinds, tied at random as AWS allows them to be tied.
fn account(dice: &mut Dice, n: usize) -> Vec<Resource> {
    let mut all = Vec::new();
    let key = |dice: &mut Dice| {
        let key = dice.one("k", n);
        dice.chance()
            .then(|| format!("arn:aws:kms:us-east-1:123456789012:key/{key}"))
    };
    for it in 0..n {
        let vpc = dice.one("vpc", n);
        all.push(thing(&format!("vpc/vpc-{it}"), json!({})));
        all.push(thing(&format!("subnet/subnet-{it}"), json!({ "vpc": vpc })));
        all.push(thing(
            &format!("security-group/sg-{it}"),
            json!({ "group_name": "g", "vpc": dice.one("vpc", n),
                    "ingress": [{ "protocol": "tcp", "groups": dice.some("sg", n) }],
                    "egress": [{ "protocol": "tcp", "groups": dice.some("sg", n) }] }),
        ));
        all.push(thing(
            &format!("internet-gateway/igw-{it}"),
            json!({ "vpcs": [format!("vpc-{it}")] }),
        ));
        all.push(thing(
            &format!("route-table/rtb-{it}"),
            json!({ "vpc": dice.one("vpc", n), "subnets": [format!("subnet-{it}")],
                    "routes": [{ "to": "0.0.0.0/0", "via": dice.one("nat", n) },
                               { "to": "::/0", "via": dice.one("igw", n) }] }),
        ));
        all.push(thing(
            &format!("nat-gateway/nat-{it}"),
            json!({ "status": "available", "vpc": dice.one("vpc", n), "subnet": dice.one("subnet", n),
                    "addresses": [{ "allocation": format!("eipalloc-{it}"),
                                    "public_ip": "192.0.2.1" }] }),
        ));
        all.push(thing(&format!("elastic-ip/eipalloc-{it}"), json!({})));
        let cluster = dice.one("cluster", n);
        all.push(thing(
            &format!("cluster/cluster-{it}"),
            json!({ "status": "ACTIVE", "capacity_providers": [format!("cp-{it}")] }),
        ));
        all.push(thing(
            &format!("capacity-provider/cp-{it}"),
            json!({ "status": "ACTIVE", "auto_scaling_group": dice.one("asg", n) }),
        ));
        all.push(thing(
            &format!("auto-scaling-group/asg-{it}"),
            json!({ "launch_configuration": dice.one("lc", n), "subnets": dice.some("subnet", n),
                    "instances": [{ "instance": format!("i-{it}"), "lifecycle_state": "InService" }],
                    "protects_new_instances": dice.chance() }),
        ));
        all.push(thing(
            &format!("launch-configuration/lc-{it}"),
            json!({ "security_groups": dice.some("sg", n) }),
        ));
        all.push(thing(
            &format!("instance/i-{it}"),
            json!({ "status": "running", "auto_scaling_group": format!("asg-{it}"),
                    "subnet": dice.one("subnet", n), "vpc": dice.one("vpc", n),
                    "security_groups": dice.some("sg", n), "profile": dice.one("profile", n) }),
        ));
        all.push(thing(
            &format!("container-instance/{cluster}/ci-{it}"),
            json!({ "cluster": cluster, "instance": format!("i-{it}"), "status": "ACTIVE" }),
        ));
        let cluster = dice.one("cluster", n);
        all.push(thing(
            &format!("service/{cluster}/web-{it}"),
            json!({ "cluster": cluster, "status": "ACTIVE", "scheduling": "REPLICA",
                    "desired": dice.below(3), "task_definition": dice.one("td:", n),
                    "subnets": dice.some("subnet", n), "security_groups": dice.some("sg", n),
                    "load_balancers": [{ "target_group": dice.one("tg", n), "container": "c" }] }),
        ));
        all.push(thing(
            &format!("target-group/tg-{it}"),
            json!({ "vpc": dice.one("vpc", n), "targets": { "known": [] } }),
        ));
        all.push(thing(
            &format!("load-balancer/lb-{it}"),
            json!({ "vpc": dice.one("vpc", n), "subnets": dice.some("subnet", n),
                    "scheme": "internet-facing", "security_groups": dice.some("sg", n),
                    "settings": { "known": { "deletion_protection": dice.chance(),
                                             "access_log_bucket": dice.one("bucket", n) } } }),
        ));
        all.push(thing(
            &format!("bucket/bucket-{it}"),
            json!({ "encryption_key": key(dice) }),
        ));
        all.push(thing(
            &format!("key/k-{it}"),
            json!({ "facts": { "known": { "state": "Enabled", "manager": "CUSTOMER" } } }),
        ));
        all.push(thing(
            &format!("key-alias/alias/k-{it}"),
            json!({ "target": dice.one("k", n) }),
        ));
        all.push(thing(
            &format!("instance-profile/profile-{it}"),
            json!({ "roles": dice.some("role", n) }),
        ));
        all.push(thing(&format!("role/role-{it}"), json!({})));
        all.push(thing(
            &format!("function/f-{it}"),
            json!({ "role": "", "subnets": dice.some("subnet", n),
                    "security_groups": dice.some("sg", n), "log_group": dice.one("logs", n),
                    "event_sources": { "known": [] } }),
        ));
        all.push(thing(&format!("log-group/logs-{it}"), json!({})));
        all.push(thing(
            &format!("db-instance/db-{it}"),
            json!({ "status": "available", "subnet_group": dice.one("dbs", n), "key": key(dice),
                    "security_groups": dice.some("sg", n), "deletion_protection": dice.chance() }),
        ));
        all.push(thing(
            &format!("db-subnet-group/dbs-{it}"),
            json!({ "vpc": dice.one("vpc", n), "subnets": dice.some("subnet", n) }),
        ));
    }
    all
}

/// What CloudFormation calls a thing.
fn physical(id: &ResourceId) -> String {
    let arn =
        |service: &str, rest: String| format!("arn:aws:{service}:us-east-1:123456789012:{rest}");
    if id.kind == Kind::Service {
        return arn("ecs", format!("service/{}", id.key));
    }
    if id.kind == Kind::TargetGroup {
        return arn("elasticloadbalancing", format!("targetgroup/{}/0", id.key));
    }
    if id.kind == Kind::LoadBalancer {
        return arn(
            "elasticloadbalancing",
            format!("loadbalancer/app/{}/0", id.key),
        );
    }
    id.key.clone()
}

fn wishes(dice: &mut Dice) -> Consent {
    Consent {
        delete: Data::ALL
            .iter()
            .copied()
            .filter(|_| dice.below(4) > 0)
            .collect(),
        disable: Guard::ALL
            .iter()
            .copied()
            .filter(|_| dice.chance())
            .collect(),
        inferred: dice.chance(),
        backup: dice.chance(),
        retain: dice.chance(),
        keep: (0..dice.below(3)).map(|_| dice.one("sg", 2)).collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Every user is gone before what it uses, nothing that stays is touched, and what is left in
    /// the end is exactly what the plan says.
    #[test]
    fn no_plan_is_refused_and_none_touches_what_stays(seed: u64, n in 2_usize..5) {
        let mut dice = Dice(seed);
        let resources = account(&mut dice, n);
        let own: Vec<String> = resources
            .iter()
            .filter(|_| dice.below(8) > 0)
            .map(|it| it.id.to_string())
            .collect();
        let own: Vec<&str> = own.iter().map(String::as_str).collect();
        let snapshot = snapshot(resources, &own, Vec::new());
        let plan = planned(&snapshot, &wishes(&mut dice));
        prop_assert!(plan.blockers.is_empty(), "{:#?}", plan.blockers);
        run(&snapshot, &plan, seed);
        prop_assert!(Plan::parse(plan.to_json().as_bytes()).is_ok());
    }

    /// The same where a stack made a part of it: the stack takes along what it made, and nothing
    /// else that stays.
    #[test]
    fn no_stack_takes_along_what_stays(seed: u64, n in 2_usize..4) {
        let mut dice = Dice(seed);
        let mut resources = account(&mut dice, n);
        let made: Vec<(&str, String)> = resources
            .iter()
            .filter(|_| dice.chance())
            .filter(|it| it.id.kind.cloudformation() != "AWS::ECS::ContainerInstance")
            .map(|it| (it.id.kind.cloudformation(), physical(&it.id)))
            .collect();
        let made: Vec<(&str, &str)> = made.iter().map(|it| (it.0, it.1.as_str())).collect();
        let stack = testing::opened(testing::stack("prod"), &made);
        resources.push(stack);
        let own: Vec<String> = resources
            .iter()
            .filter(|_| dice.below(16) > 0)
            .map(|it| it.id.to_string())
            .chain(["stack/prod".to_owned()])
            .collect();
        let own: Vec<&str> = own.iter().map(String::as_str).collect();
        let snapshot = snapshot(resources, &own, Vec::new());
        let consent = if dice.chance() { all() } else { wishes(&mut dice) };
        let plan = planned(&snapshot, &consent);
        run(&snapshot, &plan, seed);
        prop_assert!(Plan::parse(plan.to_json().as_bytes()).is_ok());
    }

    /// The order in which an account tells of its things makes no difference.
    #[test]
    fn the_order_of_what_was_read_does_not_matter(seed: u64) {
        let mut dice = Dice(seed);
        let mut resources = account(&mut dice, 3);
        let own: Vec<String> = resources.iter().map(|it| it.id.to_string()).collect();
        let own: Vec<&str> = own.iter().map(String::as_str).collect();
        let consent = wishes(&mut dice);
        let plan = planned(&snapshot(resources.clone(), &own, Vec::new()), &consent);
        for it in (1..resources.len()).rev() {
            let other = dice.below(it + 1);
            resources.swap(it, other);
        }
        let again = planned(&snapshot(resources, &own, Vec::new()), &consent);
        prop_assert_eq!(again.to_json(), plan.to_json());
    }
}
