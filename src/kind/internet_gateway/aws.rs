//! Reads internet gateways: one listing.

use aws_sdk_ec2::types::{self, AttachmentStatus};
use futures_util::future::BoxFuture;

use super::InternetGateway;
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

const GATEWAYS: Call = Call::new(Service::Ec2, "DescribeInternetGateways");

pub const READING: Reading = Reading {
    calls: &[GATEWAYS],
    source: Source::Region(list),
    deepen: None,
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::InternetGateway);
        let pages = aws
            .ec2
            .describe_internet_gateways()
            .into_paginator()
            .items()
            .send();
        found.pages(GATEWAYS, pages, resource).await;
        found
    })
}

fn resource(gateway: types::InternetGateway) -> Result<Resource, Missing> {
    let id = gateway.internet_gateway_id.need("InternetGatewayId")?;
    let attachments = gateway.attachments.unwrap_or_default();
    let attrs = InternetGateway {
        vpcs: attachments
            .into_iter()
            .filter(|it| it.state != Some(AttachmentStatus::Detached))
            .filter_map(|it| it.vpc_id)
            .collect(),
    };
    Ok(Resource::new(id, attrs).tags(tag_map!(gateway.tags.unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kind::AsKind, testing::replay::Tape};

    #[tokio::test]
    async fn an_attachment_says_available_where_it_holds() {
        let tape = Tape::default().answer(
            200,
            "<DescribeInternetGatewaysResponse><internetGatewaySet><item>
               <internetGatewayId>igw-1</internetGatewayId><attachmentSet>
                 <item><vpcId>vpc-1</vpcId><state>available</state></item>
                 <item><vpcId>vpc-2</vpcId><state>detached</state></item>
               </attachmentSet></item></internetGatewaySet></DescribeInternetGatewaysResponse>",
        );
        let found = list(&tape.aws()).await;
        let gateway = InternetGateway::of(&found.resources[0].attrs).unwrap();
        assert_eq!(gateway.vpcs, ["vpc-1"]);
    }
}
