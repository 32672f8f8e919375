"""What opens in a browser: `studiolo console`, `studiolo studio`."""

import json
from http import HTTPStatus
from typing import Annotated, Any

import typer

from studiolo.cli_server import client_of, running_server, signed
from studiolo.terminal import Data, fail, given_settings

ROLE, DOMAIN, USER = "studiolo-studio", "studio", "studio-user"
TUTORIAL = "air-quality.ipynb"
"""What is in every new space."""

Open = Annotated[bool, typer.Option("--open", help="Open it in the browser.")]


def console(
    data: Data = None,
    role: Annotated[str | None, typer.Option(help="ARN of a role to look as; default: the root user.")] = None,
    open_it: Open = False,
) -> None:
    """Print a link that signs a browser in to the console, once."""
    from studiolo.identity import AccessKey, root_key

    settings = given_settings(data=data)
    running = running_server(settings)
    key = root_key(settings.folder)
    if role is not None:
        from botocore.exceptions import ClientError

        try:
            given = client_of("sts", settings, running).assume_role(RoleArn=role, RoleSessionName="console")
        except ClientError as error:
            fail(error.response["Error"]["Message"])
        made = given["Credentials"]
        key = AccessKey(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"], made["Expiration"])
    status, answer = signed(f"{running.endpoint}/_studiolo/sign-in", key, "POST")
    if status != HTTPStatus.OK:
        fail(answer["message"])
    _show(answer["url"], open_it)


def studio(
    data: Data = None,
    user: Annotated[str, typer.Option(help="User profile to open it as.")] = USER,
    open_it: Open = False,
) -> None:
    """Print a link that opens JupyterLab in Studio, once; the first time on a tutorial, with all it needs."""
    from botocore.exceptions import ClientError

    settings = given_settings(data=data)
    running = running_server(settings)
    sagemaker = client_of("sagemaker", settings, running)
    try:
        found = sagemaker.list_domains(MaxResults=1)["Domains"]
        domain = found[0]["DomainId"] if found else _made(sagemaker, client_of("iam", settings, running))
        profiles = sagemaker.get_paginator("list_user_profiles").paginate(DomainIdEquals=domain)
        landing = {}
        if user not in [each["UserProfileName"] for page in profiles for each in page["UserProfiles"]]:
            sagemaker.create_user_profile(DomainId=domain, UserProfileName=user)
            landing = {"LandingUri": f"studio::lab/tree/{TUTORIAL}"}
        url = sagemaker.create_presigned_domain_url(DomainId=domain, UserProfileName=user, **landing)["AuthorizedUrl"]
    except ClientError as error:
        fail(error.response["Error"]["Message"])
    _show(url, open_it)


def _made(sagemaker: Any, iam: Any) -> str:
    """A domain, whose role may do everything, and hand itself to Glue and SageMaker."""
    trusted = {"Service": ["glue.amazonaws.com", "sagemaker.amazonaws.com"]}
    statement = {"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}
    try:
        role = iam.get_role(RoleName=ROLE)["Role"]["Arn"]
    except iam.exceptions.NoSuchEntityException:
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        role = iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    iam.attach_role_policy(RoleName=ROLE, PolicyArn=f"arn:{role.split(':', 2)[1]}:iam::aws:policy/AdministratorAccess")
    made = sagemaker.create_domain(
        DomainName=DOMAIN,
        AuthMode="IAM",
        DefaultUserSettings={"ExecutionRole": role},
        DefaultSpaceSettings={"ExecutionRole": role},
    )
    return str(made["DomainId"])


def _show(url: str, open_it: bool) -> None:
    print(url)  # noqa: T201 (to be copied whole: no terminal width)
    if open_it:
        import webbrowser

        webbrowser.open(url)
