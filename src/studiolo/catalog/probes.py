"""Whether what a connection leads to is there: a real connection is made to it."""

import re
import socket
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from studiolo.catalog.model import Connection
from studiolo.domain import Invalid

SECONDS = 10
PORTS: Mapping[str, int] = {
    "postgresql": 5432, "redshift": 5439, "mysql": 3306, "mariadb": 3306, "sqlserver": 1433, "oracle": 1521,
    "snowflake": 443, "db2": 50000, "mongodb": 27017, "http": 80, "https": 443, "kafka": 9092,
}  # fmt: skip
# The protocol number 80877103 asks a PostgreSQL server whether it speaks TLS: it answers S or N before any login.
POSTGRESQL_HELLO = bytes.fromhex("0000000804d2162f")
_ORACLE = re.compile(r"@(?://)?(?P<host>[^:/@]+)(?::(?P<port>[0-9]+))?")


def probe(connection: Connection) -> None:
    """Connect to the host and port that a connection's properties name, and hear what speaks there where it can be told.

    Raises Invalid with the reason.
    """
    engine, addresses = _addresses(connection)
    failures = []
    for host, port in addresses:
        try:
            with socket.create_connection((host, port), timeout=SECONDS) as link:
                if connection.properties.get("JDBC_ENFORCE_SSL", "").lower() != "true":
                    _GREETINGS.get(engine, _nothing)(link)
            return
        except OSError as error:
            failures.append(f"{host}:{port}: {error.strerror or error}")
    raise Invalid(f"Connection {connection.name} cannot be made. {'; '.join(failures)}.")


def _addresses(connection: Connection) -> tuple[str, list[tuple[str, int]]]:
    """The engine, and the places it may be reached at. Raises Invalid where the properties tell none."""
    properties = connection.properties
    if "JDBC_CONNECTION_URL" in properties:
        return _of_jdbc(properties["JDBC_CONNECTION_URL"])
    if "KAFKA_BOOTSTRAP_SERVERS" in properties:
        servers = properties["KAFKA_BOOTSTRAP_SERVERS"].split(",")
        return "kafka", [_of_authority(server.strip(), "kafka") for server in servers if server.strip()]
    if "CONNECTION_URL" in properties:
        url = urlsplit(properties["CONNECTION_URL"])
        scheme = url.scheme.partition("+")[0]
        return scheme, [_of_authority(part, scheme) for part in url.netloc.rpartition("@")[2].split(",")]
    if "HOST" in properties:
        engine = connection.type.lower()
        port = properties.get("PORT")
        return engine, [_of_authority(properties["HOST"] + (f":{port}" if port else ""), engine)]
    raise Invalid(
        f"Connection {connection.name} of the type {connection.type} names nothing to connect to: it needs "
        "JDBC_CONNECTION_URL, KAFKA_BOOTSTRAP_SERVERS, CONNECTION_URL, or HOST and PORT."
    )


def _of_jdbc(url: str) -> tuple[str, list[tuple[str, int]]]:
    if not url.startswith("jdbc:"):
        raise Invalid(f"{url!r} is not a JDBC URL: it begins with jdbc: and the name of a database engine.")
    engine, _, rest = url.removeprefix("jdbc:").partition(":")
    if engine == "oracle":
        found = _ORACLE.search(rest)
        if found is None:
            raise Invalid(f"The JDBC URL {url!r} names no host.")
        return engine, [(found["host"], int(found["port"] or PORTS[engine]))]
    authority = re.split(r"[/;?]", rest[rest.find("//") + 2 :] if "//" in rest else "", maxsplit=1)[0]
    if not authority:
        raise Invalid(f"The JDBC URL {url!r} names no host.")
    return engine, [_of_authority(part, engine) for part in authority.split(",")]


def _of_authority(authority: str, engine: str) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{authority}")
        host, port = parts.hostname, parts.port or PORTS.get(engine)
    except ValueError as error:
        raise Invalid(f"{authority!r} is not a host and port: {error}.") from None
    if not host or port is None:
        raise Invalid(f"{authority!r} is not a host and port.")
    return host, port


def _greet_postgresql(link: socket.socket) -> None:
    link.sendall(POSTGRESQL_HELLO)
    if link.recv(1) not in (b"S", b"N"):
        raise OSError("what listens there is not PostgreSQL")


def _hear_mysql(link: socket.socket) -> None:
    head = link.recv(5)
    # A packet's length and number, then protocol 10, or an error (too many connections).
    if len(head) < 5 or head[4] not in (10, 255):
        raise OSError("what listens there is not MySQL")


def _nothing(link: socket.socket) -> None:
    """That it listens is all that can be told without logging in."""


_GREETINGS: Mapping[str, Callable[[socket.socket], None]] = {
    "postgresql": _greet_postgresql,
    "redshift": _greet_postgresql,
    "mysql": _hear_mysql,
    "mariadb": _hear_mysql,
}
