//! Reads instances: one listing, then what keeps the rack's own from going.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{self, InstanceAttributeName, MonitoringState, Tenancy};
use futures_util::future::BoxFuture;

use super::{Attached, Instance, Protection};
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{self, count, tag_map},
    },
    id::ResourceId,
    kind::{AsKind, Fact, Kind},
    snapshot::Resource,
};

const INSTANCES: Call = Call::new(Service::Ec2, "DescribeInstances");
const ATTRIBUTE: Call = Call::new(Service::Ec2, "DescribeInstanceAttribute");
const TYPES: Call = Call::new(Service::Ec2, "DescribeInstanceTypes");
/// The most that a page holds.
const PAGE: i32 = 1000;
/// The tag by which a group knows what it launched.
const GROUP_TAG: &str = "aws:autoscaling:groupName";

pub const READING: Reading = Reading {
    calls: &[INSTANCES, ATTRIBUTE, TYPES],
    source: Source::Region(list),
    deepen: Some(deepen),
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::Instance);
        let pages = aws.ec2.describe_instances().into_paginator();
        let pages = pages.page_size(PAGE).items().send();
        let reservations = found.collect(INSTANCES, None, pages).await;
        for instance in reservations
            .into_iter()
            .flat_map(|it| it.instances.unwrap_or_default())
        {
            found.add(INSTANCES, None, resource(instance));
        }
        found
    })
}

fn deepen(aws: &Aws, mut instances: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(async move {
        let mut found = Found::of(Kind::Instance);
        let free = free_types(aws, &instances, &mut found).await;
        for instance in &mut instances {
            if let (Some(attrs), Some(free)) = (Instance::of_mut(&mut instance.attrs), &free)
                && !attrs.is_gone()
            {
                attrs.free_tier = Fact::Known(free.contains(&attrs.instance_type));
            }
        }
        found.resources = instances;
        found
    })
}

/// Asks whether EC2 would terminate them. No call tells it of several, so only one who takes a
/// rack down asks.
pub fn ask_for_protection(aws: &Aws, instances: Vec<Resource>) -> BoxFuture<'_, Found> {
    let look = |it| look_into(aws, it);
    Box::pin(aws.find_each(Kind::Instance, instances, look))
}

/// The types that the account's free tier covers, by one question for all instances. What it hides
/// it hides of each.
async fn free_types(
    aws: &Aws,
    instances: &[Resource],
    found: &mut Found,
) -> Option<BTreeSet<String>> {
    let free = types::Filter::builder()
        .name("free-tier-eligible")
        .values("true")
        .build();
    let pages = aws.ec2.describe_instance_types().filters(free);
    let answer = pages.into_paginator().items().send().try_collect().await;
    let told: Vec<types::InstanceTypeInfo> = match answer {
        Ok(it) => it,
        Err(error) => {
            for instance in instances {
                found.failed(TYPES, Some(&instance.id), &error);
            }
            return None;
        }
    };
    let names = told.into_iter().filter_map(|it| it.instance_type);
    Some(names.map(|it| it.as_str().to_owned()).collect())
}

async fn look_into(aws: &Aws, mut instance: Resource) -> Found {
    let mut found = Found::of(Kind::Instance);
    let id = instance.id.clone();
    if let Some(attrs) = Instance::of_mut(&mut instance.attrs)
        && !attrs.is_gone()
        && attrs.auto_scaling_group.is_none()
    {
        attrs.protection = protection(aws, &id, &mut found).await;
    }
    found.resources.push(instance);
    found
}

async fn protection(aws: &Aws, id: &ResourceId, found: &mut Found) -> Fact<Protection> {
    let ask = |attribute| {
        let request = aws.ec2.describe_instance_attribute();
        request.instance_id(&id.key).attribute(attribute).send()
    };
    let (termination, stop) = tokio::join!(
        ask(InstanceAttributeName::DisableApiTermination),
        ask(InstanceAttributeName::DisableApiStop),
    );
    let termination = found.answer(ATTRIBUTE, Some(id), termination);
    let stop = found.answer(ATTRIBUTE, Some(id), stop);
    let (Some(termination), Some(stop)) = (termination, stop) else {
        return Fact::Unread;
    };
    let on = |it: Option<types::AttributeBooleanValue>| it.and_then(|it| it.value);
    Fact::Known(Protection {
        termination: on(termination.disable_api_termination).unwrap_or_default(),
        stop: on(stop.disable_api_stop).unwrap_or_default(),
    })
}

fn is_monitored(state: &MonitoringState) -> Option<bool> {
    let is = |states: [MonitoringState; 2]| states.contains(state);
    let off = is([MonitoringState::Disabled, MonitoringState::Disabling]);
    let on = is([MonitoringState::Enabled, MonitoringState::Pending]);
    (on || off).then_some(on)
}

fn resource(instance: types::Instance) -> Result<Resource, Missing> {
    let id = instance.instance_id.need("InstanceId")?;
    let state = instance.state.and_then(|it| it.name).need("State.Name")?;
    let tags = tag_map!(instance.tags.unwrap_or_default());
    let monitoring = instance.monitoring.and_then(|it| it.state);
    let metadata = instance.metadata_options.as_ref();
    let endpoint = metadata.and_then(|it| it.http_endpoint.as_ref());
    let tokens = metadata.and_then(|it| it.http_tokens.as_ref());
    let hops = metadata.and_then(|it| it.http_put_response_hop_limit);
    let placement = instance.placement.as_ref();
    let tenancy = placement.and_then(|it| it.tenancy.as_ref());
    let tenancy = tenancy.filter(|it| **it != Tenancy::Default);
    let interfaces = instance.network_interfaces.unwrap_or_default();
    let volumes = instance.block_device_mappings.unwrap_or_default();
    let groups = instance.security_groups.unwrap_or_default();
    // The first interface cannot be detached, so it is as old as the instance.
    let created = interfaces
        .iter()
        .filter_map(|it| it.attachment.as_ref())
        .find(|it| it.device_index == Some(0))
        .and_then(|it| it.attach_time);
    let attrs = Instance {
        instance_type: instance
            .instance_type
            .need("InstanceType")?
            .as_str()
            .to_owned(),
        status: state.as_str().to_owned(),
        zone: placement.and_then(|it| it.availability_zone.clone()),
        vpc: instance.vpc_id,
        subnet: instance.subnet_id,
        private_ip: instance.private_ip_address,
        public_ip: instance.public_ip_address,
        lent_addresses: lent(&interfaces),
        ipv6_addresses: interfaces
            .iter()
            .flat_map(types::InstanceNetworkInterface::ipv6_addresses)
            .filter_map(|it| it.ipv6_address.clone())
            .collect(),
        image: instance.image_id,
        key_pair: instance.key_name,
        platform: platform(instance.platform_details, instance.platform.as_ref()),
        usage_operation: instance.usage_operation,
        architecture: instance.architecture.map(|it| it.as_str().to_owned()),
        lifecycle: instance.instance_lifecycle.map(|it| it.as_str().to_owned()),
        tenancy: tenancy.map(|it| it.as_str().to_owned()),
        security_groups: shape::sorted(groups.into_iter().filter_map(|it| it.group_id)),
        profile: instance
            .iam_instance_profile
            .and_then(|it| it.arn)
            .map(shape::key),
        auto_scaling_group: tags.get(GROUP_TAG).cloned(),
        lasting_interfaces: interfaces
            .iter()
            .filter(|it| outlives(it))
            .filter_map(|it| it.network_interface_id.clone())
            .collect(),
        interfaces: interfaces
            .into_iter()
            .filter_map(|it| it.network_interface_id)
            .collect(),
        volumes: volumes.into_iter().filter_map(attached).collect(),
        detailed_monitoring: monitoring.and_then(|it| is_monitored(&it)),
        metadata_endpoint: endpoint.map(|it| it.as_str().to_owned()),
        metadata_tokens: tokens.map(|it| it.as_str().to_owned()),
        metadata_hops: hops.map(|it| count(Some(it))),
        launched: shape::time(instance.launch_time),
        protection: Fact::Unread,
        free_tier: Fact::Unread,
    };
    Ok(Resource::new(id, attrs)
        .created(shape::time(created))
        .tags(tags))
}

/// How many public addresses are AWS's own: an Elastic IP's owner is an account instead.
fn lent(interfaces: &[types::InstanceNetworkInterface]) -> u32 {
    let lent = interfaces
        .iter()
        .flat_map(types::InstanceNetworkInterface::private_ip_addresses)
        .filter_map(|it| it.association.as_ref())
        .filter(|it| it.ip_owner_id() == Some("amazon"))
        .count();
    u32::try_from(lent).unwrap_or(u32::MAX)
}

fn outlives(interface: &types::InstanceNetworkInterface) -> bool {
    let attachment = interface.attachment.as_ref();
    attachment.and_then(|it| it.delete_on_termination) == Some(false)
}

/// What is not plain Linux, in AWS's words.
fn platform(details: Option<String>, platform: Option<&types::PlatformValues>) -> Option<String> {
    let platform = platform.map(|it| it.as_str().to_owned());
    details.or(platform).filter(|it| it != "Linux/UNIX")
}

fn attached(it: types::InstanceBlockDeviceMapping) -> Option<Attached> {
    let ebs = it.ebs?;
    Some(Attached {
        volume: ebs.volume_id?,
        device: it.device_name.unwrap_or_default(),
        delete_on_termination: ebs.delete_on_termination.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kind::AsKind, testing::replay::Tape};

    fn item(id: &str, inside: &str) -> String {
        format!(
            "<item><reservationId>r-1</reservationId><instancesSet><item>
               <instanceId>{id}</instanceId><instanceType>t2.small</instanceType>
               {inside}</item></instancesSet></item>"
        )
    }

    fn page(items: &str, token: &str) -> String {
        format!(
            "<DescribeInstancesResponse><reservationSet>{items}</reservationSet>{token}
             </DescribeInstancesResponse>"
        )
    }

    const RUNNING: &str = "<instanceState><code>16</code><name>running</name></instanceState>";

    async fn read(inside: &str) -> (Resource, Instance) {
        let tape = Tape::default().answer(200, page(&item("i-1", inside), ""));
        let found = list(&tape.aws()).await;
        let resource = found.resources[0].clone();
        let instance = Instance::of(&resource.attrs).unwrap().clone();
        (resource, instance)
    }

    #[tokio::test]
    async fn whether_it_is_free_is_told_of_every_instance() {
        let alone = Instance {
            instance_type: "t3.micro".to_owned(),
            status: "running".to_owned(),
            ..Instance::default()
        };
        let mut kept = alone.clone();
        kept.instance_type = "m5.large".to_owned();
        let tape = Tape::default().answer(
            200,
            "<DescribeInstanceTypesResponse><instanceTypeSet><item>
               <instanceType>t3.micro</instanceType></item></instanceTypeSet>
             </DescribeInstanceTypesResponse>",
        );
        let instances = vec![Resource::new("i-1", alone), Resource::new("i-2", kept)];
        let found = deepen(&tape.aws(), instances).await;
        assert!(found.gaps.is_empty(), "{:?}", found.gaps);
        let of = |at: usize| Instance::of(&found.resources[at].attrs).unwrap();
        assert_eq!(of(0).free_tier, Fact::Known(true));
        assert_eq!(of(1).free_tier, Fact::Known(false));
        assert_eq!(of(0).protection, Fact::Unread);
    }

    #[tokio::test]
    async fn one_that_no_group_keeps_is_asked_whether_it_would_go() {
        let alone = Instance::default();
        let mut kept = alone.clone();
        kept.auto_scaling_group = Some("web".to_owned());
        let tape = Tape::default()
            .answer(
                200,
                "<DescribeInstanceAttributeResponse><disableApiTermination><value>true</value>
                 </disableApiTermination></DescribeInstanceAttributeResponse>",
            )
            .answer(
                200,
                "<DescribeInstanceAttributeResponse><disableApiStop><value>false</value>
                 </disableApiStop></DescribeInstanceAttributeResponse>",
            );
        let instances = vec![Resource::new("i-1", alone), Resource::new("i-2", kept)];
        let found = ask_for_protection(&tape.aws(), instances).await;
        assert!(found.gaps.is_empty(), "{:?}", found.gaps);
        let of = |at: usize| Instance::of(&found.resources[at].attrs).unwrap();
        let protection = of(0).protection.known().unwrap();
        assert!(protection.termination && !protection.stop);
        assert_eq!(of(1).protection, Fact::Unread);
    }

    #[tokio::test]
    async fn what_keeps_one_is_unread_unless_both_answers_came() {
        let denied = "<Response><Errors><Error><Code>UnauthorizedOperation</Code></Error></Errors>
            </Response>";
        let tape = Tape::default()
            .answer(200, "<DescribeInstanceAttributeResponse/>")
            .answer(403, denied);
        let instances = vec![Resource::new("i-1", Instance::default())];
        let found = ask_for_protection(&tape.aws(), instances).await;
        let instance = Instance::of(&found.resources[0].attrs).unwrap();
        assert_eq!(instance.protection, Fact::Unread);
        assert_eq!(found.gaps[0].call, "ec2:DescribeInstanceAttribute");
    }

    #[tokio::test]
    async fn a_refusal_to_tell_what_is_free_is_a_gap_of_each() {
        let denied = "<Response><Errors><Error><Code>UnauthorizedOperation</Code></Error></Errors>
            </Response>";
        let tape = Tape::default().answer(403, denied);
        let instances = vec![Resource::new("i-1", Instance::default())];
        let found = deepen(&tape.aws(), instances).await;
        let instance = Instance::of(&found.resources[0].attrs).unwrap();
        assert_eq!(instance.free_tier, Fact::Unread);
        assert_eq!(found.gaps[0].call, "ec2:DescribeInstanceTypes");
    }

    #[tokio::test]
    async fn every_page_and_reservation_is_opened() {
        let token = "<nextToken>t</nextToken>";
        let tape = Tape::default()
            .answer(200, page(&item("i-1", RUNNING), token))
            .answer(200, page(&(item("i-2", RUNNING) + &item("i-3", "")), ""));
        let found = list(&tape.aws()).await;
        assert_eq!(found.resources.len(), 2);
        assert_eq!(found.gaps[0].message, "the answer has no State.Name");
        assert!(tape.asked()[0].contains("MaxResults=1000"));
    }

    #[tokio::test]
    async fn names_are_those_that_other_kinds_go_by() {
        let (resource, instance) = read(&format!(
            "{RUNNING}
             <iamInstanceProfile>
               <arn>arn:aws:iam::123456789012:instance-profile/convox/prod-web</arn>
             </iamInstanceProfile>
             <blockDeviceMapping><item><deviceName>/dev/xvda</deviceName>
               <ebs><volumeId>vol-1</volumeId><deleteOnTermination>true</deleteOnTermination></ebs>
             </item></blockDeviceMapping>
             <platformDetails>Linux/UNIX</platformDetails>
             <placement><availabilityZone>us-east-1a</availabilityZone>
               <tenancy>default</tenancy></placement>
             <tagSet>
               <item><key>aws:autoscaling:groupName</key><value>prod-instances</value></item>
               <item><key>Name</key><value>prod</value></item></tagSet>"
        ))
        .await;
        assert_eq!(instance.profile.as_deref(), Some("prod-web"));
        assert_eq!(instance.volumes[0].volume, "vol-1");
        assert_eq!(instance.platform, None);
        assert_eq!(instance.tenancy, None);
        assert_eq!(
            instance.auto_scaling_group.as_deref(),
            Some("prod-instances")
        );
        assert_eq!(resource.label(), "prod");
    }

    #[tokio::test]
    async fn a_word_for_monitoring_that_is_new_is_neither_on_nor_off() {
        let monitored = async |state: &str| {
            let inside = format!("{RUNNING}<monitoring><state>{state}</state></monitoring>");
            read(&inside).await.1.detailed_monitoring
        };
        assert_eq!(monitored("enabled").await, Some(true));
        assert_eq!(monitored("disabled").await, Some(false));
        assert_eq!(monitored("brand-new-value").await, None);
    }

    #[tokio::test]
    async fn a_lent_address_is_told_from_an_elastic_ip() {
        let interface = |id: &str, index: u8, owner: &str, goes: bool| {
            format!(
                "<item><networkInterfaceId>{id}</networkInterfaceId>
                   <attachment><deviceIndex>{index}</deviceIndex>
                     <attachTime>2020-04-29T21:00:00.000Z</attachTime>
                     <deleteOnTermination>{goes}</deleteOnTermination></attachment>
                   <privateIpAddressesSet><item>
                     <association><publicIp>203.0.113.9</publicIp><ipOwnerId>{owner}</ipOwnerId>
                     </association></item></privateIpAddressesSet></item>"
            )
        };
        let (resource, instance) = read(&format!(
            "{RUNNING}<networkInterfaceSet>{}{}</networkInterfaceSet>",
            interface("eni-1", 0, "amazon", true),
            interface("eni-2", 1, "123456789012", false)
        ))
        .await;
        assert_eq!(instance.lent_addresses, 1);
        assert_eq!(instance.interfaces, ["eni-1", "eni-2"]);
        assert_eq!(instance.lasting_interfaces, ["eni-2"]);
        assert!(resource.created.is_some());
    }
}
