//! Takes a network apart.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{Filter, SecurityGroupRule};

use super::{absent, asked, call, done, misfit, not_done, or_already};
use crate::{
    aws::{
        Aws, Call, Service,
        refusal::{Class, Refusal},
    },
    id::ResourceId,
    kind::Kind,
};

pub(super) const RULES: &[Call] = &[call(Service::Ec2, "DescribeSecurityGroupRules")];

const NO_VPC: &[&str] = &["InvalidVpcID.NotFound"];
const NO_TABLE: &[&str] = &["InvalidRouteTableID.NotFound"];
const NO_GROUP: &[&str] = &["InvalidGroup.NotFound", "InvalidGroupId.NotFound"];
const NO_GATEWAY: &[&str] = &["InvalidInternetGatewayID.NotFound"];
const NO_ADDRESS: &[&str] = &["InvalidAllocationID.NotFound", "InvalidAddress.NotFound"];
const NO_ACL: &[&str] = &["InvalidNetworkAclID.NotFound"];

pub(super) async fn delete_vpc(aws: &Aws, id: &str) -> Result<(), Refusal> {
    done(aws.ec2.delete_vpc().vpc_id(id).send().await, NO_VPC)
}

pub(super) async fn delete_subnet(aws: &Aws, id: &str) -> Result<(), Refusal> {
    let answer = aws.ec2.delete_subnet().subnet_id(id).send().await;
    done(answer, &["InvalidSubnetID.NotFound"])
}

pub(super) async fn delete_route_table(aws: &Aws, id: &str) -> Result<(), Refusal> {
    let answer = aws.ec2.delete_route_table().route_table_id(id).send().await;
    done(answer, NO_TABLE)
}

/// Takes it from its subnets, which fall back to the main table. The main one is nobody's to take.
pub(super) async fn disassociate_table(aws: &Aws, id: &str) -> Result<(), Refusal> {
    let request = aws.ec2.describe_route_tables().route_table_ids(id);
    let tables = asked(request.send().await, NO_TABLE)?.route_tables;
    let tables = tables.unwrap_or_default().into_iter();
    for one in tables.flat_map(|it| it.associations.unwrap_or_default()) {
        if let (false, Some(it)) = (one.main == Some(true), one.route_table_association_id) {
            let request = aws.ec2.disassociate_route_table().association_id(it);
            let answer = request.send().await;
            or_already(done(answer, &["InvalidAssociationID.NotFound"]))?;
        }
    }
    Ok(())
}

pub(super) async fn detach_gateway(aws: &Aws, id: &str) -> Result<(), Refusal> {
    let request = aws.ec2.describe_internet_gateways();
    let answer = request.internet_gateway_ids(id).send().await;
    let gateways = asked(answer, NO_GATEWAY)?.internet_gateways;
    let gateways = gateways.unwrap_or_default().into_iter();
    for one in gateways.flat_map(|it| it.attachments.unwrap_or_default()) {
        let request = aws.ec2.detach_internet_gateway().internet_gateway_id(id);
        let answer = request.set_vpc_id(one.vpc_id).send().await;
        or_already(done(answer, &["Gateway.NotAttached"]))?;
    }
    Ok(())
}

pub(super) async fn delete_internet_gateway(aws: &Aws, id: &str) -> Result<(), Refusal> {
    let request = aws.ec2.delete_internet_gateway().internet_gateway_id(id);
    done(request.send().await, NO_GATEWAY)
}

pub(super) async fn delete_nat_gateway(aws: &Aws, id: &str) -> Result<(), Refusal> {
    let request = aws.ec2.delete_nat_gateway().nat_gateway_id(id);
    done(request.send().await, &["NatGatewayNotFound"])
}

pub(super) async fn disassociate_address(aws: &Aws, id: &str) -> Result<(), Refusal> {
    let request = aws.ec2.describe_addresses().allocation_ids(id);
    let addresses = asked(request.send().await, NO_ADDRESS)?.addresses;
    let addresses = addresses.unwrap_or_default().into_iter();
    for association in addresses.filter_map(|it| it.association_id) {
        let request = aws.ec2.disassociate_address().association_id(association);
        let answer = request.send().await;
        or_already(done(answer, &["InvalidAssociationID.NotFound"]))?;
    }
    Ok(())
}

pub(super) async fn release_address(aws: &Aws, id: &str) -> Result<(), Refusal> {
    let answer = aws.ec2.release_address().allocation_id(id).send().await;
    done(answer, NO_ADDRESS)
}

/// Deletes an interface that nothing has attached. One that is an AWS service's is only waited for.
pub(super) async fn delete_interface(aws: &Aws, id: &str) -> Result<(), Refusal> {
    let gone = &["InvalidNetworkInterfaceID.NotFound"];
    let request = aws.ec2.describe_network_interfaces();
    let answer = request.network_interface_ids(id).send().await;
    let interfaces = asked(answer, gone)?.network_interfaces.unwrap_or_default();
    let it = interfaces
        .first()
        .ok_or_else(|| absent(Kind::NetworkInterface))?;
    let free = it.status().is_some_and(|it| it.as_str() == "available");
    if it.requester_managed() == Some(true) || !free {
        let what = it.description().unwrap_or_default();
        let message = format!("the interface is attached or an AWS service's: {what}");
        return Err(Refusal::new(Class::Held, "InUse", message));
    }
    let request = aws.ec2.delete_network_interface().network_interface_id(id);
    done(request.send().await, gone)
}

/// Gives every subnet of the ACL the default one of its VPC back.
pub(super) async fn replace_acl(aws: &Aws, id: &str) -> Result<(), Refusal> {
    let request = aws.ec2.describe_network_acls().network_acl_ids(id);
    let acls = asked(request.send().await, NO_ACL)?.network_acls;
    let acl = acls.unwrap_or_default().into_iter().next();
    let acl = acl.ok_or_else(|| absent(Kind::NetworkAcl))?;
    let held = acl.associations.unwrap_or_default();
    if held.is_empty() {
        return Ok(());
    }
    let vpc = acl.vpc_id.unwrap_or_default();
    let filter = |name: &str, value: &str| Filter::builder().name(name).values(value).build();
    let request = aws.ec2.describe_network_acls();
    let request = request.filters(filter("vpc-id", &vpc));
    let answer = request.filters(filter("default", "true")).send().await;
    let usual = asked(answer, &[])?.network_acls.unwrap_or_default();
    let usual = usual.into_iter().find_map(|it| it.network_acl_id);
    for association in held
        .into_iter()
        .filter_map(|it| it.network_acl_association_id)
    {
        let request = aws.ec2.replace_network_acl_association();
        let request = request.association_id(association);
        let answer = request.set_network_acl_id(usual.clone()).send().await;
        or_already(done(answer, &["InvalidAssociationID.NotFound"]))?;
    }
    Ok(())
}

pub(super) async fn delete_acl(aws: &Aws, id: &str) -> Result<(), Refusal> {
    let answer = aws.ec2.delete_network_acl().network_acl_id(id).send().await;
    done(answer, NO_ACL)
}

/// Deletes an endpoint; AWS answers 200 for one that it could not delete.
pub(super) async fn delete_endpoint(aws: &Aws, id: &str) -> Result<(), Refusal> {
    let gone = [
        "InvalidVpcEndpointId.NotFound",
        "InvalidVpcEndpoint.NotFound",
    ];
    let request = aws.ec2.delete_vpc_endpoints().vpc_endpoint_ids(id);
    let answer = asked(request.send().await, &gone)?;
    let Some(item) = answer.unsuccessful.unwrap_or_default().into_iter().next() else {
        return Ok(());
    };
    let error = item
        .error
        .unwrap_or_else(|| aws_sdk_ec2::types::UnsuccessfulItemError::builder().build());
    if error.code().is_some_and(|it| gone.contains(&it)) {
        return Err(absent(Kind::VpcEndpoint));
    }
    Err(not_done(error.code(), error.message(), true))
}

pub(super) async fn delete_group(aws: &Aws, id: &str) -> Result<(), Refusal> {
    let answer = aws.ec2.delete_security_group().group_id(id).send().await;
    done(answer, NO_GROUP)
}

/// Revokes the group's own rules that name another group that goes, too. Rules of a group that
/// stays are nobody's to edit, nor is a rule that names one.
pub(super) async fn revoke(
    aws: &Aws,
    id: &str,
    egress: bool,
    goes: &BTreeSet<ResourceId>,
) -> Result<(), Refusal> {
    let own = ResourceId::new(Kind::SecurityGroup, id);
    if !goes.contains(&own) {
        return Err(misfit(&own));
    }
    let filter = Filter::builder().name("group-id").values(id).build();
    let request = aws.ec2.describe_security_group_rules().filters(filter);
    let mut items = request.into_paginator().items().send();
    let mut rules = Vec::new();
    while let Some(item) = items.next().await {
        let rule = asked(item, NO_GROUP)?;
        if rule.is_egress() == Some(egress) && names_another(&rule, id, goes) {
            rules.extend(rule.security_group_rule_id);
        }
    }
    if rules.is_empty() {
        return Ok(());
    }
    let gone = [
        "InvalidPermission.NotFound",
        "InvalidSecurityGroupRuleId.NotFound",
    ];
    let rules = Some(rules);
    let answer = if egress {
        let request = aws.ec2.revoke_security_group_egress().group_id(id);
        let answer = request.set_security_group_rule_ids(rules).send().await;
        done(answer, &gone)
    } else {
        let request = aws.ec2.revoke_security_group_ingress().group_id(id);
        let answer = request.set_security_group_rule_ids(rules).send().await;
        done(answer, &gone)
    };
    or_already(answer)
}

fn names_another(rule: &SecurityGroupRule, own: &str, goes: &BTreeSet<ResourceId>) -> bool {
    let named = rule.referenced_group_info().and_then(|it| it.group_id());
    named.is_some_and(|it| it != own && goes.contains(&ResourceId::new(Kind::SecurityGroup, it)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{aws::write, testing::replay::Tape};

    fn aws(tape: &Tape) -> Aws {
        write::clients(&tape.aws(), "us-east-1")
    }

    fn groups(ids: &[&str]) -> BTreeSet<ResourceId> {
        let group = |it: &&str| ResourceId::new(Kind::SecurityGroup, *it);
        ids.iter().map(group).collect()
    }

    fn rule(id: &str, egress: bool, named: &str) -> String {
        format!(
            "<item><securityGroupRuleId>{id}</securityGroupRuleId><groupId>sg-1</groupId>\
             <isEgress>{egress}</isEgress><referencedGroupInfo><groupId>{named}</groupId>\
             </referencedGroupInfo></item>"
        )
    }

    #[tokio::test]
    async fn only_rules_between_groups_that_both_go_are_revoked() {
        let rules = [
            rule("sgr-own", false, "sg-1"),
            rule("sgr-goes", false, "sg-2"),
            rule("sgr-stays", false, "sg-9"),
            rule("sgr-out", true, "sg-2"),
        ];
        let rules = format!(
            "<DescribeSecurityGroupRulesResponse><securityGroupRuleSet>{}</securityGroupRuleSet>\
             </DescribeSecurityGroupRulesResponse>",
            rules.concat()
        );
        let done = "<RevokeSecurityGroupIngressResponse><return>true</return>\
            </RevokeSecurityGroupIngressResponse>";
        let tape = Tape::default().answer(200, rules).answer(200, done);
        let goes = groups(&["sg-1", "sg-2"]);
        assert_eq!(revoke(&aws(&tape), "sg-1", false, &goes).await, Ok(()));
        let asked = tape.asked();
        assert!(asked[1].contains("sgr-goes"), "{asked:?}");
        for kept in ["sgr-own", "sgr-stays", "sgr-out"] {
            assert!(!asked[1].contains(kept), "{asked:?}");
        }
    }

    #[tokio::test]
    async fn rules_of_a_group_that_stays_are_never_asked_for() {
        let tape = Tape::default();
        let refusal = revoke(&aws(&tape), "sg-9", false, &groups(&["sg-1"])).await;
        assert_eq!(refusal.unwrap_err().class, Class::Never);
        assert_eq!(tape.asked().len(), 0);
    }

    #[tokio::test]
    async fn an_endpoint_that_was_not_deleted_is_an_error_although_the_answer_is_200() {
        let answer = |code: &str| {
            format!(
                "<DeleteVpcEndpointsResponse><unsuccessful><item><error><code>{code}</code>\
                 <message>why</message></error><resourceId>vpce-1</resourceId></item>\
                 </unsuccessful></DeleteVpcEndpointsResponse>"
            )
        };
        for (code, class) in [
            ("InvalidState", Class::Held),
            ("InvalidVpcEndpointId.NotFound", Class::Already),
        ] {
            let tape = Tape::default().answer(200, answer(code));
            let refusal = delete_endpoint(&aws(&tape), "vpce-1").await.unwrap_err();
            assert_eq!(refusal.class, class);
        }
    }

    #[tokio::test]
    async fn the_main_association_of_a_route_table_is_left() {
        let tables = "<DescribeRouteTablesResponse><routeTableSet><item><associationSet>\
            <item><routeTableAssociationId>rtbassoc-main</routeTableAssociationId>\
            <main>true</main></item>\
            <item><routeTableAssociationId>rtbassoc-1</routeTableAssociationId>\
            <main>false</main></item>\
            </associationSet></item></routeTableSet></DescribeRouteTablesResponse>";
        let done = "<DisassociateRouteTableResponse/>";
        let tape = Tape::default().answer(200, tables).answer(200, done);
        assert_eq!(disassociate_table(&aws(&tape), "rtb-1").await, Ok(()));
        let asked = tape.asked();
        assert_eq!(asked.len(), 2, "{asked:?}");
        assert!(asked[1].contains("rtbassoc-1"), "{asked:?}");
    }

    #[tokio::test]
    async fn an_interface_of_a_service_is_only_waited_for() {
        let interface = "<DescribeNetworkInterfacesResponse><networkInterfaceSet><item>\
            <networkInterfaceId>eni-1</networkInterfaceId><status>in-use</status>\
            <requesterManaged>true</requesterManaged><description>ELB app/a/1</description>\
            </item></networkInterfaceSet></DescribeNetworkInterfacesResponse>";
        let tape = Tape::default().answer(200, interface);
        let refusal = delete_interface(&aws(&tape), "eni-1").await.unwrap_err();
        assert_eq!(refusal.class, Class::Held);
        assert!(refusal.message.contains("ELB app/a/1"), "{refusal}");
    }

    #[tokio::test]
    async fn what_is_gone_already_is_told_by_the_code_of_its_own_kind() {
        let error = |code: &str| {
            format!("<Response><Errors><Error><Code>{code}</Code></Error></Errors></Response>")
        };
        let tape = Tape::default().answer(400, error("InvalidVpcID.NotFound"));
        let refusal = delete_vpc(&aws(&tape), "vpc-1").await.unwrap_err();
        assert_eq!(refusal.class, Class::Already);
        let tape = Tape::default().answer(400, error("InvalidSubnetID.NotFound"));
        let refusal = delete_vpc(&aws(&tape), "vpc-1").await.unwrap_err();
        assert_eq!(refusal.class, Class::Never);
    }
}
