"""Stands up cruddur, a bootcamp's app of spring 2023, made by hand on Fargate in the default VPC among others."""

import json
import sys
import time

import standing

ACCOUNT = "123456789012"
REGISTRY = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com"
PARAMETERS = f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/cruddur/backend-flask"
EXECUTION_ROLE = f"arn:aws:iam::{ACCOUNT}:role/CruddurServiceExecutionRole"
SCHEDULER_ROLE = f"arn:aws:iam::{ACCOUNT}:role/CruddurSchedulerRole"
TASK_ROLE = f"arn:aws:iam::{ACCOUNT}:role/CruddurTaskRole"


def stand_up(aws: standing.Aws) -> dict[str, str]:
    # An account of 2023 gives long ARNs, whatever an older rack in it chose.
    for setting in "serviceLongArnFormat", "taskLongArnFormat", "containerInstanceLongArnFormat":
        aws.ecs.put_account_setting(name=setting, value="enabled")

    vpc, subnets, default_group = standing.default_network(aws)
    others_before(aws, subnets, default_group)

    database = database_of_week_four(aws, vpc, default_group)
    cluster(aws)
    repositories(aws)
    parameters(aws, database)
    roles(aws)
    balancer_group, service_group = security_groups(aws, vpc)
    let_services_reach_the_database(aws, database, service_group)
    targets = load_balancer(aws, vpc, subnets, balancer_group)
    backend(aws, subnets, service_group, targets["backend-flask"])
    frontend(aws, subnets, service_group, targets["frontend-react-js"])
    add_xray(aws)
    turn_on_container_insights(aws)
    write_logs(aws)

    mail_a_digest(aws, subnets, service_group)

    team_with_the_same_role(aws, vpc, subnets)
    return {}


# ---- what was there before the containers --------------------------------------------------------


def database_of_week_four(aws: standing.Aws, vpc: str, default_group: str) -> dict:
    group = aws.ec2.create_security_group(
        GroupName="cruddur-rds-sg", Description="Security group of the Cruddur database", VpcId=vpc
    )["GroupId"]
    return aws.rds.create_db_instance(
        DBInstanceIdentifier="cruddur-db-instance",
        DBInstanceClass="db.t3.micro",
        Engine="postgres",
        EngineVersion="14.6",
        LicenseModel="postgresql-license",
        MasterUsername="cruddurroot",
        MasterUserPassword="planted-secret-database",
        AllocatedStorage=20,
        StorageType="gp2",
        AvailabilityZone="us-east-1a",
        BackupRetentionPeriod=0,
        Port=5432,
        MultiAZ=False,
        DBName="cruddur",
        PubliclyAccessible=True,
        StorageEncrypted=True,
        EnablePerformanceInsights=True,
        PerformanceInsightsRetentionPeriod=7,
        DeletionProtection=False,
        VpcSecurityGroupIds=[default_group, group],
    )["DBInstance"]


# ---- cluster, images, secrets, roles -------------------------------------------------------------


def cluster(aws: standing.Aws) -> None:
    aws.logs.create_log_group(logGroupName="cruddur")
    aws.logs.put_retention_policy(logGroupName="cruddur", retentionInDays=1)
    # The first cluster of an account makes the role by which ECS works in it.
    if not aws.iam.list_roles(PathPrefix="/aws-service-role/ecs.amazonaws.com/")["Roles"]:
        aws.iam.create_service_linked_role(AWSServiceName="ecs.amazonaws.com")
    aws.ecs.create_cluster(clusterName="cruddur", serviceConnectDefaults={"namespace": "cruddur"})


def repositories(aws: standing.Aws) -> None:
    for name, tag in (
        ("cruddur-python", "3.10-slim-buster"),
        ("backend-flask", "latest"),
        ("frontend-react-js", "latest"),
    ):
        aws.ecr.create_repository(repositoryName=name, imageTagMutability="MUTABLE")
        standing.push_image(aws, name, tag)


def parameters(aws: standing.Aws, database: dict) -> None:
    address = database["Endpoint"]["Address"]
    for name, value in {
        "AWS_ACCESS_KEY_ID": "planted-secret-access-key-id",
        "AWS_SECRET_ACCESS_KEY": "planted-secret-access-key",
        "CONNECTION_URL": f"postgresql://cruddurroot:planted-secret-database@{address}:5432/cruddur",
        "ROLLBAR_ACCESS_TOKEN": "planted-secret-rollbar",
        "OTEL_EXPORTER_OTLP_HEADERS": "x-honeycomb-team=planted-secret-honeycomb",
    }.items():
        aws.ssm.put_parameter(Type="SecureString", Name=f"/cruddur/backend-flask/{name}", Value=value)


def roles(aws: standing.Aws) -> None:
    """The roles that the console made, with more rights than they need."""
    role(
        aws,
        "CruddurServiceExecutionRole",
        ("CruddurServiceExecutionPolicy", ["ssm:GetParameters", "ssm:GetParameter"], f"{PARAMETERS}/*"),
        ["service-role/AmazonECSTaskExecutionRolePolicy", "CloudWatchFullAccess"],
    )
    channels = "CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"
    role(
        aws,
        "CruddurTaskRole",
        ("SSMAccessPolicy", [f"ssmmessages:{channel}" for channel in channels], "*"),
        ["CloudWatchFullAccess", "AWSXRayDaemonWriteAccess"],
    )


def role(aws: standing.Aws, name: str, inline: tuple[str, list[str], str], attached: list[str]) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    aws.iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))
    policy_name, actions, resource = inline
    allow = {"Effect": "Allow", "Action": actions, "Resource": resource}
    aws.iam.put_role_policy(RoleName=name, PolicyName=policy_name, PolicyDocument=policy(allow))
    for path in attached:
        aws.iam.attach_role_policy(RoleName=name, PolicyArn=f"arn:aws:iam::aws:policy/{path}")


def policy(statement: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


# ---- network -------------------------------------------------------------------------------------


def security_groups(aws: standing.Aws, vpc: str) -> tuple[str, str]:
    """The load balancer is open to the world; the services only to it."""
    balancer = aws.ec2.create_security_group(
        GroupName="cruddur-alb-sg", Description="cruddur-alb-sg", VpcId=vpc
    )["GroupId"]
    for port in 80, 443, 4567, 3000:
        admit(aws, balancer, port, IpRanges=[{"CidrIp": "0.0.0.0/0"}])

    service = aws.ec2.create_security_group(
        GroupName="crud-srv-sg", Description="Security group for Cruddur services on ECS", VpcId=vpc
    )["GroupId"]
    for port in 4567, 3000:
        admit(aws, service, port, UserIdGroupPairs=[{"GroupId": balancer, "Description": "Cruddur ALB"}])
    return balancer, service


def let_services_reach_the_database(aws: standing.Aws, database: dict, service_group: str) -> None:
    group = database["VpcSecurityGroups"][-1]["VpcSecurityGroupId"]
    admit(aws, group, 5432, UserIdGroupPairs=[{"GroupId": service_group, "Description": "Cruddur services"}])


def admit(aws: standing.Aws, group: str, port: int, **peers) -> None:
    permission = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port} | peers
    aws.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])


def load_balancer(aws: standing.Aws, vpc: str, subnets: list[str], group: str) -> dict[str, str]:
    """One port for each service. Tells the target groups by service."""
    balancer = aws.elbv2.create_load_balancer(
        Name="cruddur-alb", Subnets=subnets, SecurityGroups=[group], Scheme="internet-facing", Type="application"
    )["LoadBalancers"][0]["LoadBalancerArn"]
    made = {}
    for name, port, path in ("backend-flask", 4567, "/api/health-check"), ("frontend-react-js", 3000, "/"):
        made[name] = aws.elbv2.create_target_group(
            Name=f"cruddur-{name}-tg",
            Protocol="HTTP",
            Port=port,
            VpcId=vpc,
            TargetType="ip",
            HealthCheckPath=path,
            HealthyThresholdCount=3,
        )["TargetGroups"][0]["TargetGroupArn"]
        aws.elbv2.create_listener(
            LoadBalancerArn=balancer,
            Protocol="HTTP",
            Port=port,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": made[name]}],
        )
    return made


# ---- services ------------------------------------------------------------------------------------


def backend(aws: standing.Aws, subnets: list[str], group: str, targets: str) -> None:
    define(aws, BACKEND)
    serve(aws, "backend-flask", 4567, subnets, group, targets)


def frontend(aws: standing.Aws, subnets: list[str], group: str, targets: str) -> None:
    define(aws, FRONTEND)
    serve(aws, "frontend-react-js", 3000, subnets, group, targets)


def define(aws: standing.Aws, *containers: dict) -> None:
    aws.ecs.register_task_definition(
        family=containers[-1]["name"],
        executionRoleArn=EXECUTION_ROLE,
        taskRoleArn=TASK_ROLE,
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        requiresCompatibilities=["FARGATE"],
        containerDefinitions=list(containers),
    )


def serve(aws: standing.Aws, name: str, port: int, subnets: list[str], group: str, targets: str) -> None:
    aws.ecs.create_service(
        cluster="cruddur",
        serviceName=name,
        taskDefinition=name,
        launchType="FARGATE",
        desiredCount=1,
        enableECSManagedTags=True,
        enableExecuteCommand=True,
        propagateTags="SERVICE",
        loadBalancers=[{"targetGroupArn": targets, "containerName": name, "containerPort": port}],
        networkConfiguration={
            "awsvpcConfiguration": {"assignPublicIp": "ENABLED", "securityGroups": [group], "subnets": subnets}
        },
        serviceConnectConfiguration={
            "enabled": True,
            "namespace": "cruddur",
            "services": [{"portName": name, "discoveryName": name, "clientAliases": [{"port": port}]}],
        },
    )


def container(name: str, port: int, check: dict, **rest) -> dict:
    return {
        "name": name,
        "image": f"{REGISTRY}/{name}",
        "essential": True,
        "healthCheck": {"interval": 30, "timeout": 5, "retries": 3} | check,
        "portMappings": [{"name": name, "containerPort": port, "protocol": "tcp", "appProtocol": "http"}],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {"awslogs-group": "cruddur", "awslogs-region": "us-east-1", "awslogs-stream-prefix": name},
        },
    } | rest


BACKEND = container(
    "backend-flask",
    4567,
    {"command": ["CMD-SHELL", "python /backend-flask/bin/flask/health-check"], "startPeriod": 60},
    environment=[
        {"name": "OTEL_SERVICE_NAME", "value": "backend-flask"},
        {"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "https://api.honeycomb.io"},
        {"name": "AWS_COGNITO_USER_POOL_ID", "value": "us-east-1_planted-secret-pool"},
        {"name": "AWS_COGNITO_USER_POOL_CLIENT_ID", "value": "planted-secret-pool-client"},
        {"name": "FRONTEND_URL", "value": "*"},
        {"name": "BACKEND_URL", "value": "*"},
        {"name": "AWS_DEFAULT_REGION", "value": "us-east-1"},
    ],
    secrets=[
        {"name": name, "valueFrom": f"{PARAMETERS}/{name}"}
        for name in (
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "CONNECTION_URL",
            "ROLLBAR_ACCESS_TOKEN",
            "OTEL_EXPORTER_OTLP_HEADERS",
        )
    ],
)

FRONTEND = container(
    "frontend-react-js", 3000, {"command": ["CMD-SHELL", "curl -f http://localhost:3000 || exit 1"]}
)

XRAY = {
    "name": "xray",
    "image": "public.ecr.aws/xray/aws-xray-daemon",
    "essential": True,
    "user": "1337",
    "portMappings": [{"name": "xray", "containerPort": 2000, "protocol": "udp"}],
}


def add_xray(aws: standing.Aws) -> None:
    define(aws, XRAY, BACKEND)
    aws.ecs.update_service(
        cluster="cruddur", service="backend-flask", taskDefinition="backend-flask", forceNewDeployment=True
    )


def turn_on_container_insights(aws: standing.Aws) -> None:
    aws.ecs.update_cluster(cluster="cruddur", settings=[{"name": "containerInsights", "value": "enabled"}])
    # ECS makes this group when it has first something to write.
    log = "/aws/ecs/containerinsights/cruddur/performance"
    aws.logs.create_log_group(logGroupName=log)
    aws.logs.put_retention_policy(logGroupName=log, retentionInDays=1)


def write_logs(aws: standing.Aws) -> None:
    for name in "backend-flask", "frontend-react-js":
        (task,) = aws.ecs.list_tasks(cluster="cruddur", serviceName=name)["taskArns"]
        log = {"logGroupName": "cruddur", "logStreamName": f"{name}/{name}/{task.rsplit('/', 1)[-1]}"}
        aws.logs.create_log_stream(**log)
        line = {"timestamp": int(time.time() * 1000), "message": "GET /api/health-check planted-secret-log"}
        aws.logs.put_log_events(**log, logEvents=[line])


def mail_a_digest(aws: standing.Aws, subnets: list[str], group: str) -> None:
    """A task each morning, which a schedule starts that the console made together with its role."""
    trust = {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}
    aws.iam.create_role(RoleName="CruddurSchedulerRole", AssumeRolePolicyDocument=policy(trust))
    family = f"arn:aws:ecs:us-east-1:{ACCOUNT}:task-definition/backend-flask"
    allow = {"Effect": "Allow", "Action": "ecs:RunTask", "Resource": f"{family}:*"}
    aws.iam.put_role_policy(
        RoleName="CruddurSchedulerRole", PolicyName="Scheduler-execution", PolicyDocument=policy(allow)
    )
    there = {"Subnets": subnets, "SecurityGroups": [group], "AssignPublicIp": "ENABLED"}
    aws.scheduler.create_schedule(
        Name="cruddur-digest",
        ScheduleExpression="cron(0 6 * * ? *)",
        ScheduleExpressionTimezone="Europe/Berlin",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": f"arn:aws:ecs:us-east-1:{ACCOUNT}:cluster/cruddur",
            "RoleArn": SCHEDULER_ROLE,
            "Input": json.dumps({"containerOverrides": [{"name": "planted-secret-override"}]}),
            "EcsParameters": {
                "TaskDefinitionArn": family,
                "LaunchType": "FARGATE",
                "NetworkConfiguration": {"awsvpcConfiguration": there},
            },
        },
    )


# ---- others in the same network ------------------------------------------------------------------


def others_before(aws: standing.Aws, subnets: list[str], default_group: str) -> None:
    """Somebody's machine, which wears what everything in the default VPC wears that names no group."""
    aws.ec2.run_instances(
        ImageId="ami-aff65ad2",
        InstanceType="t2.micro",
        MinCount=1,
        MaxCount=1,
        SubnetId=subnets[0],
        SecurityGroupIds=[default_group],
        UserData="export TOKEN=planted-secret-user-data-wiki",
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "wiki"}]}],
    )


def team_with_the_same_role(aws: standing.Aws, vpc: str, subnets: list[str]) -> None:
    """A team whose tasks start with the role of ours, because that could already pull images."""
    secret = aws.secretsmanager.create_secret(
        Name="ledger/database-password", SecretString="planted-secret-ledger", Description="of the ledger team"
    )["ARN"]
    aws.logs.create_log_group(logGroupName="ledger")
    aws.ecr.create_repository(repositoryName="ledger")
    aws.ecs.create_cluster(clusterName="ledger", tags=[{"key": "Team", "value": "ledger"}])
    aws.ecs.register_task_definition(
        family="ledger",
        executionRoleArn=EXECUTION_ROLE,
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        requiresCompatibilities=["FARGATE"],
        containerDefinitions=[
            {
                "name": "ledger",
                "image": f"{REGISTRY}/ledger",
                "command": ["ledger", "--token", "planted-secret-command-ledger"],
                "portMappings": [{"containerPort": 8080, "protocol": "tcp"}],
                "secrets": [{"name": "DATABASE_PASSWORD", "valueFrom": secret}],
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {
                        "awslogs-group": "ledger",
                        "awslogs-region": "us-east-1",
                        "awslogs-stream-prefix": "ledger",
                    },
                },
            }
        ],
    )
    group = aws.ec2.create_security_group(GroupName="ledger", Description="tasks of the ledger team", VpcId=vpc)
    network = {
        "awsvpcConfiguration": {
            "assignPublicIp": "ENABLED",
            "securityGroups": [group["GroupId"]],
            "subnets": subnets[:2],
        }
    }
    aws.ecs.create_service(
        cluster="ledger",
        serviceName="ledger",
        taskDefinition="ledger",
        launchType="FARGATE",
        desiredCount=1,
        networkConfiguration=network,
    )
    close_the_year(aws, network)


def close_the_year(aws: standing.Aws, network: dict) -> None:
    """What somebody of that team started by hand and no service keeps running."""
    aws.ecs.register_task_definition(
        family="ledger-closing",
        executionRoleArn=EXECUTION_ROLE,
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        requiresCompatibilities=["FARGATE"],
        containerDefinitions=[{"name": "closing", "image": f"{REGISTRY}/ledger"}],
    )
    aws.ecs.run_task(
        cluster="ledger", taskDefinition="ledger-closing", launchType="FARGATE", networkConfiguration=network
    )


if __name__ == "__main__":
    standing.main(sys.modules[__name__])
