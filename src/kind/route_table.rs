//! Route table: where a subnet's packets go.
//!
//! Key: the table's id.

use serde::{Deserialize, Serialize};

use super::{Kind, Model, Place};
use crate::{
    id::ResourceId,
    relation::{Relation, RelationKind},
    removal::{Action, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RouteTable {
    pub vpc: String,
    /// The one that AWS makes with the VPC; every subnet without a table of its own follows it.
    pub is_main: bool,
    /// Subnets that were given this table; those that merely follow the main one are not here.
    pub subnets: Vec<String>,
    /// Gateways that were given this table for what comes in through them.
    pub gateways: Vec<String>,
    /// Ids of the associations with these subnets and gateways: what is cut before the table goes.
    pub associations: Vec<String>,
    pub routes: Vec<Route>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Route {
    /// An IPv4 or IPv6 range, or a prefix list's id.
    pub to: String,
    /// `local`, or the id of a gateway, an interface or a connection; empty where AWS names none.
    pub via: String,
    /// `active`, or `blackhole` where `via` is gone.
    pub state: String,
}

impl RouteTable {
    /// Where the routes lead, of the kinds that we know.
    fn goals(&self) -> impl Iterator<Item = Relation> {
        self.routes.iter().filter_map(|it| {
            let (kind, evidence) = match it.via.split_once('-')?.0 {
                "igw" => (Kind::InternetGateway, "Routes.GatewayId"),
                "nat" => (Kind::NatGateway, "Routes.NatGatewayId"),
                "eni" => (Kind::NetworkInterface, "Routes.NetworkInterfaceId"),
                "i" => (Kind::Instance, "Routes.InstanceId"),
                "vpce" => (Kind::VpcEndpoint, "Routes.GatewayId"),
                _ => return None,
            };
            let goal = ResourceId::new(kind, &it.via);
            Some(Relation::new(RelationKind::RoutesTo, goal, evidence))
        })
    }
}

impl Model for RouteTable {
    fn relations(&self) -> Vec<Relation> {
        let within = if self.is_main {
            RelationKind::PartOf
        } else {
            RelationKind::SitsIn
        };
        let uses = RelationKind::Uses;
        let gateways = self.gateways.iter().filter(|it| it.starts_with("igw-"));
        let gateways = Relation::each(
            uses,
            Kind::InternetGateway,
            gateways,
            "Associations.GatewayId",
        );
        // The association is an edge of the table's, so that it is cut before the subnet goes.
        Relation::each(uses, Kind::Subnet, &self.subnets, "Associations.SubnetId")
            .chain(gateways)
            .chain(self.goals())
            .chain(Relation::each(within, Kind::Vpc, [&self.vpc], "VpcId"))
            .collect()
    }

    fn removal(&self) -> Removal {
        if self.is_main {
            return Removal::Follows("AWS deletes the main route table with its VPC");
        }
        if self.associations.is_empty() {
            return Removal::by(Action::DeleteRouteTable);
        }
        Removal::after([Action::DisassociateRouteTable], Action::DeleteRouteTable)
    }

    fn place(&self) -> Place<'_> {
        Place {
            vpc: Some(&self.vpc),
            ..Place::default()
        }
    }

    fn summary(&self) -> String {
        let routes: Vec<String> = self
            .routes
            .iter()
            .filter(|it| it.via != "local")
            .map(|it| {
                let dead = if it.state == "blackhole" {
                    " (blackhole)"
                } else {
                    ""
                };
                format!("{} via {}{dead}", it.to, it.via)
            })
            .collect();
        let routes = if routes.is_empty() {
            "local routes only".to_owned()
        } else {
            routes.join(", ")
        };
        let main = if self.is_main { ", the main table" } else { "" };
        format!("{routes}; {} subnets{main}", self.subnets.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(vias: &[&str]) -> RouteTable {
        let routes = vias.iter().map(|it| Route {
            via: (*it).to_owned(),
            ..Route::default()
        });
        RouteTable {
            vpc: "vpc-1".to_owned(),
            routes: routes.collect(),
            ..RouteTable::default()
        }
    }

    #[test]
    fn it_routes_to_what_its_routes_name() {
        let table = table(&[
            "local", "igw-1", "nat-1", "eni-1", "i-1", "vpce-1", "vgw-1", "",
        ]);
        let goals: Vec<String> = table.goals().map(|it| it.to.to_string()).collect();
        assert_eq!(
            goals,
            [
                "internet-gateway/igw-1",
                "nat-gateway/nat-1",
                "network-interface/eni-1",
                "instance/i-1",
                "vpc-endpoint/vpce-1"
            ]
        );
    }

    #[test]
    fn the_main_table_is_part_of_its_vpc_and_goes_with_it() {
        let mut table = table(&[]);
        table.is_main = true;
        assert_eq!(table.relations()[0].kind, RelationKind::PartOf);
        assert!(matches!(table.removal(), Removal::Follows(_)));
    }

    #[test]
    fn associations_are_cut_before_the_table_goes() {
        let mut table = table(&[]);
        table.subnets.push("subnet-1".to_owned());
        table.associations.push("rtbassoc-1".to_owned());
        assert_eq!(table.relations()[0].to.to_string(), "subnet/subnet-1");
        let removal = Removal::after([Action::DisassociateRouteTable], Action::DeleteRouteTable);
        assert_eq!(table.removal(), removal);
    }
}
