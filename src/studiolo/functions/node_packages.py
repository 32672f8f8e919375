"""The AWS SDK for JavaScript that Lambda's own Node has: brought by npm when the first function names it.

It lies in the person's cache, for all data folders, and is moved to its name when it is complete.
"""

import hashlib
import os
import shutil
import uuid
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from studiolo.processes import child_environment, remove_left
from studiolo.runtimes.alone import alone
from studiolo.runtimes.environments import environments_folder
from studiolo.runtimes.uv import Run, RunEnded, RunFailed, Say

CLIENTS = (
    "application-auto-scaling", "cloudformation", "cloudwatch", "cloudwatch-logs", "ec2", "ecr", "emr",
    "emr-serverless", "glue", "iam", "kms", "lakeformation", "lambda", "s3", "sagemaker", "sagemaker-runtime",
    "secrets-manager", "service-catalog", "sfn", "sns", "ssm", "sts",
)  # fmt: skip
"""Of the services that are here; Step Functions, which is not, since CDK's functions load it before they need it."""
PACKAGES = tuple(f"@aws-sdk/{name}@3" for name in (*(f"client-{name}" for name in CLIENTS), "lib-storage"))
NAMED = b"@aws-sdk/"
ENDINGS = (".js", ".cjs", ".mjs")
INHERITED = ("npm_config_", "node_extra_ca_certs")
"""Beginnings of the names of variables, in lower case, by which npm finds its registry."""
SECONDS = 300.0


class PackagesUnavailable(Exception):
    """The SDK could not be brought, with npm's words."""


def names_sdk(folders: Iterable[Path]) -> bool:
    """Whether code in these folders, which never change, names the SDK and does not bring it."""
    folders = list(folders)
    return any(_names(folder) for folder in folders) and not any(_brings(folder) for folder in folders)


@cache
def _names(folder: Path) -> bool:
    files = (file for file in folder.rglob("*") if file.suffix in ENDINGS and file.is_file())
    return any(NAMED in file.read_bytes() for file in files)


@cache
def _brings(folder: Path) -> bool:
    return next(folder.glob("**/node_modules/@aws-sdk"), None) is not None


def sdk(say: Say) -> Path:
    """The node_modules with the SDK, brought now where it is not there. Raises PackagesUnavailable."""
    digest = hashlib.sha256(" ".join(PACKAGES).encode()).hexdigest()[:12]
    folder = environments_folder() / f"node-sdk-{digest}"
    modules = folder / "node_modules"
    if modules.is_dir():
        return modules
    failed = "The AWS SDK for JavaScript, which the function uses, could not be brought."
    npm = shutil.which("npm")
    if npm is None:
        raise PackagesUnavailable(
            f"{failed} npm is not on the PATH of this machine: bring the SDK in the zip or a layer."
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = folder.with_name(f"{folder.name}.{uuid.uuid4().hex[:8]}.part")
    with alone(folder.with_suffix(".lock"), lambda: False, PackagesUnavailable(failed)) as lock:
        if modules.is_dir():
            return modules
        say("Bringing the AWS SDK for JavaScript, once on this machine: half a minute, 120 MB.")
        # Whatever a package says of itself, nothing of it is run.
        quiet = ("--no-audit", "--no-fund", "--no-save", "--loglevel=error")
        options = ("--ignore-scripts", *quiet, "--fetch-retries=1", "--fetch-timeout=30000")
        for left in folder.parent.glob(f"{folder.name}.*.part"):
            remove_left(left)
        try:
            part.mkdir()
            npms = {name: value for name, value in os.environ.items() if name.lower().startswith(INHERITED)}
            command = [npm, "install", "--prefix", str(part), *options, *PACKAGES]
            Run(lambda: False, SECONDS, say, lock).run(command, child_environment(npms))
            part.rename(folder)
        except (RunFailed, RunEnded, OSError) as error:
            raise PackagesUnavailable(f"{failed} {str(error).strip()[-600:]}") from error
        finally:
            remove_left(part)
    return modules
