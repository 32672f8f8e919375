"""The environment of a child: built from an allow-list, so that no secret of the person's shell leaks into it."""

import os
from collections.abc import Mapping

INHERITED = frozenset(
    {
        "PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT",
        "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
        "UV_INDEX_URL", "UV_DEFAULT_INDEX", "PIP_INDEX_URL", "PIP_FIND_LINKS",
    }
)  # fmt: skip


def child_environment(additions: Mapping[str, str]) -> dict[str, str]:
    """The inherited variables a child may see, with `additions` over them."""
    inherited = {name: value for name, value in os.environ.items() if name in INHERITED or name.startswith("LC_")}
    return {**inherited, "PYTHONUNBUFFERED": "1", **additions}
