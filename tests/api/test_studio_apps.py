"""JupyterLab in Studio, on a server of its own: opened through the proxy, as a browser does it."""

import asyncio
import base64
import json
import os
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from botocore.exceptions import ClientError

from tests.api.stacks import create, delete
from tests.api.stacks import outputs as made
from tests.browsing import Browser
from tests.conftest import Server, create_role
from tests.waiting import until

BASE = "/jupyterlab/default"
QUICKLY = {"Delay": 1, "MaxAttempts": 240}
WHERE = {"SpaceName": "mine", "AppType": "JupyterLab", "AppName": "default"}


EDITOR = """\
'''Stands in for code-server: it says what it is asked, and echoes what a WebSocket tells it.'''
import os, sys, time
from aiohttp import web

async def answer(request):
    if "upgrade" in request.headers.get("connection", "").lower():
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(message.data + " again")
        return socket
    if request.path == "/healthz":
        return web.json_response({"status": "alive", "lastHeartbeat": time.time() * 1000})
    if request.path == "/end":
        print("no disk", flush=True)
        os._exit(3)
    return web.json_response({"path": request.path_qs, "home": os.environ["HOME"], "cookie": request.headers.get("cookie"),
                              "space": os.environ["SAGEMAKER_SPACE_NAME"], "files": os.listdir(sys.argv[-1])})

app = web.Application()
app.router.add_route("*", "/{rest:.*}", answer)
web.run_app(app, path=sys.argv[sys.argv.index("--socket") + 1], print=None)
"""


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what stands in for code-server, and for the node that runs it."""
    folder = tmp_path_factory.mktemp("programs")
    for name, text in (("code-server", EDITOR), ("node", f'#!/bin/sh\nexec {sys.executable} "$@"\n')):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def own(apps: None, tmp_path_factory: pytest.TempPathFactory, programs: Path) -> Iterator[Server]:
    path = os.pathsep.join([str(programs), os.environ["PATH"]])
    settings = {"STUDIOLO_WARM_SESSIONS": "0", "PATH": path}
    server = Server(tmp_path_factory.mktemp("studio"), settings=settings).up()
    yield server
    server.down()


@pytest.fixture(scope="module")
def domain(own: Server) -> str:
    """The id of a domain with the user ana and her space, in which JupyterLab is being started."""
    sagemaker, role = own.client("sagemaker"), create_role(own)
    made: str = sagemaker.create_domain(DomainName="lab", AuthMode="IAM", DefaultUserSettings={"ExecutionRole": role})[
        "DomainId"
    ]
    sagemaker.create_user_profile(DomainId=made, UserProfileName="ana")
    sagemaker.create_space(
        DomainId=made,
        SpaceName="mine",
        OwnershipSettings={"OwnerUserProfileName": "ana"},
        SpaceSharingSettings={"SharingType": "Private"},
    )
    sagemaker.create_app(DomainId=made, **WHERE)
    assert sagemaker.describe_app(DomainId=made, **WHERE)["Status"] == "Pending"
    return made


@pytest.fixture(scope="module")
def browser(own: Server, domain: str) -> Browser:
    """Signed in to the domain as ana; JupyterLab answers."""
    sagemaker = own.client("sagemaker")
    until(lambda: sagemaker.describe_app(DomainId=domain, **WHERE)["Status"] != "Pending", seconds=240)
    url = sagemaker.create_presigned_domain_url(DomainId=domain, UserProfileName="ana")["AuthorizedUrl"]
    browser = Browser(own.port, name=urlsplit(url).hostname or "")
    assert browser.open(f"/auth?{urlsplit(url).query}").headers["Location"] == f"{BASE}/lab"
    return browser


def test_jupyterlab_opens_and_its_own_token_opens_nothing_without_the_cookie(browser: Browser) -> None:
    page = browser.open(f"{BASE}/lab")
    assert page.status == 200
    config = page.text.split('id="jupyter-config-data" type="application/json">')[1].split("</script>")[0]
    stranger = Browser(browser.port, browser.name)
    assert stranger.open(f"{BASE}/api/status", Authorization=f"token {json.loads(config)['token']}").status == 401


def test_a_cell_runs_as_the_user_s_role(browser: Browser) -> None:
    arn = run(browser, kernel(browser), "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])")
    assert "assumed-role/role-" in arn
    assert arn.strip().endswith("/SageMaker")


def test_a_cell_sees_no_other_space_and_installs_packages_into_its_own(own: Server, browser: Browser) -> None:
    identifier = kernel(browser)
    hidden = run(browser, identifier, f"import os; print(os.path.exists({str(own.data / 'credentials.json')!r}))")
    assert hidden.strip() == "False"
    assert run(browser, identifier, "import sys, pandas; print(sys.prefix)").strip().endswith("/mine/venv")


def test_glue_s_kernel_runs_spark_as_the_user_s_role_with_nothing_configured(browser: Browser) -> None:
    specs = json.loads(browser.open(f"{BASE}/api/kernelspecs").text)["kernelspecs"]
    assert {"python3", "glue_pyspark", "glue_spark", "spark_connect"} <= set(specs)
    identifier = kernel(browser, "glue_pyspark")
    assert "hello 3." in run(browser, identifier, "print('hello', spark.version)")
    whose = "import boto3\nprint(boto3.client('sts').get_caller_identity()['Arn'])"
    assert "assumed-role/role-" in run(browser, identifier, whose)
    browser.open(f"{BASE}/api/kernels/{identifier}", method="DELETE")


def test_the_kernel_of_spark_connect_has_a_session_of_its_own_that_ends_with_it(own: Server, browser: Browser) -> None:
    identifier = kernel(browser, "spark_connect")
    assert run(browser, identifier, "print(spark.range(6).count(), type(spark).__module__)").endswith(
        "6 pyspark.sql.connect.session\n"
    )
    glue = own.client("glue")
    [session] = [each["Id"] for each in glue.list_sessions()["Sessions"] if each["Id"].startswith("connect-mine-")]
    browser.open(f"{BASE}/api/kernels/{identifier}", method="DELETE")
    until(lambda: glue.get_session(Id=session)["Session"]["Status"] == "STOPPED")


def test_the_sdk_in_a_cell_knows_its_execution_role(browser: Browser, own: Server, domain: str) -> None:
    code = "import sagemaker; print(sagemaker.get_execution_role())"
    role = own.client("sagemaker").describe_domain(DomainId=domain)["DefaultUserSettings"]["ExecutionRole"]
    assert run(browser, kernel(browser), code).strip().endswith(role)


def test_panels_show_what_the_space_s_role_may_see_to_who_is_signed_in_alone(own: Server, browser: Browser) -> None:
    own.client("glue").create_database(DatabaseInput={"Name": "beside"})
    assert "beside" in browser.open("/studiolo/catalog").words
    role = own.client("iam").list_roles()["Roles"][0]["RoleName"]
    assert browser.open("/studiolo/view-as", {"role": role}).status == 405
    assert browser.open("/studiolo/catalog", {"name": "evil"}, Origin="http://evil.example").status == 403
    assert Browser(browser.port, browser.name).open("/studiolo/catalog").status == 401


def test_a_page_of_another_origin_gets_no_kernel(browser: Browser) -> None:
    evil = {"Origin": "http://evil.example"}
    assert browser.open(f"{BASE}/api/kernels", b"{}", **evil).status == 403
    with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
        run(browser, kernel(browser), "1", **evil)


def test_a_server_that_is_killed_and_started_again_finds_kernels_with_their_variables(
    own: Server, browser: Browser, domain: str
) -> None:
    identifier = kernel(browser)
    run(browser, identifier, "kept = 41")
    own.kill()
    own.up()
    assert own.client("sagemaker").describe_app(DomainId=domain, **WHERE)["Status"] == "InService"
    assert run(browser, identifier, "print(kept + 1)").strip() == "42"


def test_an_app_that_is_deleted_ends_and_its_files_are_there_for_the_next(
    own: Server, browser: Browser, domain: str
) -> None:
    sagemaker = own.client("sagemaker")
    run(browser, kernel(browser), "open('note.txt', 'w').write('kept')")
    sagemaker.delete_app(DomainId=domain, **WHERE)
    until(lambda: sagemaker.describe_app(DomainId=domain, **WHERE)["Status"] == "Deleted")
    assert browser.open(f"{BASE}/lab").status == 404
    sagemaker.create_app(DomainId=domain, **WHERE)
    until(lambda: sagemaker.describe_app(DomainId=domain, **WHERE)["Status"] == "InService")
    assert run(browser, kernel(browser), "print(open('note.txt').read())").strip() == "kept"


def test_a_lifecycle_configuration_runs_in_the_space_before_its_app_and_its_failure_is_the_app_s(
    own: Server, browser: Browser, domain: str
) -> None:
    sagemaker = own.client("sagemaker")
    arns = []
    for name, script in (
        ("greets", "echo prepared; echo $SAGEMAKER_SPACE_NAME > prepared.txt"),
        ("fails", "echo no disk; exit 3"),
    ):
        content = base64.b64encode(script.encode()).decode()
        asked = {"StudioLifecycleConfigName": name, "StudioLifecycleConfigAppType": "JupyterLab"}
        made = sagemaker.create_studio_lifecycle_config(StudioLifecycleConfigContent=content, **asked)
        arns.append(made["StudioLifecycleConfigArn"])
    statuses = []
    for arn in arns:
        sagemaker.delete_app(DomainId=domain, **WHERE)
        until(lambda: sagemaker.describe_app(DomainId=domain, **WHERE)["Status"] == "Deleted")
        sagemaker.create_app(DomainId=domain, **WHERE, ResourceSpec={"LifecycleConfigArn": arn})
        until(lambda: sagemaker.describe_app(DomainId=domain, **WHERE)["Status"] != "Pending")
        found = sagemaker.describe_app(DomainId=domain, **WHERE)
        statuses.append((found["Status"], found.get("FailureReason", "")))
        if found["Status"] == "InService":
            assert run(browser, kernel(browser), "print(open('prepared.txt').read())").strip() == "mine"
    assert statuses[0] == ("InService", "")
    assert statuses[1][0] == "Failed"
    assert "exit status 3" in statuses[1][1]
    assert "no disk" in statuses[1][1]
    stream = f"{domain}/mine/JupyterLab/default/LifecycleConfigOnStart"
    events = own.client("logs").get_log_events(logGroupName="/aws/sagemaker/studio", logStreamName=stream)["events"]
    assert [each["message"] for each in events] == ["prepared", "no disk"]
    sagemaker.delete_app(DomainId=domain, **WHERE)
    until(lambda: sagemaker.describe_app(DomainId=domain, **WHERE)["Status"] == "Deleted")
    sagemaker.create_app(DomainId=domain, **WHERE)
    until(lambda: sagemaker.describe_app(DomainId=domain, **WHERE)["Status"] == "InService")


def test_jupyterlab_that_ends_by_itself_has_failed_with_its_last_words(own: Server, domain: str) -> None:
    sagemaker = own.client("sagemaker")
    [lab] = [each for each in own.children() if "jupyterlab" in each.cmdline() and "bwrap" not in each.name()][:1]
    lab.kill()
    found = until(lambda: (found := sagemaker.describe_app(DomainId=domain, **WHERE))["Status"] == "Failed" and found)
    assert "It last said" in found["FailureReason"]


def test_code_editor_is_opened_by_its_user_alone_passed_on_to_and_fails_with_its_last_words(
    own: Server, domain: str
) -> None:
    sagemaker, where = own.client("sagemaker"), {"SpaceName": "coding", "AppType": "CodeEditor", "AppName": "default"}
    sagemaker.create_space(
        DomainId=domain,
        SpaceName="coding",
        OwnershipSettings={"OwnerUserProfileName": "ana"},
        SpaceSharingSettings={"SharingType": "Private"},
        SpaceSettings={"AppType": "CodeEditor"},
    )
    sagemaker.create_app(DomainId=domain, **where)
    until(lambda: sagemaker.describe_app(DomainId=domain, **where)["Status"] != "Pending", seconds=240)
    assert sagemaker.describe_app(DomainId=domain, **where)["Status"] == "InService"
    url = sagemaker.create_presigned_domain_url(DomainId=domain, UserProfileName="ana", SpaceName="coding")
    place = urlsplit(url["AuthorizedUrl"])
    browser = Browser(own.port, name=place.hostname or "")
    assert browser.open(f"/auth?{place.query}").headers["Location"] == "/codeeditor/default/"
    answer = browser.open("/codeeditor/default/files?a=1")
    said = json.loads(answer.text)
    assert (said["path"], said["space"], said["cookie"]) == ("/files?a=1", "coding", None)
    assert "air-quality.ipynb" in said["files"]
    assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
    assert Browser(browser.port, browser.name).open("/codeeditor/default/").status == 401
    assert asyncio.run(_echoed(browser, {})) == "hello again"
    with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
        asyncio.run(_echoed(browser, {"Origin": "http://evil.example"}))
    browser.open("/codeeditor/default/end")
    found = until(lambda: (found := sagemaker.describe_app(DomainId=domain, **where))["Status"] == "Failed" and found)
    assert ("Code Editor ended" in found["FailureReason"], "no disk" in found["FailureReason"]) == (True, True)


async def _echoed(browser: Browser, headers: dict[str, str]) -> str:
    host = f"{browser.name}:{browser.port}"
    own = {"Host": host, "Origin": f"http://{host}", "Cookie": browser.cookie or "", **headers}
    url = f"http://127.0.0.1:{browser.port}/codeeditor/default/socket"
    async with aiohttp.ClientSession() as session, session.ws_connect(url, headers=own) as socket:
        await socket.send_str("hello")
        return await socket.receive_str(timeout=20)


def test_an_app_has_a_kernel_on_an_image_that_its_user_s_settings_name(
    own: Server, browser: Browser, domain: str
) -> None:
    """The image is AWS's of XGBoost 3.0, as jobs have it."""
    sagemaker, role = own.client("sagemaker"), create_role(own)
    base = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.0-5"
    sagemaker.create_image(ImageName="boost", RoleArn=role)
    sagemaker.create_image_version(ImageName="boost", BaseImage=base, ClientToken="once")
    kernels = {"KernelSpecs": [{"Name": "boosted", "DisplayName": "XGBoost 3"}]}
    sagemaker.create_app_image_config(AppImageConfigName="shown", KernelGatewayImageConfig=kernels)
    sagemaker.get_waiter("image_version_created").wait(ImageName="boost", Version=1, WaiterConfig=QUICKLY)
    custom = [{"ImageName": "boost", "AppImageConfigName": "shown"}]
    sagemaker.update_user_profile(
        DomainId=domain, UserProfileName="ana", UserSettings={"JupyterLabAppSettings": {"CustomImages": custom}}
    )
    sagemaker.delete_app(DomainId=domain, **WHERE)
    until(lambda: sagemaker.describe_app(DomainId=domain, **WHERE)["Status"] == "Deleted")
    sagemaker.create_app(DomainId=domain, **WHERE)
    until(lambda: sagemaker.describe_app(DomainId=domain, **WHERE)["Status"] != "Pending", seconds=120)
    specs = json.loads(browser.open(f"{BASE}/api/kernelspecs").text)["kernelspecs"]
    assert specs["boosted"]["spec"]["display_name"] == "XGBoost 3"
    code = "import xgboost, boto3\nprint(xgboost.__version__, boto3.client('sts').get_caller_identity()['Arn'])"
    assert run(browser, kernel(browser, "boosted"), code).startswith("3.0.")


def test_a_notebook_instance_runs_its_scripts_opens_keeps_its_files_and_its_kernels_over_a_crash(
    own: Server,
) -> None:
    sagemaker, role = own.client("sagemaker"), create_role(own)
    text = {"OnCreate": "echo made >> scripts.txt; echo made", "OnStart": "echo started >> scripts.txt; echo started"}
    scripts = {when: [{"Content": base64.b64encode(each.encode()).decode()}] for when, each in text.items()}
    sagemaker.create_notebook_instance_lifecycle_config(NotebookInstanceLifecycleConfigName="twice", **scripts)
    made = sagemaker.create_notebook_instance(
        NotebookInstanceName="Notes", InstanceType="ml.t3.medium", RoleArn=role, LifecycleConfigName="twice"
    )
    sagemaker.get_waiter("notebook_instance_in_service").wait(NotebookInstanceName="Notes", WaiterConfig=QUICKLY)
    assert made["NotebookInstanceArn"].endswith(":notebook-instance/Notes")
    browser = opened(own, "Notes")
    assert browser.open("/lab").status == 200
    assert Browser(own.port, browser.name).open("/lab").status == 401
    whose = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    assert role.rpartition("/")[2] in run(browser, kernel(browser, base=""), whose, base="")
    kept = kernel(browser, base="")
    assert run(browser, kept, "print(open('scripts.txt').read())", base="").split() == ["made", "started"]
    run(browser, kept, "kept = 41", base="")
    own.kill()
    own.up()
    assert run(browser, kept, "print(kept + 1)", base="").strip() == "42"
    sagemaker = own.client("sagemaker")
    with pytest.raises(ClientError, match=r"Status \(InService\) not in \(\[Stopped, Failed\]\)"):
        sagemaker.delete_notebook_instance(NotebookInstanceName="Notes")
    sagemaker.stop_notebook_instance(NotebookInstanceName="Notes")
    sagemaker.get_waiter("notebook_instance_stopped").wait(NotebookInstanceName="Notes", WaiterConfig=QUICKLY)
    assert browser.open("/lab").status == 404
    sagemaker.start_notebook_instance(NotebookInstanceName="Notes")
    sagemaker.get_waiter("notebook_instance_in_service").wait(NotebookInstanceName="Notes", WaiterConfig=QUICKLY)
    said = run(browser, kernel(browser, base=""), "print(open('scripts.txt').read())", base="")
    assert said.split() == ["made", "started", "started"]
    stream = {"logGroupName": "/aws/sagemaker/NotebookInstances", "logStreamName": "Notes/LifecycleConfigOnStart"}
    assert [each["message"] for each in own.client("logs").get_log_events(**stream)["events"]] == ["started"] * 2


def test_a_notebook_instance_whose_script_fails_has_failed_with_its_words_and_goes(own: Server) -> None:
    sagemaker = own.client("sagemaker")
    content = base64.b64encode(b"echo no disk; exit 3").decode()
    config = {"NotebookInstanceLifecycleConfigName": "fails", "OnStart": [{"Content": content}]}
    sagemaker.create_notebook_instance_lifecycle_config(**config)
    sagemaker.create_notebook_instance(
        NotebookInstanceName="broken",
        InstanceType="ml.t3.medium",
        RoleArn=create_role(own),
        LifecycleConfigName="fails",
    )
    found = until(
        lambda: (
            (found := sagemaker.describe_notebook_instance(NotebookInstanceName="broken"))["NotebookInstanceStatus"]
            == "Failed"
            and found
        )
    )
    assert found["FailureReason"] == "The script OnStart ended with exit status 3. It last said: no disk"
    with pytest.raises(ClientError, match="is Failed: it can be opened when it is InService"):
        sagemaker.create_presigned_notebook_instance_url(NotebookInstanceName="broken")
    sagemaker.delete_notebook_instance(NotebookInstanceName="broken")
    sagemaker.get_waiter("notebook_instance_deleted").wait(NotebookInstanceName="broken", WaiterConfig=QUICKLY)
    assert not list((own.data / "studio" / "notebooks").rglob("broken"))


def test_a_notebook_instance_whose_repository_cannot_be_had_has_failed_in_git_s_words(own: Server) -> None:
    sagemaker = own.client("sagemaker")
    sagemaker.create_notebook_instance(
        NotebookInstanceName="cloned",
        InstanceType="ml.t3.medium",
        RoleArn=create_role(own),
        DefaultCodeRepository="https://127.0.0.1:1/air.git",
    )
    found = until(
        lambda: (
            (found := sagemaker.describe_notebook_instance(NotebookInstanceName="cloned"))["NotebookInstanceStatus"]
            == "Failed"
            and found
        )
    )
    assert found["FailureReason"].startswith("Fetching the code repository ended with exit status 128.")
    assert "unable to access 'https://127.0.0.1:1/air.git/'" in found["FailureReason"]


def test_a_stack_has_the_jupyterlab_of_a_user(own: Server, domain: str) -> None:
    place = {"DomainId": domain, "UserProfileName": "ana", "AppType": "JupyterServer", "AppName": "default"}
    resource = {"Type": "AWS::SageMaker::App", "Properties": place}
    outputs = {"Ref": {"Value": {"Ref": "It"}}, "Arn": {"Value": {"Fn::GetAtt": ["It", "AppArn"]}}}
    sagemaker, cloudformation = own.client("sagemaker"), own.client("cloudformation")
    sagemaker.delete_app(DomainId=domain, **WHERE)
    until(lambda: sagemaker.describe_app(DomainId=domain, **WHERE)["Status"] == "Deleted")
    name = create(cloudformation, {"Resources": {"It": resource}, "Outputs": outputs})
    assert sagemaker.describe_app(DomainId=domain, **WHERE)["Status"] == "InService"
    arn = sagemaker.describe_app(DomainId=domain, **WHERE)["AppArn"]
    assert made(cloudformation, name) == {"Ref": f"default|JupyterServer|{domain}|ana", "Arn": arn}
    delete(cloudformation, name)
    assert sagemaker.describe_app(DomainId=domain, **WHERE)["Status"] == "Deleted"


def opened(server: Server, name: str) -> Browser:
    """A browser that is signed in to a notebook instance."""
    url = server.client("sagemaker").create_presigned_notebook_instance_url(NotebookInstanceName=name)["AuthorizedUrl"]
    browser = Browser(server.port, name=urlsplit(url).hostname or "")
    assert browser.open(f"/auth?{urlsplit(url).query}").headers["Location"] == "/lab"
    return browser


def kernel(browser: Browser, name: str = "python3", base: str = BASE) -> str:
    """The id of a new kernel."""
    asked = json.dumps({"name": name}).encode()
    answer = browser.open(f"{base}/api/kernels", asked, Content_Type="application/json")
    identifier: str = json.loads(answer.text)["id"]
    return identifier


def run(browser: Browser, identifier: str, code: str, base: str = BASE, **headers: str) -> str:
    """What code in a kernel prints, over the WebSocket that JupyterLab uses."""
    return asyncio.run(_run(browser, f"{base}/api/kernels/{identifier}", code, headers))


async def _run(browser: Browser, place: str, code: str, headers: dict[str, str]) -> str:
    host = f"{browser.name}:{browser.port}"
    own = {"Host": host, "Origin": f"http://{host}", "Cookie": browser.cookie or "", **headers}
    url = f"http://127.0.0.1:{browser.port}{place}/channels"
    content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
    head = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "session": "s", "username": "", "version": "5.3"}
    message = {"header": head, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
    printed = ""
    async with aiohttp.ClientSession() as session, session.ws_connect(url, headers=own) as socket:
        await socket.send_str(json.dumps(message))
        idle = False
        while not idle:
            said: Any = await socket.receive_json(timeout=120)
            if said["parent_header"].get("msg_id") != head["msg_id"]:
                continue
            if said["msg_type"] == "stream":
                printed += said["content"]["text"]
            if said["msg_type"] == "display_data":
                printed += "\n".join(map(str, said["content"]["data"].values()))
            if said["msg_type"] == "error":
                printed += "\n".join(said["content"]["traceback"])
            idle = said["msg_type"] == "status" and said["content"]["execution_state"] == "idle"
    return printed
