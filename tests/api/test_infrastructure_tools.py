"""CDK, SAM and Terraform as people use them: their own command lines, nothing of them changed."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from uv import find_uv_bin

from tests.api.member_accounts import member_account, organization_of
from tests.conftest import REGION, Server

pytestmark = pytest.mark.heavy

CDK = ("aws-cdk@2.1148.1", "aws-cdk-lib@2.276.0", "constructs@10")
SAM = "aws-sam-cli==1.170.0"
APP = """
const cdk = require('aws-cdk-lib');
const { aws_s3: s3, aws_glue: glue, aws_lambda: lambda, custom_resources: cr, aws_s3_deployment: files } = cdk;
const app = new cdk.App();
const account = process.env.CDK_DEFAULT_ACCOUNT, region = process.env.CDK_DEFAULT_REGION;
const stack = new cdk.Stack(app, 'Lake', { env: { account, region } });
const of = (name) => stack.node.tryGetContext(name);
const lake = new s3.Bucket(stack, 'Files', {
  autoDeleteObjects: true, removalPolicy: cdk.RemovalPolicy.DESTROY, versioned: true, enforceSSL: true });
const sources = [files.Source.data('a.txt', 'deployed')];
new files.BucketDeployment(stack, 'Deployed', { sources, destinationBucket: lake });
new glue.CfnDatabase(stack, 'Air', { catalogId: account, databaseInput: { description: of('words') } });
const code = lambda.Code.fromAsset('code');
const asked = new lambda.Function(stack, 'Asked', { runtime: lambda.Runtime.PYTHON_3_12, handler: 'index.asked', code });
const node = new lambda.Function(stack, 'Node', { runtime: lambda.Runtime.NODEJS_22_X, handler: 'index.handler', code });
lake.grantRead(node);
const provider = new cr.Provider(stack, 'Provider', { onEventHandler: asked });
const properties = { Fail: of('fail') || 'no' };
const answer = new cdk.CustomResource(stack, 'Answer', { serviceToken: provider.serviceToken, properties });
new cdk.CfnOutput(stack, 'Said', { value: answer.getAttString('Said') });
new cdk.CfnOutput(stack, 'Function', { value: node.functionName });
new cdk.CfnOutput(stack, 'Bucket', { value: lake.bucketName });
"""
ASKED = """
def asked(event, context):
    if event["RequestType"] != "Delete" and event["ResourceProperties"]["Fail"] == "yes":
        raise ValueError("it was told to fail")
    return {"PhysicalResourceId": "one", "Data": {"Said": "42"}}
"""
NODE = """
const { S3Client, GetObjectCommand } = require("@aws-sdk/client-s3");
exports.handler = async (event) => {
  const found = await new S3Client({}).send(new GetObjectCommand({ Bucket: event.bucket, Key: "a.txt" }));
  return await found.Body.transformToString();
};
"""
SERVERLESS = """
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Runtime: python3.12, Timeout: 20}}
Resources:
  Words: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layer/}}
  Hello:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: code/, Handler: app.handler, AutoPublishAlias: live, Layers: [!Ref Words]}
Outputs:
  Function: {Value: !Ref HelloAliaslive}
"""
TERRAFORM = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" { s3_use_path_style = true }
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com", "sagemaker.amazonaws.com"]
    }
  }
}
resource "aws_iam_role" "all" { assume_role_policy = data.aws_iam_policy_document.trust.json }
resource "aws_cloudformation_stack" "one" {
  name          = "from-terraform"
  template_body = jsonencode({
    Resources = { P = { Type = "AWS::SSM::Parameter", Properties = { Type = "String", Value = "x" } } }
  })
}
resource "aws_lambda_function" "hello" {
  function_name = "from-terraform"
  role          = aws_iam_role.all.arn
  runtime       = "python3.12"
  handler       = "index.handler"
  filename      = "code.zip"
}
resource "aws_glue_catalog_database" "air" { name = "from_terraform" }
resource "aws_lakeformation_permissions" "air" {
  principal   = aws_iam_role.all.arn
  permissions = ["DESCRIBE"]
  database { name = aws_glue_catalog_database.air.name }
}
resource "aws_lakeformation_lf_tag" "level" {
  key    = "from-terraform"
  values = ["open", "closed"]
}
resource "aws_lakeformation_resource_lf_tag" "air" {
  database { name = aws_glue_catalog_database.air.name }
  lf_tag {
    key   = aws_lakeformation_lf_tag.level.key
    value = "open"
  }
}
data "aws_vpc" "default" { default = true }
data "aws_subnets" "default" {
  filter {
    name   = "vpc-id"
    values = [data.aws_vpc.default.id]
  }
}
resource "aws_sagemaker_domain" "studio" {
  domain_name = "from-terraform"
  auth_mode   = "IAM"
  vpc_id      = data.aws_vpc.default.id
  subnet_ids  = data.aws_subnets.default.ids
  default_user_settings { execution_role = aws_iam_role.all.arn }
}
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def account(client: Callable[..., Any]) -> str:
    return str(client("sts").get_caller_identity()["Account"])


@pytest.fixture
def run(server: Server, account: str, tmp_path: Path) -> Run:
    """Run a program in a folder of its own, as the server's administrator."""
    identity, secret = server.key()
    own = {
        "AWS_ACCESS_KEY_ID": identity,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": server.endpoint,
        "CDK_DEFAULT_ACCOUNT": account,
        "CDK_DEFAULT_REGION": REGION,
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CI": "true",
        "SAM_CLI_TELEMETRY": "0",
    }

    def run(*command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        environment = {**{name: value for name, value in os.environ.items() if not name.startswith("AWS_")}, **own}
        ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600)
        assert not check or ran.returncode == 0, f"{' '.join(command)}: {ran.stdout[-3000:]} {ran.stderr[-3000:]}"
        return ran

    return run


@pytest.fixture
def cloudformation(client: Callable[..., Any]) -> Any:
    return client("cloudformation")


def outputs(cloudformation: Any, stack: str) -> dict[str, str]:
    [found] = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    return {each["OutputKey"]: each["OutputValue"] for each in found["Outputs"]}


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.skipif(shutil.which("npm") is None, reason="CDK needs Node and npm")
def test_cdk_deploys_an_app_sees_no_change_rolls_back_and_leaves_nothing(
    run: Run, cloudformation: Any, client: Callable[..., Any], account: str, tmp_path: Path
) -> None:
    write(tmp_path, **{"app.js": APP, "code/index.py": ASKED, "code/index.js": NODE})
    run("npm", "install", "--no-audit", "--no-fund", "--loglevel=error", *CDK)

    def cdk(*words: str, check: bool = True) -> str:
        ran = run("node_modules/.bin/cdk", "--app", "node app.js", *words, check=check)
        assert check or ran.returncode != 0
        return ran.stdout + ran.stderr

    def deploy(*words: str, check: bool = True) -> str:
        return cdk("deploy", "--require-approval", "never", *words, check=check)

    run("node_modules/.bin/cdk", "bootstrap", f"aws://{account}/{REGION}")
    deploy("-c", "words=one")
    made = outputs(cloudformation, "Lake")
    assert made["Said"] == "42"
    event = json.dumps({"bucket": made["Bucket"]})
    said = client("lambda").invoke(FunctionName=made["Function"], Payload=event)["Payload"].read()
    assert json.loads(said) == "deployed"
    assert "(no changes)" in deploy("-c", "words=one")
    assert "There were no differences" in cdk("diff", "-c", "words=one")
    assert "Description" in cdk("diff", "-c", "words=two")
    assert "it was told to fail" in deploy("-c", "words=two", "-c", "fail=yes", check=False)
    [stack] = cloudformation.describe_stacks(StackName="Lake")["Stacks"]
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    cdk("destroy", "--force")
    with pytest.raises(ClientError, match="does not exist"):
        cloudformation.describe_stacks(StackName="Lake")
    with pytest.raises(ClientError):
        client("s3").head_bucket(Bucket=made["Bucket"])
    client("s3").create_bucket(Bucket="cdk-takes-this")
    (tmp_path / "map.json").write_text('{"Taken": {"BucketName": "cdk-takes-this"}}')
    taking = "new s3.CfnBucket(stack, 'Taken', { bucketName: 'cdk-takes-this' }).applyRemovalPolicy('retain')"
    begin = APP[: APP.index("const of")]
    (tmp_path / "app.js").write_text(f"{begin}{taking}")
    cdk("import", "--resource-mapping", "map.json")
    [taken] = cloudformation.list_stack_resources(StackName="Lake")["StackResourceSummaries"]
    assert taken["PhysicalResourceId"] == "cdk-takes-this"


def test_sam_deploys_a_function_with_a_layer_sees_no_change_and_deletes_it(
    run: Run, cloudformation: Any, client: Callable[..., Any], tmp_path: Path
) -> None:
    code = "import words\n\ndef handler(event, context):\n    return words.HELLO\n"
    write(
        tmp_path,
        **{"template.yaml": SERVERLESS, "code/app.py": code, "layer/python/words.py": "HELLO = 'hello'\n"},
    )
    run(find_uv_bin(), "venv", "-q", "--python", "3.11", "sam")
    run(find_uv_bin(), "pip", "install", "-q", "--python", "sam", SAM)
    asked = ("--stack-name", "serverless", "--resolve-s3", "--capabilities", "CAPABILITY_IAM")
    deploy = ("sam/bin/sam", "deploy", *asked, "--no-confirm-changeset")
    run(*deploy)
    alias = outputs(cloudformation, "serverless")["Function"]
    assert json.loads(client("lambda").invoke(FunctionName=alias)["Payload"].read()) == "hello"
    again = run(*deploy, check=False)
    assert "No changes to deploy" in again.stdout + again.stderr
    run("sam/bin/sam", "delete", "--stack-name", "serverless", "--no-prompts", "--region", REGION)
    with pytest.raises(ClientError, match="does not exist"):
        cloudformation.describe_stacks(StackName="serverless")


@pytest.mark.skipif(shutil.which("terraform") is None, reason="needs Terraform")
def test_terraform_applies_plans_nothing_more_and_destroys(
    run: Run, cloudformation: Any, client: Callable[..., Any], tmp_path: Path
) -> None:
    write(tmp_path, **{"main.tf": TERRAFORM, "code/index.py": "def handler(event, context):\n    return event\n"})
    shutil.make_archive(str(tmp_path / "code"), "zip", tmp_path / "code")
    if run("terraform", "init", check=False).returncode != 0:
        pytest.skip("Terraform's AWS provider is not on this machine, and cannot be fetched")
    run("terraform", "apply", "-auto-approve")
    assert cloudformation.describe_stacks(StackName="from-terraform")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
    run("terraform", "plan", "-detailed-exitcode")
    run("terraform", "destroy", "-auto-approve")
    with pytest.raises(ClientError, match="not found"):
        client("lambda").get_function(FunctionName="from-terraform")


@pytest.mark.skipif(shutil.which("terraform") is None, reason="needs Terraform")
def test_terraform_governs_a_lake_and_shares_it_with_another_account(run: Run, server: Server, tmp_path: Path) -> None:
    """Every resource of Lake Formation that the provider has."""
    organization_of(server)
    told, lake = f"-var=member={member_account(server, 'terraform').number}", server.client("lakeformation")
    shutil.copy(Path(__file__).parent / "templates" / "lake.tf", tmp_path / "main.tf")
    if run("terraform", "init", check=False).returncode != 0:
        pytest.skip("Terraform's AWS provider is not on this machine, and cannot be fetched")
    before = lake.get_data_lake_settings()["DataLakeSettings"]
    try:
        run("terraform", "apply", "-auto-approve", told)
        run("terraform", "plan", "-detailed-exitcode", told)
        run("terraform", "destroy", "-auto-approve", told)
    finally:
        # Terraform leaves none of the defaults behind.
        lake.put_data_lake_settings(DataLakeSettings=before)
    assert [each["TagKey"] for each in lake.list_lf_tags()["LFTags"] if each["TagKey"].startswith("tf-")] == []


def test_lint_tells_what_is_wrong_and_what_is_not_here(run: Run, tmp_path: Path) -> None:
    lint = (sys.executable, "-m", "studiolo.cli", "lint", "t.yaml")
    bucket = "B: {Type: AWS::S3::Bucket, Properties: {BucketNam: x}}"
    write(tmp_path, **{"t.yaml": f"Resources: {{{bucket}, Q: {{Type: AWS::Kinesis::Stream}}}}"})
    told = run(*lint, check=False)
    assert told.returncode == 1
    assert "E3002" in told.stdout
    assert "The type AWS::Kinesis::Stream is not here: Q" in told.stdout
    write(tmp_path, **{"t.yaml": "Resources: {B: {Type: AWS::S3::Bucket}}"})
    assert "is here" in run(*lint).stdout
