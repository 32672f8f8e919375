"""Views with a text for each of several engines."""

from typing import Any

import pytest

SPARK = {"Dialect": "SPARK", "DialectVersion": "3.5", "ViewOriginalText": "select 1", "ViewExpandedText": "select 1"}
ATHENA = {**SPARK, "Dialect": "ATHENA", "DialectVersion": "3"}


def view_input(*texts: dict[str, str]) -> dict[str, Any]:
    return {"Name": "v", "TableType": "VIRTUAL_VIEW", "ViewDefinition": {"Representations": list(texts)}}


def dialects(glue: Any, database: str) -> list[str]:
    found = glue.get_table(DatabaseName=database, Name="v")["Table"]
    assert found["IsMultiDialectView"] is True
    return [each["Dialect"] for each in found["ViewDefinition"]["Representations"]]


def test_texts_are_added_replaced_and_dropped_by_dialect(glue: Any, database: str) -> None:
    glue.create_table(DatabaseName=database, TableInput=view_input(SPARK))

    def update(action: str, *texts: dict[str, str]) -> None:
        glue.update_table(DatabaseName=database, TableInput=view_input(*texts), ViewUpdateAction=action, Force=True)

    update("ADD", ATHENA)
    update("REPLACE", {**SPARK, "ViewOriginalText": "select 2"})
    update("ADD_OR_REPLACE", ATHENA)
    assert dialects(glue, database) == ["SPARK", "ATHENA"]
    refused = glue.exceptions.InvalidInputException
    with pytest.raises(refused, match="SPARK already"):
        update("ADD", SPARK)
    update("DROP", ATHENA)
    with pytest.raises(refused, match="no representation of the dialect ATHENA"):
        update("REPLACE", ATHENA)
    with pytest.raises(refused, match="needs a representation"):
        update("DROP", SPARK)
    assert dialects(glue, database) == ["SPARK"]


def test_an_update_says_what_becomes_of_the_texts(glue: Any, database: str) -> None:
    glue.create_table(DatabaseName=database, TableInput=view_input(SPARK))
    refused = glue.exceptions.InvalidInputException
    with pytest.raises(refused, match="with a view update action only"):
        glue.update_table(DatabaseName=database, TableInput=view_input(ATHENA))
    glue.create_table(DatabaseName=database, TableInput={"Name": "old", "ViewOriginalText": "select 1"})
    with pytest.raises(refused, match="View update action is only supported on multi-dialect views"):
        glue.update_table(DatabaseName=database, TableInput={"Name": "old"}, ViewUpdateAction="ADD")
    assert glue.get_table(DatabaseName=database, Name="old")["Table"]["IsMultiDialectView"] is False
