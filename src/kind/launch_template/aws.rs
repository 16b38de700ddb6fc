//! Reads launch templates: one listing, then the default and the latest version of the rack's own.

use std::collections::BTreeMap;

use aws_sdk_ec2::types;
use futures_util::future::BoxFuture;

use super::{LaunchTemplate, Version};
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{self, count, decoded_len, size, tag_map, text},
    },
    kind::{AsKind, Fact, Kind, launch_configuration::Device},
    snapshot::Resource,
};

const TEMPLATES: Call = Call::new(Service::Ec2, "DescribeLaunchTemplates");
const VERSIONS: Call = Call::new(Service::Ec2, "DescribeLaunchTemplateVersions");
/// The most that a page holds.
const PAGE: i32 = 200;

pub const READING: Reading = Reading {
    calls: &[TEMPLATES, VERSIONS],
    source: Source::Region(list),
    deepen: Some(deepen),
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::LaunchTemplate);
        let request = aws.ec2.describe_launch_templates().max_results(PAGE);
        let pages = request.into_paginator().items().send();
        found.pages(TEMPLATES, pages, resource).await;
        found
    })
}

fn resource(it: types::LaunchTemplate) -> Result<Resource, Missing> {
    let id = text(it.launch_template_id).need("LaunchTemplateId")?;
    let attrs = LaunchTemplate {
        default_version: size(Some(
            it.default_version_number.need("DefaultVersionNumber")?,
        )),
        latest_version: size(Some(it.latest_version_number.need("LatestVersionNumber")?)),
        versions: Fact::Unread,
    };
    Ok(Resource::new(id, attrs)
        .name(it.launch_template_name)
        .created(shape::time(it.create_time))
        .tags(tag_map!(it.tags.unwrap_or_default())))
}

fn deepen(aws: &Aws, templates: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(aws.find_each(Kind::LaunchTemplate, templates, |it| look_into(aws, it)))
}

async fn look_into(aws: &Aws, mut template: Resource) -> Found {
    let mut found = Found::of(Kind::LaunchTemplate);
    let id = template.id.clone();
    let request = aws.ec2.describe_launch_template_versions();
    let request = request
        .launch_template_id(&id.key)
        .versions("$Default")
        .versions("$Latest");
    let answer = request.send().await;
    if let Some(answer) = found.answer(VERSIONS, Some(&id), answer) {
        let told = answer.launch_template_versions.unwrap_or_default();
        match told.into_iter().map(version).collect() {
            Ok(told) => {
                let told: BTreeMap<u64, Version> = told;
                if let Some(attrs) = LaunchTemplate::of_mut(&mut template.attrs) {
                    attrs.versions = Fact::Known(told.into_values().collect());
                }
            }
            Err(missing) => found.malformed(VERSIONS, Some(&id), missing),
        }
    }
    found.resources.push(template);
    found
}

/// A version by its number: AWS may tell of the one that is both default and latest twice.
fn version(it: types::LaunchTemplateVersion) -> Result<(u64, Version), Missing> {
    let number = size(Some(it.version_number.need("VersionNumber")?));
    let it = it.launch_template_data.need("LaunchTemplateData")?;
    let interfaces = it.network_interfaces.unwrap_or_default();
    let metadata = it.metadata_options.as_ref();
    let endpoint = metadata.and_then(|it| it.http_endpoint.as_ref());
    let tokens = metadata.and_then(|it| it.http_tokens.as_ref());
    let hops = metadata.and_then(|it| it.http_put_response_hop_limit);
    let profile = it.iam_instance_profile;
    let market = it.instance_market_options;
    let spot = market.as_ref().and_then(|it| it.market_type.as_ref());
    let spot = spot == Some(&types::MarketType::Spot);
    let public = interfaces.iter();
    let public = public.filter_map(|it| it.associate_public_ip_address);
    let groups = it.security_group_ids.unwrap_or_default().into_iter();
    let groups = groups.chain(it.security_groups.unwrap_or_default());
    let worn = interfaces.iter().flat_map(|it| it.groups().to_vec());
    let devices = it.block_device_mappings.unwrap_or_default();
    let version = Version {
        number,
        instance_type: it.instance_type.map(|it| it.as_str().to_owned()),
        image: text(it.image_id),
        key_pair: text(it.key_name),
        // One interface with a public address is enough for a public machine.
        public_ip: public.reduce(|one, other| one || other),
        security_groups: groups.chain(worn).collect(),
        subnets: interfaces
            .iter()
            .filter_map(|it| it.subnet_id.clone())
            .collect(),
        profile: profile.and_then(|it| it.arn.map(shape::key).or(it.name)),
        spot,
        spot_price: market
            .and_then(|it| it.spot_options)
            .and_then(|it| text(it.max_price)),
        detailed_monitoring: it.monitoring.and_then(|it| it.enabled),
        metadata_endpoint: endpoint.map(|it| it.as_str().to_owned()),
        metadata_tokens: tokens.map(|it| it.as_str().to_owned()),
        metadata_hops: hops.map(|it| count(Some(it))),
        user_data_bytes: it.user_data.as_deref().map(decoded_len).unwrap_or_default(),
        devices: devices.into_iter().filter_map(device).collect(),
    };
    Ok((number, version))
}

fn device(it: types::LaunchTemplateBlockDeviceMapping) -> Option<Device> {
    let ebs = it.ebs?;
    Some(Device {
        name: it.device_name?,
        size_gib: ebs.volume_size.map(|it| count(Some(it))),
        volume_type: ebs.volume_type.map(|it| it.as_str().to_owned()),
        iops: ebs.iops.map(|it| count(Some(it))),
        throughput: ebs.throughput.map(|it| count(Some(it))),
        encrypted: ebs.encrypted,
        key: text(ebs.kms_key_id),
        delete_on_termination: ebs.delete_on_termination,
        snapshot: text(ebs.snapshot_id),
    })
}

#[cfg(test)]
mod tests {
    use base64::{Engine, prelude::BASE64_STANDARD};

    use super::*;
    use crate::{snapshot::Reason, testing::replay::Tape};

    fn page(inside: &str, token: &str) -> String {
        format!(
            "<DescribeLaunchTemplatesResponse><launchTemplates><item>{inside}
               <defaultVersionNumber>1</defaultVersionNumber>
               <latestVersionNumber>3</latestVersionNumber></item></launchTemplates>{token}
             </DescribeLaunchTemplatesResponse>"
        )
    }

    const ONE: &str = "<launchTemplateId>lt-1</launchTemplateId>
        <launchTemplateName>prod-web</launchTemplateName>
        <tagSet><item><key>Name</key><value>something else</value></item></tagSet>";

    fn one() -> Vec<Resource> {
        let attrs = LaunchTemplate {
            default_version: 1,
            latest_version: 3,
            versions: Fact::Unread,
        };
        vec![Resource::new("lt-1", attrs)]
    }

    fn versions(data: &str) -> String {
        let item = |number: u32| {
            format!(
                "<item><launchTemplateId>lt-1</launchTemplateId>
                 <versionNumber>{number}</versionNumber>
                 <launchTemplateData>{data}</launchTemplateData></item>"
            )
        };
        format!(
            "<DescribeLaunchTemplateVersionsResponse><launchTemplateVersionSet>{}{}
             </launchTemplateVersionSet></DescribeLaunchTemplateVersionsResponse>",
            item(3),
            item(3)
        )
    }

    async fn deepened(answer: String) -> (Found, LaunchTemplate) {
        let tape = Tape::default().answer(200, answer);
        let found = deepen(&tape.aws(), one()).await;
        let template = LaunchTemplate::of(&found.resources[0].attrs).unwrap();
        let template = template.clone();
        (found, template)
    }

    #[tokio::test]
    async fn it_is_known_by_its_id_and_called_by_its_own_name_on_every_page() {
        let tape = Tape::default()
            .answer(200, page(ONE, "<nextToken>t</nextToken>"))
            .answer(200, page("", ""));
        let found = list(&tape.aws()).await;
        assert_eq!(found.resources[0].id.to_string(), "launch-template/lt-1");
        assert_eq!(found.resources[0].label(), "prod-web");
        assert_eq!(found.gaps[0].message, "the answer has no LaunchTemplateId");
    }

    #[tokio::test]
    async fn a_version_that_is_told_of_twice_is_kept_once_and_its_user_data_measured() {
        let secret = "#!/bin/sh\nexport PASSWORD=planted-secret-user-data";
        let encoded = BASE64_STANDARD.encode(secret);
        let (found, template) = deepened(versions(&format!(
            "<imageId>ami-1</imageId><instanceType>t3.small</instanceType>
             <userData>{encoded}</userData>
             <iamInstanceProfile>
               <arn>arn:aws:iam::1:instance-profile/prod-web</arn></iamInstanceProfile>
             <metadataOptions><httpTokens>required</httpTokens></metadataOptions>
             <instanceMarketOptions><marketType>spot</marketType></instanceMarketOptions>"
        )))
        .await;
        let [version] = &template.versions.known().unwrap()[..] else {
            panic!("{template:?}")
        };
        assert_eq!(version.number, 3);
        assert_eq!(version.profile.as_deref(), Some("prod-web"));
        assert_eq!(version.metadata_tokens.as_deref(), Some("required"));
        assert!(version.spot);
        let length = u32::try_from(secret.len()).unwrap();
        assert_eq!(version.user_data_bytes, length);
        let kept = format!("{found:?}");
        assert!(!kept.contains("planted-secret") && !kept.contains(&encoded));
    }

    #[tokio::test]
    async fn groups_and_public_addresses_may_stand_at_its_interfaces() {
        let (_, template) = deepened(versions(
            "<networkInterfaceSet>
               <item><associatePublicIpAddress>false</associatePublicIpAddress>
                 <groupSet><groupId>sg-1</groupId></groupSet></item>
               <item><associatePublicIpAddress>true</associatePublicIpAddress>
                 <subnetId>subnet-1</subnetId></item>
             </networkInterfaceSet>
             <securityGroupIdSet><item>sg-2</item></securityGroupIdSet>",
        ))
        .await;
        let version = &template.versions.known().unwrap()[0];
        assert_eq!(version.security_groups, ["sg-2", "sg-1"]);
        assert_eq!(version.public_ip, Some(true));
        assert_eq!(version.subnets, ["subnet-1"]);
    }

    #[tokio::test]
    async fn refused_versions_are_a_gap_about_that_template() {
        let denied = "<Response><Errors><Error><Code>UnauthorizedOperation</Code></Error></Errors></Response>";
        let tape = Tape::default().answer(403, denied);
        let found = deepen(&tape.aws(), one()).await;
        let template = LaunchTemplate::of(&found.resources[0].attrs).unwrap();
        assert_eq!(template.versions, Fact::Unread);
        assert_eq!(found.gaps[0].action, "ec2:DescribeLaunchTemplateVersions");
        assert_eq!(found.gaps[0].reason, Reason::Denied);
    }
}
