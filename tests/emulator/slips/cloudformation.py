"""Slips of CloudFormation itself; those of the types it makes stand in resource_types.py."""

import re

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import Stack
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult
from moto.ec2.models.core import TaggedEC2Resource

from slips import resource_types
from slips.patch import around, slip


@slip
def no_echo_parameters_are_hidden() -> None:
    """DescribeStacks shows **** for a NoEcho parameter; moto compares the value with the names and shows it."""

    def parameters(stack):
        return [
            {
                "ParameterKey": key,
                "ParameterValue": "****" if key in stack.resource_map.no_echo_parameter_keys else value,
            }
            for key, value in stack.resource_map.resolved_parameters.items()
        ]

    Stack.parameter_list = property(parameters)


@slip
def stack_tags_reach_the_resources() -> None:
    """CloudFormation puts the stack's tags and three of its own on all it makes, unless the resource has a tag of
    that name; moto only on EC2's resources, and over their own.

    They stay when the stack goes: that is how a retained bucket still tells which rack it was of.
    """

    def own_tags(resource_json, resources):
        properties = resource_json.get("Properties", {})
        tags = parsing.clean_json(properties.get("Tags", properties.get("FileSystemTags", [])), resources)
        return {tag["Key"]: tag["Value"] for tag in tags}

    @around(parsing, "parse_and_create_resource")
    def create_and_tag(create, logical_id, resource_json, resources, account_id, region_name):
        tags = dict(resources.tags) | {
            "aws:cloudformation:stack-name": resources["AWS::StackName"],
            "aws:cloudformation:stack-id": resources["AWS::StackId"],
            "aws:cloudformation:logical-id": logical_id,
        }
        own = own_tags(resource_json, resources)
        if resource_json["Type"] == "AWS::AutoScaling::AutoScalingGroup":
            # A group launches its instances as soon as it is there, so its tags have to be there before.
            propagated = [
                {"Key": key, "Value": value, "PropagateAtLaunch": True} for key, value in tags.items() if key not in own
            ]
            resource_json["Properties"]["Tags"] = resource_json["Properties"].get("Tags", []) + propagated
        resource = create(logical_id, resource_json, resources, account_id, region_name)
        if resource is not None:
            resource_types.tag(resource, tags | own, account_id, region_name)
        return resource

    @around(parsing.ResourceMap, "create")
    def create_all(create, resources, template):
        ready = create(resources, template)
        for logical_id, resource_json in template["Resources"].items():
            if isinstance(resources[logical_id], TaggedEC2Resource):
                resources[logical_id].add_tags(own_tags(resource_json, resources))
        return ready


@slip
def stacks_take_along_what_they_made() -> None:
    """DeleteStack deletes what the stack has made, the last first, but for what is to be kept; moto goes in no order
    and leaves half of the types where they are."""

    def delete(resources):
        for logical_id, made in reversed(list(resources._parsed_resources.items())):
            template = resources._resource_json_map.get(logical_id)
            if template and template.get("DeletionPolicy") != "Retain":
                # It stays in the map, which makes what it misses when somebody asks about the dead stack.
                resources._delete_resource(made, template)

    parsing.ResourceMap.delete = delete


@slip
def imports_are_told() -> None:
    """ListImports tells which stacks import an export, and fails where none does; moto has no such call."""

    def list_imports(self):
        name = self._get_param("ExportName")
        imported = re.compile(rf"ImportValue[\"':\s]+{re.escape(name)}(?![\w:-])")
        stacks = self.cloudformation_backend.stacks.values()
        importers = [stack.name for stack in stacks if imported.search(str(stack.template))]
        if not importers:
            raise ValidationError(message=f"Export '{name}' is not imported by any stack.")
        return ActionResult({"Imports": importers, "NextToken": None})

    CloudFormationResponse.list_imports = list_imports
