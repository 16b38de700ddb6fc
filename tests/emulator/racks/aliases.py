"""Stable names for what AWS draws at random, so that what is written about two emulators reads the same."""

import base64
import collections
import hashlib
import ipaddress
import json
import pathlib
import re
import uuid

ADDRESS = re.compile(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}")

# Every kind of random id is long or odd enough never to stand inside another word.
RANDOM = re.compile(
    r"(?:(?<![\w-])(?:"
    r"(?P<secret>(?<=:secret:)[\w/+=.@-]+-[0-9A-Za-z]{6})"  # names that Secrets Manager completes
    r"|(?P<proxy>ecs-service-connect-[A-Za-z]{5})"
    r"|(?P<discovery>(?:ns|srv)-[0-9a-z]{16})"
    r"|(?P<database>(?:db|cluster)-[0-9A-Z]{26})"  # what RDS calls a database besides its name
    r"|(?P<task>(?<=/)[0-9a-f]{32})"  # the ends of the long ARNs of tasks
    rf"|(?P<address>{ADDRESS.pattern}(?!/))"  # of one machine, not of a network
    r"|(?P<resource>[a-z]{1,8}(?:-[a-z]{2,6}){0,2}-(?:[0-9a-f]{17}|[0-9a-f]{8}))"  # vpc-…, eni-attach-…, fs-…
    r"|(?P<uuid>[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})"
    r"|(?P<hex>[0-9a-f]{16})"  # the ends of the ARNs of load balancers
    r"|(?P<principal>A(?:ROA|IPA|IDA|NPA)[0-9A-Z]{17})"
    r"|(?P<zone>Z[0-9A-Z]{13})"
    r"|(?P<named>[A-Za-z][A-Za-z0-9-]*-[0-9A-Z]{12})"  # names that CloudFormation completes
    r"|(?P<deployment>ecs-svc/[0-9]{15,19})"
    r"|(?P<serial>[0-9]{44,49})"  # of certificates
    r"|(?P<sum>[0-9A-Za-z+/]{43}=)"  # of the code of functions, in base64
    r"|(?P<scaled>[0-9a-z]{36})"  # the ends of the ARNs of scalable targets
    r")|(?<=vpce-[0-9a-f]{17}-)(?P<endpoint>[0-9a-f]{8})"  # in the host names of endpoints
    r"|(?:(?<=-AlarmHigh-)|(?<=-AlarmLow-)|(?<=AutoScalingPolicy-))"  # names of what Auto Scaling makes by itself
    r"(?P<scaling>[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})"
    r")(?![\w-])"
)

# What is written down of these racks shows their addresses as they were drawn. They are asked nothing that is new,
# for every answer draws an id for its request, and the next rack would draw others.
FIRST = {"karim_test", "neighbours"}


class Aliases:
    """Ids that were drawn, with what to show in their place."""

    def __init__(self, known: dict[str, str]) -> None:
        self.known = known
        self.as_drawn: set[str] = set()
        self.counts: collections.Counter[str] = collections.Counter()

    @classmethod
    def read(cls, file: pathlib.Path | None) -> "Aliases":
        return cls(json.loads(file.read_text()) if file and file.exists() else {})

    def write(self, file: pathlib.Path) -> None:
        file.write_text(json.dumps(self.known, indent=2, sort_keys=True) + "\n")

    def choose(self, pairs: dict[str, str]) -> None:
        for drawn, shown in pairs.items():
            self._show(drawn, shown)

    def _show(self, drawn: str, shown: str) -> None:
        self.known[drawn] = shown
        if ADDRESS.fullmatch(drawn):
            # As host names write it: ip-172-31-0-4.ec2.internal.
            self.known[drawn.replace(".", "-")] = shown.replace(".", "-")

    def derive_the_rest(self, rack: pathlib.Path, aws) -> None:
        """Gives every id that is new in the account one made from the rack, the call that shows it and its rank.

        What was in the account before any rack is named the same whichever comes first: as it was for the first one
        there ever was.
        """
        # What stands in a rack's script or template was chosen, not drawn.
        scripts = (file for file in rack.parent.glob("*.*") if file.name != "aliases.py")
        chosen = "".join(file.read_text() for file in scripts)
        is_first = rack.stem in FIRST
        told = list(answers(aws)) + ([] if is_first else list(answers_for_later_racks(aws)))
        self.known.setdefault(default_vpc(dict(told)), "vpc-f607518d")
        for call, answer in about_a_bare_account(told):
            self._derive(f"karim_test {call}", answer, chosen)
        for call, answer in told:
            self._derive(f"{rack.stem} {call}", answer, chosen, is_first)

    def _derive(self, place: str, answer: dict | list, chosen: str, is_first: bool = True) -> None:
        for found in RANDOM.finditer(json.dumps(answer, default=str)):
            drawn = found[0]
            if drawn in self.known or drawn in self.known.values() or drawn in self.as_drawn or drawn in chosen:
                continue
            # A network of one's own gives out its addresses in their order; nothing is drawn there.
            if found.lastgroup == "address" and (is_first or drawn.startswith("10.")):
                self.as_drawn.add(drawn)
                continue
            rank = place
            if found.lastgroup in {"named", "secret"} and not is_first:
                # IAM lists by ids, so in another order each time.
                rank += f" {drawn.rpartition('-')[0]}"
            self.counts[rank] += 1
            description = f"{rank} {self.counts[rank]}"
            while (shown := like(found, description)) in self.known.values():
                description += " again"
            self._show(drawn, shown)


def addresses(rack: str, drawn: list[str]) -> dict[str, str]:
    """An address of the same network for each public one that a rack has drawn, with dots and, in names, dashes."""
    known = {}
    for count, address in enumerate(drawn, 1):
        digest = hashlib.sha256(f"{rack} public address {count}".encode()).digest()
        shown = ".".join([*address.split(".")[:2], str(digest[0]), str(digest[1])])
        known |= {address: shown, address.replace(".", "-"): shown.replace(".", "-")}
    return known


def ranked(description: str, drawn: list[str]) -> dict[str, str]:
    """Ids made from a description and the rank, for what AWS lists in the order of the ids that it drew."""
    # Some ids are told from other words only by the slash before them in an ARN.
    found = {it: RANDOM.fullmatch(it) or RANDOM.search(f"/{it}") for it in drawn}
    return {it: like(found[it], f"{description} {rank}") for rank, it in enumerate(drawn, 1)}


def of_a_cluster(rack: str, aws, cluster: str) -> dict[str, str]:
    """Ids of the instances of a cluster in the order of their addresses, and of its tasks by service and instance."""
    members = aws.ecs.list_container_instances(cluster=cluster)["containerInstanceArns"]
    members = aws.ecs.describe_container_instances(cluster=cluster, containerInstances=members)["containerInstances"]
    answer = aws.ec2.describe_instances(InstanceIds=[member["ec2InstanceId"] for member in members])
    address = {
        instance["InstanceId"]: ipaddress.ip_address(instance["PrivateIpAddress"])
        for reservation in answer["Reservations"]
        for instance in reservation["Instances"]
    }
    at = {member["containerInstanceArn"]: address[member["ec2InstanceId"]] for member in members}
    tasks = aws.ecs.list_tasks(cluster=cluster)["taskArns"]
    tasks = aws.ecs.describe_tasks(cluster=cluster, tasks=tasks)["tasks"]
    tasks.sort(key=lambda task: (task["group"], at[task["containerInstanceArn"]]))
    return (
        ranked(f"{rack} instance", sorted(address, key=address.get))
        | ranked(f"{rack} container instance", [last(arn) for arn in sorted(at, key=at.get)])
        | ranked(f"{rack} task", [last(task["taskArn"]) for task in tasks])
        | ranked(f"{rack} container", [last(it["containerArn"]) for task in tasks for it in task["containers"]])
    )


def of_roles(rack: str, aws, names: list[str]) -> dict[str, str]:
    """Ids of roles in the order of their names."""
    drawn = [aws.iam.get_role(RoleName=name)["Role"]["RoleId"] for name in sorted(names)]
    return ranked(f"{rack} role", drawn)


def last(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]


def like(found: re.Match, description: str) -> str:
    """An id of the same kind and length, made from a description."""
    digest = hashlib.sha256(description.encode()).digest()
    number = int.from_bytes(digest, "big")
    head, dash, tail = found[0].rpartition("-")
    match found.lastgroup:
        case "resource" | "discovery":
            return head + dash + digest.hex()[: len(tail)]
        case "task":
            return digest.hex()[:32]
        case "database" | "secret":
            return head + dash + letters(digest, len(tail))
        case "proxy":
            return head + dash + re.sub("[0-9]", "x", letters(digest, 5))
        case "address":
            first, second, third, _ = found[0].split(".")
            if first == "172":
                # In the same network, where the first addresses are drawn.
                return f"{first}.{second}.{third}.{64 + digest[0] % 190}"
            return f"52.{digest[0]}.{digest[1]}.{digest[2]}"
        case "uuid" | "scaling":
            return str(uuid.UUID(bytes=digest[:16], version=4))
        case "hex" | "endpoint":
            return digest.hex()[: len(found[0])]
        case "principal":
            return found[0][:4] + letters(digest, 17)
        case "zone":
            return "Z" + letters(digest, 13)
        case "named":
            return head + dash + letters(digest, len(tail))
        case "scaled":
            return digest.hex()[:36]
        case "deployment":
            return f"ecs-svc/92233705{number % 10**11:011}"
        case "serial":
            return f"{number % 10**48:048}"
        case "sum":
            return base64.b64encode(digest).decode()
    raise ValueError(found)


def letters(digest: bytes, length: int) -> str:
    return base64.b32encode(digest).decode()[:length]


# The calls that need no more than to be made.
CALLS = {
    "acm": ["list_certificates"],
    "autoscaling": ["describe_auto_scaling_groups", "describe_launch_configurations"],
    "dynamodb": ["list_tables"],
    "ec2": [
        "describe_vpcs",
        "describe_subnets",
        "describe_internet_gateways",
        "describe_route_tables",
        "describe_security_groups",
        "describe_security_group_rules",
        "describe_network_acls",
        "describe_instances",
        "describe_volumes",
        "describe_network_interfaces",
        "describe_iam_instance_profile_associations",
        "describe_images",
        "describe_key_pairs",
    ],
    "efs": ["describe_file_systems"],
    "elbv2": ["describe_load_balancers", "describe_target_groups"],
    "iam": ["list_roles", "list_instance_profiles"],
    "kms": ["list_keys", "list_aliases"],
    "lambda": ["list_functions"],
    "route53": ["list_hosted_zones"],
    "sns": ["list_subscriptions"],
}

CALLS_FOR_LATER_RACKS = {
    "autoscaling": ["describe_policies"],
    "cloudwatch": ["describe_alarms"],
    "ec2": ["describe_nat_gateways", "describe_addresses", "describe_launch_templates", "describe_vpc_endpoints"],
    "elasticache": ["describe_cache_clusters"],
    "rds": ["describe_db_clusters", "describe_db_instances"],
    "secretsmanager": ["list_secrets"],
    "servicediscovery": ["list_namespaces", "list_services"],
}


def answers(aws):
    """What the account answers to every call that shows random ids, with the name of the call."""
    yield from plain_answers(aws, CALLS)
    yield from answers_about_stacks(aws)
    yield from answers_about_clusters(aws)
    yield from answers_about_load_balancers(aws)
    for system in aws.efs.describe_file_systems()["FileSystems"]:
        yield "describe_mount_targets", ask(aws.efs, "describe_mount_targets", FileSystemId=system["FileSystemId"])
    for certificate in aws.acm.list_certificates()["CertificateSummaryList"]:
        yield "describe_certificate", ask(aws.acm, "describe_certificate", CertificateArn=certificate["CertificateArn"])
    for table in aws.dynamodb.list_tables()["TableNames"]:
        yield f"describe_table {table}", ask(aws.dynamodb, "describe_table", TableName=table)
    for bucket in aws.s3.list_buckets()["Buckets"]:
        yield f"list_object_versions {bucket['Name']}", ask(aws.s3, "list_object_versions", Bucket=bucket["Name"])


def answers_for_later_racks(aws):
    yield from plain_answers(aws, CALLS_FOR_LATER_RACKS)
    for call in "describe_scalable_targets", "describe_scaling_policies":
        yield call, ask(getattr(aws, "application-autoscaling"), call, ServiceNamespace="ecs")


def plain_answers(aws, calls_of: dict[str, list[str]]):
    for service, calls in calls_of.items():
        for call in calls:
            yield call, ask(getattr(aws, service), call)


def about_a_bare_account(told: list[tuple[str, dict]]):
    """The parts of the answers about what the account had before anything stood in it."""
    told = dict(told)
    vpc = default_vpc(told)
    groups = told["describe_security_groups"]["SecurityGroups"]
    (group,) = (it["GroupId"] for it in groups if it["VpcId"] == vpc and it["GroupName"] == "default")
    belongs = {
        "describe_vpcs": lambda it: it["VpcId"] == vpc,
        "describe_subnets": lambda it: it["VpcId"] == vpc,
        "describe_route_tables": lambda it: it["VpcId"] == vpc,
        "describe_security_groups": lambda it: it["GroupId"] == group,
        "describe_security_group_rules": lambda it: it["GroupId"] == group,
        "describe_network_acls": lambda it: it["VpcId"] == vpc,
        "describe_images": lambda it: True,
        "list_aliases": lambda it: it["AliasName"].startswith("alias/aws/"),
    }
    # moto has one number for all launch configurations.
    yield "describe_launch_configurations", ["9dbbbf87-6141-428a-a409-0752edbe6cad"]
    for call, bare in belongs.items():
        (listed,) = (part for part in told[call].values() if isinstance(part, list))
        if call == "list_aliases":
            listed = sorted(listed, key=lambda it: it["AliasName"])
        # A way out of the default VPC is made by the rack that needs one.
        yield call, [{key: part for key, part in it.items() if key != "Routes"} for it in listed if bare(it)]


def default_vpc(told: dict[str, dict]) -> str:
    (vpc,) = (vpc["VpcId"] for vpc in told["describe_vpcs"]["Vpcs"] if vpc["IsDefault"])
    return vpc


def answers_about_stacks(aws):
    for stack in ask(aws.cloudformation, "list_stacks")["StackSummaries"]:
        # By id, since a stack that is gone has no name any more.
        for call in "describe_stacks", "describe_stack_resources", "describe_stack_events":
            yield f"{call} {stack['StackName']}", ask(aws.cloudformation, call, StackName=stack["StackId"])


def answers_about_clusters(aws):
    for cluster in aws.ecs.list_clusters()["clusterArns"]:
        for kind, of_kind in (
            ("services", "services"),
            ("container_instances", "containerInstances"),
            ("tasks", "tasks"),
        ):
            listed = ask(aws.ecs, f"list_{kind}", cluster=cluster)
            (arns,) = listed.values()
            if arns:
                yield f"describe_{kind} {cluster}", ask(
                    aws.ecs, f"describe_{kind}", **{"cluster": cluster, of_kind: arns}
                )


def answers_about_load_balancers(aws):
    for balancer in aws.elbv2.describe_load_balancers()["LoadBalancers"]:
        listeners = ask(aws.elbv2, "describe_listeners", LoadBalancerArn=balancer["LoadBalancerArn"])
        yield f"describe_listeners {balancer['LoadBalancerName']}", listeners
        for listener in listeners["Listeners"]:
            yield f"describe_rules {listener['Port']}", ask(
                aws.elbv2, "describe_rules", ListenerArn=listener["ListenerArn"]
            )


def ask(client, call: str, **arguments) -> dict:
    answer = getattr(client, call)(**arguments)
    del answer["ResponseMetadata"]  # the number of the request
    return answer
