"""What sessions bring along: modules, Python files, jars and other files, from S3 with the role's rights."""

import io
import json
import uuid
import zipfile
from collections.abc import Callable
from typing import Any

import botocore.exceptions
import pytest

from tests import conftest
from tests.conftest import Server, trust_policy
from tests.waiting import until

COMMAND = {"Name": "glueetl", "PythonVersion": "3"}
NO_INDEX = {"--python-modules-installer-option": "--no-index"}
PRESENT = "sagemaker" if conftest.glue_version is None else "boto3"
"""A package that sessions have without it."""


def packed(files: dict[str, str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


WHEEL = {
    "wheeled.py": "value = 'a wheel'\n",
    "wheeled-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: wheeled\nVersion: 1.0\n",
    "wheeled-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "wheeled-1.0.dist-info/RECORD": "",
}


@pytest.fixture(scope="module")
def stuff(client: Callable[..., Any], bucket: str) -> str:
    """Where the files are."""
    objects = {
        "single.py": b"value = 'a file'\n",
        "archive.zip": packed({"zipped/__init__.py": "value = 'an archive'\n"}),
        "wheeled-1.0-py3-none-any.whl": packed(WHEEL),
        "library.jar": packed({"marker.txt": "found"}),
        "settings.json": b"{}",
    }
    for name, content in objects.items():
        client("s3").put_object(Bucket=bucket, Key=f"stuff/{name}", Body=content)
    return f"s3://{bucket}/stuff"


def begin(glue: Any, role: str, arguments: dict[str, str], **asked: Any) -> tuple[str, dict[str, Any]]:
    """A session that is no longer PROVISIONING: its id, and what GetSession says of it."""
    session = f"session-{uuid.uuid4().hex[:8]}"
    glue.create_session(Id=session, Role=role, Command=COMMAND, DefaultArguments=arguments, **asked)
    until(lambda: glue.get_session(Id=session)["Session"]["Status"] != "PROVISIONING")
    return session, glue.get_session(Id=session)["Session"]


def printed(glue: Any, session: str, code: str) -> str:
    number = glue.run_statement(SessionId=session, Code=code)["Id"]

    def over() -> Any:
        statement = glue.get_statement(SessionId=session, Id=number)["Statement"]
        return statement if statement["State"] == "AVAILABLE" else None

    output = until(over)["Output"]
    assert output["Status"] == "ok", output
    text: str = output["Data"]["TextPlain"]
    return text


def test_modules_and_python_files_are_the_driver_s_and_the_workers(glue: Any, role: str, stuff: str) -> None:
    arguments = {
        **NO_INDEX,
        "--additional-python-modules": f"{stuff}/wheeled-1.0-py3-none-any.whl,{PRESENT}",
        "--extra-py-files": f"{stuff}/single.py,{stuff}/archive.zip",
        "--extra-files": f"{stuff}/settings.json",
    }
    session, found = begin(glue, role, arguments)
    assert found["Status"] == "READY", found
    names = "def values():\n    import single, wheeled, zipped\n    return single.value, zipped.value, wheeled.value\n"
    everywhere = "print(values() == sc.parallelize([1], 1).map(lambda _: values()).collect()[0], values())"
    assert printed(glue, session, names + everywhere) == "True ('a file', 'an archive', 'a wheel')"
    assert printed(glue, session, "open('settings.json').read()") == "'{}'"
    version = f"import importlib.metadata as m\nprint(m.version({PRESENT!r}).split('.')[0])"
    assert printed(glue, session, version) == ("2" if PRESENT == "sagemaker" else "1")
    glue.stop_session(Id=session)


def test_jars_are_on_spark_s_class_path(glue: Any, role: str, stuff: str) -> None:
    session, found = begin(glue, role, {"--extra-jars": f"{stuff}/library.jar"})
    assert found["Status"] == "READY", found
    loader = "sc._jvm.java.lang.Thread.currentThread().getContextClassLoader()"
    assert printed(glue, session, f"print({loader}.getResource('marker.txt') is not None)") == "True"
    glue.stop_session(Id=session)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({**NO_INDEX, "--additional-python-modules": f"{PRESENT},no-such-module"}, "no-such-module was not found"),
        ({"--extra-py-files": "s3://no-such-bucket/file.py"}, "s3://no-such-bucket/file.py does not exist"),
    ],
)
def test_what_cannot_be_had_fails_the_session_with_which_and_why(
    glue: Any, role: str, arguments: dict[str, str], says: str
) -> None:
    session, found = begin(glue, role, arguments)
    assert found["Status"] == "FAILED"
    assert says in found["ErrorMessage"]
    glue.stop_session(Id=session)
    assert glue.get_session(Id=session)["Session"]["Status"] == "FAILED"
    # Its id is free again, as a notebook that asks once more needs it.
    glue.create_session(Id=session, Role=role, Command=COMMAND)
    glue.stop_session(Id=session)


def test_a_notebook_hears_of_it_at_once(glue: Any, role: str) -> None:
    arguments = {**NO_INDEX, "--additional-python-modules": "no-such-module"}
    with pytest.raises(botocore.exceptions.ClientError, match="no-such-module was not found"):
        begin(glue, role, arguments, RequestOrigin="GluePySparkKernel")


def test_files_that_the_role_may_not_read_are_not_given_to_it(glue: Any, server: Server, stuff: str) -> None:
    iam = server.client("iam")
    arn = iam.create_role(RoleName="reads-nothing", AssumeRolePolicyDocument=trust_policy())["Role"]["Arn"]
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]}
    iam.put_role_policy(RoleName="reads-nothing", PolicyName="logs", PolicyDocument=json.dumps(policy))
    _, found = begin(glue, arn, {"--extra-py-files": f"{stuff}/single.py"})
    assert found["Status"] == "FAILED"
    assert "may not read" in found["ErrorMessage"]
