"""The console as a browser sees it, on a live server."""

import html
import io
import json
import re
import time
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from studiolo.console.pages import PAGES
from tests.api.stacks import create, new_name
from tests.browsing import Browser, link, signed_in
from tests.conftest import REGION, Server
from tests.waiting import until

COLUMNS = [{"Name": "hour", "Type": "bigint"}, {"Name": "pm25", "Type": "double"}]
PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
}


@pytest.fixture(scope="module")
def browser(server: Server) -> Browser:
    """Signed in as the root user, in the region of the tests."""
    browser = signed_in(server)
    assert browser.open("/region", {"region": REGION}).status == 303
    return browser


@pytest.fixture(scope="module")
def table(server: Server, bucket: str) -> Iterator[tuple[str, str]]:
    """Database and name of a partitioned Parquet table with rows."""
    glue, s3, database = server.client("glue"), server.client("s3"), f"seen_{uuid.uuid4().hex[:8]}"
    glue.create_database(DatabaseInput={"Name": database})
    file = io.BytesIO()
    pd.DataFrame({"hour": [1, 2], "pm25": [65.6, None]}).to_parquet(file)
    place = f"s3://{bucket}/{database}/month=2013-03/"
    s3.put_object(Bucket=bucket, Key=f"{database}/month=2013-03/part-0.parquet", Body=file.getvalue())
    storage = {"Columns": COLUMNS, "Location": f"s3://{bucket}/{database}/", **PARQUET}
    keys = [{"Name": "month", "Type": "string"}]
    glue.create_table(
        DatabaseName=database, TableInput={"Name": "hourly", "StorageDescriptor": storage, "PartitionKeys": keys}
    )
    partition = {"Values": ["2013-03"], "StorageDescriptor": {**storage, "Location": place}}
    glue.create_partition(DatabaseName=database, TableName="hourly", PartitionInput=partition)
    yield database, "hourly"
    glue.delete_database(Name=database)


@pytest.fixture(scope="module")
def reader(server: Server) -> str:
    """The ARN of a role that whoever is of the account may view as, and that may list roles only."""
    iam, name = server.client("iam"), f"reader-{uuid.uuid4().hex[:8]}"
    account = server.client("sts").get_caller_identity()["Account"]
    principal = {"AWS": f"arn:aws:iam::{account}:root"}
    trust = {"Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]}
    document = json.dumps({"Version": "2012-10-17", **trust})
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    allowed = {"Statement": [{"Effect": "Allow", "Action": "iam:ListRoles", "Resource": "*"}]}
    policy = json.dumps({"Version": "2012-10-17", **allowed})
    iam.put_role_policy(RoleName=name, PolicyName="few", PolicyDocument=policy)
    return arn


def test_a_link_signs_a_browser_in_once(server: Server) -> None:
    path, first, second = link(server), Browser(server.port), Browser(server.port)
    cookie = first.open(path).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert first.open("/").status == 200
    assert second.open(path).status == 401
    assert second.cookie is None


def test_who_is_not_signed_in_is_shown_no_page_and_can_do_nothing(server: Server) -> None:
    stranger = Browser(server.port, cookie=f"studiolo-{server.port}=invented")
    for page in PAGES:
        path = (
            page.path.replace(":path", "")
            .replace("{statement:int}", "1")
            .replace("{version:int}", "1")
            .replace("{", "")
            .replace("}", "")
        )
        assert stranger.open(path, {} if page.method == "POST" else None).status == 401, page.path


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        # Another port of this machine: cookies do not know ports.
        {"Sec-Fetch-Site": "same-site", "Origin": "http://console.localhost:1"},
    ],
)
def test_a_page_of_another_origin_cannot_act_for_who_is_signed_in(browser: Browser, headers: dict[str, str]) -> None:
    assert browser.open("/storage", {"name": "taken-over"}, **headers).status == 403
    assert "taken-over" not in browser.open("/storage").text


def test_pages_run_no_code_but_their_own_and_are_framed_by_nobody_else(browser: Browser) -> None:
    policy = browser.open("/").headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'self'" in policy


def test_signing_out_ends_what_the_cookie_was_worth(server: Server) -> None:
    browser = signed_in(server)
    cookie = browser.cookie
    browser.open("/sign-out", {})
    assert Browser(server.port, cookie=cookie).open("/").status == 401


def test_a_bare_address_leads_a_browser_to_the_console_and_a_client_to_its_buckets(server: Server) -> None:
    at_home = Browser(server.port, name="127.0.0.1")
    answer = at_home.open("/")
    assert (answer.status, answer.headers["Location"]) == (303, f"http://console.localhost:{server.port}/")
    assert server.client("s3", endpoint_url=server.endpoint).list_buckets()["Buckets"] is not None


def test_the_console_is_not_at_an_address_whose_cookies_go_to_other_ports(server: Server) -> None:
    assert Browser(server.port, name="127.0.0.1").open("/_studiolo/console/").status == 421
    assert Browser(server.port, name="localhost").open("/_studiolo/console/").status == 401


def test_a_form_of_too_many_fields_or_of_too_few_is_refused_in_words(browser: Browser) -> None:
    assert browser.open("/region", {f"field-{number}": "" for number in range(1000)}).status == 413
    assert "Parameter validation failed" in browser.open("/products/prod-none", {"name": "one"}).words


def test_a_page_s_script_is_told_where_a_form_leads_without_following_it(browser: Browser) -> None:
    told = browser.open("/region", {"region": REGION}, x_studiolo_form="1")
    assert (told.status, told.headers["x-studiolo-go"]) == (204, "/")
    assert "no region's name" in html.unescape(browser.open("/region", {"region": "../.."}, x_studiolo_form="1").words)


def test_a_broker_s_token_signs_in_as_the_role_whose_keys_it_has(server: Server, reader: str) -> None:
    key = server.client("sts").assume_role(RoleArn=reader, RoleSessionName="broker")["Credentials"]
    session = {
        "sessionId": key["AccessKeyId"],
        "sessionKey": key["SecretAccessKey"],
        "sessionToken": key["SessionToken"],
    }
    door = Browser(server.port, name="127.0.0.1")
    query = "/_studiolo/federation?Action=getSigninToken&Session="
    assert door.open(query + quote(json.dumps({**session, "sessionKey": "guessed"}))).status == 403
    assert door.open(query + quote(json.dumps({**session, "sessionKey": "\ud800"}))).status == 400
    token = json.loads(door.open(query + quote(json.dumps(session))).text)["SigninToken"]
    place = door.open(f"/_studiolo/federation?Action=login&SigninToken={token}").headers["Location"]
    browser = Browser(server.port)
    browser.open(place.partition(f":{server.port}")[2])
    assert "reader-" in browser.open("/identity").words


def test_a_table_is_shown_with_its_columns_partitions_and_first_rows(browser: Browser, table: tuple[str, str]) -> None:
    database, name = table
    assert "hourly" in browser.open(f"/catalog/{database}").words
    assert "pm25 double" in browser.open(f"/catalog/{database}/{name}?tab=columns").words
    assert "2013-03" in browser.open(f"/catalog/{database}/{name}?tab=partitions&where=month%3D'2013-03'").words
    assert "65.6 2013-03 2 null 2013-03" in browser.open(f"/catalog/{database}/{name}/sample").words


def test_a_small_file_that_unpacks_to_gigabytes_is_not_shown_and_the_server_lives(
    server: Server, browser: Browser, bucket: str
) -> None:
    text = pa.DictionaryArray.from_arrays(pa.array([0] * 24, pa.int32()), pa.array(["x" * (64 << 20)]))
    file = io.BytesIO()
    pq.write_table(pa.table({"a": text}), file, compression="zstd", store_schema=False)
    assert len(file.getvalue()) < 100_000
    server.client("s3").put_object(Bucket=bucket, Key="bomb.parquet", Body=file.getvalue())
    assert "takes more than 1024 MiB of memory" in browser.open(f"/storage/{bucket}/object?key=bomb.parquet").words
    server.client("s3").delete_object(Bucket=bucket, Key="bomb.parquet")


def test_a_table_s_permissions_are_granted_and_revoked_by_its_page(
    browser: Browser, reader: str, table: tuple[str, str]
) -> None:
    place = f"/catalog/{table[0]}/{table[1]}"
    permissions = f"{place}?tab=permissions"
    assert browser.open(f"{place}/filters", {"name": "bad-air", "rows": "pm25 > 50", "columns": "hour"}).status == 303
    for of in ({"columns": "hour"}, {"of": "filter:bad-air"}):
        assert browser.open(f"{place}/grants", {"principal": reader, "SELECT": "1", **of}).status == 303
    page = browser.open(permissions)
    assert "IAM_ALLOWED_PRINCIPALS the table ALL" in page.words
    assert f"{reader} columns hour SELECT" in page.words
    assert f"{reader} filter bad-air SELECT" in page.words
    assert "bad-air pm25 &gt; 50" in page.words
    assert (
        "Columns not found"
        in browser.open(f"{place}/grants", {"principal": reader, "SELECT": "1", "columns": "x"}).words
    )
    words = browser.open(f"{place}/filter?rows={quote('pm25 > 50')}&columns=month,hour").words
    assert "hour month 1 2013-03" in words
    assert "1 of the first 2 rows show" in words
    assert "no_such" in browser.open(f"{place}/filter?rows={quote('no_such = 1')}").words
    assert "IAM alone decides" in browser.open(f"{place}?tab=permissions&who={quote(reader)}").words
    for resource in re.findall(r'name="resource" value="([^"]*)"', page.text):
        if re.search("ColumnNames|DataCellsFilter", resource):
            told = {"principal": reader, "resource": html.unescape(resource), "permissions": "SELECT"}
            assert browser.open(f"{place}/grants/revoke", told).status == 303
    assert browser.open(f"{place}/filters/delete", {"name": "bad-air"}).status == 303
    assert reader not in browser.open(permissions).words


def test_a_page_tells_the_commands_that_show_the_same(browser: Browser, table: tuple[str, str]) -> None:
    page = browser.open(f"/catalog/{table[0]}/{table[1]}?tab=columns").text
    assert f"aws glue get-table --database-name {table[0]} --name {table[1]}" in page


def test_a_role_is_shown_what_it_may_see_and_told_why_not_more(
    server: Server, browser: Browser, reader: str, table: tuple[str, str]
) -> None:
    limited = signed_in(server, "--role", reader)
    assert limited.open("/identity").status == 200
    denied = limited.open(f"/catalog/{table[0]}")
    assert denied.status == 400
    assert "is not authorized to perform: glue:GetDatabase" in denied.words
    assert "because no identity-based policy allows" in denied.words
    why = re.search(r'/identity/denials/[^"]+', denied.text)
    assert why is not None
    assert "glue:GetDatabase" in browser.open(why[0]).words
    assert "glue:GetDatabases" in limited.open("/catalog").words


def test_one_can_view_as_a_role_and_come_back(server: Server, reader: str) -> None:
    server.client("iam").create_role(
        RoleName="trusts-nobody",
        AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Principal": "*", '
        '"Action": "sts:AssumeRole"}}',
    )
    browser = signed_in(server)
    assert "not authorized to perform: sts:AssumeRole" in browser.open("/view-as", {"role": "trusts-nobody"}).words
    browser.open("/view-as", {"role": reader})
    assert "not authorized to perform: s3:ListAllMyBuckets" in browser.open("/storage").words
    browser.open("/view-as/end", {})
    assert browser.open("/storage").status == 200


def test_what_is_uploaded_is_an_object_and_never_a_page(server: Server, browser: Browser, bucket: str) -> None:
    page = b"<script>alert(1)</script>"
    sent = browser.open(f"/storage/{bucket}/upload?prefix=up/&name=page.html", page, Content_Type="text/html")
    assert sent.status == 303
    assert server.client("s3").get_object(Bucket=bucket, Key="up/page.html")["Body"].read() == page
    assert "&lt;script&gt;" in browser.open(f"/storage/{bucket}/object?key=up/page.html").text
    back = browser.open(f"/storage/{bucket}/download?key=up/page.html")
    assert back.body == page
    assert back.headers["Content-Disposition"].startswith("attachment")
    assert back.headers["Content-Security-Policy"].startswith("sandbox")
    large = bytes(range(256)) * 40_000
    assert browser.open(f"/storage/{bucket}/upload?prefix=up/&name=large", large).status == 303
    assert server.client("s3").get_object(Bucket=bucket, Key="up/large")["Body"].read() == large
    browser.open(f"/storage/{bucket}/object/delete", {"key": "up/page.html"})
    assert "page.html" not in browser.open(f"/storage/{bucket}?prefix=up/").words


def test_a_query_runs_in_a_session_and_its_rows_are_shown_and_drawn(
    browser: Browser, role: str, table: tuple[str, str]
) -> None:
    sql = f"select hour, count(*) as n from {table[0]}.{table[1]} where month = '2013-03' group by hour order by hour"
    place = browser.open("/catalog/queries", {"session": f"role:{role}", "sql": sql}).headers["Location"]
    until(lambda: "hour n 1 1 2 1" in browser.open(place).words, seconds=120)
    assert "[[1, 2], [1, 1]]" in browser.open(f"{place}?over=hour&figure=n").text
    browser.open(f"/sessions/{place.split('/')[3]}/stop", {})


def test_a_log_is_searched_followed_and_asked(server: Server, browser: Browser) -> None:
    logs, group = server.client("logs"), f"seen-{uuid.uuid4().hex[:8]}"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="one")
    _say(logs, group, "all is well", "ERROR the door is <stuck>")
    assert "ERROR the door is &lt;stuck&gt;" in browser.open(f"/logs/stream?group={group}&stream=one").text
    found = browser.open(f"/logs/group?name={group}&tab=search&search=ERROR").words
    assert "stuck" in found
    assert "all is well" not in found
    page = browser.open(f"/logs/stream?group={group}&stream=one").text
    more = page.split('hx-get="')[1].split('"')[0].replace("&amp;", "&")
    _say(logs, group, "one more")
    added = browser.open(more).words
    assert "one more" in added
    assert "all is well" not in added
    place = browser.open("/logs/query", {"name": group, "query": "stats count(*) as n", "span": "1d"}).headers
    until(lambda: "n 3 Complete" in browser.open(place["Location"]).words)


def test_roles_and_policies_are_found_by_a_part_of_their_names(browser: Browser, reader: str) -> None:
    name = reader.rpartition("/")[2]
    assert name in browser.open(f"/identity?find={name[2:].upper()}").words
    policies = browser.open("/identity?tab=policies&scope=AWS&find=sagemakerfull").words
    assert ("AmazonSageMakerFullAccess" in policies, "AdministratorAccess" in policies) == (True, False)


def test_what_may_be_done_is_simulated(browser: Browser, reader: str) -> None:
    words = browser.open(f"/identity?tab=simulate&who={reader}&actions=iam:ListRoles+s3:GetObject").words
    assert "iam:ListRoles * allowed" in words
    assert "s3:GetObject * implicitDeny no statement" in words


def test_a_cluster_is_begun_by_a_form_that_says_what_is_wrong(server: Server, browser: Browser) -> None:
    assert "aws emr list-clusters" in browser.open("/clusters").text
    refused = browser.open("/clusters", {"name": "air", "release": "emr-0.1.0", "type": "m5.xlarge", "profile": "p"})
    assert (refused.status, "ValidationException" in refused.words) == (400, True)
    for each in server.client("emr").list_clusters(ClusterStates=["TERMINATED"])["Clusters"][:1]:
        assert each["Status"]["StateChangeReason"]["Message"] in browser.open(f"/clusters/{each['Id']}").words
        assert "TERMINATED" in browser.open(f"/clusters/{each['Id']}?tab=nodes").words


def test_a_serverless_application_is_made_shown_and_deleted(browser: Browser) -> None:
    name = f"seen-{uuid.uuid4().hex[:8]}"
    place = browser.open("/serverless", {"name": name, "release": "emr-7.13.0"}).headers["Location"]
    assert name in browser.open("/serverless").words
    assert "State CREATED" in browser.open(place).words
    assert "does not exist" in browser.open(f"{place}/runs/none").words
    browser.open(f"{place}/delete", {})
    assert "TERMINATED" in browser.open(place).words


def test_a_metric_is_drawn_and_its_alarm_says_why(server: Server, browser: Browser) -> None:
    cloudwatch, place = server.client("cloudwatch"), f"Seen/{uuid.uuid4().hex[:8]}"
    what = {"MetricName": "PM25", "Dimensions": [{"Name": "Station", "Value": "Dongsi & co"}]}
    cloudwatch.put_metric_data(Namespace=place, MetricData=[{**what, "Value": 80.5}])
    watch = {"Statistic": "Average", "Period": 60, "EvaluationPeriods": 1, "Threshold": 75.0}
    cloudwatch.put_metric_alarm(
        AlarmName=place,
        Namespace=place,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",  # a minute without a value begins at any time
        **watch,
        **what,
    )
    cloudwatch.set_alarm_state(AlarmName=place, StateValue="ALARM", StateReason="the air is bad")
    listed = browser.open(f"/metrics?namespace={quote(place)}").text
    link = listed.split('href="/metrics/one')[1].split('"')[0].replace("&amp;", "&")
    drawn = browser.open(f"/metrics/one{link}")
    assert "80.5" in drawn.text.split("data-chart")[1]
    assert "Station Dongsi &amp; co" in drawn.words
    assert "ALARM" in drawn.words
    assert f"{place} ALARM" in browser.open("/metrics/alarms").words
    assert "the air is bad" in browser.open(f"/metrics/alarm?name={quote(place)}").words
    assert browser.open("/metrics/alarm?name=none").status == 404
    cloudwatch.delete_alarms(AlarmNames=[place])


def test_a_stack_is_shown_with_what_happened_and_what_came_of_it(server: Server, browser: Browser) -> None:
    cloudformation, name = server.client("cloudformation"), new_name()
    parameter = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "one"}}
    template = {"Resources": {"First": parameter}, "Outputs": {"Which": {"Value": {"Ref": "First"}}}}
    create(cloudformation, template, name)
    stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    assert f"{name} CREATE_COMPLETE" in browser.open("/stacks").words
    assert "First AWS::SSM::Parameter CREATE_COMPLETE" in browser.open(f"/stacks/{name}").words
    assert "First AWS::SSM::Parameter CREATE_COMPLETE" in browser.open(f"/stacks/{name}?tab=resources").words
    assert f"Which {stack['Outputs'][0]['OutputValue']}" in browser.open(f"/stacks/{name}?tab=outputs").words
    assert "AWS::SSM::Parameter" in browser.open(f"/stacks/{name}?tab=template").words
    browser.open(f"/stacks/{name}/delete", {})
    until(lambda: "DELETE_COMPLETE" in browser.open(f"/stacks/{stack['StackId']}").words)


def test_a_pipeline_is_started_and_its_graph_has_the_states_of_its_steps(
    server: Server, browser: Browser, role: str
) -> None:
    fail = {"Name": "Give-up", "Type": "Fail", "Arguments": {"ErrorMessage": "not <today>"}}
    condition = {"Type": "Equals", "LeftValue": 1, "RightValue": 2}
    choose = {"Name": "Choose", "Type": "Condition", "Arguments": {"Conditions": [condition], "ElseSteps": [fail]}}
    definition = json.dumps({"Version": "2020-12-01", "Steps": [choose], "PipelineExperimentConfig": None})
    server.client("sagemaker").create_pipeline(PipelineName="shown", PipelineDefinition=definition, RoleArn=role)
    assert "shown" in browser.open("/pipelines").words
    assert browser.open("/pipelines/shown").text.count("<rect") == 2
    address = browser.open("/pipelines/shown/start", {}).headers["Location"]
    failed = until(lambda: page if "Step failure" in (page := browser.open(address)).words else None)
    assert "Choose Condition · Succeeded" in failed.words
    assert "Give-up Fail · Failed" in failed.words
    assert "not &lt;today&gt;" in failed.text
    assert failed.text.count("<path") == 1
    assert "Failed" in browser.open("/pipelines/shown").words


@pytest.mark.parametrize(
    ("kind", "command"), [("tuning", "list-hyper-parameter-tuning-jobs"), ("processing", "list-processing-jobs")]
)
def test_jobs_are_listed_or_taught(browser: Browser, kind: str, command: str) -> None:
    page = browser.open(f"/{kind}")
    assert f"aws sagemaker {command}" in page.text
    assert "from sagemaker" in page.text or f'href="/{kind}/' in page.text


def test_a_version_is_shown_with_its_metrics_and_approved(server: Server, browser: Browser, bucket: str) -> None:
    sagemaker, group = server.client("sagemaker"), f"group-{uuid.uuid4().hex[:8]}"
    figures = {"regression_metrics": {"rmse": {"value": 0.25}}}
    server.client("s3").put_object(Bucket=bucket, Key="registry/quality.json", Body=json.dumps(figures).encode())
    quality = {"ContentType": "application/json", "S3Uri": f"s3://{bucket}/registry/quality.json"}
    sagemaker.create_model_package_group(ModelPackageGroupName=group)
    sagemaker.create_model_package(
        ModelPackageGroupName=group,
        SourceUri="s3://somewhere/model",
        ModelMetrics={"ModelQuality": {"Statistics": quality}},
    )
    assert group in browser.open("/registry").words
    assert "1 PendingManualApproval" in browser.open(f"/registry/{group}").words
    assert "regression_metrics rmse 0.25" in browser.open(f"/registry/{group}/1").words
    browser.open(f"/registry/{group}/1/decide", {"decision": "Approved", "why": "good enough"})
    assert "Approval Approved" in browser.open(f"/registry/{group}/1").words
    assert "good enough" in browser.open(f"/registry/{group}/1").words


@pytest.mark.parametrize(
    "path",
    [
        "/training/none",
        "/tuning/none",
        "/transform/none",
        "/functions/none",
        "/experiments/none",
        "/mlflow/none",
        "/models/none",
        "/registry/none",
        "/endpoints/none",
        "/sessions/none",
        "/nowhere",
    ],
)
def test_what_is_not_there_is_said_so(browser: Browser, path: str) -> None:
    answer = browser.open(path)
    assert 400 <= answer.status < 500
    assert "none" in answer.words or "no such page" in answer.words


def _say(logs: Any, group: str, *messages: str) -> None:
    events = [{"timestamp": int(time.time() * 1000), "message": message} for message in messages]
    logs.put_log_events(logGroupName=group, logStreamName="one", logEvents=events)


def test_usage_shows_a_person_s_sessions_and_jobs_by_day_with_the_price_of_a_dated_table(browser: Browser) -> None:
    assert "/usage/days?days=30" in browser.open("/usage?days=30").text
    page = browser.open("/usage/days?days=30")
    assert page.status == 200
    assert "for us-east-1 as of 20" in page.words
    assert 'role="alert"' not in page.text
    assert len(page.body) < 150_000


def test_a_notebook_is_put_on_a_schedule_and_taken_off(server: Server, browser: Browser, role: str) -> None:
    sagemaker, form = server.client("sagemaker"), {"notebook": "s3://none/in/story.ipynb", "role": role}
    refused = browser.open("/notebook-jobs", {**form, "when": "each morning"})
    assert (refused.status, "each morning is not valid" in refused.words) == (400, True)
    assert sagemaker.list_pipelines(PipelineNamePrefix="notebook-story")["PipelineSummaries"] == []
    assert browser.open("/notebook-jobs", {**form, "when": "cron(0 8 ? * MON *)", "zone": "Europe/Rome"}).status == 303
    [made] = sagemaker.list_pipelines(PipelineNamePrefix="notebook-story")["PipelineSummaries"]
    assert f"{made['PipelineName']} cron(0 8 ? * MON *) Europe/Rome ENABLED" in browser.open("/notebook-jobs").words
    assert "notebook-job Training" in browser.open(f"/pipelines/{made['PipelineName']}").words
    browser.open("/notebook-jobs/unschedule", {"name": made["PipelineName"]})
    assert made["PipelineName"] not in browser.open("/notebook-jobs").words
    assert sagemaker.list_pipelines(PipelineNamePrefix="notebook-story")["PipelineSummaries"] == []


def test_a_feature_group_is_shown_with_the_newest_record_of_an_identifier(server: Server, browser: Browser) -> None:
    sagemaker, name = server.client("sagemaker"), f"group-{uuid.uuid4().hex[:8]}"
    kinds = {"station": "String", "at": "Fractional"}
    sagemaker.create_feature_group(
        FeatureGroupName=name,
        RecordIdentifierFeatureName="station",
        EventTimeFeatureName="at",
        FeatureDefinitions=[{"FeatureName": each, "FeatureType": kind} for each, kind in kinds.items()],
        OnlineStoreConfig={"EnableOnlineStore": True},
    )
    until(lambda: f"{name} Created" in browser.open("/features").words)
    record = {"station": "Dongsi", "at": "1700000000"}
    server.client("sagemaker-featurestore-runtime").put_record(
        FeatureGroupName=name,
        Record=[{"FeatureName": each, "ValueAsString": value} for each, value in record.items()],
    )
    assert "at 1700000000" in browser.open(f"/features/{name}?record=Dongsi").words
    assert "no record of Tiantan" in browser.open(f"/features/{name}?record=Tiantan").words
    browser.open(f"/features/{name}/delete", {})
    until(lambda: name not in browser.open("/features").words)


def test_stack_sets_and_model_cards_are_listed_and_shown(server: Server, browser: Browser) -> None:
    name, parameter = new_name(), {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "one"}}
    template = json.dumps({"Resources": {"First": parameter}})
    server.client("cloudformation").create_stack_set(StackSetName=name, TemplateBody=template)
    assert f"{name} ACTIVE self managed" in browser.open("/stacks?view=sets").words
    assert "create-stack-instances makes them" in browser.open(f"/stacks?set={name}").words
    content = json.dumps({"model_overview": {"model_owner": "the air team"}})
    server.client("sagemaker").create_model_card(ModelCardName=name, ModelCardStatus="Draft", Content=content)
    assert f"{name} Draft" in browser.open("/registry?view=cards").words
    assert "model owner the air team" in browser.open(f"/registry?card={name}").words


def test_a_notebook_instance_that_cannot_be_had_is_refused_in_sagemaker_s_words(browser: Browser) -> None:
    refused = browser.open(
        "/studio/notebooks", {"name": "notes", "notebook_role": "arn:aws:iam::000000000000:role/none"}
    )
    assert (refused.status, "ValidationException" in refused.words) == (400, True)


def test_the_page_of_studio_teaches_what_a_notebook_instance_is(browser: Browser) -> None:
    assert "create-notebook-instance" in browser.open("/studio").words
    refused = browser.open("/studio/notebooks/none/open")
    assert refused.status == 400
    assert "RecordNotFound" in refused.words
