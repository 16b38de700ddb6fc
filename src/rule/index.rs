//! What many rules look up, put in order once a run.

use std::{collections::BTreeMap, sync::OnceLock};

use crate::{
    graph::Graph,
    kind::{network_acl::NetworkAcl, route_table::RouteTable},
};

/// Fills itself when it is first asked; it belongs to one graph.
#[derive(Debug, Default)]
pub struct Index(OnceLock<Borders>);

/// What stands at the border of each subnet, by the keys of both, and what routes lead to.
#[derive(Debug, Default)]
struct Borders {
    /// The table that a subnet has of its own.
    tables: BTreeMap<String, String>,
    /// The table of all other subnets of a VPC.
    main_tables: BTreeMap<String, String>,
    acls: BTreeMap<String, String>,
    /// The first route table of which a route leads to a NAT gateway.
    to_nats: BTreeMap<String, String>,
}

impl Index {
    /// The key of the route table of a subnet that lies in that VPC.
    pub fn route_table(&self, graph: &Graph<'_>, subnet: &str, vpc: &str) -> Option<&str> {
        let borders = self.borders(graph);
        let table = borders.tables.get(subnet);
        let table = table.or_else(|| borders.main_tables.get(vpc));
        table.map(String::as_str)
    }

    /// The key of the network ACL of a subnet.
    pub fn acl(&self, graph: &Graph<'_>, subnet: &str) -> Option<&str> {
        self.borders(graph).acls.get(subnet).map(String::as_str)
    }

    /// The key of the first route table of which a route leads to a NAT gateway.
    pub fn leading_to(&self, graph: &Graph<'_>, nat: &str) -> Option<&str> {
        self.borders(graph).to_nats.get(nat).map(String::as_str)
    }

    fn borders(&self, graph: &Graph<'_>) -> &Borders {
        self.0.get_or_init(|| {
            let mut all = Borders::default();
            for (it, table) in graph.of::<RouteTable>() {
                for subnet in &table.subnets {
                    let of = all.tables.entry(subnet.clone());
                    of.or_insert_with(|| it.id.key.clone());
                }
                for route in table.routes.iter().filter(|it| it.via.starts_with("nat-")) {
                    let of = all.to_nats.entry(route.via.clone());
                    of.or_insert_with(|| it.id.key.clone());
                }
                if table.is_main {
                    let of = all.main_tables.entry(table.vpc.clone());
                    of.or_insert_with(|| it.id.key.clone());
                }
            }
            for (it, acl) in graph.of::<NetworkAcl>() {
                for subnet in &acl.subnets {
                    let of = all.acls.entry(subnet.clone());
                    of.or_insert_with(|| it.id.key.clone());
                }
            }
            all
        })
    }
}
