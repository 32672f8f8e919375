"""The code repository of a notebook instance: fetched once, by git."""

import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from studiolo.domain import Scope
from studiolo.studio.lab import NotebookInstance

MOMENT = datetime.now(timezone.utc)


def notebook(url: str, active: datetime | None = None) -> NotebookInstance:
    settings: dict[str, Any] = {"id": "0123", "DefaultCodeRepository": url}
    return NotebookInstance(
        Scope("000000000000", "us-east-1"), "Notes", "Pending", None, MOMENT, MOMENT, active, settings
    )


def test_a_repository_is_fetched_into_a_folder_of_its_name_until_the_instance_has_been_in_service(
    tmp_path: Path,
) -> None:
    work, home = tmp_path / "air work.git", tmp_path / "home"
    home.mkdir()
    subprocess.run(["git", "init", "-q", str(work)], check=True)
    (work / "README").write_text("cleaned")
    subprocess.run(["git", "add", "README"], cwd=work, check=True)
    person = ["-c", "user.name=ana", "-c", "user.email=ana@example.com"]
    subprocess.run(["git", *person, "commit", "-qm", "Begin"], cwd=work, check=True)
    first = notebook(work.as_uri().replace("%20", " "))
    [script] = first.scripts
    for _ in range(2):
        subprocess.run(["bash", "-c", script.text], cwd=home, check=True)
    assert (home / str(first.repository) / "README").read_text() == "cleaned"
    assert (first.repository, script.stream) == ("air work", "Notes/GitClone")
    assert notebook(work.as_uri(), active=MOMENT).scripts == []


def test_the_name_of_an_address_is_a_label_that_browsers_take() -> None:
    long = NotebookInstance(Scope("0", "r"), "A" * 57 + "-B9", "Pending", None, MOMENT, MOMENT, None, {"id": "0af3c"})
    assert long.host == "a" * 57 + "-0af3"
