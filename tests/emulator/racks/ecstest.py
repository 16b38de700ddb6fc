"""Stands up ECSTEST, the cluster of a blog post of March 2017, made by Terraform in a network that was there before."""

import json
import sys
import time

import aliases
import standing

ZONES = "us-east-1a", "us-east-1b", "us-east-1c"
CLUSTER, SERVICE = "ECSTEST", "ECSTEST-ecs-nodejs-app-service"
IMAGE = "ami-aff65ad2"  # the emulator's one image for ECS, some months younger than the post
KEY_PAIR = "ec2key"
STATE = {"Bucket": "encompass-terraform-state", "Key": "ecstest/terraform.tfstate"}

# Terraform completes a name that is given as a prefix with the moment and a count.
LAUNCH_CONFIGURATION = "ECSTEST-ecs-lc-20170307050412398200000001"


def stand_up(aws: standing.Aws) -> dict[str, str]:
    there = what_was_there_before(aws)
    made = terraform_apply(aws, there)
    let_the_cluster_into_consul(aws, there, made)
    leave_traces(aws)
    keep_state(aws, terraform_state(aws, there, made))
    return ids_of_the_blog(aws, there, made)


# ---- what was there before, and is not Terraform's ---------------------------------------------


def what_was_there_before(aws: standing.Aws) -> dict:
    """The network of the company, its Consul servers and proxy, its domain, and the bucket of its states."""
    there = network(aws)
    there["consul"] = aws.ec2.create_security_group(
        VpcId=there["vpc"],
        GroupName="ECSTEST-consul-sg",
        Description="Consul servers",
        TagSpecifications=tagged("security-group", Name="ECSTEST-consul"),
    )["GroupId"]
    open_ports(aws, there["consul"], [tcp(8300, 8302, "10.22.0.0/20"), tcp(8500, 8500, "10.22.0.0/20")])
    aws.ec2.import_key_pair(KeyName=KEY_PAIR, PublicKeyMaterial=PUBLIC_KEY)
    for subnet, address in zip(there["private"], ("10.22.3.115", "10.22.4.193", "10.22.5.48"), strict=True):
        server(aws, "ECSTEST-consul", subnet, address, [there["consul"]])
    server(aws, "ECSTEST-haproxy", there["public"][2], "10.22.2.84", [there["consul"]])

    zone = aws.route53.create_hosted_zone(Name="mydomain.com.", CallerReference="mydomain.com")["HostedZone"]
    there["zone"] = zone["Id"].removeprefix("/hostedzone/")
    aws.s3.create_bucket(Bucket=STATE["Bucket"])
    aws.s3.put_bucket_versioning(Bucket=STATE["Bucket"], VersioningConfiguration={"Status": "Enabled"})
    return there


def network(aws: standing.Aws) -> dict:
    ec2 = aws.ec2
    vpc = ec2.create_vpc(CidrBlock="10.22.0.0/20", TagSpecifications=tagged("vpc", Name="ECSTEST"))["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})

    def subnets(of: str, first: int) -> list[str]:
        return [
            ec2.create_subnet(
                VpcId=vpc,
                CidrBlock=f"10.22.{first + index}.0/24",
                AvailabilityZone=zone,
                TagSpecifications=tagged("subnet", Name=f"ECSTEST-{of}-{zone}"),
            )["Subnet"]["SubnetId"]
            for index, zone in enumerate(ZONES)
        ]

    def routes(of: str, subnet_ids: list[str], **via: str) -> None:
        table = ec2.create_route_table(VpcId=vpc, TagSpecifications=tagged("route-table", Name=f"ECSTEST-{of}"))
        table = table["RouteTable"]["RouteTableId"]
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **via)
        for subnet in subnet_ids:
            ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)

    public, private = subnets("public", 0), subnets("private", 3)
    gateway = ec2.create_internet_gateway(TagSpecifications=tagged("internet-gateway", Name="ECSTEST"))
    gateway = gateway["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    address = ec2.allocate_address(Domain="vpc", TagSpecifications=tagged("elastic-ip", Name="ECSTEST-nat"))
    nat = ec2.create_nat_gateway(
        SubnetId=public[0],
        AllocationId=address["AllocationId"],
        TagSpecifications=tagged("natgateway", Name="ECSTEST"),
    )["NatGateway"]["NatGatewayId"]
    routes("public", public, GatewayId=gateway)
    routes("private", private, NatGatewayId=nat)
    return {"vpc": vpc, "public": public, "private": private, "address": address["PublicIp"]}


def server(aws: standing.Aws, name: str, subnet: str, address: str, groups: list[str]) -> None:
    aws.ec2.run_instances(
        ImageId="ami-2d39803a",  # Ubuntu 14.04
        InstanceType="t2.micro",
        MinCount=1,
        MaxCount=1,
        KeyName=KEY_PAIR,
        SubnetId=subnet,
        PrivateIpAddress=address,
        SecurityGroupIds=groups,
        UserData="CONSUL_KEY=planted-secret-user-data-consul-server",
        TagSpecifications=tagged("instance", Name=name, Environment="ecstest"),
    )


def let_the_cluster_into_consul(aws: standing.Aws, there: dict, made: dict) -> None:
    """By hand, after the cluster stood: from then on its group cannot go while this rule stands."""
    pair = {"GroupId": made["instances"], "Description": "ECS instances"}
    open_ports(
        aws,
        there["consul"],
        [
            {"IpProtocol": protocol, "FromPort": 8300, "ToPort": 8302, "UserIdGroupPairs": [pair]}
            for protocol in ("tcp", "udp")
        ],
    )


# ---- what Terraform made ------------------------------------------------------------------------


def terraform_apply(aws: standing.Aws, there: dict) -> dict:
    """Everything that the configuration declares; the ids that AWS drew for it."""
    aws.ecs.create_cluster(clusterName=CLUSTER)
    log_groups(aws)
    made = security_groups(aws, there["vpc"])
    made |= roles(aws)
    made |= load_balancer(aws, there, made)
    made |= instances(aws, there, made)
    made |= service(aws, made)
    made |= scaling_of_the_instances(aws) | scaling_of_the_service(aws, made)
    return made


def log_groups(aws: standing.Aws) -> None:
    for name in "tf-ecs-group/ecs-agent", "tf-ecs-group/nodejs-app":
        aws.logs.create_log_group(logGroupName=name)


def security_groups(aws: standing.Aws, vpc: str) -> dict:
    balancer = aws.ec2.create_security_group(
        VpcId=vpc,
        GroupName="ECSTEST-ecs-nodejs-app-alb-sg",
        Description="Security group for access to the application ELB",
    )["GroupId"]
    open_ports(aws, balancer, [tcp(80, 80, "10.22.0.0/20")])
    instances = aws.ec2.create_security_group(
        VpcId=vpc,
        GroupName="ECSTEST-ecs-sg",
        Description="Security group for the EC2 instances in the ECS cluster",
    )["GroupId"]
    of_the_vpc = "10.22.0.0/20"
    open_ports(
        aws,
        instances,
        [
            tcp(22, 22, "0.0.0.0/0"),
            {"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
            # Port 8080 is open to the world, and once more to the load balancer alone.
            tcp(8080, 8080, "0.0.0.0/0"),
            *(tcp(port, port, of_the_vpc) for port in (8400, 8500, 8600)),
            tcp(8301, 8302, of_the_vpc),
            udp(8301, 8302, of_the_vpc),
            udp(53, 53, of_the_vpc),
            {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "UserIdGroupPairs": [{"GroupId": balancer}]},
        ],
    )
    return {"balancer_group": balancer, "instances": instances}


def roles(aws: standing.Aws) -> dict:
    logs = "arn:aws:logs:us-east-1:123456789012:log-group:tf-ecs-group"
    agent = [
        allow(
            "ecs:CreateCluster",
            "ecs:DeregisterContainerInstance",
            "ecs:DiscoverPollEndpoint",
            "ecs:Poll",
            "ecs:RegisterContainerInstance",
            "ecs:StartTelemetrySession",
            "ecs:Submit*",
            "ecr:GetAuthorizationToken",
            "ecr:BatchCheckLayerAvailability",
            "ecr:GetDownloadUrlForLayer",
            "ecr:BatchGetImage",
        )
        | {"Sid": "ECSClusterInstanceRole"},
        allow("logs:CreateLogStream", "logs:PutLogEvents", on=[f"{logs}/nodejs-app:*", f"{logs}/ecs-agent:*"])
        | {"Sid": "allowLoggingToCloudWatch"},
    ]
    balancing = [
        allow(
            "elasticloadbalancing:Describe*",
            "elasticloadbalancing:DeregisterInstancesFromLoadBalancer",
            "elasticloadbalancing:RegisterInstancesWithLoadBalancer",
            "elasticloadbalancing:DeregisterTargets",
            "elasticloadbalancing:RegisterTargets",
            "ec2:Describe*",
            "ec2:AuthorizeSecurityGroupIngress",
        )
    ]
    scaling = [allow("ecs:DescribeServices", "ecs:UpdateService", "cloudwatch:DescribeAlarms")]
    made = {
        "instance_role": role(aws, "ECSTEST-ecs-role", "ec2", "ECSTEST-ecs-role-policy", agent),
        "service_role": role(aws, "ECSTEST-ecs-service-role", "ecs", "ECSTEST-ecs-service-policy", balancing),
        "scaling_role": role(
            aws,
            "ECSTEST-ecs-nodejs-app-as-role",
            "application-autoscaling",
            "ECSTEST-ecs-nodejs-app-as-policy",
            scaling,
        ),
    }
    profile = aws.iam.create_instance_profile(InstanceProfileName="ECSTEST-ecs-profile")["InstanceProfile"]
    aws.iam.add_role_to_instance_profile(InstanceProfileName="ECSTEST-ecs-profile", RoleName="ECSTEST-ecs-role")
    return made | {"profile": profile}


def role(aws: standing.Aws, name: str, service: str, policy: str, statements: list[dict]) -> dict:
    trust = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    made = aws.iam.create_role(RoleName=name, Path="/", AssumeRolePolicyDocument=document([trust]))["Role"]
    aws.iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=document(statements))
    return made


def load_balancer(aws: standing.Aws, there: dict, made: dict) -> dict:
    elb = aws.elbv2
    balancer = elb.create_load_balancer(
        Name="ECSTEST-ecs-nodejs-app-alb",
        Subnets=there["private"],
        SecurityGroups=[made["balancer_group"]],
        Scheme="internal",
        Tags=pairs(Name="ALB-ECSTEST-nodejs-app", Environment="ecstest"),
    )["LoadBalancers"][0]
    group = elb.create_target_group(
        Name="ECSTEST-ecs-nodejs-app-tg",
        Protocol="HTTP",
        Port=8080,
        VpcId=there["vpc"],
        HealthCheckPath="/health",
        HealthCheckPort="8080",
        HealthCheckTimeoutSeconds=5,
        HealthCheckIntervalSeconds=30,
        HealthyThresholdCount=2,
        UnhealthyThresholdCount=2,
        Matcher={"HttpCode": "200"},
        Tags=pairs(Name="ALB-ECSTEST-nodejs-app-target-group", Environment="ecstest"),
    )["TargetGroups"][0]
    listener = elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}],
    )["Listeners"][0]
    return {"balancer": balancer, "target_group": group, "listener": listener["ListenerArn"]}


def instances(aws: standing.Aws, there: dict, made: dict) -> dict:
    aws.autoscaling.create_launch_configuration(
        LaunchConfigurationName=LAUNCH_CONFIGURATION,
        ImageId=IMAGE,
        InstanceType="t2.micro",
        IamInstanceProfile="ECSTEST-ecs-profile",
        KeyName=KEY_PAIR,
        SecurityGroups=[made["instances"]],
        UserData=USER_DATA,
    )
    tags = {"Name": "ECS-ECSTEST", "Environment": "ecstest", "Type": "ecs", "Role": "host"}
    aws.autoscaling.create_auto_scaling_group(
        AutoScalingGroupName="ECSTEST-ecs-asg",
        LaunchConfigurationName=LAUNCH_CONFIGURATION,
        VPCZoneIdentifier=",".join(there["private"]),
        MinSize=2,
        MaxSize=3,
        DesiredCapacity=2,
        DefaultCooldown=300,
        HealthCheckType="EC2",
        HealthCheckGracePeriod=60,
        TerminationPolicies=["NewestInstance", "Default"],
        Tags=[{"Key": key, "Value": value, "PropagateAtLaunch": True} for key, value in tags.items()],
    )
    topic = aws.sns.create_topic(Name="ecstest-ecs-sns-topic")["TopicArn"]
    # The configuration has Terraform run this command, for it cannot subscribe an address itself.
    aws.sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="operations@mydomain.com")
    aws.autoscaling.put_notification_configuration(
        AutoScalingGroupName="ECSTEST-ecs-asg", TopicARN=topic, NotificationTypes=NOTIFICATIONS
    )
    described = aws.autoscaling.describe_launch_configurations(LaunchConfigurationNames=[LAUNCH_CONFIGURATION])
    groups = aws.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=["ECSTEST-ecs-asg"])
    return {
        "launch_configuration": described["LaunchConfigurations"][0],
        "group": groups["AutoScalingGroups"][0],
        "topic": topic,
    }


def service(aws: standing.Aws, made: dict) -> dict:
    container = {
        "name": "nodejs-app",
        "image": "igoratencompass/nodejs-app:latest",
        "cpu": 1024,
        "memory": 128,
        "essential": True,
        "portMappings": [{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}],
        "environment": [
            {"name": "ENC_ENV", "value": "ECSTEST"},
            {"name": "ENC_TOKEN", "value": "planted-secret-env-nodejs-app"},
        ],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {"awslogs-group": "tf-ecs-group/nodejs-app", "awslogs-region": "us-east-1"},
        },
    }
    # The first revision had been tried out before; Terraform deregisters what it replaces.
    first = aws.ecs.register_task_definition(family="nodejs-app", containerDefinitions=[container | {"memory": 64}])
    aws.ecs.deregister_task_definition(taskDefinition=first["taskDefinition"]["taskDefinitionArn"])
    tasks = aws.ecs.register_task_definition(family="nodejs-app", containerDefinitions=[container])["taskDefinition"]
    made_service = aws.ecs.create_service(
        cluster=CLUSTER,
        serviceName=SERVICE,
        taskDefinition=tasks["taskDefinitionArn"],
        desiredCount=2,
        deploymentConfiguration={"minimumHealthyPercent": 50, "maximumPercent": 200},
        role=made["service_role"]["Arn"],
        loadBalancers=[
            {
                "targetGroupArn": made["target_group"]["TargetGroupArn"],
                "containerName": "nodejs-app",
                "containerPort": 8080,
            }
        ],
    )["service"]
    return {"container": container, "tasks": tasks, "service": made_service}


def scaling_of_the_instances(aws: standing.Aws) -> dict:
    policies = {
        way: aws.autoscaling.put_scaling_policy(
            AutoScalingGroupName="ECSTEST-ecs-asg",
            PolicyName=f"ECSTEST-ecs-cluster-scale-{way}",
            AdjustmentType="ChangeInCapacity",
            ScalingAdjustment=adjustment,
            Cooldown=300,
        )["PolicyARN"]
        for way, adjustment in (("up", 1), ("down", -1))
    }
    for metric in "cpu", "memory":
        for level, way, comparison, threshold, says in (
            ("high", "up", "GreaterThanOrEqualToThreshold", 90, "ecs cluster high"),
            ("low", "down", "LessThanThreshold", 70 if metric == "cpu" else 10, "ecs cluster low"),
        ):
            aws.cloudwatch.put_metric_alarm(
                AlarmName=f"ECSTEST-ecs-cluster-{metric}-{level}",
                AlarmDescription=f"This metric monitors {says} {metric} utilization",
                # EC2 measures no memory: the alarms on it never see any data.
                Namespace="AWS/EC2",
                MetricName=METRICS[metric],
                Dimensions=[{"Name": "AutoScalingGroupName", "Value": "ECSTEST-ecs-asg"}],
                Statistic="Average",
                Period=300,
                EvaluationPeriods=2,
                ComparisonOperator=comparison,
                Threshold=threshold,
                AlarmActions=[policies[way]],
            )
    return {"cluster_policies": policies}


def scaling_of_the_service(aws: standing.Aws, made: dict) -> dict:
    autoscaling = getattr(aws, "application-autoscaling")
    target = {
        "ServiceNamespace": "ecs",
        "ResourceId": f"service/{CLUSTER}/{SERVICE}",
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    autoscaling.register_scalable_target(
        **target, MinCapacity=2, MaxCapacity=10, RoleARN=made["scaling_role"]["Arn"]
    )
    policies = {
        way: autoscaling.put_scaling_policy(
            **target,
            PolicyName=f"ECSTEST-ecs-nodejs-app-scale-{way}",
            PolicyType="StepScaling",
            StepScalingPolicyConfiguration={
                "AdjustmentType": "ChangeInCapacity",
                "Cooldown": 120,
                "MetricAggregationType": "Average",
                "StepAdjustments": [step],
            },
        )["PolicyARN"]
        for way, step in (
            ("up", {"ScalingAdjustment": 1, "MetricIntervalLowerBound": 0}),
            ("down", {"ScalingAdjustment": -1, "MetricIntervalUpperBound": 0}),
        )
    }
    for metric in "cpu", "memory":
        for level, way, comparison, threshold in (
            ("high", "up", "GreaterThanOrEqualToThreshold", 80),
            ("low", "down", "LessThanThreshold", 10),
        ):
            aws.cloudwatch.put_metric_alarm(
                AlarmName=f"ECSTEST-ecs-nodejs-app-{metric}-{level}",
                AlarmDescription=f"This alarm monitors nodejs-app {METRICS[metric]} for scaling {way}",
                Namespace="AWS/ECS",
                MetricName=METRICS[metric],
                # The configuration names the app, not the service, so these never see any data either.
                Dimensions=[{"Name": "ClusterName", "Value": CLUSTER}, {"Name": "ServiceName", "Value": "nodejs-app"}],
                Statistic="Average",
                Period=120,
                EvaluationPeriods=1,
                ComparisonOperator=comparison,
                Threshold=threshold,
                AlarmActions=[policies[way]],
            )
    return {"service_policies": policies}


def leave_traces(aws: standing.Aws) -> None:
    idle, no_data = "ECSTEST-ecs-cluster-cpu-low", [
        *(f"ECSTEST-ecs-cluster-memory-{level}" for level in ("high", "low")),
        *(f"ECSTEST-ecs-nodejs-app-{metric}-{level}" for metric in METRICS for level in ("high", "low")),
    ]
    aws.cloudwatch.set_alarm_state(AlarmName=idle, StateValue="ALARM", StateReason="Threshold Crossed")
    for alarm in no_data:
        aws.cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="INSUFFICIENT_DATA", StateReason="no datapoints")

    # Without a prefix, Docker names a log stream with the id of the container.
    for container in "32f417bdd0ed", "eb0bc76f8658":
        log = {"logGroupName": "tf-ecs-group/nodejs-app", "logStreamName": f"{container:0<64}"}
        aws.logs.create_log_stream(**log)
        message = "Server running at http://127.0.0.1:8080 planted-secret-log-nodejs-app"
        aws.logs.put_log_events(**log, logEvents=[{"timestamp": int(time.time() * 1000), "message": message}])


# ---- what Terraform noted of it ------------------------------------------------------------------


def keep_state(aws: standing.Aws, state: dict) -> None:
    aws.s3.put_object(**STATE, Body=json.dumps(state, indent=2), ContentType="application/json")


def terraform_state(aws: standing.Aws, there: dict, made: dict) -> dict:
    """The state in format 4: what Terraform manages (`managed`), and what it only looks up (`data`)."""
    return {
        "version": 4,
        "terraform_version": "1.5.7",
        "serial": 9,
        "lineage": "6f1d3c0e-52ab-9d47-81f4-c3b0a7e5d926",
        "outputs": {
            "autoscaling_notification_sns_topic": {"value": made["topic"], "type": "string"},
            "nodejs-app_frontend_url": {"value": f"http://{made['balancer']['DNSName']}", "type": "string"},
        },
        "resources": [
            *looked_up(there),
            *noted_network_and_roles(there, made),
            *noted_cluster(made),
            *noted_scaling(aws, made),
        ],
        "check_results": None,
    }


def looked_up(there: dict) -> list[dict]:
    vpc = {"id": there["vpc"], "arn": arn("ec2", f"vpc/{there['vpc']}"), "cidr_block": "10.22.0.0/20"}
    zone = {"id": there["zone"], "zone_id": there["zone"], "name": "mydomain.com", "private_zone": False}
    subnets = {
        index: {
            "id": subnet,
            "arn": arn("ec2", f"subnet/{subnet}"),
            "vpc_id": there["vpc"],
            "cidr_block": f"10.22.{3 + index}.0/24",
            "availability_zone": ZONES[index],
        }
        for index, subnet in enumerate(there["private"])
    }
    rendered = {"id": "4f3d1b6f1e2ad1a39d0a6c0ee0e1e5d2", "rendered": USER_DATA, "vars": {"ECS_NAME": CLUSTER}}
    return [
        noted("aws_ami", "ecs", {"id": IMAGE, "image_id": IMAGE, "owners": ["amazon"]}, mode="data"),
        noted("aws_caller_identity", "current", {"id": "123456789012", "account_id": "123456789012"}, mode="data"),
        noted("aws_route53_zone", "selected", zone, mode="data"),
        counted("aws_subnet", "private", subnets, mode="data"),
        noted("aws_vpc", "selected", vpc, mode="data"),
        noted("template_file", "ecs_instance", rendered, mode="data", provider="template"),
    ]


def noted_network_and_roles(there: dict, made: dict) -> list[dict]:
    def group(group_id: str, name: str) -> dict:
        return {
            "id": group_id,
            "arn": arn("ec2", f"security-group/{group_id}"),
            "name": name,
            "vpc_id": there["vpc"],
            "revoke_rules_on_delete": False,
        }

    def of(role: dict) -> dict:
        return {"id": role["RoleName"], "arn": role["Arn"], "name": role["RoleName"], "unique_id": role["RoleId"]}

    def policy(role: str, name: str) -> dict:
        return {"id": f"{role}:{name}", "name": name, "role": role}

    profile, app_role = made["profile"], "ECSTEST-ecs-nodejs-app-as-role"
    return [
        noted("aws_security_group", "ecs_instance", group(made["instances"], "ECSTEST-ecs-sg")),
        noted("aws_security_group", "nodejs-app", group(made["balancer_group"], "ECSTEST-ecs-nodejs-app-alb-sg")),
        noted("aws_iam_role", "ecs_instance", of(made["instance_role"])),
        noted("aws_iam_role", "ecs_service_role", of(made["service_role"])),
        noted("aws_iam_role", "ecs_service_autoscaling_role", of(made["scaling_role"])),
        noted("aws_iam_role_policy", "ecs_cluster_agent", policy("ECSTEST-ecs-role", "ECSTEST-ecs-role-policy")),
        noted(
            "aws_iam_role_policy",
            "ecs_service_policy",
            policy("ECSTEST-ecs-service-role", "ECSTEST-ecs-service-policy"),
        ),
        noted(
            "aws_iam_role_policy",
            "ecs_service_autoscaling_policy",
            policy(app_role, "ECSTEST-ecs-nodejs-app-as-policy"),
        ),
        noted(
            "aws_iam_instance_profile",
            "ecs_instance",
            {
                "id": profile["InstanceProfileName"],
                "arn": profile["Arn"],
                "name": profile["InstanceProfileName"],
                "unique_id": profile["InstanceProfileId"],
                "role": "ECSTEST-ecs-role",
            },
        ),
    ]


def noted_cluster(made: dict) -> list[dict]:
    configuration, group, balancer = made["launch_configuration"], made["group"], made["balancer"]
    target_group, tasks = made["target_group"], made["tasks"]
    cluster = arn("ecs", f"cluster/{CLUSTER}")
    return [
        noted("aws_ecs_cluster", "example_cluster", {"id": cluster, "arn": cluster, "name": CLUSTER}),
        *(
            noted(
                "aws_cloudwatch_log_group",
                name,
                {"id": group_name, "arn": arn("logs", f"log-group:{group_name}"), "name": group_name},
            )
            for name, group_name in (("ecs", "tf-ecs-group/ecs-agent"), ("app", "tf-ecs-group/nodejs-app"))
        ),
        noted(
            "aws_launch_configuration",
            "ecs_instance",
            {
                "id": LAUNCH_CONFIGURATION,
                "arn": configuration["LaunchConfigurationARN"],
                "name": LAUNCH_CONFIGURATION,
                "name_prefix": "ECSTEST-ecs-lc-",
                "image_id": IMAGE,
                "instance_type": "t2.micro",
                "iam_instance_profile": "ECSTEST-ecs-profile",
                "key_name": KEY_PAIR,
                "security_groups": [made["instances"]],
                "user_data": None,
                "user_data_base64": configuration["UserData"],
                "associate_public_ip_address": None,
            },
            sensitive=["user_data_base64"],
        ),
        noted(
            "aws_autoscaling_group",
            "ecs_cluster_instances",
            {
                "id": group["AutoScalingGroupName"],
                "arn": group["AutoScalingGroupARN"],
                "name": group["AutoScalingGroupName"],
                "launch_configuration": LAUNCH_CONFIGURATION,
                "vpc_zone_identifier": group["VPCZoneIdentifier"].split(","),
                "min_size": 2,
                "max_size": 3,
                "desired_capacity": 2,
                "force_delete": True,
            },
        ),
        noted(
            "aws_alb",
            "nodejs-app",
            {
                "id": balancer["LoadBalancerArn"],
                "arn": balancer["LoadBalancerArn"],
                "name": balancer["LoadBalancerName"],
                "dns_name": balancer["DNSName"],
                "internal": True,
                "security_groups": [made["balancer_group"]],
            },
        ),
        noted(
            "aws_alb_target_group",
            "nodejs-app",
            {
                "id": target_group["TargetGroupArn"],
                "arn": target_group["TargetGroupArn"],
                "name": target_group["TargetGroupName"],
                "port": 8080,
                "protocol": "HTTP",
            },
        ),
        noted(
            "aws_alb_listener",
            "nodejs-app",
            {
                "id": made["listener"],
                "arn": made["listener"],
                "load_balancer_arn": balancer["LoadBalancerArn"],
                "port": 80,
                "protocol": "HTTP",
            },
        ),
        noted(
            "aws_ecs_task_definition",
            "nodejs-app",
            {
                "id": "nodejs-app",
                "arn": tasks["taskDefinitionArn"],
                "family": "nodejs-app",
                "revision": tasks["revision"],
                "container_definitions": json.dumps([made["container"]]),
            },
        ),
        noted(
            "aws_ecs_service",
            "nodejs-app",
            {
                "id": made["service"]["serviceArn"],
                "name": SERVICE,
                "cluster": cluster,
                "task_definition": tasks["taskDefinitionArn"],
                "desired_count": 2,
                "iam_role": made["service_role"]["Arn"],
            },
        ),
    ]


def noted_scaling(aws: standing.Aws, made: dict) -> list[dict]:
    alarms = {alarm["AlarmName"]: alarm for alarm in aws.cloudwatch.describe_alarms()["MetricAlarms"]}

    def alarm(name: str) -> dict:
        found = alarms[name]
        return {
            "id": name,
            "arn": found["AlarmArn"],
            "alarm_name": name,
            "alarm_actions": found["AlarmActions"],
            "metric_name": found["MetricName"],
            "namespace": found["Namespace"],
            "dimensions": {dimension["Name"]: dimension["Value"] for dimension in found["Dimensions"]},
        }

    target = {
        "resource_id": f"service/{CLUSTER}/{SERVICE}",
        "scalable_dimension": "ecs:service:DesiredCount",
        "service_namespace": "ecs",
    }
    # The alarms of the app stand in a module of their own, one for each key of a map.
    of_the_app = {
        f"{metric}-{level}": alarm(f"ECSTEST-ecs-nodejs-app-{metric}-{level}")
        for metric in METRICS
        for level in ("high", "low")
    }
    return [
        noted("aws_sns_topic", "ecs_cluster_instances", {"id": made["topic"], "arn": made["topic"]}),
        noted(
            "aws_autoscaling_notification",
            "ecs_cluster_instances",
            {
                "id": made["topic"],
                "topic_arn": made["topic"],
                "group_names": ["ECSTEST-ecs-asg"],
                "notifications": NOTIFICATIONS,
            },
        ),
        *(
            noted(
                "aws_autoscaling_policy",
                f"ecs_cluster_instances_{way}",
                {
                    "id": f"ECSTEST-ecs-cluster-scale-{way}",
                    "arn": policy,
                    "name": f"ECSTEST-ecs-cluster-scale-{way}",
                    "autoscaling_group_name": "ECSTEST-ecs-asg",
                },
            )
            for way, policy in made["cluster_policies"].items()
        ),
        *(
            noted(
                "aws_cloudwatch_metric_alarm",
                f"ecs_cluster_{metric}_{level}",
                alarm(f"ECSTEST-ecs-cluster-{metric}-{level}"),
            )
            for metric in METRICS
            for level in ("high", "low")
        ),
        noted(
            "aws_appautoscaling_target",
            "target",
            target | {"id": target["resource_id"], "min_capacity": 2, "max_capacity": 10},
        ),
        *(
            noted(
                "aws_appautoscaling_policy",
                f"scale_{way}",
                target | {"id": f"ECSTEST-ecs-nodejs-app-scale-{way}", "arn": policy, "policy_type": "StepScaling"},
            )
            for way, policy in made["service_policies"].items()
        ),
        counted("aws_cloudwatch_metric_alarm", "service", of_the_app, module="module.nodejs-app-alarms"),
    ]


def noted(
    kind: str, name: str, attributes: dict, *, mode: str = "managed", provider: str = "aws", sensitive: list[str] = ()
) -> dict:
    """A resource that there is once."""
    paths = [[{"type": "get_attr", "value": attribute}] for attribute in sensitive]
    instance = {"schema_version": 0, "attributes": attributes, "sensitive_attributes": paths}
    provider = f'provider["registry.terraform.io/hashicorp/{provider}"]'
    return {"mode": mode, "type": kind, "name": name, "provider": provider, "instances": [instance]}


def counted(kind: str, name: str, of: dict, *, mode: str = "managed", module: str | None = None) -> dict:
    """A resource that there is once for each key."""
    instances = [
        {"index_key": key} | instance
        for key, attributes in of.items()
        for instance in noted(kind, name, attributes)["instances"]
    ]
    resource = noted(kind, name, {}, mode=mode) | {"instances": instances}
    return {"module": module} | resource if module else resource


def arn(service: str, what: str) -> str:
    return f"arn:aws:{service}:us-east-1:123456789012:{what}"


# ---- names -----------------------------------------------------------------------------------------


def ids_of_the_blog(aws: standing.Aws, there: dict, made: dict) -> dict[str, str]:
    """The ids that were drawn, and those the blog shows for the same things; of some it shows the beginning."""
    shown = {
        "us-east-1a": ("i-08c1d5f0b7a94e263", "10.22.3.60"),
        "us-east-1b": ("i-00e47a1b6d9385f2c", "10.22.4.83"),
    }
    roles = [made[role]["RoleName"] for role in ("instance_role", "service_role", "scaling_role")]
    known = aliases.of_a_cluster("ecstest", aws, CLUSTER) | aliases.of_roles("ecstest", aws, roles)
    for write in str, lambda it: it.replace(".", "-"):
        known[write(there["address"])] = write("52.20.184.97")
    ids = [instance["InstanceId"] for instance in made["group"]["Instances"]]
    for reservation in aws.ec2.describe_instances(InstanceIds=ids)["Reservations"]:
        for instance in reservation["Instances"]:
            name, address = shown[instance["Placement"]["AvailabilityZone"]]
            known[instance["InstanceId"]] = name
            for write in str, lambda it: it.replace(".", "-"):
                known[write(instance["PrivateIpAddress"])] = write(address)
    return known


# ---- words --------------------------------------------------------------------------------------


def tagged(kind: str, **tags: str) -> list[dict]:
    return [{"ResourceType": kind, "Tags": pairs(**tags)}]


def pairs(**tags: str) -> list[dict]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def tcp(first: int, last: int, cidr: str) -> dict:
    return {"IpProtocol": "tcp", "FromPort": first, "ToPort": last, "IpRanges": [{"CidrIp": cidr}]}


def udp(first: int, last: int, cidr: str) -> dict:
    return tcp(first, last, cidr) | {"IpProtocol": "udp"}


def open_ports(aws: standing.Aws, group: str, permissions: list[dict]) -> None:
    aws.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=permissions)


def allow(*actions: str, on: list[str] | str = "*") -> dict:
    return {"Effect": "Allow", "Action": list(actions), "Resource": on}


def document(statements: list[dict]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


METRICS = {"cpu": "CPUUtilization", "memory": "MemoryUtilization"}

NOTIFICATIONS = [
    "autoscaling:EC2_INSTANCE_LAUNCH",
    "autoscaling:EC2_INSTANCE_LAUNCH_ERROR",
    "autoscaling:EC2_INSTANCE_TERMINATE",
    "autoscaling:EC2_INSTANCE_TERMINATE_ERROR",
]

# Made for this file; nobody has the private half.
PUBLIC_KEY = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIISKHx660LfGrOzHBfeCIEPBKSdspebifgMG3A8BeVII"

USER_DATA = """#!/bin/bash -ev
echo ECS_CLUSTER=ECSTEST >> /etc/ecs/ecs.config

CONSUL_KEY=planted-secret-user-data-consul-key
CONSUL_USER=consul:planted-secret-user-data-consul-user
# Here follow the containers of Consul and of Registrator, which ECS knows nothing of.
"""


if __name__ == "__main__":
    standing.main(sys.modules[__name__])
