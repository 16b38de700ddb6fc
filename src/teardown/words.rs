//! What is said of a step: why it stands where it does, how long it takes, how it is undone.

use super::plan::Goal;
use crate::{
    kind::{
        AsKind as _, Kind, function::Function, network_interface::NetworkInterface,
        service::Service,
    },
    snapshot::Resource,
};

const MINUTE: u32 = 60;

/// Where a thing stands among all others, where nothing between them tells.
pub(super) fn phase(kind: Kind, goal: Goal) -> u8 {
    match goal {
        Goal::Unprotected => 0,
        Goal::Stopped => 1,
        Goal::Drained if kind == Kind::Service => 3,
        Goal::Saved => 4,
        Goal::Cut if kind == Kind::Cluster => 6,
        Goal::Drained => 7,
        Goal::Empty => 5,
        Goal::Cut | Goal::Gone => match kind {
            Kind::ScalableTarget | Kind::EventRule | Kind::Schedule => 2,
            Kind::Function => 5,
            Kind::Service | Kind::Task => 6,
            Kind::Stack => 8,
            Kind::AutoScalingGroup
            | Kind::Instance
            | Kind::ContainerInstance
            | Kind::Cluster
            | Kind::CapacityProvider
            | Kind::LaunchConfiguration
            | Kind::LaunchTemplate
            | Kind::TaskDefinition => 9,
            Kind::LoadBalancer
            | Kind::Listener
            | Kind::ListenerRule
            | Kind::TargetGroup
            | Kind::ClassicLoadBalancer
            | Kind::Certificate => 10,
            Kind::Topic | Kind::Queue | Kind::Alarm | Kind::Namespace | Kind::DiscoveryService => {
                11
            }
            Kind::DbInstance
            | Kind::DbCluster
            | Kind::DbSubnetGroup
            | Kind::ReplicationGroup
            | Kind::CacheCluster
            | Kind::Table
            | Kind::MountTarget
            | Kind::FileSystem
            | Kind::Bucket
            | Kind::Repository
            | Kind::EbsSnapshot
            | Kind::Volume => 12,
            Kind::NatGateway
            | Kind::VpcEndpoint
            | Kind::ElasticIp
            | Kind::NetworkInterface
            | Kind::NetworkAcl
            | Kind::RouteTable => 13,
            Kind::SecurityGroup | Kind::Subnet | Kind::InternetGateway => 14,
            Kind::Vpc => 15,
            Kind::KeyPair
            | Kind::InstanceProfile
            | Kind::Role
            | Kind::Policy
            | Kind::HostedZone
            | Kind::Parameter
            | Kind::Secret => 16,
            Kind::LogGroup => 17,
            Kind::KeyAlias | Kind::Key => 18,
        },
    }
}

/// How long a step usually takes and when it is given up, in seconds.
pub(super) fn time(resource: &Resource, goal: Goal) -> (u32, u32) {
    match goal {
        Goal::Unprotected | Goal::Stopped | Goal::Cut => (5, 5 * MINUTE),
        Goal::Drained if resource.id.kind == Kind::Service => (5 * MINUTE, 20 * MINUTE),
        // A lifecycle hook that nobody answers holds a machine for an hour.
        Goal::Drained => (5 * MINUTE, 75 * MINUTE),
        Goal::Saved => (10 * MINUTE, 120 * MINUTE),
        Goal::Empty => (5 * MINUTE, 120 * MINUTE),
        Goal::Gone => gone(resource),
    }
}

fn gone(resource: &Resource) -> (u32, u32) {
    match resource.id.kind {
        Kind::Stack => (20 * MINUTE, 90 * MINUTE),
        Kind::Service => (30, 20 * MINUTE),
        Kind::Task => (MINUTE, 10 * MINUTE),
        Kind::CapacityProvider => (30, 20 * MINUTE),
        Kind::Cluster => (10, 10 * MINUTE),
        Kind::AutoScalingGroup => (MINUTE, 15 * MINUTE),
        Kind::Instance => (3 * MINUTE, 10 * MINUTE),
        Kind::Volume | Kind::EbsSnapshot => (30, 10 * MINUTE),
        Kind::LoadBalancer | Kind::ClassicLoadBalancer => (30, 10 * MINUTE),
        Kind::Certificate => (30, 20 * MINUTE),
        Kind::VpcEndpoint => (2 * MINUTE, 10 * MINUTE),
        Kind::NatGateway => (3 * MINUTE, 30 * MINUTE),
        // AWS takes away the interfaces of a function in half an hour or so, and of a load
        // balancer in some minutes.
        Kind::NetworkInterface => {
            let of_function = NetworkInterface::of(&resource.attrs)
                .and_then(NetworkInterface::owner)
                .is_some_and(|it| it.kind == Kind::Function);
            if of_function {
                (30 * MINUTE, 60 * MINUTE)
            } else {
                (3 * MINUTE, 30 * MINUTE)
            }
        }
        Kind::Function => {
            let within = Function::of(&resource.attrs).is_some_and(|it| !it.subnets.is_empty());
            if within {
                (30, 10 * MINUTE)
            } else {
                (5, 5 * MINUTE)
            }
        }
        Kind::SecurityGroup => (10, 16 * MINUTE),
        Kind::Subnet => (10, 45 * MINUTE),
        Kind::InternetGateway => (15, 15 * MINUTE),
        Kind::DbInstance => (10 * MINUTE, 60 * MINUTE),
        Kind::DbCluster => (10 * MINUTE, 120 * MINUTE),
        Kind::ReplicationGroup | Kind::CacheCluster => (10 * MINUTE, 60 * MINUTE),
        Kind::Table => (MINUTE, 10 * MINUTE),
        Kind::Bucket => (5 * MINUTE, 120 * MINUTE),
        Kind::FileSystem | Kind::MountTarget => (2 * MINUTE, 15 * MINUTE),
        Kind::Queue => (MINUTE, 5 * MINUTE),
        Kind::HostedZone => (MINUTE, 10 * MINUTE),
        Kind::Namespace | Kind::DiscoveryService => (MINUTE, 10 * MINUTE),
        Kind::ElasticIp => (5, 5 * MINUTE),
        Kind::TaskDefinition
        | Kind::ContainerInstance
        | Kind::ScalableTarget
        | Kind::Listener
        | Kind::ListenerRule
        | Kind::TargetGroup
        | Kind::LaunchConfiguration
        | Kind::LaunchTemplate
        | Kind::KeyPair
        | Kind::Vpc
        | Kind::RouteTable
        | Kind::NetworkAcl
        | Kind::DbSubnetGroup
        | Kind::Repository
        | Kind::Topic
        | Kind::EventRule
        | Kind::Schedule
        | Kind::Role
        | Kind::InstanceProfile
        | Kind::Policy
        | Kind::Key
        | Kind::KeyAlias
        | Kind::Secret
        | Kind::Parameter
        | Kind::LogGroup
        | Kind::Alarm => (5, 5 * MINUTE),
    }
}

/// Why a step stands where it does: a sentence without its full stop.
pub(super) fn why(resource: &Resource, goal: Goal, waits: bool) -> &'static str {
    match (goal, resource.id.kind) {
        (Goal::Unprotected, _) => "AWS refuses to delete it as long as its protection is on",
        (Goal::Stopped, _) => "it would start again what the next steps stop",
        (Goal::Drained, Kind::Service) => {
            "its tasks must end in peace before anything under them goes"
        }
        (Goal::Drained, _) => "the group would replace every machine that goes",
        (Goal::Saved, _) => "a copy must be there before anything is destroyed",
        (Goal::Cut, Kind::Cluster) => {
            "as long as the cluster names a capacity provider, neither can go"
        }
        (Goal::Cut, _) => "security groups that name each other can only go once that is cut",
        (Goal::Empty, _) => "CloudFormation does not delete a bucket that holds anything",
        (Goal::Gone, kind) if waits => waited(kind),
        (Goal::Gone, kind) => last(kind),
    }
}

fn waited(kind: Kind) -> &'static str {
    if kind == Kind::NetworkInterface {
        "AWS takes it away by itself some time after its owner; until then it holds its subnet \
         and its security groups"
    } else {
        "AWS is deleting it already; what it uses must wait for that"
    }
}

fn last(kind: Kind) -> &'static str {
    match kind {
        Kind::Stack => "CloudFormation deletes all that it made, in its own order",
        Kind::ScalableTarget => "Application Auto Scaling would start tasks again",
        Kind::EventRule => "it starts tasks and functions, and they would come back",
        Kind::Schedule => "it would start tasks again, or call what goes",
        Kind::Service => "it runs nothing any more; ECS lets go of its targets and names",
        Kind::Task => "no service keeps it, so it is stopped by itself",
        Kind::TaskDefinition => "nothing runs it any more",
        Kind::ContainerInstance => "its machine is gone, and a cluster with registrations stays",
        Kind::CapacityProvider => "no cluster and no service uses it any more",
        Kind::Cluster => "its services, tasks and machines are gone",
        Kind::AutoScalingGroup => "it has no machines any more",
        Kind::LaunchConfiguration | Kind::LaunchTemplate => {
            "the groups that start machines from it are gone"
        }
        Kind::Instance => "no group replaces it",
        Kind::Volume => "no machine has it attached any more",
        Kind::EbsSnapshot => "nobody restores from it any more",
        Kind::KeyPair => "no machine was started with it that is still there",
        Kind::LoadBalancer => {
            "its listeners go with it, so that target groups and certificates become free"
        }
        Kind::ClassicLoadBalancer => "nothing registers with it any more",
        Kind::Listener | Kind::ListenerRule => {
            "the load balancer stays, so only what is the rack's on it goes"
        }
        Kind::TargetGroup => "no listener and no service sends to it any more",
        Kind::Certificate => "no listener presents it any more",
        Kind::HostedZone => "names go before what they lead to, so that nobody can take them over",
        Kind::Namespace => "no service registers in it any more; its own zone goes with it",
        Kind::DiscoveryService => "nothing registers in it any more",
        Kind::Function => "it may hold interfaces in subnets for half an hour, so it goes early",
        Kind::Topic => "nothing publishes to it any more",
        Kind::Queue => "nothing sends to it any more",
        Kind::Alarm => "what it watches, or what it scales, is gone",
        Kind::DbInstance => "nothing of the rack reads it any more",
        Kind::DbCluster => "a cluster goes after its instances",
        Kind::DbSubnetGroup => "no database uses it any more",
        Kind::ReplicationGroup | Kind::CacheCluster => "nothing of the rack reads it any more",
        Kind::Table => "nothing of the rack reads it any more",
        Kind::MountTarget => "it holds an interface in a subnet, and its file system",
        Kind::FileSystem => "nothing mounts it any more",
        Kind::Bucket => "whatever wrote into it is gone, so it stays empty",
        Kind::Repository => "no task definition names its images any more",
        Kind::VpcEndpoint => "nothing in its subnets needs it any more",
        Kind::NatGateway => "no route leads to it any more",
        Kind::ElasticIp => "whatever had the address is gone",
        Kind::NetworkInterface => "nothing has it attached any more",
        Kind::RouteTable => "nothing runs in its subnets any more",
        Kind::NetworkAcl => "its subnets get the default one back",
        Kind::SecurityGroup => "no interface wears it and no other group names it any more",
        Kind::Subnet => "no interface is in it any more",
        Kind::InternetGateway => "no public address is left in the VPC",
        Kind::Vpc => "it is empty",
        Kind::InstanceProfile => "no machine uses it any more",
        Kind::Role => "nothing acts in it any more; one that goes too early blocks others' end",
        Kind::Policy => "no role has it any more",
        Kind::Secret | Kind::Parameter => "no task definition asks for it any more",
        Kind::LogGroup => "whoever writes into it late would make it again, so it goes at the end",
        Kind::KeyAlias => {
            "with it a deletion of the key can be called off, so it goes with the key"
        }
        Kind::Key => "nothing that was read and stays is encrypted with it",
    }
}

/// How a step is undone: a sentence without its full stop. `None` where it cannot be.
pub(super) fn undo(resource: &Resource, goal: Goal) -> Option<String> {
    let told = |it: &str| Some(it.to_owned());
    match (goal, resource.id.kind) {
        (Goal::Unprotected, _) => told("switch the protection on again"),
        (Goal::Stopped, _) => told("enable it again"),
        (Goal::Drained, Kind::Service) => {
            let desired = Service::of(&resource.attrs).map_or(0, |it| it.desired);
            Some(format!("set the desired count back to {desired}"))
        }
        (Goal::Drained, _) => told("set the group's sizes back to what the snapshot has"),
        (Goal::Saved, _) => told("delete the copy"),
        (Goal::Cut, _) => told("put back what the snapshot has"),
        (Goal::Empty, _) => None,
        (Goal::Gone, Kind::Key) => Some(format!(
            "cancel its deletion within {} days and enable it",
            super::act::WINDOW_DAYS
        )),
        (Goal::Gone, Kind::Secret) => Some(format!(
            "restore it within {} days",
            super::act::WINDOW_DAYS
        )),
        (Goal::Gone, Kind::ScalableTarget) => {
            told("register it again, with its limits and its policies")
        }
        (Goal::Gone, Kind::KeyAlias) => told("make the alias again"),
        (Goal::Gone, Kind::TaskDefinition) => told("register its text again: AWS keeps it"),
        (Goal::Gone, _) => None,
    }
}
