"""The resource types that moto's CloudFormation leaves out, or makes without most of their properties or their tags."""

import json

from moto.acm.models import acm_backends
from moto.autoscaling.models import FakeAutoScalingGroup, FakeLaunchConfiguration, autoscaling_backends
from moto.awslambda.models import LambdaFunction, Permission
from moto.core.common_models import CloudFormationModel
from moto.core.resource_tagging import iter_taggable_backends
from moto.core.utils import camelcase_to_underscores, pascal_to_camelcase, remap_nested_keys
from moto.dynamodb.models.table import Table
from moto.ec2.models import ec2_backends
from moto.ec2.models.internet_gateways import InternetGateway
from moto.ec2.models.route_tables import RouteTable
from moto.ec2.models.subnets import SubnetRouteTableAssociation
from moto.ec2.models.vpcs import VPCEndPoint
from moto.ec2.models.vpn_gateway import VPCGatewayAttachment
from moto.ecr.models import Repository, ecr_backends
from moto.ecs.models import Cluster, Service, TaskDefinition, ecs_backends
from moto.efs.models import FileSystem
from moto.elb.models import LoadBalancer, elb_backends
from moto.elbv2.models import FakeListener, FakeListenerRule, FakeLoadBalancer, FakeTargetGroup, elbv2_backends
from moto.events.models import Rule
from moto.iam.models import Role, iam_backends
from moto.kms.models import Key
from moto.logs.models import LogGroup
from moto.rds.models import DBInstance, DBSubnetGroup, rds_backends
from moto.route53.models import FakeZone, route53_backends
from moto.s3.models import FakeBucket, s3_backends
from moto.sns.models import Topic
from moto.sqs.models import Queue

from slips.patch import around, slip


@slip
def stacks_make_what_their_templates_say() -> None:
    """CloudFormation gives what it makes all the properties of the template; moto leaves most of them out for these
    types, or leaves out the type."""
    for model, make in (
        (BucketPolicy, bucket_policy),
        (Certificate, certificate),
        (DBInstance, database_instance),
        (FakeAutoScalingGroup, auto_scaling_group),
        (FakeBucket, bucket),
        (FakeLaunchConfiguration, launch_configuration),
        (FakeLoadBalancer, load_balancer),
        (FakeTargetGroup, target_group),
        (FakeZone, hosted_zone),
        (Key, key),
        (LifecycleHook, lifecycle_hook),
        (LogGroup, log_group),
        (LoadBalancer, classic_load_balancer),
        (Permission, permission),
        (Role, role),
        (Service, service),
        (SubnetRouteTableAssociation, subnet_route_table_association),
        (TaskDefinition, task_definition),
    ):
        model.create_from_cloudformation_json = create_by(make, model.create_from_cloudformation_json)


def create_by(make, original):
    """Gives `make` the properties, and moto's own way of making the resource for what that does well."""

    def create(name, template, account, region, **about):
        return make(
            lambda: original(name, template, account, region, **about), name, template["Properties"], account, region
        )

    return create


def camel(properties):
    return remap_nested_keys(properties, pascal_to_camelcase)


@slip
def subnet_groups_are_known_by_name() -> None:
    """A reference to a group of subnets for databases is its name; moto's is the group itself."""
    DBSubnetGroup.physical_resource_id = property(lambda group: group.name)


# ---- types made in part --------------------------------------------------------------------------


def auto_scaling_group(moto, name, properties, account, region):
    made = moto()
    made.mixed_instances_policy = made.mixed_instances_policy or None
    autoscaling_backends[account][region].update_attached_elbs(name)
    return made


def bucket(moto, name, properties, account, region):
    made = moto()
    versioning = properties.get("VersioningConfiguration", {})
    s3_backends[account]["aws"].put_bucket_versioning(name, versioning.get("Status"))
    return made


def database_instance(moto, name, properties, account, region):
    given = {camelcase_to_underscores(key): value for key, value in properties.items()}
    return rds_backends[account][region].create_db_instance({"db_instance_identifier": name.lower()} | given)


def key(moto, name, properties, account, region):
    properties["KeyPolicy"] = json.dumps(properties["KeyPolicy"])  # moto fails to describe a key without it
    return moto()


def launch_configuration(moto, name, properties, account, region):
    # moto reads the name the property has in a query of the Auto Scaling API.
    properties["BlockDeviceMapping.member"] = properties.get("BlockDeviceMappings", [])
    return moto()


def load_balancer(moto, name, properties, account, region):
    made = moto()
    made.attrs.update(
        {attribute["Key"]: attribute["Value"] for attribute in properties.get("LoadBalancerAttributes", [])}
    )
    made.activate()
    return made


def log_group(moto, name, properties, account, region):
    made = moto()
    made.kms_key_id = properties.get("KmsKeyId")
    return made


def permission(moto, name, properties, account, region):
    made = moto()
    made.physical_resource_id = name
    return made


def role(moto, name, properties, account, region):
    for policy in properties.get("Policies", []):
        policy["PolicyDocument"] = json.dumps(policy["PolicyDocument"])
    made = moto()
    for policy_arn in properties.get("ManagedPolicyArns", []):
        iam_backends[account]["aws"].attach_role_policy(policy_arn, made.name)
    return made


def subnet_route_table_association(moto, name, properties, account, region):
    ec2 = ec2_backends[account][region]
    association = ec2.associate_route_table(properties["RouteTableId"], subnet_id=properties["SubnetId"])
    return LeftOut(association, lambda: ec2.disassociate_route_table(association))


def target_group(moto, name, properties, account, region):
    made = moto()
    made.attributes.update(
        {attribute["Key"]: attribute["Value"] for attribute in properties.get("TargetGroupAttributes", [])}
    )
    return made


def hosted_zone(moto, name, properties, account, region):
    (vpc,) = properties.get("VPCs") or [{}]
    return route53_backends[account]["aws"].create_hosted_zone(
        properties["Name"],
        private_zone=bool(vpc),
        vpcid=vpc.get("VPCId"),
        vpcregion=vpc.get("VPCRegion"),
        comment=properties.get("HostedZoneConfig", {}).get("Comment"),
    )


def classic_load_balancer(moto, name, properties, account, region):
    elb = elb_backends[account][region]
    made = elb.create_load_balancer(
        name, [], properties["Listeners"], properties.get("Scheme"), properties["Subnets"], properties["SecurityGroups"]
    )
    ec2 = ec2_backends[account][region]
    made.availability_zones = [ec2.get_subnet(subnet).availability_zone for subnet in made.subnets]
    check = properties["HealthCheck"]
    elb.configure_health_check(
        name,
        check["Timeout"],
        check["HealthyThreshold"],
        check["UnhealthyThreshold"],
        check["Interval"],
        check["Target"],
    )
    draining = properties.get("ConnectionDrainingPolicy", {})
    made.attributes["connection_draining"] = {
        "enabled": draining.get("Enabled", False),
        "timeout": draining.get("Timeout", 300),
    }
    made.attributes["connection_settings"] = {
        "idle_timeout": properties.get("ConnectionSettings", {}).get("IdleTimeout", 60)
    }
    made.attributes["cross_zone_load_balancing"] = {"enabled": properties.get("CrossZone", False)}
    return made


def task_definition(moto, name, properties, account, region):
    return ecs_backends[account][region].register_task_definition(
        family=properties["Family"],
        container_definitions=camel(properties["ContainerDefinitions"]),
        volumes=camel(properties.get("Volumes", [])),
        network_mode=properties.get("NetworkMode"),
        task_role_arn=properties.get("TaskRoleArn"),
        execution_role_arn=properties.get("ExecutionRoleArn"),
        cpu=properties.get("Cpu"),
        memory=properties.get("Memory"),
    )


def service(moto, name, properties, account, region):
    made = ecs_backends[account][region].create_service(
        properties["Cluster"],
        name,
        properties.get("DesiredCount", 1),
        task_definition_str=properties["TaskDefinition"],
        load_balancers=camel(properties.get("LoadBalancers", [])),
        launch_type=properties.get("LaunchType"),
        role_arn=properties.get("Role"),
        capacity_provider_strategy=camel(properties.get("CapacityProviderStrategy", [])),
    )
    made.deployment_configuration = camel(properties.get("DeploymentConfiguration", {}))
    return made


# ---- types left out ------------------------------------------------------------------------------


class LeftOut:
    def __init__(self, physical_id: str, remove, tagged: str | None = None) -> None:
        self.physical_resource_id = self.arn = physical_id
        self.remove = remove
        self.tagged = tagged

    def is_created(self) -> bool:
        return True

    def delete(self, account: str, region: str) -> None:
        self.remove()


# moto finds what it can make among the direct subclasses of CloudFormationModel, and files each of
# them under the service that its module is named for.


class BucketPolicy(LeftOut, CloudFormationModel):
    __module__ = "moto.s3"
    cloudformation_type = staticmethod(lambda: "AWS::S3::BucketPolicy")


class Certificate(LeftOut, CloudFormationModel):
    __module__ = "moto.acm"
    cloudformation_type = staticmethod(lambda: "AWS::CertificateManager::Certificate")


class LifecycleHook(LeftOut, CloudFormationModel):
    __module__ = "moto.autoscaling"
    cloudformation_type = staticmethod(lambda: "AWS::AutoScaling::LifecycleHook")


def bucket_policy(moto, name, properties, account, region):
    s3 = s3_backends[account]["aws"]
    s3.put_bucket_policy(properties["Bucket"], json.dumps(properties["PolicyDocument"]).encode())
    return BucketPolicy(name, lambda: s3.delete_bucket_policy(properties["Bucket"]))


def certificate(moto, name, properties, account, region):
    acm = acm_backends[account][region]
    arn = acm.request_certificate(properties["DomainName"], None, properties.get("SubjectAlternativeNames", []), [])
    return Certificate(arn, lambda: acm.delete_certificate(arn))


def lifecycle_hook(moto, name, properties, account, region):
    autoscaling = autoscaling_backends[account][region]
    name, group = properties.get("LifecycleHookName", name), properties["AutoScalingGroupName"]
    hook = autoscaling.create_lifecycle_hook(
        name,
        group,
        properties["LifecycleTransition"],
        properties.get("HeartbeatTimeout"),
        properties.get("DefaultResult"),
    )
    hook.role_arn = properties.get("RoleARN")
    hook.notification_target_arn = properties.get("NotificationTargetARN")
    return LifecycleHook(name, lambda: autoscaling.delete_lifecycle_hook(group, name))


# ---- removal -------------------------------------------------------------------------------------


@slip
def types_can_be_removed() -> None:
    """CloudFormation deletes what it made, whatever it is; moto leaves these types behind."""
    for model, removal in (
        (Cluster, lambda it, account, region: ecs_backends[account][region].delete_cluster(it.name)),
        (FakeListener, lambda it, account, region: elbv2_backends[account][region].delete_listener(it.arn)),
        (FakeListenerRule, lambda it, account, region: elbv2_backends[account][region].delete_rule(it.arn)),
        (FakeTargetGroup, lambda it, account, region: elbv2_backends[account][region].delete_target_group(it.arn)),
        (FakeZone, lambda it, account, region: route53_backends[account]["aws"].delete_hosted_zone(it.id)),
        (InternetGateway, lambda it, account, region: ec2_backends[account][region].delete_internet_gateway(it.id)),
        (RouteTable, lambda it, account, region: ec2_backends[account][region].delete_route_table(it.id)),
        (
            Service,
            lambda it, account, region: ecs_backends[account][region].delete_service(
                it.cluster_name, it.name, force=True
            ),
        ),
        (TaskDefinition, lambda it, account, region: ecs_backends[account][region].deregister_task_definition(it.arn)),
        (VPCEndPoint, lambda it, account, region: ec2_backends[account][region].delete_vpc_endpoints([it.id])),
        (
            VPCGatewayAttachment,
            lambda it, account, region: ec2_backends[account][region].detach_internet_gateway(it.gateway_id, it.vpc_id),
        ),
    ):
        model.delete = removal


@slip
def roles_let_go_of_policies() -> None:
    """CloudFormation detaches the policies that it attached to a role before it deletes that; moto fails instead."""

    @around(Role, "delete_from_cloudformation_json")
    def delete(delete_role, name, template, account, region):
        role = iam_backends[account]["aws"].get_role(name)
        for policy in list(role.managed_policies.values()):
            policy.detach_from(role)
        delete_role(name, template, account, region)


# ---- tags ----------------------------------------------------------------------------------------


def tag(resource, tags: dict[str, str], account: str, region: str) -> None:
    """Tags what CloudFormation has made, each type in the way of its service. EC2's own moto has tagged already."""
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    match resource:
        case DBInstance() | DBSubnetGroup():
            resource.add_tags(pairs)
        case LoadBalancer() | Queue():
            resource.tags |= tags
        case Role():
            resource.tags = [*(resource.tags or []), *pairs]
        case FakeZone():
            route53_backends[account]["aws"].change_tags_for_resource(
                "hostedzone", resource.id.removeprefix("/hostedzone/"), pairs, []
            )
        case Repository():
            ecr_backends[account][region].tag_resource(resource.arn, pairs)
        case FakeLoadBalancer() | FakeTargetGroup():
            elbv2_backends[account][region].tagging_service.tag_resource(resource.arn, pairs)
        case Certificate():
            acm_backends[account][region].get_certificate(resource.arn).tags.update(tags)
        case LambdaFunction(function_arn=arn) | Table(table_arn=arn) | FileSystem(file_system_arn=arn):
            tag_arn(arn, tags, account, region)
        case DBInstance(arn=arn) | DBSubnetGroup(arn=arn) | Rule(arn=arn) | LeftOut(tagged=str(arn)):
            tag_arn(arn, tags, account, region)
        case Cluster() | FakeBucket() | Key() | LogGroup() | Service() | TaskDefinition() | Topic():
            tag_arn(resource.arn, tags, account, region)


def tag_arn(arn: str, tags: dict[str, str], account: str, region: str) -> None:
    for backend in iter_taggable_backends(account, region):
        if backend.owns_arn(arn):
            backend.tag_resource(arn, tags)
