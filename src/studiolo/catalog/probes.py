"""Whether what a connection leads to is there, and lets us in: a real connection is made to it."""

import re
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from studiolo.catalog.logins import LOGINS, Login, credentials_of, tls_of
from studiolo.catalog.model import Connection
from studiolo.domain import Invalid

SECONDS = 10
ALL_SECONDS = 30
"""After which no further address of a connection is tried: the caller, and a thread, wait meanwhile."""
PORTS: Mapping[str, int] = {
    "postgresql": 5432, "redshift": 5439, "mysql": 3306, "mariadb": 3306, "sqlserver": 1433, "oracle": 1521,
    "snowflake": 443, "db2": 50000, "mongodb": 27017, "http": 80, "https": 443, "kafka": 9092,
}  # fmt: skip
# The protocol number 80877103 asks a PostgreSQL server whether it speaks TLS: it answers S or N before any login.
POSTGRESQL_HELLO = bytes.fromhex("0000000804d2162f")
_JDBC = re.compile(r"[^/]*//(?P<hosts>[^/;?]*)(?:/(?P<database>[^;?]*))?(?:[;?].*)?", re.DOTALL)
_ORACLE = re.compile(r"@(?://)?(?P<host>[^:/@]+)(?::(?P<port>[0-9]+))?")


@dataclass(frozen=True, slots=True)
class _Target:
    """What speaks at the addresses, by the name of its engine, and which of its databases is meant."""

    engine: str
    addresses: Sequence[tuple[str, int]]
    database: str | None = None


def probe(connection: Connection, seconds: float = SECONDS) -> None:
    """Connect to what a connection's properties name, and log in where that can be done (logins.py).

    Raises Invalid with the reason: of the network, or of the database. Each step has `seconds`.
    """
    target = _target(connection)
    log_in = _login(connection, target, seconds) if target.engine in LOGINS else None
    failures, latest = [], time.monotonic() + ALL_SECONDS
    for host, port in target.addresses:
        if time.monotonic() > latest:
            failures.append(f"the others were not tried within {ALL_SECONDS} s")
            break
        try:
            with socket.create_connection((host, port), timeout=seconds) as link:
                _GREETINGS.get(target.engine, _nothing)(link)
            if log_in is not None:
                log_in(host, port)
            return
        except OSError as error:
            failures.append(f"{host}:{port}: {error.strerror or error}")
    raise Invalid(f"Connection {connection.name} cannot be made. {'; '.join(failures)}.")


def _login(connection: Connection, target: _Target, seconds: float) -> Callable[[str, int], None]:
    """How to log in at one of the addresses. Raises Invalid where there is nothing to log in with."""
    properties = connection.properties
    authentication = connection.recorded.get("AuthenticationConfiguration", {})
    basic = authentication.get("BasicAuthenticationCredentials", {})
    user, password = credentials_of(properties, basic, authentication.get("SecretArn"))
    tls = tls_of(properties)
    log_in = LOGINS[target.engine]
    return lambda host, port: log_in(Login(host, port, user, password, target.database, seconds, tls))


def _target(connection: Connection) -> _Target:
    """Raises Invalid where the properties name nothing to connect to."""
    properties = connection.properties
    if "JDBC_CONNECTION_URL" in properties:
        return _of_jdbc(properties["JDBC_CONNECTION_URL"])
    if "KAFKA_BOOTSTRAP_SERVERS" in properties:
        servers = properties["KAFKA_BOOTSTRAP_SERVERS"].split(",")
        return _Target("kafka", [_of_authority(server.strip(), "kafka") for server in servers if server.strip()])
    if "CONNECTION_URL" in properties:
        url = urlsplit(properties["CONNECTION_URL"])
        scheme = url.scheme.partition("+")[0]
        return _Target(scheme, [_of_authority(part, scheme) for part in url.netloc.rpartition("@")[2].split(",")])
    if "HOST" in properties:
        engine = properties.get("JDBC_ENGINE", connection.type).lower()
        port = properties.get("PORT")
        address = _of_authority(properties["HOST"] + (f":{port}" if port else ""), engine)
        return _Target(engine, [address], properties.get("DATABASE"))
    raise Invalid(
        f"Connection {connection.name} of the type {connection.type} names nothing to connect to: it needs "
        "JDBC_CONNECTION_URL, KAFKA_BOOTSTRAP_SERVERS, CONNECTION_URL, or HOST and PORT."
    )


def _of_jdbc(url: str) -> _Target:
    """`jdbc:engine://host:port/database?…`, with more hosts, a way to choose among them, or Oracle's and SQL Server's."""
    if not url.startswith("jdbc:"):
        raise Invalid(f"{url!r} is not a JDBC URL: it begins with jdbc: and the name of a database engine.")
    engine, _, rest = url.removeprefix("jdbc:").partition(":")
    if engine == "oracle":
        found = _ORACLE.search(rest)
        if found is None:
            raise Invalid(f"The JDBC URL {url!r} names no host.")
        return _Target(engine, [(found["host"], int(found["port"] or PORTS[engine]))])
    parts = _JDBC.fullmatch(rest)
    if parts is None or not parts["hosts"]:
        raise Invalid(f"The JDBC URL {url!r} names no host.")
    hosts = parts["hosts"].rpartition("@")[2].split(",")
    database = unquote(parts["database"]) if parts["database"] else None
    return _Target(engine, [_of_authority(part, engine) for part in hosts], database)


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
    """That it listens is all that is told."""


_GREETINGS: Mapping[str, Callable[[socket.socket], None]] = {
    "postgresql": _greet_postgresql,
    "redshift": _greet_postgresql,
    "mysql": _hear_mysql,
    "mariadb": _hear_mysql,
}
