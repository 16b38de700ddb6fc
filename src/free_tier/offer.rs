//! What AWS gives for nothing each month: how much of what, to whom, since when.

use rust_decimal::Decimal;

use crate::cost::Line;

/// For how long an offer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Term {
    /// The first twelve months of an account that was opened before there were credit plans.
    TwelveMonths,
    Always,
}

impl Term {
    pub fn name(self) -> &'static str {
        match self {
            Self::TwelveMonths => "12 months",
            Self::Always => "always",
        }
    }
}

/// One allowance. It is one pool for all that an account, or its whole organization, has.
#[derive(Clone, Copy, Debug)]
pub struct Offer {
    /// What a person calls it.
    pub name: &'static str,
    /// The number and how many of its digits stand behind the point.
    limit: (i64, u32),
    /// Of how many; as the price's unit.
    pub unit: &'static str,
    pub term: Term,
    /// One pool in each region, and not one for all of them.
    pub regional: bool,
    /// The usage type under which AWS counts it, without `Global-`.
    pub counted_as: &'static str,
    /// What the service is called there has this in it.
    pub counted_by: &'static str,
    /// Whether a count of that operation is one of it: several may share a usage type.
    pub operation: fn(&str) -> bool,
    /// First month in which it held, where that matters: `2024-02`.
    since: &'static str,
    /// Service code, and the usage types that draw on it.
    service: &'static str,
    covers: fn(&str, Place<'_>) -> bool,
}

/// Where something is used.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub region: &'a str,
}

/// Regions that have t2 machines; elsewhere t3.micro takes the place of t2.micro.
const WITH_T2: &[&str] = &[
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

impl Offer {
    /// How much is free in a month, in [`Offer::unit`].
    pub fn limit(&self) -> Decimal {
        Decimal::new(self.limit.0, self.limit.1)
    }

    /// Whether a line of a bill draws on it.
    pub fn covers(&self, line: &Line, place: Place<'_>) -> bool {
        line.service == self.service && (self.covers)(&line.usage, place)
    }

    /// Whether there was such an offer in that month, `2018-05`.
    pub fn is_there_in(&self, month: &str) -> bool {
        month >= self.since
    }
}

/// The name of a usage type without what narrows it down, and that.
fn split(usage: &str) -> (&str, &str) {
    usage.split_once('|').unwrap_or((usage, ""))
}

/// AWS's operation of a machine with Windows.
const WINDOWS: &str = "RunInstances:0002";

/// What a machine that may be free has beside its size in its usage type, if it is one.
fn micro<'u>(usage: &'u str, place: Place<'_>) -> Option<&'u str> {
    let size = if WITH_T2.contains(&place.region) {
        "BoxUsage:t2.micro"
    } else {
        "BoxUsage:t3.micro"
    };
    let (name, software) = split(usage);
    (name == size).then_some(software)
}

/// Linux machines, and those whose licence costs nothing more within the offer: Red Hat's, SUSE's.
fn micro_machine(usage: &str, place: Place<'_>) -> bool {
    let free = [
        "",
        "operation=RunInstances:0010",
        "operation=RunInstances:000g",
    ];
    micro(usage, place).is_some_and(|it| free.contains(&it))
}

/// Windows has hours of its own.
fn micro_windows(usage: &str, place: Place<'_>) -> bool {
    let windows = ["operation=RunInstances:0002", "operatingSystem=windows"];
    micro(usage, place).is_some_and(|it| windows.contains(&it))
}

fn disk(usage: &str, _: Place<'_>) -> bool {
    let free = [
        "EBS:VolumeUsage",
        "EBS:VolumeUsage.gp2",
        "EBS:VolumeUsage.gp3",
    ];
    free.contains(&usage)
}

fn balancer(usage: &str, _: Place<'_>) -> bool {
    let (name, family) = split(usage);
    let free = [
        "productFamily=Load Balancer",
        "productFamily=Load Balancer-Application",
    ];
    name == "LoadBalancerUsage" && free.contains(&family)
}

fn micro_database(usage: &str, _: Place<'_>) -> bool {
    let (name, engine) = split(usage);
    let sizes = ["db.t2.micro", "db.t3.micro", "db.t4g.micro"];
    let engines = ["MySQL", "MariaDB", "PostgreSQL"];
    let size = name.strip_prefix("InstanceUsage:");
    let engine = engine.strip_prefix("databaseEngine=");
    size.is_some_and(|it| sizes.contains(&it)) && engine.is_some_and(|it| engines.contains(&it))
}

fn micro_cache(usage: &str, _: Place<'_>) -> bool {
    let sizes = ["NodeUsage:cache.t2.micro", "NodeUsage:cache.t3.micro"];
    sizes.contains(&split(usage).0)
}

const ALWAYS: Offer = Offer {
    name: "",
    limit: (0, 0),
    unit: "",
    term: Term::Always,
    regional: false,
    counted_as: "",
    counted_by: "",
    operation: |_| true,
    since: "",
    service: "",
    covers: |_, _| false,
};

const YEAR: Offer = Offer {
    term: Term::TwelveMonths,
    ..ALWAYS
};

/// All that a rack may draw on. Fargate, NAT gateways, network load balancers, endpoints, keys,
/// zones, secrets and every machine that is not micro have none.
pub const OFFERS: &[Offer] = &[
    Offer {
        name: "EC2 micro machine",
        limit: (750, 0),
        unit: "hour",
        counted_as: "BoxUsage:freetier.micro",
        counted_by: "Elastic Compute Cloud",
        operation: |it| it != WINDOWS,
        service: "AmazonEC2",
        covers: micro_machine,
        ..YEAR
    },
    Offer {
        name: "EC2 micro machine with Windows",
        limit: (750, 0),
        unit: "hour",
        counted_as: "BoxUsage:freetier.micro",
        counted_by: "Elastic Compute Cloud",
        operation: |it| it == WINDOWS,
        service: "AmazonEC2",
        covers: micro_windows,
        ..YEAR
    },
    Offer {
        name: "public IPv4 addresses",
        limit: (750, 0),
        unit: "hour",
        counted_as: "PublicIPv4:InUseAddress",
        since: "2024-02",
        service: "AmazonVPC",
        covers: |it, _| it == "PublicIPv4:InUseAddress",
        ..YEAR
    },
    Offer {
        name: "EBS storage",
        limit: (30, 0),
        unit: "GB-month",
        counted_as: "EBS:VolumeUsage",
        service: "AmazonEC2",
        covers: disk,
        ..YEAR
    },
    Offer {
        name: "EBS requests",
        limit: (2_000_000, 0),
        unit: "request",
        counted_as: "EBS:VolumeIOUsage",
        service: "AmazonEC2",
        covers: |it, _| it == "EBS:VolumeIOUsage",
        ..YEAR
    },
    Offer {
        name: "EBS snapshots",
        limit: (1, 0),
        unit: "GB-month",
        counted_as: "EBS:SnapshotUsage",
        service: "AmazonEC2",
        covers: |it, _| it == "EBS:SnapshotUsage",
        ..YEAR
    },
    Offer {
        name: "load balancer hours",
        limit: (750, 0),
        unit: "hour",
        counted_as: "LoadBalancerUsage",
        service: "AWSELB",
        covers: balancer,
        ..YEAR
    },
    Offer {
        name: "load balancer capacity units",
        limit: (15, 0),
        unit: "LCU-hour",
        counted_as: "LCUUsage",
        service: "AWSELB",
        covers: |it, _| it == "LCUUsage|productFamily=Load Balancer-Application",
        ..YEAR
    },
    Offer {
        name: "classic load balancer data",
        limit: (15, 0),
        unit: "GB",
        counted_as: "DataProcessing-Bytes",
        counted_by: "Load Balancing",
        service: "AWSELB",
        covers: |it, _| it == "DataProcessing-Bytes|productFamily=Load Balancer",
        ..YEAR
    },
    Offer {
        name: "S3 storage",
        limit: (5, 0),
        unit: "GB-month",
        counted_as: "TimedStorage-ByteHrs",
        counted_by: "Simple Storage Service",
        service: "AmazonS3",
        covers: |it, _| it == "TimedStorage-ByteHrs",
        ..YEAR
    },
    Offer {
        name: "S3 writes and listings",
        limit: (2_000, 0),
        unit: "request",
        counted_as: "Requests-Tier1",
        counted_by: "Simple Storage Service",
        service: "AmazonS3",
        covers: |it, _| it == "Requests-Tier1",
        ..YEAR
    },
    Offer {
        name: "S3 reads",
        limit: (20_000, 0),
        unit: "request",
        counted_as: "Requests-Tier2",
        counted_by: "Simple Storage Service",
        service: "AmazonS3",
        covers: |it, _| it == "Requests-Tier2",
        ..YEAR
    },
    Offer {
        name: "EFS storage",
        limit: (5, 0),
        unit: "GB-month",
        counted_as: "TimedStorage-ByteHrs",
        counted_by: "Elastic File System",
        service: "AmazonEFS",
        covers: |it, _| it == "TimedStorage-ByteHrs",
        ..YEAR
    },
    Offer {
        name: "ECR image storage",
        limit: (5, 1),
        unit: "GB-month",
        counted_as: "TimedStorage-ByteHrs",
        counted_by: "Container Registry",
        service: "AmazonECR",
        covers: |it, _| it == "TimedStorage-ByteHrs",
        ..YEAR
    },
    Offer {
        name: "RDS micro database",
        limit: (750, 0),
        unit: "hour",
        counted_as: "InstanceUsage:db.t1.micro",
        counted_by: "Relational Database",
        service: "AmazonRDS",
        covers: micro_database,
        ..YEAR
    },
    Offer {
        name: "RDS storage",
        limit: (20, 0),
        unit: "GB-month",
        counted_as: "RDS:StorageUsage",
        service: "AmazonRDS",
        covers: |it, _| it == "RDS:GP2-Storage",
        ..YEAR
    },
    Offer {
        name: "RDS backups",
        limit: (20, 0),
        unit: "GB-month",
        counted_as: "RDS:ChargedBackupUsage",
        service: "AmazonRDS",
        covers: |it, _| it == "RDS:ChargedBackupUsage",
        ..YEAR
    },
    Offer {
        name: "RDS requests",
        limit: (10_000_000, 0),
        unit: "request",
        counted_as: "RDS:StorageIOUsage",
        service: "AmazonRDS",
        covers: |it, _| it == "RDS:StorageIOUsage",
        ..YEAR
    },
    Offer {
        name: "ElastiCache micro node",
        limit: (750, 0),
        unit: "hour",
        counted_as: "NodeUsage:cache.t1.micro",
        service: "AmazonElastiCache",
        covers: micro_cache,
        ..YEAR
    },
    Offer {
        name: "DynamoDB read capacity",
        limit: (18_600, 0),
        unit: "unit-hour",
        regional: true,
        counted_as: "ReadCapacityUnit-Hrs",
        service: "AmazonDynamoDB",
        covers: |it, _| it == "ReadCapacityUnit-Hrs",
        ..ALWAYS
    },
    Offer {
        name: "DynamoDB write capacity",
        limit: (18_600, 0),
        unit: "unit-hour",
        regional: true,
        counted_as: "WriteCapacityUnit-Hrs",
        service: "AmazonDynamoDB",
        covers: |it, _| it == "WriteCapacityUnit-Hrs",
        ..ALWAYS
    },
    Offer {
        name: "DynamoDB storage",
        limit: (25, 0),
        unit: "GB-month",
        regional: true,
        counted_as: "TimedStorage-ByteHrs",
        counted_by: "DynamoDB",
        service: "AmazonDynamoDB",
        covers: |it, _| it == "TimedStorage-ByteHrs",
        ..ALWAYS
    },
    Offer {
        name: "Lambda requests",
        limit: (1_000_000, 0),
        unit: "request",
        counted_as: "Request",
        counted_by: "Lambda",
        service: "AWSLambda",
        covers: |it, _| it == "Request" || it == "Request-ARM",
        ..ALWAYS
    },
    Offer {
        name: "Lambda duration",
        limit: (400_000, 0),
        unit: "GB-second",
        counted_as: "Lambda-GB-Second",
        service: "AWSLambda",
        covers: |it, _| it == "Lambda-GB-Second" || it == "Lambda-GB-Second-ARM",
        ..ALWAYS
    },
    Offer {
        name: "SQS requests",
        limit: (1_000_000, 0),
        unit: "request",
        counted_as: "Requests",
        counted_by: "Queue",
        service: "AWSQueueService",
        covers: |it, _| it == "Requests-RBP" || it == "Requests-FIFO-RBP",
        ..ALWAYS
    },
    Offer {
        name: "SNS requests",
        limit: (1_000_000, 0),
        unit: "request",
        regional: true,
        counted_as: "Requests-Tier1",
        counted_by: "Notification",
        service: "AmazonSNS",
        covers: |it, _| it == "Requests-Tier1",
        ..ALWAYS
    },
    Offer {
        name: "SNS deliveries by HTTP",
        limit: (100_000, 0),
        unit: "notification",
        regional: true,
        counted_as: "DeliveryAttempts-HTTP",
        service: "AmazonSNS",
        covers: |it, _| it == "DeliveryAttempts-HTTP",
        ..ALWAYS
    },
    Offer {
        name: "SNS deliveries by email",
        limit: (1_000, 0),
        unit: "notification",
        regional: true,
        counted_as: "DeliveryAttempts-SMTP",
        service: "AmazonSNS",
        covers: |it, _| it == "DeliveryAttempts-SMTP",
        ..ALWAYS
    },
    Offer {
        name: "CloudWatch metrics",
        limit: (10, 0),
        unit: "metric-month",
        counted_as: "CW:MetricMonitorUsage",
        service: "AmazonCloudWatch",
        covers: |it, _| it == "CW:MetricMonitorUsage",
        ..ALWAYS
    },
    Offer {
        name: "CloudWatch alarms",
        limit: (10, 0),
        unit: "alarm-month",
        counted_as: "CW:AlarmMonitorUsage",
        service: "AmazonCloudWatch",
        covers: |it, _| it == "CW:AlarmMonitorUsage",
        ..ALWAYS
    },
    Offer {
        name: "log ingestion",
        limit: (5, 0),
        unit: "GB",
        counted_as: "DataProcessing-Bytes",
        counted_by: "CloudWatch",
        service: "AmazonCloudWatch",
        covers: |it, _| it == "DataProcessing-Bytes",
        ..ALWAYS
    },
    Offer {
        name: "log storage",
        limit: (5, 0),
        unit: "GB-month",
        counted_as: "TimedStorage-ByteHrs",
        counted_by: "CloudWatch",
        service: "AmazonCloudWatch",
        covers: |it, _| it == "TimedStorage-ByteHrs",
        ..ALWAYS
    },
    Offer {
        name: "KMS requests",
        limit: (20_000, 0),
        unit: "request",
        counted_as: "KMS-Requests",
        service: "awskms",
        covers: |it, _| it == "KMS-Requests",
        ..ALWAYS
    },
];
