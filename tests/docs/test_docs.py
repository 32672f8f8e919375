"""The documents cannot drift from the code."""

import re
import runpy
from pathlib import Path

import pytest
from typer.testing import CliRunner

from studiolo.cli import app
from studiolo.config import Settings

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", ["operations", "releases"])
def test_a_table_is_what_is_implemented(page: str) -> None:
    table: str = runpy.run_path(str(ROOT / "docs" / f"{page}.py"))["table"]()
    assert (ROOT / "docs" / f"{page}.md").read_text() == table, "run `make docs`"


def test_the_table_of_awsglues_options_is_what_is_checked() -> None:
    table: str = runpy.run_path(str(ROOT / "docs" / "glue_options.py"))["table"]()
    assert (ROOT / "docs" / "awsglue-options.md").read_text() == table, "run `make docs`"


def test_the_tables_of_hyperparameters_are_what_is_checked() -> None:
    table: str = runpy.run_path(str(ROOT / "docs" / "hyperparameters.py"))["table"]()
    assert (ROOT / "docs" / "algorithms" / "hyperparameters.md").read_text() == table, "run `make docs`"


def test_every_setting_is_documented() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    assert [name for name in Settings.model_fields if f"`STUDIOLO_{name.upper()}`" not in page] == []


@pytest.mark.parametrize(
    "command", ["up", "down", "status", "console", "studio", "deploy", "env", "logs", "images", "runtimes", "demo"]
)
def test_every_option_of_the_command_line_is_documented(command: str) -> None:
    help_text = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"}).output
    page = (ROOT / "docs" / "command-line.md").read_text()
    options = set(re.findall(r"--[a-z][a-z-]+", help_text)) - {"--help"}
    section = page.partition(f"## studiolo {command}")[2].partition("\n## ")[0]
    assert {option for option in options if f"`{option}" not in section and option not in section} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_page_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []
