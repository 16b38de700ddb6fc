//! A region of any size: ECS deployments side by side, every second one of them the rack's.
//!
//! Nothing is drawn at random: the same number makes the same file. One deployment, a *cell*, is a
//! hundred resources or so in the proportions of a real one, tied to each other by every kind of
//! edge. Cells share what accounts share (a role for executing tasks, a key, a bucket for access
//! logs, every tenth a network), because a thing that half the region holds on to is where slow
//! code shows.

use racklens::{
    id::ResourceId,
    kind::{
        Attrs, Fact, Kind, auto_scaling_group as asg, bucket, certificate, cluster,
        container_instance, function, instance, instance_profile, internet_gateway, key, key_alias,
        launch_configuration, listener, listener_rule as rule, load_balancer, log_group,
        network_acl, network_interface, queue, repository, role, route_table, security_group,
        service, stack, subnet, table, target_group, task, task_definition, topic, volume, vpc,
    },
    rack::{STACK_ID_TAG, STACK_NAME_TAG},
    snapshot::{Gap, Reason, Resource},
};
use serde::Serialize;

/// The rack whose stacks the even cells are.
pub const RACK: &str = "big";

const ACCOUNT: &str = "123456789012";
const SHARED_ROLE: &str = "ecsTaskExecutionRole";
const SHARED_KEY: &str = "00000000-0000-4000-8000-000000000000";
const SHARED_LOGS: &str = "access-logs-of-all";
const ZONES: [&str; 3] = ["us-east-1a", "us-east-1b", "us-east-1c"];
/// Every so many cells one lives in the network of the first of them.
const LODGERS: usize = 10;
const SERVICES: usize = 4;

/// The file of a snapshot, with its resources in the order of their ids as in every such file.
#[derive(Serialize)]
pub struct Estate {
    format: u32,
    tool: &'static str,
    taken: &'static str,
    took_ms: u64,
    account: &'static str,
    region: &'static str,
    identity: &'static str,
    rack: &'static str,
    calls: std::collections::BTreeMap<String, u64>,
    gaps: Vec<Gap>,
    resources: Vec<Resource>,
}

impl Estate {
    /// Of exactly `size` resources, the last cell cut where it has to be.
    pub fn of(size: usize) -> Self {
        let cells = size / cell(1).len();
        let all = shared().into_iter().chain((0..).flat_map(cell));
        let mut resources: Vec<Resource> = all.take(size).collect();
        resources.sort_by(|a, b| a.id.cmp(&b.id));
        Self {
            format: racklens::snapshot::FORMAT,
            tool: env!("CARGO_PKG_VERSION"),
            taken: "2026-01-01T00:00:00Z",
            took_ms: 1000,
            account: ACCOUNT,
            region: "us-east-1",
            identity: "arn:aws:iam::123456789012:user/bench",
            rack: RACK,
            calls: std::collections::BTreeMap::new(),
            gaps: (0..cells).filter_map(gap).collect(),
            resources,
        }
    }
}

/// What could not be read: the tags of a bucket in every fifth cell.
fn gap(n: usize) -> Option<Gap> {
    n.is_multiple_of(5).then(|| Gap {
        kind: Kind::Bucket,
        resource: Some(ResourceId::new(Kind::Bucket, format!("c{n}-uploads"))),
        call: "s3:GetBucketTagging".to_owned(),
        action: "s3:GetBucketTagging".to_owned(),
        reason: Reason::Denied,
        code: "AccessDenied".to_owned(),
        message: "Access Denied".to_owned(),
    })
}

fn shared() -> Vec<Resource> {
    let mut bucket = uploads();
    bucket.encryption = Fact::Known(Some("AES256".to_owned()));
    vec![
        Resource::new(
            RACK,
            stack::Stack {
                arn: stack_arn(RACK),
                status: "UPDATE_COMPLETE".to_owned(),
                members: Fact::Known(Vec::new()),
                ..stack::Stack::default()
            },
        ),
        Resource::new(SHARED_ROLE, role("ecs-tasks.amazonaws.com")),
        Resource::new(SHARED_KEY, kms_key()),
        Resource::new(SHARED_LOGS, bucket),
    ]
}

/// One deployment with everything in it.
fn cell(n: usize) -> Vec<Resource> {
    let mut cell = Cell {
        n,
        made: Vec::with_capacity(128),
    };
    cell.network();
    cell.machines();
    cell.balancer();
    cell.services();
    cell.data();
    cell.finish()
}

struct Cell {
    n: usize,
    made: Vec<Resource>,
}

impl Cell {
    /// An id such as EC2 gives.
    fn ec2(&self, prefix: &str, m: usize) -> String {
        format!("{prefix}-{:017x}", self.n * 1000 + m)
    }

    fn name(&self, what: &str) -> String {
        format!("c{}-{what}", self.n)
    }

    /// The cell whose network this one is in.
    fn host(&self) -> usize {
        if self.n.is_multiple_of(LODGERS) {
            0
        } else {
            self.n
        }
    }

    fn vpc(&self) -> String {
        format!("vpc-{:017x}", self.host() * 1000)
    }

    fn subnet(&self, m: usize) -> String {
        format!("subnet-{:017x}", self.host() * 1000 + m % 3)
    }

    fn subnets(&self) -> Vec<String> {
        (0..3).map(|it| self.subnet(it)).collect()
    }

    /// 0 of the load balancer, 1 of the machines, 2 and more of what they talk to.
    fn group(&self, m: usize) -> String {
        self.ec2("sg", m)
    }

    fn add(&mut self, key: impl Into<String>, attrs: impl Into<Attrs>) {
        self.made.push(Resource::new(key, attrs));
    }

    fn network(&mut self) {
        if self.host() == self.n {
            let vpc = self.vpc();
            self.add(
                &vpc,
                vpc::Vpc {
                    cidr: "10.0.0.0/16".to_owned(),
                    status: "available".to_owned(),
                    ..vpc::Vpc::default()
                },
            );
            for (m, zone) in ZONES.into_iter().enumerate() {
                let subnet = subnet::Subnet {
                    vpc: self.vpc(),
                    zone: zone.to_owned(),
                    cidr: format!("10.0.{m}.0/24"),
                    free_ips: 200,
                    status: "available".to_owned(),
                    ..subnet::Subnet::default()
                };
                self.add(self.subnet(m), subnet);
            }
            let gateway = self.ec2("igw", 0);
            let routes = route_table::RouteTable {
                vpc: self.vpc(),
                subnets: self.subnets(),
                routes: vec![route_table::Route {
                    to: "0.0.0.0/0".to_owned(),
                    via: gateway.clone(),
                    state: "active".to_owned(),
                }],
                ..route_table::RouteTable::default()
            };
            self.add(self.ec2("rtb", 0), routes);
            self.add(
                gateway,
                internet_gateway::InternetGateway { vpcs: vec![vpc] },
            );
            let acl = network_acl::NetworkAcl {
                vpc: self.vpc(),
                is_default: true,
                subnets: self.subnets(),
                ..network_acl::NetworkAcl::default()
            };
            self.add(self.ec2("acl", 0), acl);
        }
        for m in 0..5 {
            let world = m == 0;
            let ingress = security_group::Permission {
                protocol: "tcp".to_owned(),
                from: Some(if world { 443 } else { 1024 }),
                to: Some(if world { 443 } else { 65535 }),
                cidrs: world.then(|| "0.0.0.0/0".to_owned()).into_iter().collect(),
                groups: (!world).then(|| self.group(m - 1)).into_iter().collect(),
                ..security_group::Permission::default()
            };
            let group = security_group::SecurityGroup {
                group_name: self.name(&format!("group{m}")),
                vpc: self.vpc(),
                ingress: vec![ingress],
                ..security_group::SecurityGroup::default()
            };
            self.add(self.group(m), group);
        }
    }

    fn machines(&mut self) {
        let members = (0..3).map(|m| asg::Member {
            instance: self.ec2("i", m),
            zone: ZONES[m].to_owned(),
            lifecycle_state: "InService".to_owned(),
            health: "Healthy".to_owned(),
            ..asg::Member::default()
        });
        let scaling = asg::AutoScalingGroup {
            min: 3,
            max: 6,
            desired: 3,
            instances: members.collect(),
            subnets: self.subnets(),
            launch_configuration: Some(self.name("launch")),
            ..asg::AutoScalingGroup::default()
        };
        self.add(self.name("machines"), scaling);
        let launch = launch_configuration::LaunchConfiguration {
            instance_type: "t3.large".to_owned(),
            security_groups: vec![self.group(1)],
            profile: Some(self.name("profile")),
            ..launch_configuration::LaunchConfiguration::default()
        };
        self.add(self.name("launch"), launch);
        let profile = instance_profile::InstanceProfile {
            path: "/".to_owned(),
            roles: vec![self.name("role0")],
        };
        self.add(self.name("profile"), profile);
        for m in 0..3 {
            self.machine(m);
        }
    }

    fn machine(&mut self, m: usize) {
        let volumes = [2 * m, 2 * m + 1].map(|it| instance::Attached {
            volume: self.ec2("vol", it),
            device: format!("/dev/xvd{it}"),
            delete_on_termination: true,
        });
        let machine = instance::Instance {
            instance_type: "t3.large".to_owned(),
            status: "running".to_owned(),
            zone: Some(ZONES[m].to_owned()),
            vpc: Some(self.vpc()),
            subnet: Some(self.subnet(m)),
            private_ip: Some(format!("10.0.{m}.10")),
            security_groups: vec![self.group(1)],
            profile: Some(self.name("profile")),
            auto_scaling_group: Some(self.name("machines")),
            interfaces: vec![self.ec2("eni", m)],
            volumes: volumes.to_vec(),
            ..instance::Instance::default()
        };
        self.add(self.ec2("i", m), machine);
        for it in [2 * m, 2 * m + 1] {
            let disk = volume::Volume {
                size_gib: 30,
                volume_type: "gp3".to_owned(),
                encrypted: true,
                key: Some(SHARED_KEY.to_owned()),
                zone: ZONES[m].to_owned(),
                status: "in-use".to_owned(),
                ..volume::Volume::default()
            };
            self.add(self.ec2("vol", it), disk);
        }
        let of_machine = self.interface(m, 1, String::new());
        self.add(self.ec2("eni", m), of_machine);
        let balancer = self.name("lb");
        let of_balancer = self.interface(m, 0, format!("ELB app/{balancer}/{:016x}", self.n));
        self.add(self.ec2("eni", 3 + m), of_balancer);
        let agent = container_instance::ContainerInstance {
            cluster: self.name("cluster"),
            instance: Some(self.ec2("i", m)),
            status: "ACTIVE".to_owned(),
            agent_connected: true,
            ..container_instance::ContainerInstance::default()
        };
        self.add(format!("c{0}-cluster/m{m}", self.n), agent);
    }

    fn interface(
        &self,
        m: usize,
        group: usize,
        description: String,
    ) -> network_interface::NetworkInterface {
        network_interface::NetworkInterface {
            requester_managed: !description.is_empty(),
            description,
            interface_type: "interface".to_owned(),
            status: "in-use".to_owned(),
            vpc: self.vpc(),
            subnet: self.subnet(m),
            zone: ZONES[m].to_owned(),
            security_groups: vec![self.group(group)],
            ..network_interface::NetworkInterface::default()
        }
    }

    fn balancer(&mut self) {
        let lb = self.name("lb");
        let balancer = load_balancer::LoadBalancer {
            lb_type: "application".to_owned(),
            scheme: "internet-facing".to_owned(),
            status: "active".to_owned(),
            dns_name: format!("{lb}.us-east-1.elb.amazonaws.com"),
            vpc: self.vpc(),
            subnets: self.subnets(),
            security_groups: vec![self.group(0)],
            settings: Fact::Known(load_balancer::Settings {
                access_log_bucket: Some(SHARED_LOGS.to_owned()),
                ..load_balancer::Settings::default()
            }),
            ..load_balancer::LoadBalancer::default()
        };
        self.add(&lb, balancer);
        let forward = |it: String| rule::Action {
            kind: "forward".to_owned(),
            targets: vec![rule::Forward {
                target_group: it,
                weight: None,
            }],
            ..rule::Action::default()
        };
        for (m, (port, protocol)) in [(80, "HTTP"), (443, "HTTPS")].into_iter().enumerate() {
            let own = format!("{lb}/l{m}");
            let secure = port == 443;
            let certificate = secure.then(|| self.name("certificate"));
            let listener = listener::Listener {
                load_balancer: lb.clone(),
                port,
                protocol: protocol.to_owned(),
                certificates: certificate.into_iter().collect(),
                actions: vec![forward(self.name("tg0"))],
                ..listener::Listener::default()
            };
            self.add(&own, listener);
            for s in 0..SERVICES {
                let rule = rule::ListenerRule {
                    listener: own.clone(),
                    priority: u32::try_from(s).ok(),
                    conditions: vec![rule::Condition {
                        field: "host-header".to_owned(),
                        values: vec![format!("s{s}.c{}.example.com", self.n)],
                        ..rule::Condition::default()
                    }],
                    actions: vec![forward(self.name(&format!("tg{s}")))],
                };
                self.add(format!("{own}/r{s}"), rule);
            }
        }
        let certificate = certificate::Certificate {
            domain: format!("*.c{}.example.com", self.n),
            status: "ISSUED".to_owned(),
            ..certificate::Certificate::default()
        };
        self.add(self.name("certificate"), certificate);
    }

    fn services(&mut self) {
        let cluster = cluster::Cluster {
            status: "ACTIVE".to_owned(),
            services: 4,
            running_tasks: 8,
            container_instances: 3,
            ..cluster::Cluster::default()
        };
        self.add(self.name("cluster"), cluster);
        for s in 0..SERVICES {
            self.service(s);
        }
    }

    fn service(&mut self, s: usize) {
        let cluster = self.name("cluster");
        let (family, group) = (self.name(&format!("s{s}")), self.name(&format!("tg{s}")));
        let definition = format!("{family}:7");
        let port = 32768 + u16::try_from(s).unwrap_or_default();
        let service = service::Service {
            cluster: cluster.clone(),
            status: "ACTIVE".to_owned(),
            scheduling: "REPLICA".to_owned(),
            task_definition: definition.clone(),
            desired: 2,
            running: 2,
            load_balancers: vec![service::ServiceTarget {
                target_group: Some(group.clone()),
                container: "web".to_owned(),
                port: Some(3000),
                ..service::ServiceTarget::default()
            }],
            ..service::Service::default()
        };
        self.add(format!("{cluster}/s{s}"), service);
        let container = task_definition::ContainerDefinition {
            name: "web".to_owned(),
            image: format!("{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/{family}:7"),
            repository: Some(family.clone()),
            essential: true,
            log_driver: Some("awslogs".to_owned()),
            log_group: Some(format!("/ecs/{family}")),
            ..task_definition::ContainerDefinition::default()
        };
        let told = task_definition::TaskDefinition {
            family: family.clone(),
            revision: 7,
            status: "ACTIVE".to_owned(),
            task_role: Some(self.name(&format!("role{}", s + 1))),
            execution_role: Some(SHARED_ROLE.to_owned()),
            containers: vec![container],
            ..task_definition::TaskDefinition::default()
        };
        self.add(&definition, told);
        for t in 0..2 {
            let task = task::Task {
                cluster: cluster.clone(),
                task_definition: definition.clone(),
                group: format!("service:s{s}"),
                last_status: "RUNNING".to_owned(),
                desired_status: "RUNNING".to_owned(),
                container_instance: Some(format!("{cluster}/m{t}")),
                containers: vec![task::Container {
                    name: "web".to_owned(),
                    image: "web:7".to_owned(),
                    status: "RUNNING".to_owned(),
                    bindings: vec![task::Binding {
                        bind_ip: "0.0.0.0".to_owned(),
                        container_port: 3000,
                        host_port: port,
                        protocol: "tcp".to_owned(),
                    }],
                    ..task::Container::default()
                }],
                ..task::Task::default()
            };
            self.add(format!("{cluster}/t{s}{t}"), task);
        }
        let targets = (0..2).map(|t| target_group::Target {
            id: self.ec2("i", t),
            port: Some(port),
            state: if s == 3 { "unhealthy" } else { "healthy" }.to_owned(),
            ..target_group::Target::default()
        });
        let targets = target_group::TargetGroup {
            protocol: Some("HTTP".to_owned()),
            port: Some(80),
            target_type: "instance".to_owned(),
            vpc: Some(self.vpc()),
            load_balancers: vec![self.name("lb")],
            targets: Fact::Known(targets.collect()),
            ..target_group::TargetGroup::default()
        };
        self.add(group, targets);
        let images = repository::Repository {
            uri: format!("{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/{family}"),
            ..repository::Repository::default()
        };
        self.add(&family, images);
    }

    fn data(&mut self) {
        for m in 0..6 {
            let trusts = ["ec2.amazonaws.com", "ecs-tasks.amazonaws.com"][m.min(1)];
            self.add(self.name(&format!("role{m}")), role(trusts));
        }
        for s in 0..SERVICES {
            let group = self.log_group(s);
            self.add(format!("/ecs/c{}-s{s}", self.n), group);
        }
        for what in ["uploads", "assets", "backups"] {
            self.add(self.name(what), uploads());
        }
        let key = format!("{:08x}-0000-4000-8000-000000000001", self.n);
        self.add(&key, kms_key());
        let alias = key_alias::KeyAlias {
            target: Some(key.clone()),
            aws_managed: false,
        };
        self.add(format!("alias/c{}", self.n), alias);
        for m in 0..2 {
            let function = function::Function {
                arn: format!(
                    "arn:aws:lambda:us-east-1:{ACCOUNT}:function:c{}-f{m}",
                    self.n
                ),
                role: format!("arn:aws:iam::{ACCOUNT}:role/c{}-role5", self.n),
                log_group: format!("/aws/lambda/c{}-f{m}", self.n),
                key: Some(key.clone()),
                ..function::Function::default()
            };
            self.add(self.name(&format!("f{m}")), function);
            let group = self.log_group(m);
            self.add(format!("/aws/lambda/c{}-f{m}", self.n), group);
            let facts = table::TableFacts {
                status: "ACTIVE".to_owned(),
                key: Some(key.clone()),
                ..table::TableFacts::default()
            };
            let table = table::Table {
                facts: Fact::Known(facts),
                ..table::Table::default()
            };
            self.add(self.name(&format!("table{m}")), table);
            let queue = queue::Queue {
                url: format!(
                    "https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/c{}-q{m}",
                    self.n
                ),
                facts: Fact::Known(queue::QueueFacts::default()),
                ..queue::Queue::default()
            };
            self.add(self.name(&format!("q{m}")), queue);
        }
        let arn = format!("arn:aws:sns:us-east-1:{ACCOUNT}:c{}-topic", self.n);
        let topic = topic::Topic {
            arn,
            ..topic::Topic::default()
        };
        self.add(self.name("topic"), topic);
    }

    fn log_group(&self, m: usize) -> log_group::LogGroup {
        log_group::LogGroup {
            retention_days: m.is_multiple_of(2).then_some(30),
            stored_bytes: 1 << 20,
            ..log_group::LogGroup::default()
        }
    }

    /// Adds the stack that made it all, and its tags on what it made itself.
    fn finish(mut self) -> Vec<Resource> {
        let name = self.name("stack");
        let ours = self.n.is_multiple_of(2);
        // A stack takes at most 500 resources; ours declares what CloudFormation would make.
        let declared = |it: &Resource| {
            !matches!(
                it.id.kind,
                Kind::Task
                    | Kind::Instance
                    | Kind::Volume
                    | Kind::ContainerInstance
                    | Kind::NetworkInterface
                    | Kind::NetworkAcl
            )
        };
        let members = self.made.iter().filter(|it| declared(it));
        let members = members.enumerate().map(|(m, it)| stack::Member {
            logical: format!("R{m}"),
            cloudformation: it.id.kind.cloudformation().to_owned(),
            physical: it.id.key.clone(),
            status: "CREATE_COMPLETE".to_owned(),
        });
        let stack = stack::Stack {
            arn: stack_arn(&name),
            status: "CREATE_COMPLETE".to_owned(),
            parent: ours.then(|| RACK.to_owned()),
            // Nobody opens a neighbour's stack.
            members: if ours {
                Fact::Known(members.collect())
            } else {
                Fact::Unread
            },
            ..stack::Stack::default()
        };
        for (m, it) in self.made.iter_mut().enumerate() {
            it.arn = Some(format!("arn:aws:any:us-east-1:{ACCOUNT}:{}", it.id));
            it.tags.insert("Name".to_owned(), format!("c{}", self.n));
            it.tags.insert("Team".to_owned(), format!("t{}", m % 7));
            if declared(it) {
                let tags = [
                    (STACK_ID_TAG, stack_arn(&name)),
                    (STACK_NAME_TAG, name.clone()),
                ];
                it.tags
                    .extend(tags.map(|(key, value)| (key.to_owned(), value)));
            }
        }
        self.add(name, stack);
        self.made
    }
}

fn stack_arn(name: &str) -> String {
    format!("arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/{name}/0fa7531a")
}

fn role(trusts: &str) -> role::Role {
    role::Role {
        path: "/".to_owned(),
        trusts: Fact::Known(vec![trusts.to_owned()]),
        attached: Fact::Known(Vec::new()),
        inline: Fact::Known(Vec::new()),
        allowing_all: Fact::Known(Vec::new()),
        facts: Fact::Known(role::RoleFacts::default()),
    }
}

fn kms_key() -> key::Key {
    key::Key {
        facts: Fact::Known(key::KeyFacts {
            state: "Enabled".to_owned(),
            manager: "CUSTOMER".to_owned(),
            ..key::KeyFacts::default()
        }),
    }
}

fn uploads() -> bucket::Bucket {
    bucket::Bucket {
        region: Some("us-east-1".to_owned()),
        contents: Fact::Known(bucket::Contents {
            objects: 12,
            bytes: 4096,
            complete: true,
            newest: None,
        }),
        ..bucket::Bucket::default()
    }
}
