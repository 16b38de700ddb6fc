//! Reads route tables: one listing.

use aws_sdk_ec2::types::{self, RouteTableAssociationStateCode as State};
use futures_util::future::BoxFuture;

use super::{Route, RouteTable};
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

const TABLES: Call = Call::new(Service::Ec2, "DescribeRouteTables");

pub const READING: Reading = Reading {
    calls: &[TABLES],
    source: Source::Region(list),
    deepen: None,
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::RouteTable);
        let pages = aws
            .ec2
            .describe_route_tables()
            .into_paginator()
            .items()
            .send();
        found.pages(TABLES, pages, resource).await;
        found
    })
}

fn resource(table: types::RouteTable) -> Result<Resource, Missing> {
    let id = table.route_table_id.need("RouteTableId")?;
    let (main, explicit): (Vec<_>, Vec<_>) = table
        .associations
        .unwrap_or_default()
        .into_iter()
        .filter(holds)
        .partition(|it| it.main == Some(true));
    let ids = explicit.iter().map(|it| {
        let id = it.route_table_association_id.clone();
        id.need("Associations.RouteTableAssociationId")
    });
    let routes = table.routes.unwrap_or_default();
    let attrs = RouteTable {
        vpc: table.vpc_id.need("VpcId")?,
        is_main: !main.is_empty(),
        associations: ids.collect::<Result<_, _>>()?,
        subnets: explicit
            .iter()
            .filter_map(|it| it.subnet_id.clone())
            .collect(),
        gateways: explicit
            .into_iter()
            .filter_map(|it| it.gateway_id)
            .collect(),
        routes: routes.into_iter().map(route).collect(),
    };
    Ok(Resource::new(id, attrs).tags(tag_map!(table.tags.unwrap_or_default())))
}

fn holds(association: &types::RouteTableAssociation) -> bool {
    let state = association.association_state.as_ref();
    state.and_then(|it| it.state.as_ref()) != Some(&State::Disassociated)
}

fn route(it: types::Route) -> Route {
    let to = it
        .destination_cidr_block
        .or(it.destination_ipv6_cidr_block)
        .or(it.destination_prefix_list_id);
    // A route to an instance names its interface too, which is what it goes through.
    let via = it
        .gateway_id
        .or(it.nat_gateway_id)
        .or(it.network_interface_id)
        .or(it.instance_id)
        .or(it.transit_gateway_id)
        .or(it.vpc_peering_connection_id)
        .or(it.egress_only_internet_gateway_id)
        .or(it.local_gateway_id)
        .or(it.carrier_gateway_id)
        .or(it.core_network_arn)
        .or(it.odb_network_arn);
    Route {
        to: to.unwrap_or_default(),
        via: via.unwrap_or_default(),
        state: it
            .state
            .map(|it| it.as_str().to_owned())
            .unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kind::AsKind, testing::replay::Tape};

    async fn read(inside: &str) -> (Found, RouteTable) {
        let tape = Tape::default().answer(
            200,
            format!(
                "<DescribeRouteTablesResponse><routeTableSet><item>
                   <routeTableId>rtb-1</routeTableId><vpcId>vpc-1</vpcId>{inside}
                 </item></routeTableSet></DescribeRouteTablesResponse>"
            ),
        );
        let found = list(&tape.aws()).await;
        let table = RouteTable::of(&found.resources[0].attrs).unwrap().clone();
        (found, table)
    }

    #[tokio::test]
    async fn the_main_association_is_nothing_to_cut() {
        let (_, table) = read(
            "<associationSet>
               <item><routeTableAssociationId>rtbassoc-1</routeTableAssociationId><main>true</main></item>
               <item><routeTableAssociationId>rtbassoc-2</routeTableAssociationId><main>false</main>
                 <subnetId>subnet-1</subnetId>
                 <associationState><state>associated</state></associationState></item>
               <item><routeTableAssociationId>rtbassoc-3</routeTableAssociationId><main>false</main>
                 <subnetId>subnet-2</subnetId>
                 <associationState><state>disassociated</state></associationState></item>
             </associationSet>",
        )
        .await;
        assert!(table.is_main);
        assert_eq!(table.associations, ["rtbassoc-2"]);
        assert_eq!(table.subnets, ["subnet-1"]);
    }

    #[tokio::test]
    async fn every_shape_of_route_has_its_ends() {
        let (_, table) = read(
            "<routeSet>
               <item><destinationCidrBlock>10.0.0.0/16</destinationCidrBlock>
                 <gatewayId>local</gatewayId><state>active</state></item>
               <item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock>
                 <natGatewayId>nat-1</natGatewayId><state>blackhole</state></item>
               <item><destinationIpv6CidrBlock>::/0</destinationIpv6CidrBlock>
                 <instanceId>i-1</instanceId><networkInterfaceId>eni-1</networkInterfaceId>
                 <state>active</state></item>
               <item><destinationPrefixListId>pl-1</destinationPrefixListId>
                 <gatewayId>vpce-1</gatewayId><state>active</state></item>
             </routeSet>",
        )
        .await;
        let routes: Vec<String> = table
            .routes
            .iter()
            .map(|it| format!("{} {} {}", it.to, it.via, it.state))
            .collect();
        assert_eq!(
            routes,
            [
                "10.0.0.0/16 local active",
                "0.0.0.0/0 nat-1 blackhole",
                "::/0 eni-1 active",
                "pl-1 vpce-1 active"
            ]
        );
    }
}
