"""Which site answers at which name."""

import pytest

from studiolo.sites import Sites

CONSOLE, STUDIO, SPARK, MLFLOW = "console", "studio", "spark", "mlflow"


@pytest.mark.parametrize(
    ("host", "path", "site"),
    [
        (b"console.localhost:4566", "/", CONSOLE),
        (b"console.localhost", "/_studiolo/health", CONSOLE),
        (b"d-abc123.studio.us-east-1.localhost:4566", "/jupyterlab/default/lab", STUDIO),
        (b"my-notes-0af3.notebook.us-east-1.localhost:4566", "/lab", STUDIO),
        (b"notes.notebook.us-east-1.localhost:4566", "/lab", None),
        (b"s-0123456789abcdef01234567.spark.us-east-1.localhost:4566", "/jobs/", SPARK),
        (b"t-abcdefghijkl.mlflow.us-east-1.localhost:4566", "/", MLFLOW),
        (b"lake.localhost:4566", "/", None),
        (b"console.lake.localhost:4566", "/", None),
        (b"d-abc123.studio.us-east-1.localhost.evil.example", "/", None),
        (b"127.0.0.1:4566", "/", None),
        (b"localhost:4566", "/lake/key", None),
    ],
)
def test_a_name_leads_to_its_site_and_all_others_to_the_apis(host: bytes, path: str, site: str | None) -> None:
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": [(b"host", host)]}
    assert Sites(CONSOLE, STUDIO, SPARK, MLFLOW).of(scope) == site  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ([(b"authorization", b"AWS4-HMAC-SHA256 ..."), (b"accept", b"text/html")], b""),
        ([(b"accept", b"text/html")], b"X-Amz-Signature=1"),
        ([(b"accept", b"*/*")], b""),
    ],
)
def test_a_client_of_s3_is_not_taken_for_a_browser(headers: list[tuple[bytes, bytes]], query: bytes) -> None:
    given = [(b"host", b"127.0.0.1:4566"), *headers]
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": query, "headers": given}
    assert Sites(CONSOLE, STUDIO, SPARK, MLFLOW).of(scope) is None  # type: ignore[arg-type]
