//! What a resource bills for, once its neighbours are heard too.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use crate::{
    charge::{Amount, Charge},
    graph::Graph,
    id::ResourceId,
    kind::{elastic_ip::ElasticIp, network_interface::NetworkInterface},
    snapshot::Resource,
};

/// The charges of a resource, without those that another resource has already.
///
/// A network load balancer has an address in each zone, lent by AWS or an Elastic IP of ours. Its
/// own description does not say which; the Elastic IP bills for itself.
pub fn charges(graph: &Graph<'_>, resource: &Resource) -> Vec<Charge> {
    let mut charges = resource.attrs.model().charges();
    let own = Decimal::from(own_addresses(graph, &resource.id));
    if own.is_zero() {
        return charges;
    }
    for charge in &mut charges {
        if let Amount::PerHour(addresses) = &mut charge.amount
            && charge.usage == "PublicIPv4:InUseAddress"
        {
            *addresses = (*addresses - own).max(Decimal::ZERO);
        }
    }
    charges.retain(|it| it.amount != Amount::PerHour(Decimal::ZERO));
    charges
}

/// How many Elastic IPs of ours are on the interfaces that are part of it.
fn own_addresses(graph: &Graph<'_>, id: &ResourceId) -> usize {
    let interfaces = graph.parts::<NetworkInterface>(id);
    let keys = interfaces.iter().flat_map(|(_, it)| &it.elastic_ips);
    let keys: BTreeSet<&String> = keys.collect();
    let ours = |key: &&&String| {
        let address = graph.get_as::<ElasticIp>(key);
        address.is_some_and(|(_, it)| it.managed_by.is_none())
    };
    keys.iter().filter(ours).count()
}
