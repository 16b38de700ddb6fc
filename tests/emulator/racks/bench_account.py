"""Stands up the account of the benchmark: one rack, larger than most, that owns everything in it.

Where it stands, more of a kind can be made, so that a benchmark sees what one more costs to read:

    AWS_ENDPOINT_URL=… python bench_account.py --add bucket=1 --definition racklens.toml
"""

import argparse
import io
import json
import os
import pathlib
import sys
import zipfile

import standing

NAME = "big"

# What the account begins with, besides what comes along: a VPC, its default things, a certificate, a key.
SIZES = {
    "instance": 6,
    "bucket": 34,
    "repository": 21,
    "log-group": 60,
    "security-group": 53,  # and the default groups of two VPCs
    "role": 10,
    "target-group": 22,
    "task-definition": 22,
    "old-revision": 184,
    "ebs-snapshot": 100,
    "table": 2,
    "queue": 2,
    "topic": 1,
    "function": 2,
    "interface": 4,
}
TAGS = {"Project": NAME}
PAIRS = [{"Key": key, "Value": value} for key, value in TAGS.items()]


def stand_up(aws: standing.Aws) -> dict[str, str]:
    network(aws)
    balancers(aws)
    aws.ecs.create_cluster(clusterName=NAME, tags=[{"key": "Project", "value": NAME}])
    for kind, count in SIZES.items():
        add(aws, kind, count)
    return {}


def network(aws: standing.Aws) -> None:
    vpc = aws.ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tagged("vpc"))["Vpc"]["VpcId"]
    gateway = aws.ec2.create_internet_gateway(TagSpecifications=tagged("internet-gateway"))
    aws.ec2.attach_internet_gateway(VpcId=vpc, InternetGatewayId=gateway["InternetGateway"]["InternetGatewayId"])
    for number, zone in enumerate("abc"):
        aws.ec2.create_subnet(
            VpcId=vpc,
            CidrBlock=f"10.0.{number}.0/24",
            AvailabilityZone=f"us-east-1{zone}",
            TagSpecifications=tagged("subnet"),
        )
    aws.ec2.create_volume(AvailabilityZone="us-east-1a", Size=8, TagSpecifications=tagged("volume"))


def balancers(aws: standing.Aws) -> None:
    certificate = aws.acm.request_certificate(DomainName="*.big.example.com", Tags=PAIRS)["CertificateArn"]
    for name, scheme in ("big-public", "internet-facing"), ("big-internal", "internal"):
        balancer = aws.elbv2.create_load_balancer(Name=name, Subnets=subnets(aws), Scheme=scheme, Tags=PAIRS)
        arn = balancer["LoadBalancers"][0]["LoadBalancerArn"]
        listener(aws, arn, "HTTP", 80, [])
        if scheme == "internet-facing":
            listener(aws, arn, "HTTPS", 443, [{"CertificateArn": certificate}])


def listener(aws: standing.Aws, balancer: str, protocol: str, port: int, certificates: list[dict]) -> str:
    answer = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
    made = aws.elbv2.create_listener(
        LoadBalancerArn=balancer,
        Protocol=protocol,
        Port=port,
        Certificates=certificates,
        DefaultActions=[answer],
        Tags=PAIRS,
    )
    return made["Listeners"][0]["ListenerArn"]


def add(aws: standing.Aws, kind: str, count: int) -> None:
    first = taken(aws, kind)
    for number in range(first, first + count):
        MAKERS[kind](aws, number)
    aws.ecs.tag_resource(resourceArn=cluster(aws), tags=[{"key": kind, "value": str(first + count)}])


def taken(aws: standing.Aws, kind: str) -> int:
    """How many of a kind are there, for the next one's name. Marked on the cluster, as nothing else shows them all."""
    tags = {it["key"]: it["value"] for it in aws.ecs.list_tags_for_resource(resourceArn=cluster(aws))["tags"]}
    return int(tags.get(kind, 0))


def cluster(aws: standing.Aws) -> str:
    return aws.ecs.describe_clusters(clusters=[NAME])["clusters"][0]["clusterArn"]


def bucket(aws: standing.Aws, number: int) -> None:
    name = f"big-bucket-{number:03}"
    aws.s3.create_bucket(Bucket=name)
    aws.s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": PAIRS})
    # As AWS makes buckets since 2023.
    block = dict.fromkeys(["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"], True)
    aws.s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=block)
    aws.s3.put_object(Bucket=name, Key="one", Body=b"one")


def repository(aws: standing.Aws, number: int) -> None:
    aws.ecr.create_repository(repositoryName=f"big/{number:03}", tags=PAIRS)


def log_group(aws: standing.Aws, number: int) -> None:
    aws.logs.create_log_group(logGroupName=f"/big/{number:03}", tags=TAGS)


def security_group(aws: standing.Aws, number: int) -> None:
    made = aws.ec2.create_security_group(
        VpcId=vpc(aws), GroupName=f"big-{number:03}", Description="of big", TagSpecifications=tagged("security-group")
    )
    ports = {"IpProtocol": "tcp", "FromPort": 3000, "ToPort": 3000, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
    aws.ec2.authorize_security_group_ingress(GroupId=made["GroupId"], IpPermissions=[ports])


def role(aws: standing.Aws, number: int) -> None:
    name = f"big-{number:03}"
    aws.iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUSTS_TASKS, Tags=PAIRS)
    aws.iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=READS)


def target_group(aws: standing.Aws, number: int) -> None:
    """A group, and a rule of its own at the public load balancer."""
    made = aws.elbv2.create_target_group(
        Name=f"big-{number:03}", Protocol="HTTP", Port=80, VpcId=vpc(aws), TargetType="instance", Tags=PAIRS
    )
    group = made["TargetGroups"][0]["TargetGroupArn"]
    machines = [it["InstanceId"] for it in instances(aws)]
    aws.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": machines[number % len(machines)]}])
    aws.elbv2.create_rule(
        ListenerArn=public_listener(aws),
        Conditions=[{"Field": "host-header", "Values": [f"s{number:03}.big.example.com"]}],
        Priority=number + 1,
        Actions=[{"Type": "forward", "TargetGroupArn": group}],
        Tags=PAIRS,
    )


def task_definition(aws: standing.Aws, number: int) -> None:
    """A family of one revision, and a service that runs it."""
    register(aws, number)
    groups = {it["TargetGroupName"]: it for it in aws.elbv2.describe_target_groups()["TargetGroups"]}
    group = groups.get(f"big-{number:03}")
    aws.ecs.create_service(
        cluster=NAME,
        serviceName=f"s{number:03}",
        taskDefinition=f"big-{number:03}",
        desiredCount=1,
        launchType="EC2",
        loadBalancers=[{"targetGroupArn": group["TargetGroupArn"], "containerName": "web", "containerPort": 3000}]
        if group
        else [],
        tags=[{"key": "Project", "value": NAME}],
    )


def old_revision(aws: standing.Aws, number: int) -> None:
    """A revision that nothing runs: services stay at the one that they were made with."""
    register(aws, number % SIZES["task-definition"])


def register(aws: standing.Aws, number: int) -> None:
    repository, log = f"big/{number % SIZES['repository']:03}", f"/big/{number % SIZES['log-group']:03}"
    aws.ecs.register_task_definition(
        family=f"big-{number:03}",
        taskRoleArn=f"arn:aws:iam::123456789012:role/big-{number % SIZES['role']:03}",
        networkMode="bridge",
        containerDefinitions=[
            {
                "name": "web",
                "image": f"123456789012.dkr.ecr.us-east-1.amazonaws.com/{repository}:1",
                "cpu": 16,
                "memory": 64,
                "essential": True,
                "portMappings": [{"containerPort": 3000, "hostPort": 0}],
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {"awslogs-group": log, "awslogs-region": "us-east-1"},
                },
            }
        ],
        tags=[{"key": "Project", "value": NAME}],
    )


def ebs_snapshot(aws: standing.Aws, number: int) -> None:
    volume = aws.ec2.describe_volumes(Filters=[{"Name": "tag:Project", "Values": [NAME]}])["Volumes"][0]["VolumeId"]
    aws.ec2.create_snapshot(VolumeId=volume, TagSpecifications=tagged("snapshot"))


def table(aws: standing.Aws, number: int) -> None:
    aws.dynamodb.create_table(
        TableName=f"big-{number:03}",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )


def queue(aws: standing.Aws, number: int) -> None:
    aws.sqs.create_queue(QueueName=f"big-{number:03}")


def topic(aws: standing.Aws, number: int) -> None:
    aws.sns.create_topic(Name=f"big-{number:03}")


def function(aws: standing.Aws, number: int) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as code:
        code.writestr("index.py", "def handler(event, context): pass")
    aws.__getattr__("lambda").create_function(
        FunctionName=f"big-{number:03}",
        Runtime="python3.12",
        Role="arn:aws:iam::123456789012:role/big-000",
        Handler="index.handler",
        Code={"ZipFile": packed.getvalue()},
        Tags=TAGS,
    )


def interface(aws: standing.Aws, number: int) -> None:
    aws.ec2.create_network_interface(SubnetId=subnets(aws)[number % 3], TagSpecifications=tagged("network-interface"))


def instance(aws: standing.Aws, number: int) -> None:
    aws.ec2.run_instances(
        ImageId="ami-aff65ad2",
        InstanceType="t3.xlarge",
        MinCount=1,
        MaxCount=1,
        SubnetId=subnets(aws)[number % 3],
        UserData=f"echo ECS_CLUSTER={NAME} >> /etc/ecs/ecs.config",
        TagSpecifications=tagged("instance"),
    )


def lone_listener(aws: standing.Aws, number: int) -> None:
    listener(aws, public_balancer(aws), "HTTP", 8000 + number, [])


def lone_secure_listener(aws: standing.Aws, number: int) -> None:
    certificate = aws.acm.list_certificates()["CertificateSummaryList"][0]["CertificateArn"]
    listener(aws, public_balancer(aws), "HTTPS", 9000 + number, [{"CertificateArn": certificate}])


MAKERS = {
    "bucket": bucket,
    "ebs-snapshot": ebs_snapshot,
    "function": function,
    "instance": instance,
    "interface": interface,
    "listener": lone_listener,
    "listener-https": lone_secure_listener,
    "log-group": log_group,
    "old-revision": old_revision,
    "queue": queue,
    "repository": repository,
    "role": role,
    "security-group": security_group,
    "table": table,
    "target-group": target_group,
    "task-definition": task_definition,
    "topic": topic,
}


def tagged(kind: str) -> list[dict]:
    return [{"ResourceType": kind, "Tags": PAIRS}]


def vpc(aws: standing.Aws) -> str:
    return aws.ec2.describe_vpcs(Filters=[{"Name": "tag:Project", "Values": [NAME]}])["Vpcs"][0]["VpcId"]


def subnets(aws: standing.Aws) -> list[str]:
    mine = aws.ec2.describe_subnets(Filters=[{"Name": "tag:Project", "Values": [NAME]}])["Subnets"]
    return [it["SubnetId"] for it in mine]


def instances(aws: standing.Aws) -> list[dict]:
    mine = aws.ec2.describe_instances(Filters=[{"Name": "tag:Project", "Values": [NAME]}])["Reservations"]
    return [it for reservation in mine for it in reservation["Instances"]]


def public_balancer(aws: standing.Aws) -> str:
    return aws.elbv2.describe_load_balancers(Names=["big-public"])["LoadBalancers"][0]["LoadBalancerArn"]


def public_listener(aws: standing.Aws) -> str:
    listeners = aws.elbv2.describe_listeners(LoadBalancerArn=public_balancer(aws))["Listeners"]
    return next(it["ListenerArn"] for it in listeners if it["Port"] == 443)


def definition(aws: standing.Aws) -> str:
    """What says that all of it is the rack's: a tag, and by name what bears none that a listing tells."""
    own = [f"table/{it}" for it in aws.dynamodb.list_tables()["TableNames"]]
    own += [f"queue/{it.rsplit('/', 1)[-1]}" for it in aws.sqs.list_queues().get("QueueUrls", [])]
    own += [it["TopicArn"] for it in aws.sns.list_topics()["Topics"]]
    # The others are found because task definitions name them.
    own += [f"role/big-{it:03}" for it in range(SIZES["role"], taken(aws, "role"))]
    own += [f"repository/big/{it:03}" for it in range(SIZES["repository"], taken(aws, "repository"))]
    own += [f"log-group/{it['logGroupName']}" for it in all_log_groups(aws)]
    own += [it["FunctionArn"] for it in aws.__getattr__("lambda").list_functions()["Functions"]]
    own += [it["CertificateArn"] for it in aws.acm.list_certificates()["CertificateSummaryList"]]
    return f"[rack.{NAME}]\ncluster = {json.dumps(NAME)}\ntags = {{ Project = {json.dumps(NAME)} }}\nown = {json.dumps(own)}\n"


def all_log_groups(aws: standing.Aws) -> list[dict]:
    pages = aws.logs.get_paginator("describe_log_groups").paginate()
    return [it for page in pages for it in page["logGroups"]]


TRUSTS_TASKS = """{
  "Version": "2012-10-17",
  "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}]
}"""

READS = """{
  "Version": "2012-10-17",
  "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::big-bucket-000/*"}]
}"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--add", action="append", default=[], metavar="KIND=COUNT", help="make so many more of a kind")
    options.add_argument("--definition", type=pathlib.Path, metavar="FILE", help="write what the rack is to this file")
    given = options.parse_args()
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    if endpoint is None:
        sys.exit("AWS_ENDPOINT_URL is not set, and this is not for a real AWS account")
    aws = standing.Aws(endpoint)
    for wish in given.add:
        kind, count = wish.split("=")
        add(aws, kind, int(count))
    if given.definition:
        given.definition.write_text(definition(aws))


if __name__ == "__main__":
    main()
