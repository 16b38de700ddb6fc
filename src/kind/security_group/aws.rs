//! Reads security groups: one listing.

use aws_sdk_ec2::types;
use futures_util::future::BoxFuture;

use super::{Permission, SecurityGroup};
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::tag_map,
    },
    kind::Kind,
    snapshot::Resource,
};

const GROUPS: Call = Call::new(Service::Ec2, "DescribeSecurityGroups");

pub const READING: Reading = Reading {
    calls: &[GROUPS],
    source: Source::Region(list),
    deepen: None,
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::SecurityGroup);
        let pages = aws
            .ec2
            .describe_security_groups()
            .into_paginator()
            .items()
            .send();
        found.pages(GROUPS, pages, resource).await;
        found
    })
}

fn resource(group: types::SecurityGroup) -> Result<Resource, Missing> {
    let id = group.group_id.need("GroupId")?;
    let permissions = |it: Option<Vec<types::IpPermission>>| {
        it.unwrap_or_default().into_iter().map(permission).collect()
    };
    let group_name = group.group_name.need("GroupName")?;
    let attrs = SecurityGroup {
        group_name: group_name.clone(),
        description: group.description.unwrap_or_default(),
        vpc: group.vpc_id.unwrap_or_default(),
        ingress: permissions(group.ip_permissions),
        egress: permissions(group.ip_permissions_egress),
    };
    Ok(Resource::new(id, attrs)
        .name(group_name)
        .arn(group.security_group_arn)
        .tags(tag_map!(group.tags.unwrap_or_default())))
}

fn permission(it: types::IpPermission) -> Permission {
    let v4 = it.ip_ranges.unwrap_or_default();
    let v6 = it.ipv6_ranges.unwrap_or_default();
    let lists = it.prefix_list_ids.unwrap_or_default();
    let pairs = it.user_id_group_pairs.unwrap_or_default();
    Permission {
        protocol: it.ip_protocol.unwrap_or_default(),
        from: it.from_port,
        to: it.to_port,
        cidrs: v4
            .into_iter()
            .filter_map(|it| it.cidr_ip)
            .chain(v6.into_iter().filter_map(|it| it.cidr_ipv6))
            .collect(),
        prefix_lists: lists
            .into_iter()
            .filter_map(|it| it.prefix_list_id)
            .collect(),
        groups: pairs.into_iter().filter_map(|it| it.group_id).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kind::AsKind, testing::replay::Tape};

    #[tokio::test]
    async fn both_families_of_addresses_are_kept() {
        let tape = Tape::default().answer(
            200,
            "<DescribeSecurityGroupsResponse><securityGroupInfo><item>
               <groupId>sg-1</groupId><groupName>web</groupName><vpcId>vpc-1</vpcId>
               <ipPermissions><item><ipProtocol>tcp</ipProtocol>
                 <fromPort>22</fromPort><toPort>22</toPort>
                 <ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges>
                 <ipv6Ranges><item><cidrIpv6>::/0</cidrIpv6></item></ipv6Ranges>
               </item></ipPermissions></item></securityGroupInfo></DescribeSecurityGroupsResponse>",
        );
        let found = list(&tape.aws()).await;
        let group = SecurityGroup::of(&found.resources[0].attrs).unwrap();
        assert_eq!(group.ingress[0].cidrs, ["0.0.0.0/0", "::/0"]);
        assert_eq!(group.ingress[0].from, Some(22));
    }
}
