"""Stands up what belongs to no rack, though named so like karim-test that only evidence tells, and a dead rack's bucket."""

import pathlib
import sys

import standing

HERE = pathlib.Path(__file__).parent

OLD_RACK = {"System": "convox", "Type": "rack", "Name": "old-rack", "Rack": "old-rack"}


def stand_up(aws: standing.Aws) -> dict[str, str]:
    look_alikes(aws)
    network_with_an_instance(aws)
    left_by_a_dead_rack(aws)
    return {}


def network_with_an_instance(aws: standing.Aws) -> None:
    ec2 = aws.ec2
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16", TagSpecifications=named("vpc", "karim-test-vpc"))["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(
        VpcId=vpc,
        CidrBlock="10.1.1.0/24",
        AvailabilityZone="us-east-1a",
        TagSpecifications=named("subnet", "karim-test public 0"),
    )["Subnet"]["SubnetId"]
    group = ec2.create_security_group(VpcId=vpc, GroupName="karim-test-web", Description="web servers of another team")[
        "GroupId"
    ]
    ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
    )
    ec2.import_key_pair(KeyName="karim-test-laptop", PublicKeyMaterial=PUBLIC_KEY)
    ec2.run_instances(
        ImageId="ami-aff65ad2",
        KeyName="karim-test-laptop",
        InstanceType="t2.micro",
        MinCount=1,
        MaxCount=1,
        SubnetId=subnet,
        SecurityGroupIds=[group],
        UserData="export TOKEN=planted-secret-user-data-neighbour",
        TagSpecifications=named("instance", "karim-test"),
    )
    balancer_that_writes_logs(aws, vpc, subnet, group)


def balancer_that_writes_logs(aws: standing.Aws, vpc: str, subnet: str, group: str) -> None:
    other = aws.ec2.create_subnet(
        VpcId=vpc,
        CidrBlock="10.1.2.0/24",
        AvailabilityZone="us-east-1b",
        TagSpecifications=named("subnet", "karim-test public 1"),
    )["Subnet"]["SubnetId"]
    balancer = aws.elbv2.create_load_balancer(
        Name="karim-test-payments", Subnets=[subnet, other], SecurityGroups=[group], Scheme="internal"
    )["LoadBalancers"][0]["LoadBalancerArn"]
    aws.elbv2.modify_load_balancer_attributes(
        LoadBalancerArn=balancer,
        Attributes=[
            {"Key": "access_logs.s3.enabled", "Value": "true"},
            {"Key": "access_logs.s3.bucket", "Value": "karim-test-backups"},
        ],
    )


def look_alikes(aws: standing.Aws) -> None:
    aws.ecs.create_cluster(clusterName="karim-test-2", tags=[{"key": "Team", "value": "payments"}])
    aws.s3.create_bucket(Bucket="karim-test-backups")
    aws.s3.put_object(Bucket="karim-test-backups", Key="2018-05-01.tar.gz", Body=b"a backup")
    aws.route53.create_hosted_zone(Name="karim-test.example.com.", CallerReference="karim-test.example.com")
    aws.iam.create_role(RoleName="karim-test-deployer", AssumeRolePolicyDocument=TRUSTS_EC2)
    aws.logs.create_log_group(logGroupName="karim-test-LogGroup-archive")
    aws.sqs.create_queue(QueueName="karim-test-AccountEvents-dead-letters")
    aws.sns.create_topic(Name="karim-test-alerts")
    aws.dynamodb.create_table(
        TableName="karim-test-sessions",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    aws.ecr.create_repository(repositoryName="karim-test/web")


def left_by_a_dead_rack(aws: standing.Aws) -> None:
    """A stack's bucket that was to be kept outlives the stack, and still carries its tags."""
    standing.stack(aws, "old-rack", HERE / "neighbours.old-rack.yaml", OLD_RACK)
    aws.s3.put_object(
        Bucket="old-rack-settings-0z9y8x7w6v5u", Key="settings.json", Body=b'{"token": "planted-secret-old-rack"}'
    )
    aws.cloudformation.delete_stack(StackName="old-rack")


def named(kind: str, name: str) -> list[dict]:
    return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}]}]


# Made for this file; nobody has the private half.
PUBLIC_KEY = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIISKHx660LfGrOzHBfeCIEPBKSdspebifgMG3A8BeVII"

TRUSTS_EC2 = """{
  "Version": "2012-10-17",
  "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]
}"""


if __name__ == "__main__":
    standing.main(sys.modules[__name__])
