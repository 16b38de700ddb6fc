"""Stands up ecs-cluster, made by ecs-cli for a book of autumn 2016, with a database and load balancer beside it."""

import json
import pathlib
import sys

import standing

HERE = pathlib.Path(__file__).parent

STACK = "amazon-ecs-cli-setup-ecs-cluster"
PRODUCTION = {"name": "PASSENGER_APP_ENV", "value": "production"}


def stand_up(aws: standing.Aws) -> dict[str, str]:
    # In 2016 the ARNs of services, tasks and instances did not yet name their cluster.
    for setting in "serviceLongArnFormat", "taskLongArnFormat", "containerInstanceLongArnFormat":
        aws.ecs.put_account_setting(name=setting, value="disabled")

    neighbours(aws)
    aws.ec2.create_key_pair(KeyName="ecs-cluster-pem")
    ecs_cli_up(aws)
    database(aws)
    open_ports(aws)
    task = run_a_task(aws)
    load_balancer(aws)
    aws.ecs.stop_task(cluster="ecs-cluster", task=task, reason="Task stopped by user")
    service(aws)
    push(aws)
    migrate(aws, "webapp:8")
    return ids_of_the_book(aws)


def ecs_cli_up(aws: standing.Aws) -> None:
    """`ecs-cli up --keypair ecs-cluster-pem --capability-iam --size 2 --instance-type t2.medium`"""
    aws.ecs.create_cluster(clusterName="ecs-cluster")
    standing.stack(
        aws,
        STACK,
        HERE / "ecs_cluster.setup.yaml",
        {},
        {
            "EcsAmiId": "ami-aff65ad2",
            "EcsInstanceType": "t2.medium",
            "KeyName": "ecs-cluster-pem",
            "AsgMaxSize": "2",
            "EcsCluster": "ecs-cluster",
        },
    )


def database(aws: standing.Aws) -> None:
    """In the network of the cluster, and in its security group."""
    made = standing.resources(aws, STACK)
    aws.rds.create_db_subnet_group(
        DBSubnetGroupName="webapp-postgres-subnet",
        DBSubnetGroupDescription="Subnet for PostgreSQL",
        SubnetIds=[made["PubSubnetAz2"], made["PubSubnetAz1"]],
    )
    aws.rds.create_db_instance(
        DBName="webapp_production",
        DBInstanceIdentifier="webapp-postgres",
        AllocatedStorage=20,
        DBInstanceClass="db.t2.medium",
        Engine="postgres",
        MasterUsername="webapp",
        MasterUserPassword="planted-secret-database",
        DBSubnetGroupName="webapp-postgres-subnet",
        VpcSecurityGroupIds=[made["EcsSecurityGroup"]],
        # What follows AWS chose.
        EngineVersion="9.5.2",
        LicenseModel="postgresql-license",
        StorageType="standard",
        PubliclyAccessible=False,
        BackupRetentionPeriod=1,
        PreferredBackupWindow="04:05-04:35",
        PreferredMaintenanceWindow="tue:06:28-tue:06:58",
        CACertificateIdentifier="rds-ca-2015",
    )


def open_ports(aws: standing.Aws) -> None:
    """All ports to the group itself, for the database, and SSH to the world, for debugging."""
    group = standing.resources(aws, STACK)["EcsSecurityGroup"]
    for permission in (
        {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]},
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
    ):
        aws.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])


# ---- the app -------------------------------------------------------------------------------------


def define(aws: standing.Aws, tag: str) -> None:
    aws.ecs.register_task_definition(
        family="webapp",
        containerDefinitions=[
            {
                "name": "webapp",
                "image": f"pacuna/webapp:{tag}",
                "cpu": 500,
                "memory": 500,
                "portMappings": [{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}],
                "essential": True,
                "environment": [PRODUCTION],
            }
        ],
    )


def run_a_task(aws: standing.Aws) -> str:
    """The app without a service, and beside it the migrations of its database."""
    define(aws, "ecs-0eddbb1")
    (task,) = aws.ecs.run_task(cluster="ecs-cluster", taskDefinition="webapp:1")["tasks"]
    migrate(aws, "webapp:1")
    return task["taskArn"]


def migrate(aws: standing.Aws, task_definition: str) -> None:
    command = ["bin/rails", "db:migrate", "RAILS_ENV=production"]
    overrides = {"containerOverrides": [{"name": "webapp", "command": command, "environment": [PRODUCTION]}]}
    (task,) = aws.ecs.run_task(cluster="ecs-cluster", taskDefinition=task_definition, overrides=overrides)["tasks"]
    aws.ecs.stop_task(cluster="ecs-cluster", task=task["taskArn"], reason="Essential container in task exited")


def load_balancer(aws: standing.Aws) -> None:
    made = standing.resources(aws, STACK)
    aws.elb.create_load_balancer(
        LoadBalancerName="webapp-load-balancer",
        Listeners=[{"Protocol": "HTTP", "LoadBalancerPort": 80, "InstanceProtocol": "HTTP", "InstancePort": 80}],
        Subnets=[made["PubSubnetAz2"], made["PubSubnetAz1"]],
        SecurityGroups=[made["EcsSecurityGroup"]],
    )


def service(aws: standing.Aws) -> None:
    role_for_services(aws)
    aws.ecs.create_service(
        cluster="ecs-cluster",
        serviceName="webapp-service",
        taskDefinition="webapp:1",
        loadBalancers=[
            {"loadBalancerName": "webapp-load-balancer", "containerName": "webapp", "containerPort": 80}
        ],
        desiredCount=1,
        role="ecsServiceRole",
    )


def role_for_services(aws: standing.Aws) -> None:
    """The role that the console of ECS makes when it is first opened."""
    trust = {"Effect": "Allow", "Principal": {"Service": "ecs.amazonaws.com"}, "Action": "sts:AssumeRole"}
    aws.iam.create_role(
        RoleName="ecsServiceRole",
        AssumeRolePolicyDocument=json.dumps({"Version": "2008-10-17", "Statement": [{"Sid": ""} | trust]}),
    )
    aws.iam.attach_role_policy(
        RoleName="ecsServiceRole", PolicyArn="arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceRole"
    )


def push(aws: standing.Aws) -> None:
    """The script that deploys, until it worked: with the eighth revision."""
    for _ in range(6):
        define(aws, "LAST_COMMIT")
    define(aws, "1cc4379")
    aws.ecs.update_service(cluster="ecs-cluster", service="webapp-service", taskDefinition="webapp", desiredCount=1)


# ---- others --------------------------------------------------------------------------------------


def neighbours(aws: standing.Aws) -> None:
    """The key pair and the database of others, who have a network of their own."""
    aws.ec2.create_key_pair(KeyName="reporting-pem")
    vpc = aws.ec2.create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        aws.ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for cidr, zone in (("10.2.1.0/24", "us-east-1a"), ("10.2.2.0/24", "us-east-1b"))
    ]
    group = aws.ec2.create_security_group(VpcId=vpc, GroupName="reporting-db", Description="database of reporting")
    aws.rds.create_db_subnet_group(
        DBSubnetGroupName="reporting", DBSubnetGroupDescription="reporting", SubnetIds=subnets
    )
    aws.rds.create_db_instance(
        DBInstanceIdentifier="reporting",
        DBInstanceClass="db.t2.small",
        Engine="mysql",
        EngineVersion="5.6.27",
        AllocatedStorage=50,
        StorageType="gp2",
        MasterUsername="reporting",
        MasterUserPassword="planted-secret-reporting",
        DBSubnetGroupName="reporting",
        VpcSecurityGroupIds=[group["GroupId"]],
        PubliclyAccessible=False,
    )


def ids_of_the_book(aws: standing.Aws) -> dict[str, str]:
    """The ids that were drawn, and those the book shows for the same things.

    Not that of the default VPC: it belongs to all racks of the account, and can bear the name of one story only.
    """
    made = standing.resources(aws, STACK)
    inside = [{"Name": "vpc-id", "Values": [made["Vpc"]]}, {"Name": "group-name", "Values": ["default"]}]
    (default_group,) = aws.ec2.describe_security_groups(Filters=inside)["SecurityGroups"]
    (database,) = aws.rds.describe_db_instances(DBInstanceIdentifier="webapp-postgres")["DBInstances"]
    pairs = {
        made["Vpc"]: "vpc-a0e9c0c7",
        made["PubSubnetAz1"]: "subnet-e0906cbb",
        made["PubSubnetAz2"]: "subnet-3a09f717",
        made["EcsSecurityGroup"]: "sg-bbe6b3c1",
        default_group["GroupId"]: "sg-efe6b395",
        database["DbiResourceId"]: "db-3QR6VRBU4OIDKYCA73XFNINCH4",
    }

    # The last migration ran on the one instance where the service had no task.
    arns = aws.ecs.list_container_instances(cluster="ecs-cluster")["containerInstanceArns"]
    instances = aws.ecs.describe_container_instances(cluster="ecs-cluster", containerInstances=arns)
    for instance in instances["containerInstances"]:
        if instance["runningTasksCount"]:
            pairs[last(instance["containerInstanceArn"])] = "931096f1-4e01-4baf-8cfc-73a80e5b1ead"
        else:
            pairs[last(instance["containerInstanceArn"])] = "edd5e9a7-7f29-43a6-98c1-b7d7dd912cd2"
            pairs |= {instance["ec2InstanceId"]: "i-69f4a17f", public_address(aws, instance): "54.164.16.149"}
    return pairs


def public_address(aws: standing.Aws, container_instance: dict) -> str:
    found = aws.ec2.describe_instances(InstanceIds=[container_instance["ec2InstanceId"]])
    return found["Reservations"][0]["Instances"][0]["PublicIpAddress"]


def last(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]


if __name__ == "__main__":
    standing.main(sys.modules[__name__])
