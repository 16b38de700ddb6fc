//! What AWS's bill and FOCUS call the service that a line is for.

/// A service as people and FOCUS know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service<'a> {
    /// FOCUS's category: `Compute`, `Storage`.
    pub category: &'static str,
    /// AWS's name of it: `Amazon Elastic Block Store`.
    pub name: &'a str,
    /// FOCUS's subcategory: `Block Storage`.
    pub subcategory: &'static str,
}

/// Service code and what its usage types begin with, then FOCUS's category, AWS's name of the
/// service, FOCUS's subcategory. The first that fits counts.
const SERVICES: &[(&str, &str, &str, &str, &str)] = &[
    (
        "AmazonEC2",
        "EBS:",
        "Storage",
        "Amazon Elastic Block Store",
        "Block Storage",
    ),
    (
        "AmazonEC2",
        "NatGateway",
        "Networking",
        "Amazon Virtual Private Cloud",
        "Network Connectivity",
    ),
    (
        "AmazonEC2",
        "RegionalNatGateway",
        "Networking",
        "Amazon Virtual Private Cloud",
        "Network Connectivity",
    ),
    (
        "AmazonEC2",
        "",
        "Compute",
        "Amazon Elastic Compute Cloud",
        "Virtual Machines",
    ),
    (
        "AmazonECS",
        "",
        "Compute",
        "Amazon Elastic Container Service",
        "Containers",
    ),
    (
        "AmazonECR",
        "",
        "Compute",
        "Amazon Elastic Container Registry",
        "Containers",
    ),
    (
        "AWSLambda",
        "",
        "Compute",
        "AWS Lambda",
        "Serverless Compute",
    ),
    (
        "AmazonS3",
        "",
        "Storage",
        "Amazon Simple Storage Service",
        "Object Storage",
    ),
    (
        "AmazonEFS",
        "",
        "Storage",
        "Amazon Elastic File System",
        "File System Storage",
    ),
    (
        "AWSELB",
        "",
        "Networking",
        "Elastic Load Balancing",
        "Application Networking",
    ),
    (
        "AmazonVPC",
        "",
        "Networking",
        "Amazon Virtual Private Cloud",
        "Network Connectivity",
    ),
    (
        "AmazonRoute53",
        "",
        "Networking",
        "Amazon Route 53",
        "Network Infrastructure",
    ),
    (
        "AmazonCloudWatch",
        "",
        "Management and Governance",
        "Amazon CloudWatch",
        "Observability",
    ),
    (
        "AWSSystemsManager",
        "",
        "Management and Governance",
        "AWS Systems Manager",
        "Other (Management and Governance)",
    ),
    (
        "AWSSecretsManager",
        "",
        "Security",
        "AWS Secrets Manager",
        "Secret Management",
    ),
    (
        "awskms",
        "",
        "Security",
        "AWS Key Management Service",
        "Secret Management",
    ),
    (
        "AmazonDynamoDB",
        "",
        "Databases",
        "Amazon DynamoDB",
        "NoSQL Databases",
    ),
    (
        "AmazonRDS",
        "",
        "Databases",
        "Amazon Relational Database Service",
        "Relational Databases",
    ),
    (
        "AmazonDocDB",
        "",
        "Databases",
        "Amazon DocumentDB",
        "NoSQL Databases",
    ),
    (
        "AmazonNeptune",
        "",
        "Databases",
        "Amazon Neptune",
        "Other (Databases)",
    ),
    (
        "AmazonElastiCache",
        "",
        "Databases",
        "Amazon ElastiCache",
        "Caching",
    ),
    (
        "AWSQueueService",
        "",
        "Integration",
        "Amazon Simple Queue Service",
        "Messaging",
    ),
    (
        "AmazonSNS",
        "",
        "Integration",
        "Amazon Simple Notification Service",
        "Messaging",
    ),
];

impl<'a> Service<'a> {
    /// The service of a line, by its Price List service code and its usage type. One that is not
    /// known has its code for a name.
    pub fn of(code: &'a str, usage: &str) -> Self {
        let mut all = SERVICES.iter();
        let known = all.find(|it| it.0 == code && usage.starts_with(it.1));
        match known {
            Some(&(_, _, category, name, subcategory)) => Self {
                category,
                name,
                subcategory,
            },
            None => Self {
                category: "Other",
                name: code,
                subcategory: "Other (Other)",
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disks_and_gateways_are_no_machines() {
        let name = |usage| Service::of("AmazonEC2", usage).name;
        assert_eq!(name("EBS:VolumeUsage.gp3"), "Amazon Elastic Block Store");
        assert_eq!(name("NatGateway-Hours"), "Amazon Virtual Private Cloud");
        assert_eq!(name("BoxUsage:t3.micro"), "Amazon Elastic Compute Cloud");
        assert_eq!(Service::of("AmazonNew", "Hours").name, "AmazonNew");
    }
}
