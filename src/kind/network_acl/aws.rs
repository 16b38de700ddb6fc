//! Reads network ACLs: one listing.

use aws_sdk_ec2::types;
use futures_util::future::BoxFuture;

use super::{Entry, NetworkAcl};
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{count, port, tag_map},
    },
    kind::Kind,
    snapshot::Resource,
};

const ACLS: Call = Call::new(Service::Ec2, "DescribeNetworkAcls");

pub const READING: Reading = Reading {
    calls: &[ACLS],
    source: Source::Region(list),
    deepen: None,
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::NetworkAcl);
        let pages = aws
            .ec2
            .describe_network_acls()
            .into_paginator()
            .items()
            .send();
        found.pages(ACLS, pages, resource).await;
        found
    })
}

fn resource(acl: types::NetworkAcl) -> Result<Resource, Missing> {
    let id = acl.network_acl_id.need("NetworkAclId")?;
    let mut subnets = Vec::new();
    let mut associations = Vec::new();
    for it in acl.associations.unwrap_or_default() {
        subnets.push(it.subnet_id.need("Associations.SubnetId")?);
        let association = it.network_acl_association_id;
        associations.push(association.need("Associations.NetworkAclAssociationId")?);
    }
    let entries = acl.entries.unwrap_or_default().into_iter().map(entry);
    let mut entries = entries.collect::<Result<Vec<Entry>, Missing>>()?;
    entries.sort_by_key(|it| (it.egress, it.number));
    let attrs = NetworkAcl {
        vpc: acl.vpc_id.need("VpcId")?,
        is_default: acl.is_default.need("IsDefault")?,
        subnets,
        associations,
        entries,
    };
    Ok(Resource::new(id, attrs).tags(tag_map!(acl.tags.unwrap_or_default())))
}

fn entry(it: types::NetworkAclEntry) -> Result<Entry, Missing> {
    let ports = it.port_range.as_ref();
    Ok(Entry {
        number: count(Some(it.rule_number.need("Entries.RuleNumber")?)),
        egress: it.egress.need("Entries.Egress")?,
        protocol: it.protocol.need("Entries.Protocol")?,
        action: it
            .rule_action
            .need("Entries.RuleAction")?
            .as_str()
            .to_owned(),
        from: ports.and_then(|it| port(it.from)),
        to: ports.and_then(|it| port(it.to)),
        cidr: it.cidr_block.or(it.ipv6_cidr_block).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kind::AsKind, testing::replay::Tape};

    fn page(entries: &str) -> String {
        format!(
            "<DescribeNetworkAclsResponse><networkAclSet><item>
               <networkAclId>acl-1</networkAclId><vpcId>vpc-1</vpcId><default>false</default>
               <associationSet><item><networkAclAssociationId>aclassoc-1</networkAclAssociationId>
                 <networkAclId>acl-1</networkAclId><subnetId>subnet-1</subnetId></item></associationSet>
               <entrySet>{entries}</entrySet>
             </item></networkAclSet></DescribeNetworkAclsResponse>"
        )
    }

    #[tokio::test]
    async fn entries_come_in_the_order_in_which_they_are_tried() {
        let tape = Tape::default().answer(
            200,
            page(
                "<item><ruleNumber>100</ruleNumber><protocol>-1</protocol>
                   <ruleAction>allow</ruleAction><egress>true</egress>
                   <cidrBlock>0.0.0.0/0</cidrBlock></item>
                 <item><ruleNumber>32767</ruleNumber><protocol>-1</protocol>
                   <ruleAction>deny</ruleAction><egress>false</egress>
                   <cidrBlock>0.0.0.0/0</cidrBlock></item>
                 <item><ruleNumber>100</ruleNumber><protocol>6</protocol>
                   <ruleAction>allow</ruleAction><egress>false</egress>
                   <ipv6CidrBlock>::/0</ipv6CidrBlock>
                   <portRange><from>443</from><to>443</to></portRange></item>",
            ),
        );
        let found = list(&tape.aws()).await;
        let acl = NetworkAcl::of(&found.resources[0].attrs).unwrap();
        let entries: Vec<_> = acl
            .entries
            .iter()
            .map(|it| (it.egress, it.number, it.cidr.as_str(), it.from))
            .collect();
        assert_eq!(
            entries,
            [
                (false, 100, "::/0", Some(443)),
                (false, 32767, "0.0.0.0/0", None),
                (true, 100, "0.0.0.0/0", None)
            ]
        );
        assert_eq!(acl.associations, ["aclassoc-1"]);
    }

    #[tokio::test]
    async fn an_entry_that_does_not_say_allow_or_deny_is_a_gap() {
        let tape = Tape::default().answer(
            200,
            page(
                "<item><ruleNumber>100</ruleNumber><protocol>-1</protocol><egress>true</egress></item>",
            ),
        );
        let found = list(&tape.aws()).await;
        assert!(found.resources.is_empty());
        assert_eq!(
            found.gaps[0].message,
            "the answer has no Entries.RuleAction"
        );
    }
}
