"""Logging in to the databases that connections lead to, as the people whose credentials a connection has."""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from studiolo.domain import Invalid


@dataclass(frozen=True, slots=True)
class Login:
    """Who logs in where; `seconds` bounds each step of it.

    tls: a context where an encrypted connection to the named host is required; None to encrypt where the server can.
    """

    host: str
    port: int
    user: str
    password: str
    database: str | None
    seconds: float
    tls: ssl.SSLContext | None = None


def _postgresql(login: Login) -> None:
    import pg8000.native

    try:
        pg8000.native.Connection(
            login.user,
            host=login.host,
            port=login.port,
            database=login.database,
            password=login.password,
            timeout=login.seconds,
            ssl_context=login.tls,
            application_name="studiolo",
        ).close()
    except pg8000.DatabaseError as error:
        said = error.args[0]
        raise OSError(said["M"] if isinstance(said, dict) else str(error)) from error
    except pg8000.Error as error:
        raise OSError(str(error.__cause__ or error)) from error


def _mysql(login: Login) -> None:
    import pymysql

    try:
        pymysql.connect(
            host=login.host,
            port=login.port,
            user=login.user,
            password=login.password,
            database=login.database,
            connect_timeout=login.seconds,
            read_timeout=login.seconds,
            write_timeout=login.seconds,
            ssl=login.tls,
        ).close()
    except (pymysql.Error, RuntimeError) as error:
        # The number of MySQL's error, and its words; RuntimeError for a way to log in that needs another package.
        raise OSError(str(error.args[-1])) from error


LOGINS: Mapping[str, Callable[[Login], None]] = {
    "postgresql": _postgresql,
    "redshift": _postgresql,
    "mysql": _mysql,
    "mariadb": _mysql,
}
"""By engine, what logs in and out again; raises OSError in the words of the database or of the network."""


def tls_of(properties: Mapping[str, str]) -> ssl.SSLContext | None:
    """What JDBC_ENFORCE_SSL asks for: the server's certificate is checked. Raises Invalid for what is no certificate."""
    if properties.get("JDBC_ENFORCE_SSL", "").lower() != "true":
        return None
    if "CUSTOM_JDBC_CERT" in properties:
        raise Invalid("CUSTOM_JDBC_CERT is not read: give the certificate itself, in CUSTOM_JDBC_CERT_STRING.")
    try:
        return ssl.create_default_context(cadata=properties.get("CUSTOM_JDBC_CERT_STRING"))
    except (ssl.SSLError, ValueError) as error:
        raise Invalid(f"CUSTOM_JDBC_CERT_STRING is not a certificate in PEM: {error}.") from None


def credentials_of(properties: Mapping[str, str], basic: Mapping[str, str], secret: str | None) -> tuple[str, str]:
    """The user and password of a connection's properties, or of its basic authentication. Raises Invalid."""
    user = properties.get("USERNAME", basic.get("Username"))
    password = properties.get("PASSWORD", basic.get("Password"))
    if user is not None and password is not None:
        return user, password
    secret = properties.get("SECRET_ID", secret)
    if secret is not None:
        raise Invalid(
            f"The secret {secret} cannot be read: there is no Secrets Manager here. Give USERNAME and PASSWORD."
        )
    if "ENCRYPTED_PASSWORD" in properties:
        raise Invalid("ENCRYPTED_PASSWORD cannot be read: there are no KMS keys here. Give PASSWORD.")
    raise Invalid("A JDBC connection needs USERNAME and PASSWORD, or SECRET_ID.")
