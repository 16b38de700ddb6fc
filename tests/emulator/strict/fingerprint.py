"""Everything an account holds, as it tells it, so that two moments can be compared to the byte."""

import functools
import json

import boto3

# service, the call that lists, where its answer has them, what names each
LISTS = [
    ("acm", "list_certificates", "CertificateSummaryList", "CertificateArn"),
    ("application-autoscaling", "describe_scalable_targets", "ScalableTargets", "ResourceId"),
    ("application-autoscaling", "describe_scaling_policies", "ScalingPolicies", "PolicyARN"),
    ("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups", "AutoScalingGroupName"),
    ("autoscaling", "describe_launch_configurations", "LaunchConfigurations", "LaunchConfigurationName"),
    ("autoscaling", "describe_policies", "ScalingPolicies", "PolicyARN"),
    ("cloudformation", "describe_stacks", "Stacks", "StackId"),
    ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    ("dynamodb", "list_tables", "TableNames", None),
    ("ec2", "describe_addresses", "Addresses", "AllocationId"),
    ("ec2", "describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
    ("ec2", "describe_key_pairs", "KeyPairs", "KeyPairId"),
    ("ec2", "describe_launch_templates", "LaunchTemplates", "LaunchTemplateId"),
    ("ec2", "describe_nat_gateways", "NatGateways", "NatGatewayId"),
    ("ec2", "describe_network_acls", "NetworkAcls", "NetworkAclId"),
    ("ec2", "describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
    ("ec2", "describe_route_tables", "RouteTables", "RouteTableId"),
    ("ec2", "describe_security_groups", "SecurityGroups", "GroupId"),
    ("ec2", "describe_subnets", "Subnets", "SubnetId"),
    ("ec2", "describe_volumes", "Volumes", "VolumeId"),
    ("ec2", "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
    ("ec2", "describe_vpcs", "Vpcs", "VpcId"),
    ("ecr", "describe_repositories", "repositories", "repositoryArn"),
    ("efs", "describe_file_systems", "FileSystems", "FileSystemId"),
    ("elasticache", "describe_cache_clusters", "CacheClusters", "CacheClusterId"),
    ("elasticache", "describe_cache_subnet_groups", "CacheSubnetGroups", "CacheSubnetGroupName"),
    ("elasticache", "describe_replication_groups", "ReplicationGroups", "ReplicationGroupId"),
    ("elb", "describe_load_balancers", "LoadBalancerDescriptions", "LoadBalancerName"),
    ("elbv2", "describe_load_balancers", "LoadBalancers", "LoadBalancerArn"),
    ("elbv2", "describe_target_groups", "TargetGroups", "TargetGroupArn"),
    ("events", "list_rules", "Rules", "Name"),
    ("iam", "list_instance_profiles", "InstanceProfiles", "Arn"),
    ("iam", "list_roles", "Roles", "RoleName"),
    ("kms", "list_aliases", "Aliases", "AliasName"),
    ("kms", "list_keys", "Keys", "KeyId"),
    ("lambda", "list_functions", "Functions", "FunctionName"),
    ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    ("rds", "describe_db_cluster_snapshots", "DBClusterSnapshots", "DBClusterSnapshotIdentifier"),
    ("rds", "describe_db_clusters", "DBClusters", "DBClusterIdentifier"),
    ("rds", "describe_db_instances", "DBInstances", "DBInstanceIdentifier"),
    ("rds", "describe_db_snapshots", "DBSnapshots", "DBSnapshotIdentifier"),
    ("rds", "describe_db_subnet_groups", "DBSubnetGroups", "DBSubnetGroupName"),
    ("route53", "list_hosted_zones", "HostedZones", "Id"),
    ("s3", "list_buckets", "Buckets", "Name"),
    ("scheduler", "list_schedules", "Schedules", "Arn"),
    ("secretsmanager", "list_secrets", "SecretList", "ARN"),
    ("servicediscovery", "list_namespaces", "Namespaces", "Id"),
    ("servicediscovery", "list_services", "Services", "Id"),
    ("sns", "list_subscriptions", "Subscriptions", "SubscriptionArn"),
    ("sns", "list_topics", "Topics", "TopicArn"),
    ("sqs", "list_queues", "QueueUrls", None),
    ("ssm", "describe_parameters", "Parameters", "Name"),
]

# of which of those more is asked: the call, its parameter, where the answer has it
MORE = {
    "acm list_certificates": [("describe_certificate", "CertificateArn")],
    "dynamodb list_tables": [("describe_table", "TableName"), ("scan", "TableName")],
    "ecr describe_repositories": [("list_images", "repositoryName")],
    "efs describe_file_systems": [("describe_mount_targets", "FileSystemId")],
    "elbv2 describe_load_balancers": [
        ("describe_load_balancer_attributes", "LoadBalancerArn"),
        ("describe_listeners", "LoadBalancerArn"),
    ],
    "elbv2 describe_target_groups": [("describe_target_health", "TargetGroupArn")],
    "events list_rules": [("list_targets_by_rule", "Rule")],
    "iam list_roles": [("list_attached_role_policies", "RoleName"), ("list_role_policies", "RoleName")],
    "kms list_keys": [("describe_key", "KeyId")],
    "logs describe_log_groups": [("describe_log_streams", "logGroupName")],
    "route53 list_hosted_zones": [("list_resource_record_sets", "HostedZoneId")],
    "s3 list_buckets": [("list_object_versions", "Bucket")],
    "sns list_topics": [("get_topic_attributes", "TopicArn")],
    "sqs list_queues": [("get_queue_attributes", "QueueUrl")],
}
ALL = {"get_queue_attributes": {"AttributeNames": ["All"]}}


PASSING = ("AvailableIpAddressCount", "LatestRestorableTime", "Timestamp")


class Account:
    def __init__(self, endpoint: str, inside: str) -> None:
        self.endpoint, self.inside, self.clients = endpoint, inside, {}

    def client(self, service: str):
        if service not in self.clients:
            client = boto3.client(
                service,
                endpoint_url=self.endpoint,
                region_name="us-east-1",
                aws_access_key_id="testing",
                aws_secret_access_key="testing",
            )
            add = lambda request, **_: request.headers.add_header(self.inside, "1")  # noqa: E731
            client.meta.events.register("before-sign.*.*", add)
            self.clients[service] = client
        return self.clients[service]

    def ask(self, service: str, call: str, **given) -> dict:
        client = self.client(service)
        if client.can_paginate(call):
            return client.get_paginator(call).paginate(**given).build_full_result()
        told = getattr(client, call)(**given)
        told.pop("ResponseMetadata", None)
        return told


@functools.cache
def account_at(endpoint: str, inside: str) -> Account:
    """Clients take longer to make than to ask."""
    return Account(endpoint, inside)


def take(endpoint: str, inside: str) -> dict[str, str]:
    """What is told of each thing, by its service, the call that lists it and its name."""
    account = account_at(endpoint, inside)
    told = {}
    for service, call, where, name in LISTS:
        given = {"ServiceNamespace": "ecs"} if service == "application-autoscaling" else {}
        for it in account.ask(service, call, **given).get(where, []):
            key = it if name is None else it[name]
            told[f"{service} {call} {key}"] = it
            for more, parameter in MORE.get(f"{service} {call}", []):
                given = it["repositoryName"] if parameter == "repositoryName" else key
                told[f"{service} {more} {key}"] = account.ask(service, more, **{parameter: given}, **ALL.get(more, {}))
    told |= instances(account) | clusters(account)
    return {key: canonical(it) for key, it in told.items()}


def instances(account: Account) -> dict:
    """Machines that are not terminated, for those disappear some time later."""
    reservations = account.ask("ec2", "describe_instances")["Reservations"]
    machines = [it for reservation in reservations for it in reservation["Instances"]]
    return {
        f"ec2 describe_instances {it['InstanceId']}": it for it in machines if it["State"]["Name"] != "terminated"
    }


def clusters(account: Account) -> dict:
    told = {}
    for arn in account.ask("ecs", "list_clusters")["clusterArns"]:
        told[f"ecs describe_clusters {arn}"] = account.ask("ecs", "describe_clusters", clusters=[arn])["clusters"]
        for what in "services", "tasks", "container_instances":
            (arns,) = account.ask("ecs", f"list_{what}", cluster=arn).values()
            for one in arns:
                asked = {"container_instances": "containerInstances"}.get(what, what)
                answer = account.ask("ecs", f"describe_{what}", **{"cluster": arn, asked: [one]})
                told[f"ecs describe_{what} {one}"] = answer[asked]
    for arn in account.ask("ecs", "list_task_definitions")["taskDefinitionArns"]:
        told[f"ecs describe_task_definition {arn}"] = account.ask(
            "ecs", "describe_task_definition", taskDefinition=arn
        )
    for provider in account.ask("ecs", "describe_capacity_providers")["capacityProviders"]:
        told[f"ecs describe_capacity_providers {provider['name']}"] = provider
    return told


def canonical(it) -> str:
    return json.dumps(lasting(it), sort_keys=True, default=str)


def lasting(it):
    """Without what is another at every look: when a size was measured, up to when a database can be restored; and what
    is the sum of others: how many addresses a subnet has left."""
    match it:
        case dict():
            return {key: lasting(part) for key, part in it.items() if key not in PASSING}
        case list():
            return [lasting(part) for part in it]
    return it
