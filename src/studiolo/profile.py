"""The AWS profile `studiolo`, in the files that AWS clients read."""

import os
from collections.abc import Mapping
from pathlib import Path

from configupdater import ConfigUpdater

NAME = "studiolo"


def write_profile(endpoint: str, s3_endpoint: str, region: str, key_id: str, secret: str) -> list[Path]:
    """Write or replace the profile; everything else in the files stays as it is. Returns the files' paths."""
    config = Path(os.environ.get("AWS_CONFIG_FILE", "~/.aws/config")).expanduser()
    credentials = Path(os.environ.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")).expanduser()
    _replace(config, f"profile {NAME}", {"region": region, "endpoint_url": endpoint, "services": NAME})
    _replace(config, f"services {NAME}", {"s3": f"\n  endpoint_url = {s3_endpoint}"})
    _replace(credentials, NAME, {"aws_access_key_id": key_id, "aws_secret_access_key": secret})
    return [config, credentials]


def _replace(path: Path, section: str, values: Mapping[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    updater = ConfigUpdater()
    if path.exists():
        updater.read_string(path.read_text())
    if updater.has_section(section):
        updater.remove_section(section)
    block = f"[{section}]\n" + "".join(f"{name} = {value}\n" for name, value in values.items())
    text = str(updater).rstrip("\n")
    draft = path.with_name(f"{path.name}.studiolo")
    draft.touch(mode=0o600)
    draft.write_text(f"{text}\n\n{block}" if text else block)
    draft.replace(path)
