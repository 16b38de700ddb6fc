//! The columns of every table, as data, and those that it shows by itself.

use super::{
    Cell, Subject,
    column::{
        Known, Row,
        Source::{At, Of},
    },
};
use crate::kind::Kind;

mod balancing;
mod compute;
mod containers;
mod data;
mod glue;
mod naming;
mod network;
pub mod value;

use value as v;

/// One table.
#[derive(Clone, Copy)]
pub struct Sheet {
    /// Columns that not all tables have, or that say something else here.
    pub columns: &'static [Known],
    /// Names of the columns shown unless others are asked for.
    pub shown: &'static [&'static str],
    /// Names of the columns that rows are sorted by unless another is asked for.
    pub sorted: &'static [&'static str],
}

pub const BELONGING: &str = "belonging";

pub const SUMMARY: &str = "summary";

/// For what AWS gives a number.
const NUMBERED: &[&str] = &["label", "id", "state", "place", SUMMARY, BELONGING];

const fn by(name: &'static str, value: fn(&Row<'_>) -> Cell) -> Known {
    let value = Of(value);
    Known {
        name,
        also: &[],
        value,
    }
}

const fn at(name: &'static str, path: &'static str) -> Known {
    let value = At(path);
    Known {
        name,
        also: &[],
        value,
    }
}

impl Known {
    const fn also(self, also: &'static [&'static str]) -> Self {
        Self { also, ..self }
    }
}

/// What every table has.
pub const COMMON: &[Known] = &[
    by("label", |it| Cell::text(it.resource.label())),
    by("id", v::key),
    by("name", v::name),
    by("state", v::state),
    by("place", v::place),
    by("zone", v::zone),
    by("vpc", v::vpc),
    by("subnet", v::subnet),
    by("created", v::created),
    by(SUMMARY, v::summary),
    by(BELONGING, v::belonging),
    by("evidence", v::evidence),
    by("shared-with", v::shared_with),
    by("arn", |it| Cell::maybe(it.resource.arn.as_deref())),
    by("kind", |it| Cell::text(it.resource.id.kind.name())),
    by("resource", |it| Cell::text(it.resource.id.to_string())),
];

const STANDARD: Sheet = Sheet {
    columns: &[],
    shown: NUMBERED,
    sorted: &[],
};

/// For what has a name and neither a number nor a state or place of its own.
const BY_NAME: Sheet = Sheet {
    columns: &[by("name", v::key)],
    shown: &["name", "created", SUMMARY, BELONGING],
    sorted: &["name"],
};

/// The sheet of a table.
pub fn of(subject: Subject) -> &'static Sheet {
    match subject {
        Subject::Kind(it) => of_kind(it),
        Subject::Containers => &containers::CONTAINERS,
        Subject::TargetHealth => &balancing::TARGET_HEALTH,
    }
}

fn of_kind(kind: Kind) -> &'static Sheet {
    match kind {
        Kind::Stack => &glue::STACK,
        Kind::Cluster => &containers::CLUSTER,
        Kind::Service => &containers::SERVICE,
        Kind::Task => &containers::TASK,
        Kind::TaskDefinition => &containers::TASK_DEFINITION,
        Kind::ContainerInstance => &containers::CONTAINER_INSTANCE,
        Kind::CapacityProvider => &containers::CAPACITY_PROVIDER,
        Kind::ScalableTarget => &containers::SCALABLE_TARGET,
        Kind::LoadBalancer => &balancing::LOAD_BALANCER,
        Kind::Listener => &balancing::LISTENER,
        Kind::ListenerRule => &balancing::LISTENER_RULE,
        Kind::TargetGroup => &balancing::TARGET_GROUP,
        Kind::ClassicLoadBalancer => &balancing::CLASSIC_LOAD_BALANCER,
        Kind::AutoScalingGroup => &compute::AUTO_SCALING_GROUP,
        Kind::LaunchTemplate => &compute::LAUNCH_TEMPLATE,
        Kind::Instance => &compute::INSTANCE,
        Kind::Volume => &compute::VOLUME,
        Kind::Vpc => &network::VPC,
        Kind::Subnet => &network::SUBNET,
        Kind::SecurityGroup => &network::SECURITY_GROUP,
        Kind::NetworkInterface => &network::NETWORK_INTERFACE,
        Kind::VpcEndpoint => &network::VPC_ENDPOINT,
        Kind::Certificate => &naming::CERTIFICATE,
        Kind::Namespace => &naming::NAMESPACE,
        Kind::DiscoveryService => &naming::DISCOVERY_SERVICE,
        Kind::Function => &glue::FUNCTION,
        Kind::EventRule => &glue::EVENT_RULE,
        Kind::Schedule => &glue::SCHEDULE,
        Kind::Table => &data::TABLE,
        Kind::DbInstance => &data::DB_INSTANCE,
        Kind::DbCluster => &data::DB_CLUSTER,
        Kind::DbSubnetGroup => &data::DB_SUBNET_GROUP,
        Kind::ReplicationGroup => &data::REPLICATION_GROUP,
        Kind::CacheCluster => &data::CACHE_CLUSTER,
        Kind::Secret => &data::SECRET,
        Kind::Parameter => &data::PARAMETER,
        Kind::LogGroup => &glue::LOG_GROUP,
        Kind::Alarm => &glue::ALARM,
        Kind::LaunchConfiguration
        | Kind::EbsSnapshot
        | Kind::KeyPair
        | Kind::Bucket
        | Kind::Repository
        | Kind::Queue
        | Kind::Topic
        | Kind::Role
        | Kind::InstanceProfile
        | Kind::Policy
        | Kind::KeyAlias => &BY_NAME,
        Kind::RouteTable
        | Kind::InternetGateway
        | Kind::NatGateway
        | Kind::ElasticIp
        | Kind::NetworkAcl
        | Kind::HostedZone
        | Kind::FileSystem
        | Kind::MountTarget
        | Kind::Key => &STANDARD,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kind::Attrs,
        table::{
            column::{Column, all, fields},
            path::Path,
        },
    };

    #[test]
    fn every_usual_and_sorting_column_is_known() {
        for subject in Subject::all() {
            let sheet = of(subject);
            for name in sheet.shown.iter().chain(sheet.sorted) {
                let found = Column::find(subject, name).map(|it| it.name);
                assert_eq!(found.as_deref(), Ok(*name), "{}", subject.name());
            }
        }
    }

    #[test]
    fn every_column_that_is_a_field_leads_to_one() {
        for subject in Subject::all() {
            let blank = fields(&Attrs::blank(subject.kind()));
            for known in all(subject) {
                if let At(path) = known.value {
                    let found = Path::parse(path).map(|it| it.walk(&blank).is_missing());
                    assert_eq!(found, Some(false), "{} {path}", subject.name());
                }
            }
        }
    }
}
