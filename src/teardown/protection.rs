//! What AWS puts between a resource and its deletion because somebody asked for it.

use serde::{Deserialize, Serialize};

use crate::{
    kind::{Attrs, Fact, instance::Instance},
    snapshot::Resource,
};

/// A kind of protection, by which a person allows it to be switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guard {
    AutoScalingGroups,
    Databases,
    Instances,
    LoadBalancers,
    LogGroups,
    Stacks,
    Tables,
}

impl Guard {
    pub const ALL: &[Self] = &[
        Self::AutoScalingGroups,
        Self::Databases,
        Self::Instances,
        Self::LoadBalancers,
        Self::LogGroups,
        Self::Stacks,
        Self::Tables,
    ];

    /// The word for it on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::AutoScalingGroups => "auto-scaling-groups",
            Self::Databases => "databases",
            Self::Instances => "instances",
            Self::LoadBalancers => "load-balancers",
            Self::LogGroups => "log-groups",
            Self::Stacks => "stacks",
            Self::Tables => "tables",
        }
    }

    /// The protection of that word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.name() == name)
    }
}

/// One protection of one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protection {
    pub guard: Guard,
    /// The AWS field that tells, for example `DeletionProtection`.
    pub field: &'static str,
    /// What it says, or the call that would have told.
    pub state: Fact<String>,
    /// The call that reads it, for what to say when it was not read.
    pub call: &'static str,
}

impl Protection {
    fn on(guard: Guard, field: &'static str, call: &'static str) -> Self {
        Self {
            guard,
            field,
            state: Fact::Known("true".to_owned()),
            call,
        }
    }
}

/// Those of a machine that nothing replaces: a group terminates its own all the same.
fn of_instance(instance: &Instance) -> Vec<Protection> {
    if instance.auto_scaling_group.is_some() || instance.is_gone() {
        return Vec::new();
    }
    let on = |field| Protection::on(Guard::Instances, field, "ec2:DescribeInstanceAttribute");
    let both = ["DisableApiStop", "DisableApiTermination"];
    let Some(told) = instance.protection.known() else {
        let unread = |field| Protection {
            state: Fact::Unread,
            ..on(field)
        };
        return both.map(unread).into();
    };
    let said = both.into_iter().zip([told.stop, told.termination]);
    said.filter(|it| it.1).map(|it| on(it.0)).collect()
}

/// The protections of a resource that are on, and those of which it was not read whether they are.
pub fn of(resource: &Resource) -> Vec<Protection> {
    let found = match &resource.attrs {
        Attrs::Instance(it) => return of_instance(it),
        Attrs::Stack(it) => it.termination_protection.then(|| {
            let call = "cloudformation:DescribeStacks";
            Protection::on(Guard::Stacks, "EnableTerminationProtection", call)
        }),
        Attrs::LoadBalancer(it) => {
            let call = "elasticloadbalancing:DescribeLoadBalancerAttributes";
            let on = Protection::on(Guard::LoadBalancers, "deletion_protection.enabled", call);
            match &it.settings {
                Fact::Known(it) => it.deletion_protection.then_some(on),
                Fact::Unread => Some(Protection {
                    state: Fact::Unread,
                    ..on
                }),
            }
        }
        Attrs::DbInstance(it) => it.deletion_protection.then(|| {
            let call = "rds:DescribeDBInstances";
            Protection::on(Guard::Databases, "DeletionProtection", call)
        }),
        Attrs::DbCluster(it) => it.deletion_protection.then(|| {
            let call = "rds:DescribeDBClusters";
            Protection::on(Guard::Databases, "DeletionProtection", call)
        }),
        Attrs::Table(it) => {
            let call = "dynamodb:DescribeTable";
            let on = Protection::on(Guard::Tables, "DeletionProtectionEnabled", call);
            match &it.facts {
                Fact::Known(it) => it.deletion_protection.then_some(on),
                Fact::Unread => Some(Protection {
                    state: Fact::Unread,
                    ..on
                }),
            }
        }
        Attrs::LogGroup(it) => it.deletion_protection.then(|| {
            let call = "logs:DescribeLogGroups";
            Protection::on(Guard::LogGroups, "deletionProtectionEnabled", call)
        }),
        Attrs::AutoScalingGroup(it) => {
            let set = it.deletion_protection.as_ref();
            set.filter(|it| *it != "none").map(|it| Protection {
                guard: Guard::AutoScalingGroups,
                field: "DeletionProtection",
                state: Fact::Known(it.clone()),
                call: "autoscaling:DescribeAutoScalingGroups",
            })
        }
        Attrs::Cluster(_)
        | Attrs::EbsSnapshot(_)
        | Attrs::Service(_)
        | Attrs::Task(_)
        | Attrs::TaskDefinition(_)
        | Attrs::ContainerInstance(_)
        | Attrs::CapacityProvider(_)
        | Attrs::ScalableTarget(_)
        | Attrs::Listener(_)
        | Attrs::ListenerRule(_)
        | Attrs::TargetGroup(_)
        | Attrs::ClassicLoadBalancer(_)
        | Attrs::LaunchConfiguration(_)
        | Attrs::LaunchTemplate(_)
        | Attrs::Volume(_)
        | Attrs::KeyPair(_)
        | Attrs::Vpc(_)
        | Attrs::Subnet(_)
        | Attrs::RouteTable(_)
        | Attrs::InternetGateway(_)
        | Attrs::NatGateway(_)
        | Attrs::ElasticIp(_)
        | Attrs::NetworkInterface(_)
        | Attrs::SecurityGroup(_)
        | Attrs::NetworkAcl(_)
        | Attrs::VpcEndpoint(_)
        | Attrs::HostedZone(_)
        | Attrs::Certificate(_)
        | Attrs::Namespace(_)
        | Attrs::DiscoveryService(_)
        | Attrs::Bucket(_)
        | Attrs::FileSystem(_)
        | Attrs::MountTarget(_)
        | Attrs::DbSubnetGroup(_)
        | Attrs::ReplicationGroup(_)
        | Attrs::CacheCluster(_)
        | Attrs::Repository(_)
        | Attrs::Queue(_)
        | Attrs::Topic(_)
        | Attrs::Function(_)
        | Attrs::EventRule(_)
        | Attrs::Schedule(_)
        | Attrs::Role(_)
        | Attrs::InstanceProfile(_)
        | Attrs::Policy(_)
        | Attrs::Key(_)
        | Attrs::KeyAlias(_)
        | Attrs::Secret(_)
        | Attrs::Parameter(_)
        | Attrs::Alarm(_) => None,
    };
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::{
        auto_scaling_group::AutoScalingGroup, instance, load_balancer::LoadBalancer,
    };

    #[test]
    fn a_protection_that_was_not_read_is_not_off() {
        let unread = of(&Resource::new("lb", LoadBalancer::default()));
        assert_eq!(unread[0].state, Fact::Unread);
    }

    #[test]
    fn a_machine_is_protected_by_what_it_says_itself_unless_a_group_keeps_it() {
        let alone = Instance {
            protection: Fact::Known(instance::Protection {
                termination: true,
                stop: false,
            }),
            ..Instance::default()
        };
        let of_a_group = Instance {
            auto_scaling_group: Some("group".to_owned()),
            ..alone.clone()
        };
        let unread = Instance::default();
        let told = |it: Instance| -> Vec<(&str, bool)> {
            let all = of(&Resource::new("i-1", it)).into_iter();
            all.map(|it| (it.field, it.state == Fact::Unread)).collect()
        };
        assert_eq!(told(alone), [("DisableApiTermination", false)]);
        assert_eq!(told(of_a_group), []);
        assert_eq!(
            told(unread),
            [("DisableApiStop", true), ("DisableApiTermination", true)]
        );
    }

    #[test]
    fn a_group_whose_protection_is_none_has_none() {
        let group = |said: &str| {
            let deletion_protection = Some(said.to_owned());
            let group = AutoScalingGroup {
                deletion_protection,
                ..AutoScalingGroup::default()
            };
            of(&Resource::new("group", group)).len()
        };
        assert_eq!((group("none"), group("prevent-all-deletion")), (0, 1));
    }
}
