//! What a resource bills for, once its neighbours are heard too.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use crate::{
    charge::{Amount, Charge},
    graph::Graph,
    id::ResourceId,
    kind::{
        AsKind as _, elastic_ip::ElasticIp, instance::Instance, network_interface::NetworkInterface,
    },
    snapshot::Resource,
};

const IN_USE: &str = "PublicIPv4:InUseAddress";

/// The charges of a resource, without those that another resource has already.
///
/// A network load balancer has an address in each zone, lent by AWS or an Elastic IP of ours. Its
/// own description does not say which; the Elastic IP bills for itself.
pub fn charges(graph: &Graph<'_>, resource: &Resource) -> Vec<Charge> {
    let mut charges = resource.attrs.model().charges();
    if is_on_stopped(graph, resource) {
        for charge in &mut charges {
            if charge.usage == IN_USE {
                "PublicIPv4:IdleAddress".clone_into(&mut charge.usage);
            }
        }
    }
    let own = Decimal::from(own_addresses(graph, &resource.id));
    if own.is_zero() {
        return charges;
    }
    for charge in &mut charges {
        if let Amount::PerHour(addresses) = &mut charge.amount
            && charge.usage == IN_USE
        {
            *addresses = (*addresses - own).max(Decimal::ZERO);
        }
    }
    charges.retain(|it| it.amount != Amount::PerHour(Decimal::ZERO));
    charges
}

/// Whether it is an Elastic IP of an instance that does not run, which makes it an idle one.
fn is_on_stopped(graph: &Graph<'_>, resource: &Resource) -> bool {
    let address = ElasticIp::of(&resource.attrs);
    let instance = address.and_then(|it| it.instance.as_deref());
    let instance = instance.and_then(|it| graph.get_as::<Instance>(it));
    instance.is_some_and(|(_, it)| !it.is_running())
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
