"""Tables that are searched for: what the database leaves out would not have been found."""

import uuid
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import true

from studiolo.catalog import Catalog, Column, StorageDescriptor, Table, search
from studiolo.domain import Scope

TEXTS = st.text(st.sampled_from("aAbß%_\\\"'/. \tÄKİ"), min_size=1, max_size=6)
TABLES = st.builds(
    lambda description, comment, key, value: Table(
        uuid.uuid4().hex,
        description=description,
        storage=StorageDescriptor(columns=(Column("pm", "double", comment),)),
        parameters={key: value},
    ),
    *[TEXTS] * 4,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TABLES, min_size=1, max_size=3), TEXTS, TEXTS)
def test_a_search_finds_what_it_would_find_were_every_table_looked_at(
    catalog: Catalog, scope: Scope, made: list[Table], text: str, value: str
) -> None:
    for table in made:
        catalog.create_table(scope, "air", table)

    def found() -> list[list[str]]:
        asked = [{"text": text}, {"text": f'"{text}"'}, {"properties": [search.Property("description", value)]}]
        return [[table.name for _, table in catalog.search_tables([scope], **each).items] for each in asked]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "_has", lambda part: true())
        expected = found()
    assert found() == expected
    for table in made:
        catalog.delete_table(scope, "air", table.name)


def test_pages_have_every_table_once(catalog: Catalog, scope: Scope) -> None:
    for number in range(5):
        catalog.create_table(scope, "air", replace(Table(f"t{number}"), description="Same"))
    names, after = [], 0
    while True:
        page = catalog.search_tables([scope], text="same", after=after, limit=2)
        names += [table.name for _, table in page.items]
        if page.next is None:
            break
        after = int(page.next)
    assert names == [f"t{number}" for number in range(5)]
