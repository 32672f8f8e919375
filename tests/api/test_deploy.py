"""`studiolo deploy`: a stack of a template by one command, as shells and scripts use it."""

import json
from pathlib import Path
from typing import Any

from studiolo.config import Settings
from tests.api.stacks import new_name
from tests.conftest import Server


def test_a_template_is_deployed_with_its_events_and_outputs_and_a_failure_ends_with_one(
    server: Server, tmp_path: Path
) -> None:
    name = new_name()
    file = tmp_path / f"{name}.json"

    def write(**resources: Any) -> None:
        parameters = {"Text": {"Type": "String"}}
        outputs = {"Which": {"Value": {"Ref": "Words"}}}
        file.write_text(json.dumps({"Parameters": parameters, "Resources": resources, "Outputs": outputs}))

    words = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Ref": "Text"}}}
    write(Words=words)
    first = server.run("deploy", str(file), "-p", "Text=one")
    lines = [line.split() for line in first.stdout.splitlines()]
    told = [(line[1], line[3]) for line in lines if len(line) > 3]
    assert told[0] == ("CREATE_IN_PROGRESS", name)
    assert ("CREATE_COMPLETE", "Words") in told
    assert told[-1] == ("CREATE_COMPLETE", name)
    [parameter] = [line[2] for line in lines if line[:2] == ["Which", "="]]
    assert (
        server.client("ssm", region_name=Settings().region).get_parameter(Name=parameter)["Parameter"]["Value"] == "one"
    )
    assert "Nothing changes" in server.run("deploy", str(file)).stdout
    write(Words=words, Bad={"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "Not A Name"}})
    failed = server.run("deploy", str(file), check=False)
    assert failed.returncode == 1
    assert "UPDATE_ROLLBACK_COMPLETE" in failed.stderr
    assert "Bad" in failed.stdout
    server.client("cloudformation", region_name=Settings().region).delete_stack(StackName=name)
