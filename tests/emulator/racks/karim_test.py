"""Stands up karim-test, the Convox rack of a blog post of May 2018, with the app karim-httpd and traces of use."""

import json
import pathlib
import sys
import time

import standing

HERE = pathlib.Path(__file__).parent

RACK = {"System": "convox", "Type": "rack", "Name": "karim-test", "Rack": "karim-test"}
EVENTS = {"System": "convox", "Type": "resource", "Name": "convox-events", "Rack": "karim-test"}
APP = {"System": "convox", "Type": "app", "Name": "karim-httpd", "Rack": "karim-test", "Generation": "2"}


def stand_up(aws: standing.Aws) -> dict[str, str]:
    # In 2018 the ARNs of services, tasks and instances did not yet name their cluster.
    for setting in "serviceLongArnFormat", "taskLongArnFormat", "containerInstanceLongArnFormat":
        aws.ecs.put_account_setting(name=setting, value="disabled")

    secrets = {"Password": "planted-secret-password", "InstanceBootCommand": "echo planted-secret-boot-command"}
    standing.stack(aws, "karim-test", HERE / "karim_test.rack.yaml", RACK, secrets)
    standing.stack(aws, "convox-events", HERE / "karim_test.convox-events.yaml", EVENTS)
    standing.stack(aws, "karim-test-karim-httpd", HERE / "karim_test.karim-httpd.yaml", APP, {"Rack": "karim-test"})
    push_image(aws)
    leave_traces(aws)
    return ids_of_the_blog(aws)


def push_image(aws: standing.Aws) -> None:
    layer = {
        "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
        "size": 22496034,
        "digest": f"sha256:{'3d77ce4481b1':0<64}",
    }
    aws.ecr.put_image(
        repositoryName="karim-regis-ovc6lz8vjn1k",
        imageTag="web.BFQSVNPXUVL",
        imageManifest=json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
                "config": layer | {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 5842},
                "layers": [layer],
            }
        ),
    )


def leave_traces(aws: standing.Aws) -> None:
    """What two days of use leave behind, so that nothing that holds data is empty."""
    settings = {"Bucket": "karim-test-settings-1a2mjwyohb092", "Key": "settings.json"}
    for count in 2, 3, 4:
        aws.s3.put_object(**settings, Body=json.dumps({"InstanceCount": count, "token": "planted-secret-settings"}))
    aws.s3.put_object(**settings | {"Key": "obsolete"}, Body=b"obsolete")
    aws.s3.delete_object(**settings | {"Key": "obsolete"})
    aws.s3.put_object(
        Bucket="karim-test-karim-httpd-settings-1xqjb8mwz0f3v",
        Key="releases/RJCCONJUAAN/env",
        Body=b"TOKEN=planted-secret-release",
    )

    written_by = "convox/logs/karim-test/alb/AWSLogs/123456789012/elasticloadbalancing/us-east-1"
    for hour in 16, 17, 18:
        name = f"123456789012_elasticloadbalancing_us-east-1_app.karim-Route-1B7H2GIJW6LEN_20180501T{hour}00Z.log.gz"
        aws.s3.put_object(
            Bucket="karim-test-logs-s3rlg8rqvcpf",
            Key=f"{written_by}/2018/05/01/{name}",
            Body=b"one line of an access log",
        )

    log = {"logGroupName": "karim-test-LogGroup-PUBRBTCTRYC", "logStreamName": "service/web/0"}
    aws.logs.create_log_stream(**log)
    aws.logs.put_log_events(
        **log,
        logEvents=[{"timestamp": int(time.time() * 1000), "message": "who=convox/rack at=start planted-secret-log"}],
    )

    release = {
        "id": "RJCCONJUAAN",
        "app": "karim-httpd",
        "created": "20180501.165421.000000000",
        "build": "BFQSVNPXUVL",
    }
    build = {"id": "BFQSVNPXUVL", "app": "karim-httpd", "created": "20180501.165213.000000000", "status": "complete"}
    for table, item in ("karim-test-releases", release), ("karim-test-builds", build):
        aws.dynamodb.put_item(TableName=table, Item={key: {"S": value} for key, value in item.items()})


def ids_of_the_blog(aws: standing.Aws) -> dict[str, str]:
    """The ids that were drawn, and those the blog shows for the same things."""
    rack = standing.resources(aws, "karim-test")
    app = standing.resources(aws, "karim-test-karim-httpd")
    (default_vpc,) = aws.ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    pairs = {
        default_vpc["VpcId"]: "vpc-f607518d",
        rack["Vpc"]: "vpc-0c1755355d04959e2",
        rack["Gateway"]: "igw-0b2c0684823fc1390",
        rack["Routes"]: "rtb-081dc2f05395b1148",
        rack["Subnet0"]: "subnet-0abe20fb6642130ee",
        rack["Subnet1"]: "subnet-065b183ef491c862f",
        rack["Subnet2"]: "subnet-075ba29543e3437b3",
        rack["VolumeSecurity"]: "sg-00fe7f18bf166b6a1",
        rack["ApiBalancerSecurity"]: "sg-0261e90a51dbc4359",
        rack["RouterSecurity"]: "sg-0ec0c508775c95d1d",
        rack["InstancesSecurity"]: "sg-035b4f34a054d3787",
        rack["VolumeFilesystem"]: "fs-d9d57e91",
        rack["RackZone"]: "Z3B7P5O8NXKJYH",
        last(rack["Router"]): "42515dec79b9a90b",
        last(rack["RouterListener80"]): "75f1f36d5d4a6f76",
        last(rack["RouterTargetGroup"]): "704eb1cba209b19e",
        last(app["BalancerWebTargetGroup"]): "387ff7d390b1f7a9",
        last(app["BalancerWebRule80Internal"]): "b5cd6538dc70e913",
        last(app["BalancerWebRule80"]): "b0a31de0ecc67d1c",
    }
    rules = aws.elbv2.describe_rules(ListenerArn=rack["RouterListener80"])["Rules"]
    (default_rule,) = (rule["RuleArn"] for rule in rules if rule["IsDefault"])
    pairs[last(default_rule)] = "67e3b1090563dc95"

    zones = {
        "us-east-1a": "i-007670c6b3c8e2ee0",
        "us-east-1b": "i-07b70fbb192cb6917",
        "us-east-1c": "i-0dd4788a2d7e9c77e",
    }
    for instance in aws.autoscaling.describe_auto_scaling_instances()["AutoScalingInstances"]:
        building = instance["AutoScalingGroupName"] == rack["BuildInstances"]
        pairs[instance["InstanceId"]] = "i-0a27256f6e64dea02" if building else zones[instance["AvailabilityZone"]]

    of_httpd = {"cluster": rack["Cluster"], "serviceName": app["ServiceWebService"]}
    (task,) = aws.ecs.describe_tasks(cluster=rack["Cluster"], tasks=aws.ecs.list_tasks(**of_httpd)["taskArns"])["tasks"]
    pairs |= {
        last(task["taskArn"]): "a41421cf-18f7-493f-9701-625f5656bc83",
        last(task["containerInstanceArn"]): "9addec39-5f24-4b48-94aa-3de902d45095",
        last(task["containers"][0]["containerArn"]): "66a8d480-f5c1-4f18-9b65-a5bdffcff971",
        task["startedBy"]: "ecs-svc/9223370511661104836",
    }
    return pairs


def last(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]


if __name__ == "__main__":
    standing.main(sys.modules[__name__])
