"""The transform AWS::Serverless-2016-10-31: AWS's own translator, in an environment that is made at first use."""

import json
import logging
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studiolo.domain import Scope
from studiolo.processes import child_environment
from studiolo.runtimes import Environment, EnvironmentUnavailable, environments_folder
from studiolo.stacks.template import SERVERLESS, TemplateInvalid

LOCK = Path(__file__).parents[1] / "runtimes" / "locks" / "sam.lock"
PROGRAM = Path(__file__).parent / "programs" / "sam.py"
PYTHONS = ("3.11", "3.12", "3.10", "3.13")
SECONDS = 120
FAILED = f"Transform {SERVERLESS} failed with:"

log = logging.getLogger("studiolo")


def environment() -> Environment:
    """The environment of the translator."""
    return Environment.of(environments_folder(), "sam", LOCK, PYTHONS, note="some seconds, 50 MB")


def translated(
    body: Mapping[str, Any], values: Mapping[str, Any], policies: Mapping[str, str], scope: Scope
) -> dict[str, Any]:
    """A template with what its AWS::Serverless resources stand for.

    values: of parameters and pseudo parameters; policies: the ARNs of AWS's managed policies by name. Raises
    TemplateInvalid.
    """
    for logical, resource in (body.get("Resources") or {}).items():
        properties = resource.get("Properties") or {} if isinstance(resource, dict) else {}
        if isinstance(properties.get("Location"), dict) and resource.get("Type") == "AWS::Serverless::Application":
            raise TemplateInvalid(
                f"{FAILED} {logical} is an application of the Serverless Application Repository, which is not here."
            )
    made = environment()
    try:
        made.make(lambda line: log.info("%s", line))
    except EnvironmentUnavailable as error:
        raise TemplateInvalid(f"{FAILED} {error}") from error
    given = json.dumps({"template": body, "values": values, "policies": policies})
    # It makes no calls: were it to, they would end at once.
    own = {
        "AWS_DEFAULT_REGION": scope.region,
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    command = [str(made.python), str(PROGRAM)]
    try:
        ran = subprocess.run(
            command, input=given, env=child_environment(own), capture_output=True, text=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise TemplateInvalid(f"{FAILED} it took more than {SECONDS} seconds.") from error
    if ran.returncode != 0:
        log.error("the translator of serverless applications ended with %s: %s", ran.returncode, ran.stderr)
        last = (ran.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise TemplateInvalid(f"{FAILED} {last}")
    answer = json.loads(ran.stdout)
    if "problem" in answer:
        raise TemplateInvalid(f"{FAILED} {answer['problem']}")
    template: dict[str, Any] = answer["template"]
    return template
