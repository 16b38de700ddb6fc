//! Reads launch configurations: one listing. Their user data comes along and is only measured.

use aws_sdk_autoscaling::types;
use futures_util::future::BoxFuture;

use super::{Device, LaunchConfiguration};
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{self, count, decoded_len, text},
    },
    kind::Kind,
    snapshot::Resource,
};

const CONFIGURATIONS: Call = Call::new(Service::AutoScaling, "DescribeLaunchConfigurations");
/// The most that a page holds.
const PAGE: i32 = 100;

pub const READING: Reading = Reading {
    calls: &[CONFIGURATIONS],
    source: Source::Region(list),
    deepen: None,
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::LaunchConfiguration);
        let request = aws.autoscaling.describe_launch_configurations();
        let pages = request.max_records(PAGE).into_paginator().items().send();
        found.pages(CONFIGURATIONS, pages, resource).await;
        found
    })
}

fn resource(it: types::LaunchConfiguration) -> Result<Resource, Missing> {
    let name = text(it.launch_configuration_name).need("LaunchConfigurationName")?;
    let metadata = it.metadata_options.as_ref();
    let endpoint = metadata.and_then(|it| it.http_endpoint.as_ref());
    let tokens = metadata.and_then(|it| it.http_tokens.as_ref());
    let hops = metadata.and_then(|it| it.http_put_response_hop_limit);
    let devices = it.block_device_mappings.unwrap_or_default();
    let attrs = LaunchConfiguration {
        instance_type: text(it.instance_type).need("InstanceType")?,
        image: text(it.image_id).need("ImageId")?,
        key_pair: text(it.key_name),
        security_groups: it.security_groups.unwrap_or_default(),
        profile: text(it.iam_instance_profile).map(shape::key),
        spot_price: text(it.spot_price),
        public_ip: it.associate_public_ip_address,
        detailed_monitoring: it.instance_monitoring.and_then(|it| it.enabled),
        metadata_endpoint: endpoint.map(|it| it.as_str().to_owned()),
        metadata_tokens: tokens.map(|it| it.as_str().to_owned()),
        metadata_hops: hops.map(|it| count(Some(it))),
        user_data_bytes: it.user_data.as_deref().map(decoded_len).unwrap_or_default(),
        devices: devices.into_iter().filter_map(device).collect(),
    };
    Ok(Resource::new(name, attrs)
        .arn(it.launch_configuration_arn)
        .created(shape::time(it.created_time)))
}

fn device(it: types::BlockDeviceMapping) -> Option<Device> {
    let ebs = it.ebs?;
    Some(Device {
        name: it.device_name?,
        size_gib: ebs.volume_size.map(|it| count(Some(it))),
        volume_type: ebs.volume_type,
        iops: ebs.iops.map(|it| count(Some(it))),
        throughput: ebs.throughput.map(|it| count(Some(it))),
        encrypted: ebs.encrypted,
        key: None,
        delete_on_termination: ebs.delete_on_termination,
        snapshot: text(ebs.snapshot_id),
    })
}

#[cfg(test)]
mod tests {
    use base64::{Engine, prelude::BASE64_STANDARD};

    use super::*;
    use crate::{kind::AsKind, testing::replay::Tape};

    fn page(inside: &str) -> String {
        format!(
            "<DescribeLaunchConfigurationsResponse><DescribeLaunchConfigurationsResult>
             <LaunchConfigurations><member>
               <LaunchConfigurationName>prod-lc</LaunchConfigurationName>
               <ImageId>ami-1</ImageId>{inside}
             </member></LaunchConfigurations>
             </DescribeLaunchConfigurationsResult></DescribeLaunchConfigurationsResponse>"
        )
    }

    #[tokio::test]
    async fn user_data_leaves_its_length() {
        let secret = "#!/bin/sh\nexport PASSWORD=planted-secret-user-data";
        let encoded = BASE64_STANDARD.encode(secret);
        let tape = Tape::default().answer(
            200,
            page(&format!(
                "<InstanceType>t2.small</InstanceType><UserData>{encoded}</UserData>"
            )),
        );
        let found = list(&tape.aws()).await;
        let configuration = LaunchConfiguration::of(&found.resources[0].attrs).unwrap();
        let length = u32::try_from(secret.len()).unwrap();
        assert_eq!(configuration.user_data_bytes, length);
        let kept = format!("{found:?}");
        assert!(!kept.contains("planted-secret"));
        assert!(!kept.contains(&encoded));
    }

    #[tokio::test]
    async fn a_profile_is_named_by_arn_or_by_name() {
        for profile in [
            "prod-web",
            "arn:aws:iam::123456789012:instance-profile/prod-web",
        ] {
            let tape = Tape::default().answer(
                200,
                page(&format!(
                    "<InstanceType>t2.small</InstanceType>
                     <IamInstanceProfile>{profile}</IamInstanceProfile>"
                )),
            );
            let found = list(&tape.aws()).await;
            let configuration = LaunchConfiguration::of(&found.resources[0].attrs).unwrap();
            assert_eq!(configuration.profile.as_deref(), Some("prod-web"));
        }
    }

    #[tokio::test]
    async fn a_disk_that_leaves_encryption_to_the_account_is_not_unencrypted() {
        let tape = Tape::default().answer(
            200,
            page(
                "<InstanceType>t2.small</InstanceType><BlockDeviceMappings>
                   <member><DeviceName>/dev/xvdcz</DeviceName>
                     <Ebs><VolumeSize>50</VolumeSize><VolumeType>gp2</VolumeType></Ebs></member>
                   <member><DeviceName>/dev/sdb</DeviceName>
                     <VirtualName>ephemeral0</VirtualName></member>
                 </BlockDeviceMappings>",
            ),
        );
        let found = list(&tape.aws()).await;
        let configuration = LaunchConfiguration::of(&found.resources[0].attrs).unwrap();
        let [disk] = &configuration.devices[..] else {
            panic!("{:?}", configuration.devices)
        };
        assert_eq!((disk.size_gib, disk.encrypted), (Some(50), None));
    }

    #[tokio::test]
    async fn one_without_an_instance_type_is_a_gap() {
        let tape = Tape::default().answer(200, page(""));
        let found = list(&tape.aws()).await;
        assert_eq!(found.gaps[0].message, "the answer has no InstanceType");
    }
}
