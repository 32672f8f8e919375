"""What the lists of processing jobs and of transform jobs have in common."""

from typing import Any

from starlette.responses import Response

from studiolo.console.visit import PAGE, Visit

STATES = ("InProgress", "Completed", "Failed", "Stopping", "Stopped")
PASSING = ("InProgress", "Stopping")


def listed(visit: Visit, kind: str, **shown: Any) -> Response:
    """A page of jobs, the newest first. kind: `processing` or `transform`; shown: what the page shows besides."""
    given = {"NameContains": visit.query["find"]} if visit.query.get("find") else {}
    given |= {"StatusEquals": visit.query["status"]} if visit.query.get("status") in STATES else {}
    given |= {"NextToken": visit.query["after"]} if visit.query.get("after") else {}
    listing = getattr(visit.client("sagemaker"), f"list_{kind}_jobs")
    found = listing(MaxResults=PAGE, SortBy="CreationTime", SortOrder="Descending", **given)
    word = f"{kind.capitalize()}Job"
    summaries = found[f"{word}Summaries"]
    return visit.page(
        f"{kind}.html",
        jobs=summaries,
        more=found.get("NextToken"),
        states=STATES,
        passing=any(each[f"{word}Status"] in PASSING for each in summaries),
        **shown,
    )
