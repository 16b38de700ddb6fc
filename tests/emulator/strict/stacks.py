"""CloudFormation: stacks go bit by bit, not when somebody imports from them, and not past what refuses to go."""

import re

from moto.cloudformation import responses
from moto.cloudformation.models import CloudFormationBackend, Event, Stack
from moto.core.exceptions import ServiceException

from slips.patch import around
from strict import later, rules
from strict.call import Call
from strict.patches import patch
from strict.rules import Refused, answers, refuses

# How often a resource is tried that refuses to go although nothing is on its way any more.
TRIES = 3
# By which call a resource goes that a stack made, and which parameter of that names it. Its rules are asked then.
BY_CALL = {
    "AWS::AutoScaling::LaunchConfiguration": ("autoscaling", "DeleteLaunchConfiguration", "LaunchConfigurationName"),
    "AWS::CertificateManager::Certificate": ("acm", "DeleteCertificate", "CertificateArn"),
    "AWS::DynamoDB::Table": ("dynamodb", "DeleteTable", "TableName"),
    "AWS::EC2::InternetGateway": ("ec2", "DeleteInternetGateway", "InternetGatewayId"),
    "AWS::EC2::RouteTable": ("ec2", "DeleteRouteTable", "RouteTableId"),
    "AWS::EC2::SecurityGroup": ("ec2", "DeleteSecurityGroup", "GroupId"),
    "AWS::EC2::Subnet": ("ec2", "DeleteSubnet", "SubnetId"),
    "AWS::EC2::VPC": ("ec2", "DeleteVpc", "VpcId"),
    "AWS::ECS::Cluster": ("ecs", "DeleteCluster", "cluster"),
    "AWS::ElastiCache::SubnetGroup": ("elasticache", "DeleteCacheSubnetGroup", "CacheSubnetGroupName"),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": ("elasticloadbalancing", "DeleteLoadBalancer", "LoadBalancerArn"),
    "AWS::IAM::ManagedPolicy": ("iam", "DeletePolicy", "PolicyArn"),
    "AWS::Logs::LogGroup": ("logs", "DeleteLogGroup", "logGroupName"),
    "AWS::RDS::DBSubnetGroup": ("rds", "DeleteDBSubnetGroup", "DBSubnetGroupName"),
}
GONE = re.compile("NotFound|NoSuch|DoesNotExist|does not exist|not found|NonExistent", re.I)
# What time does not heal.
FINAL = ("BucketNotEmpty", "RepositoryNotEmptyException", "OperationNotPermitted", "InvalidParameterCombination")


# ---- what AWS says before it begins --------------------------------------------------------------


def stack_of(call) -> Stack | None:
    cloudformation, name = call.backend("cloudformation"), call["StackName"]
    return next((it for it in cloudformation.stacks.values() if name in (it.name, it.stack_id)), None)


@refuses("cloudformation:DeleteStack")
def protected_stacks_stay(call) -> None:
    """A stack with termination protection stays."""
    stack = stack_of(call)
    if stack and stack.enable_termination_protection:
        raise Refused(
            "ValidationError", f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
        )


@refuses("cloudformation:DeleteStack")
def nested_stacks_go_with_their_root(call) -> None:
    """A stack that another one made goes with that."""
    stack = stack_of(call)
    for parent in call.backend("cloudformation").stacks.values():
        for made in parent.resource_map._parsed_resources.values():
            if stack is not None and made is stack:
                raise Refused(
                    "ValidationError", f"Stack [{stack.name}] is nested in [{parent.name}] and is deleted with it"
                )


@refuses("cloudformation:DeleteStack")
def stacks_let_go_of_resources_after_a_failure(call) -> None:
    """What a stack is to leave behind can be said after its deletion has failed, of what failed."""
    stack = stack_of(call)
    asked = call.listed("RetainResources")
    if stack and asked and (stack.status != "DELETE_FAILED" or not set(asked) <= set(stack.departure.failed)):
        raise Refused(
            "ValidationError",
            "The specified resources to retain must be in a valid state. Do not specify resources that are in the "
            "DELETE_COMPLETE state",
        )


@answers("cloudformation:UpdateTerminationProtection")
def update_termination_protection(call) -> str:
    """Turns the protection of a stack on or off; moto cannot."""
    stack = stack_of(call)
    if stack is None:
        raise Refused("ValidationError", f"Stack [{call['StackName']}] does not exist")
    stack.enable_termination_protection = call.says("EnableTerminationProtection")
    return f"<StackId>{stack.stack_id}</StackId>"


@answers("cloudformation:ListImports")
def list_imports(call) -> str:
    """Names the stacks that import what another one exports; moto cannot."""
    found = importers(call.backend("cloudformation"), call["ExportName"])
    if not found:
        raise Refused("ValidationError", f"Export '{call['ExportName']}' is not imported by any stack.")
    return f"<Imports>{''.join(f'<member>{name}</member>' for name in found)}</Imports>"


def importers(cloudformation, export: str) -> list[str]:
    return [stack.name for stack in cloudformation.stacks.values() if export in imports(stack)]


def imports(stack) -> set[str]:
    """The exports that a stack imports, with the references in their names resolved."""
    found: set[str] = set()

    def walk(part) -> None:
        if isinstance(part, dict):
            if "Fn::ImportValue" in part:
                found.add(resolved(part["Fn::ImportValue"]))
            for it in part.values():
                walk(it)
        elif isinstance(part, list):
            for it in part:
                walk(it)

    def resolved(name) -> str:
        if isinstance(name, dict) and "Fn::Sub" in name:
            text = name["Fn::Sub"]
            text = text[0] if isinstance(text, list) else text
            return re.sub(r"\$\{([^}]+)\}", lambda it: str(stack.resource_map.get(it[1], it[0])), text)
        return str(name)

    walk({"Resources": stack.template_dict.get("Resources"), "Outputs": stack.template_dict.get("Outputs")})
    return found


# ---- how a stack goes ----------------------------------------------------------------------------


class Departure:
    """The deletion of one stack: whatever nobody needs any more is asked to go, at every look."""

    def __init__(self, cloudformation, stack, retained: list[str]) -> None:
        self.cloudformation = cloudformation
        self.stack = stack
        self.retained = set(retained)
        self.template = stack.resource_map._resource_json_map
        self.left = [it for it in reversed(list(self.template)) if stack.states.get(it) not in ("DELETE_COMPLETE",)]
        self.begun: set[str] = set()
        self.tries: dict[str, int] = {}
        self.failed: dict[str, str] = {}
        for name in list(self.left):
            if name in self.retained or str(self.template[name].get("DeletionPolicy", "")).startswith("Retain"):
                self.tell(name, "DELETE_SKIPPED")
                self.left.remove(name)

    def look(self) -> None:
        later.pass_time()
        moved = True
        while moved:
            moved = False
            for name in list(self.left):
                needed = any(name in needs(self.template[it]) for it in self.left if it != name)
                if not needed and self.try_(name):
                    moved = True
        if self.left and not (set(self.left) <= self.blocked()):
            return
        if self.failed:
            names = ", ".join(sorted(self.failed))
            self.end("DELETE_FAILED", f"The following resource(s) failed to delete: [{names}]. ")
        elif not self.left:
            self.end("DELETE_COMPLETE", None)

    def blocked(self) -> set[str]:
        """What failed, and all that such a thing needs."""
        found = set(self.failed)
        while more := {it for name in found for it in needs(self.template[name]) if it in self.left} - found:
            found |= more
        return found

    def try_(self, name: str) -> bool:
        """Whether it is gone now."""
        made = self.stack.resource_map._parsed_resources.get(name)
        if name in self.failed:
            return False
        try:
            if made is not None and name not in self.begun:
                self.ask(name, made)
                self.begun.add(name)
                self.tell(name, "DELETE_IN_PROGRESS")
            if made is not None and there_is(self.template[name]["Type"], made):
                return False
        except Exception as refusal:
            code, words = refusal_of(refusal)
            if not GONE.search(f"{code} {words}"):
                self.refused(name, code, words)
                return False
        self.left.remove(name)
        self.tell(name, "DELETE_COMPLETE")
        return True

    def ask(self, name: str, made) -> None:
        described = self.template[name]
        account, region = self.stack.account_id, self.stack.region_name
        kind, properties = described["Type"], described.get("Properties", {})
        physical = getattr(made, "physical_resource_id", None)
        if kind in BY_CALL:
            service, action, parameter = BY_CALL[kind]
            rules.ask(Call(service, action, {parameter: physical}, region))
        match kind:
            case "AWS::EC2::VPCGatewayAttachment":
                rules.ask(Call("ec2", "DetachInternetGateway", {"VpcId": made.vpc_id}, region))
            case "AWS::S3::Bucket":
                s3 = Call("s3", "", {}).backend("s3", "aws")
                if s3.get_bucket(physical).keys:
                    raise Refused(
                        "BucketNotEmpty", "The bucket you tried to delete is not empty. You must delete all versions "
                        "in the bucket.", 409,
                    )
            case "AWS::ECR::Repository":
                repository = Call("ecr", "", {}, region).backend("ecr").repositories[physical]
                if repository.images and not properties.get("EmptyOnDelete"):
                    raise Refused(
                        "RepositoryNotEmptyException",
                        f"The repository with name '{physical}' in registry with id '{account}' cannot be deleted "
                        "because it still contains images",
                    )
            case "AWS::ECS::ClusterCapacityProviderAssociations":
                rules.ask(
                    Call("ecs", "PutClusterCapacityProviders", {"cluster": physical, "capacityProviders": []}, region)
                )
            case "AWS::AutoScaling::AutoScalingGroup":
                # CloudFormation does not force: it scales to nothing, waits and then deletes.
                group = made.autoscaling_backend.autoscaling_groups.get(made.name)
                if group is None:
                    return
                group.min_size = group.max_size = 0
                group.set_desired_capacity(0)
                rules.ask(Call("autoscaling", "DeleteAutoScalingGroup", {"AutoScalingGroupName": made.name}, region))
            case "AWS::IAM::ManagedPolicy":
                # moto's stacks leave their policies behind.
                Call("iam", "", {}).backend("iam", "aws").delete_policy(physical)
                return
            case "AWS::RDS::DBInstance" | "AWS::RDS::DBCluster":
                self.keep_snapshot(name, described, physical)
        self.stack.resource_map._delete_resource(made, described)

    def keep_snapshot(self, name: str, described: dict, physical: str) -> None:
        """CloudFormation makes a last snapshot of a database, and of a cluster instead of its members, unless told
        otherwise."""
        is_member = "DBClusterIdentifier" in described.get("Properties", {})
        is_cluster = described["Type"] == "AWS::RDS::DBCluster"
        if described.get("DeletionPolicy", "Delete" if is_member and not is_cluster else "Snapshot") != "Snapshot":
            return
        rds = Call("rds", "", {}, self.stack.region_name).backend("rds")
        database = (rds.clusters if is_cluster else rds.databases).get(physical)
        if database is None or database.status == "deleting" or database.deletion_protection:
            return
        snapshot = f"{self.stack.name}-snapshot-{name.lower()}"
        (rds.create_db_cluster_snapshot if is_cluster else rds.create_db_snapshot)(physical, snapshot)

    def refused(self, name: str, code: str, words: str) -> None:
        self.tries[name] = self.tries.get(name, 0) + (0 if later.PENDING else 1)
        if code in FINAL or self.tries[name] > TRIES:
            self.failed[name] = words
            self.tell(name, "DELETE_FAILED", f"{words} (Error Code: {code})")

    def tell(self, name: str, status: str, reason: str | None = None) -> None:
        self.stack.states[name] = status
        made = self.stack.resource_map._parsed_resources.get(name)
        self.stack.events.append(
            Event(
                stack_id=self.stack.stack_id,
                stack_name=self.stack.name,
                logical_resource_id=name,
                physical_resource_id=str(getattr(made, "physical_resource_id", "") or ""),
                resource_type=self.template[name]["Type"],
                resource_status=status,
                resource_status_reason=reason,
                resource_properties=None,
            )
        )

    def end(self, status: str, reason: str | None) -> None:
        stack = self.stack
        stack.status, stack.stack_status_reason = status, reason
        stack._add_stack_event(status, resource_status_reason=reason)
        if status == "DELETE_COMPLETE":
            exports = [export.name for export in stack.exports]
            self.cloudformation.stacks.pop(stack.stack_id, None)
            self.cloudformation.deleted_stacks[stack.stack_id] = stack
            for export in exports:
                self.cloudformation.exports.pop(export, None)


def refusal_of(failure: Exception) -> tuple[str, str]:
    code = getattr(failure, "error_type", None) or type(failure).__name__
    if isinstance(failure, Refused | ServiceException):
        code = failure.code
    return str(code), str(getattr(failure, "message", None) or failure)


def needs(described: dict) -> set[str]:
    """The logical names that a resource refers to or depends on."""
    found: set[str] = set()

    def walk(part) -> None:
        if isinstance(part, dict):
            for key, it in part.items():
                if key == "Ref":
                    found.add(it)
                elif key == "Fn::GetAtt":
                    found.add(it[0] if isinstance(it, list) else it.split(".")[0])
                elif key == "Fn::Sub":
                    text = it[0] if isinstance(it, list) else it
                    found.update(name.split(".")[0] for name in re.findall(r"\$\{([^}!]+)\}", text))
                walk(it)
        elif isinstance(part, list):
            for it in part:
                walk(it)

    walk(described.get("Properties", {}))
    depends = described.get("DependsOn", [])
    return found | set([depends] if isinstance(depends, str) else depends)


def there_is(kind: str, made) -> bool:
    """Whether what a stack has asked to go is still on its way."""
    region = "us-east-1"
    here = lambda service: Call(service, "", {}, region).backend(service)  # noqa: E731
    match kind:
        case "AWS::AutoScaling::AutoScalingGroup":
            return made.name in made.autoscaling_backend.autoscaling_groups
        case "AWS::EC2::Instance":
            return made._state.name != "terminated"
        case "AWS::ECS::Service":
            return made.status != "INACTIVE"
        case "AWS::ECS::CapacityProvider":
            return made.physical_resource_id in here("ecs").capacity_providers
        case "AWS::ECS::ClusterCapacityProviderAssociations":
            cluster = here("ecs").clusters[made.physical_resource_id]
            return getattr(cluster, "attachments_status", None) == "UPDATE_IN_PROGRESS"
        case "AWS::RDS::DBInstance":
            return made.db_instance_identifier in here("rds").databases
        case "AWS::RDS::DBCluster":
            return made.physical_resource_id in here("rds").clusters
        case "AWS::ElastiCache::CacheCluster":
            return made.physical_resource_id in here("elasticache").cache_clusters
        case "AWS::DynamoDB::Table":
            return made.name in here("dynamodb").tables
        case "AWS::EC2::VPCEndpoint":
            return made.id in here("ec2").vpc_end_points
        case "AWS::EFS::MountTarget":
            return made.mount_target_id in here("efs").mount_targets_by_id
        case "AWS::EFS::FileSystem":
            return made.file_system_id in here("efs").file_systems_by_id
        case "AWS::CloudFormation::Stack":
            if made.status == "DELETE_IN_PROGRESS":
                made.departure.look()
            if made.status == "DELETE_FAILED":
                raise Refused("DELETE_FAILED", f"Embedded stack {made.stack_id} was not successfully deleted")
            return made.status != "DELETE_COMPLETE"
    return False


@patch
def stacks_go_bit_by_bit() -> None:
    """DeleteStack begins a deletion, which fails where a resource refuses, or is called off where another stack imports
    from this one; moto deletes what it can and says that all is done."""

    @around(Stack, "__init__")
    def make(init, stack, *args, **options):
        init(stack, *args, **options)
        stack.states = {}
        stack.stack_status_reason = None

    @around(CloudFormationBackend, "delete_stack")
    def delete(delete_stack, cloudformation, name_or_id, retained=()):
        stack = next((it for it in cloudformation.stacks.values() if name_or_id in (it.name, it.stack_id)), None)
        if stack is None or stack.status == "DELETE_IN_PROGRESS":
            return
        for export in stack.exports:
            if found := importers(cloudformation, export.name):
                users = " and ".join(found)
                reason = f"Delete canceled. Cannot delete export {export.name} as it is in use by {users}."
                stack.stack_status_reason = reason
                stack._add_stack_event(stack.status, resource_status_reason=reason)
                return
        stack.status, stack.stack_status_reason = "DELETE_IN_PROGRESS", "User Initiated"
        stack._add_stack_event("DELETE_IN_PROGRESS", resource_status_reason="User Initiated")
        stack.departure = Departure(cloudformation, stack, list(retained))
        if later.HURRY[0]:
            while stack.status == "DELETE_IN_PROGRESS":
                stack.departure.look()

    @around(responses.CloudFormationResponse, "delete_stack")
    def answer(delete_stack, response):
        response.cloudformation_backend.delete_stack(
            response._get_param("StackName"), response._get_param("RetainResources", [])
        )
        return responses.EmptyResult()

    @around(responses.CloudFormationResponse, "describe_stacks")
    def describe(describe_stacks, response):
        answer = describe_stacks(response)
        asked = response._get_param("StackName")
        for stack in list(response.cloudformation_backend.stacks.values()):
            if stack.status == "DELETE_IN_PROGRESS" and asked in (None, stack.name, stack.stack_id):
                # It is answered first, then it goes on.
                LOOKED_AT.append(stack)
        return answer

    @around(responses.CloudFormationResponse, "list_stack_resources")
    def list_members(list_stack_resources, response):
        answer = list_stack_resources(response)
        stack, _ = response.cloudformation_backend.list_stack_resources(response._get_param("StackName"))
        for told in answer.result["StackResourceSummaries"]:
            told["ResourceStatus"] = stack.states.get(told["LogicalResourceId"], told["ResourceStatus"])
        return answer

    @around(responses.StackResourceDTO, "__init__")
    def tell(init, told, stack, resource):
        init(told, stack, resource)
        told.resource_status = stack.states.get(told.logical_resource_id, told.resource_status)


LOOKED_AT: list[Stack] = []


def go_on() -> None:
    """Called when an answer is out: the stacks it told of go on."""
    while LOOKED_AT:
        stack = LOOKED_AT.pop()
        if stack.status == "DELETE_IN_PROGRESS":
            stack.departure.look()
