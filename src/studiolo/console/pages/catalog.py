"""Catalog: databases and tables, columns, partitions, versions, snapshots, sample rows, and a query."""

from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError
from starlette.responses import Response

from studiolo.console.charts import quick
from studiolo.console.grants import PERMISSIONS, grants_on, seen_by
from studiolo.console.pages.page import Page
from studiolo.console.queries import answered, ask, sessions_for_queries
from studiolo.console.reading import sample, snapshots
from studiolo.console.rows import NoSample, format_of
from studiolo.console.snippets import of_table
from studiolo.console.visit import PAGE, Refused, Visit

TREE_DATABASES = 100
TREE_TABLES = 100
"""Tables of a database that its tree lists: as many as one answer of Glue has."""

TABS = (
    ("sample", "Sample"),
    ("columns", "Columns"),
    ("partitions", "Partitions"),
    ("versions", "Versions"),
    ("permissions", "Permissions"),
    ("read", "Read it"),
    ("query", "Query"),
)


def catalog(visit: Visit) -> Response:
    find, glue = visit.query.get("find", "").lower(), visit.client("glue")
    more = None
    if find:
        every = visit.attempt(visit.every, "glue", "get_databases", "DatabaseList")
        shown: Any = every if isinstance(every, Refused) else [each for each in every if find in each["Name"]][:PAGE]
    else:
        after = {"NextToken": visit.query["after"]} if visit.query.get("after") else {}
        found = visit.attempt(glue.get_databases, MaxResults=PAGE, **after)
        shown = found if isinstance(found, Refused) else found["DatabaseList"]
        more = None if isinstance(found, Refused) else found.get("NextToken")
    return visit.page("catalog.html", **_tree(visit, None), shown=shown, more=more)


def database(visit: Visit) -> Response:
    name, glue = visit.path["database"], visit.client("glue")
    given = {"Expression": f"*{visit.query['find']}*"} if visit.query.get("find") else {}
    if visit.query.get("after"):
        given["NextToken"] = visit.query["after"]
    described = glue.get_database(Name=name)["Database"]
    listed = glue.get_tables(DatabaseName=name, MaxResults=PAGE, **given)
    # All there are: their names need not be asked for again.
    names = None if given or "NextToken" in listed else [each["Name"] for each in listed["TableList"]]
    return visit.page(
        "database.html",
        database=described,
        tables=listed["TableList"],
        more=listed.get("NextToken"),
        format_of=format_of,
        **_tree(visit, name, names),
    )


def create_database(visit: Visit) -> Response:
    name = visit.form.get("name", "")
    location = {"LocationUri": visit.form["location"]} if visit.form.get("location") else {}
    visit.client("glue").create_database(DatabaseInput={"Name": name, **location})
    return visit.go(f"/catalog/{name.lower()}")


def table(visit: Visit) -> Response:
    database, name = visit.path["database"], visit.path["table"]
    described = visit.client("glue").get_table(DatabaseName=database, Name=name)["Table"]
    tabs = [*TABS, ("snapshots", "Snapshots")] if format_of(described) == "Iceberg" else list(TABS)
    tab = visit.query.get("tab", "sample")
    shown: dict[str, Any] = {}
    if tab == "partitions":
        shown = _partitions(visit, described)
    elif tab == "versions":
        versions = visit.client("glue").get_table_versions(DatabaseName=database, TableName=name, MaxResults=PAGE)
        shown = {"versions": versions["TableVersions"]}
    elif tab == "permissions":
        account = visit.signed_in.content["own"].split(":")[4]
        granted = visit.attempt(grants_on, visit, database, name, account)
        shown = {"permissions": granted, "grantable": PERMISSIONS}
        if visit.query.get("who"):
            shown["seen"] = seen_by(visit, database, name, visit.query["who"])
    elif tab == "read":
        shown = {"snippets": of_table(described)}
    elif tab == "query":
        shown = {"sessions": visit.attempt(sessions_for_queries, visit), "sql": _first_query(database, described)}
    elif tab == "snapshots":
        shown = {"snapshots": _snapshots(visit, described)}
    return visit.page(
        "table.html",
        table=described,
        format=format_of(described),
        tab=tab,
        tabs=tabs,
        **shown,
        **_tree(visit, database),
    )


def table_sample(visit: Visit) -> Response:
    """The part of the page that takes longer: the first rows, read with the person's own keys."""
    described = visit.client("glue").get_table(DatabaseName=visit.path["database"], Name=visit.path["table"])["Table"]
    try:
        rows = sample(visit.person, visit.client("glue"), described)
        return visit.page("sample.html", rows=rows, why=None)
    except (NoSample, ClientError) as error:
        return visit.page("sample.html", rows=None, why=str(error))


def filter_preview(visit: Visit) -> Response:
    """The part of the page with the rows that a data cells filter would show, of those that the person may read."""
    from studiolo.console.previews import preview

    glue, query = visit.client("glue"), visit.query
    described = glue.get_table(DatabaseName=visit.path["database"], Name=visit.path["table"])["Table"]
    columns = query.get("columns", "").replace(",", " ").split()
    try:
        found = preview(visit.person, glue, described, query.get("rows", ""), columns)
        return visit.page("filter_preview.html", preview=found, why=None)
    except (NoSample, OSError, ValueError, ClientError) as error:
        return visit.page("filter_preview.html", preview=None, why=str(error))


def delete_table(visit: Visit) -> Response:
    visit.client("glue").delete_table(DatabaseName=visit.path["database"], Name=visit.path["table"])
    return visit.go(f"/catalog/{visit.path['database']}")


def query(visit: Visit) -> Response:
    """Run a query in a session: the answer is another page, that looks until it is there."""
    session, statement = ask(visit, visit.form.get("session", ""), visit.form.get("sql", ""))
    return visit.go(f"/catalog/queries/{session}/{statement}")


def query_result(visit: Visit) -> Response:
    answer = answered(visit, visit.path["session"], int(visit.path["statement"]))
    chart = quick(answer.rows, visit.query.get("over", ""), visit.query.get("figure", "")) if answer.rows else None
    return visit.page(
        "query.html",
        answer=answer,
        chart=chart,
        sessions=visit.attempt(sessions_for_queries, visit),
        **_tree(visit, None),
    )


def _tree(visit: Visit, database: str | None, names: Sequence[str] | None = None) -> dict[str, Any]:
    """The databases, and the tables of the one that is looked at; names: these, where they are known."""
    found = visit.attempt(visit.client("glue").get_databases, MaxResults=TREE_DATABASES)
    databases: list[Any] | Refused = found if isinstance(found, Refused) else found["DatabaseList"]
    if not isinstance(databases, Refused) and database not in (None, *(each["Name"] for each in databases)):
        databases.insert(0, {"Name": database})
    if database is None or isinstance(databases, Refused):
        return {"databases": databases, "leaves": [], "open": None}
    if names is not None:
        return {"databases": databases, "leaves": names, "open": database}
    # The names alone: with their columns, they would take most of the page's time.
    named = {"DatabaseName": database, "AttributesToGet": ["NAME"]}
    leaves: Sequence[str] | Refused = visit.attempt(
        lambda: [each["Name"] for each in visit.every("glue", "get_tables", "TableList", TREE_TABLES, **named)]
    )
    return {"databases": databases, "leaves": [] if isinstance(leaves, Refused) else leaves, "open": database}


def _partitions(visit: Visit, described: dict[str, Any]) -> dict[str, Any]:
    where = visit.query.get("where", "")
    given: dict[str, Any] = {"Expression": where} if where else {}
    if visit.query.get("after"):
        given["NextToken"] = visit.query["after"]
    found = visit.attempt(
        lambda: visit.client("glue").get_partitions(
            DatabaseName=described["DatabaseName"], TableName=described["Name"], MaxResults=PAGE, **given
        )
    )
    return {"partitions": found}


def _snapshots(visit: Visit, described: dict[str, Any]) -> Any:
    try:
        return snapshots(visit.person, described)
    except NoSample as error:
        return Refused("Unreadable", str(error))


def _first_query(database: str, described: dict[str, Any]) -> str:
    return f"select *\nfrom {database}.{described['Name']}\nlimit 100"


PAGES = (
    Page("GET", "/catalog", catalog),
    Page("POST", "/catalog", create_database),
    Page("POST", "/catalog/queries", query),
    Page("GET", "/catalog/queries/{session}/{statement:int}", query_result),
    Page("GET", "/catalog/{database}", database),
    Page("GET", "/catalog/{database}/{table}", table),
    Page("GET", "/catalog/{database}/{table}/sample", table_sample),
    Page("GET", "/catalog/{database}/{table}/filter", filter_preview),
    Page("POST", "/catalog/{database}/{table}/delete", delete_table),
)
