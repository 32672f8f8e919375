"""How each family of services words an unacceptable signature.

Codes and statuses are those of "Common Errors" in the services' API references and, for S3, of "Error Responses" in
the Amazon S3 API Reference.
"""

from dataclasses import dataclass

from studiolo.aws.errors import ServiceError


@dataclass(frozen=True, slots=True)
class Refusals:
    """One family's (code, status) for each thing that can be wrong with a signature."""

    missing: tuple[str, int]
    incomplete: tuple[str, int]
    incomplete_query: tuple[str, int]
    unknown_key: tuple[str, int]
    wrong_token: tuple[str, int]
    expired_token: tuple[str, int]
    mismatch: tuple[str, int]
    skewed: tuple[str, int]
    expired: tuple[str, int]
    wrong_hash: tuple[str, int]

    def error(self, what: str, message: str) -> ServiceError:
        """The error for one of the fields above."""
        code, status = getattr(self, what)
        return ServiceError(code, message, status)


def _json(status: int) -> Refusals:
    invalid = ("InvalidSignatureException", status)
    unknown = ("UnrecognizedClientException", status)
    return Refusals(
        missing=("MissingAuthenticationTokenException", status),
        incomplete=("IncompleteSignatureException", status),
        incomplete_query=("IncompleteSignatureException", status),
        unknown_key=unknown,
        wrong_token=unknown,
        expired_token=("ExpiredTokenException", status),
        mismatch=invalid,
        skewed=invalid,
        expired=invalid,
        wrong_hash=invalid,
    )


_JSON = _json(400)
_REST = _json(403)
_QUERY = Refusals(
    missing=("MissingAuthenticationToken", 403),
    incomplete=("IncompleteSignature", 400),
    incomplete_query=("IncompleteSignature", 400),
    unknown_key=("InvalidClientTokenId", 403),
    wrong_token=("InvalidClientTokenId", 403),
    expired_token=("ExpiredToken", 403),
    mismatch=("SignatureDoesNotMatch", 403),
    skewed=("RequestExpired", 400),
    expired=("RequestExpired", 400),
    wrong_hash=("SignatureDoesNotMatch", 403),
)
_S3 = Refusals(
    missing=("AccessDenied", 403),
    incomplete=("AuthorizationHeaderMalformed", 400),
    incomplete_query=("AuthorizationQueryParametersError", 400),
    unknown_key=("InvalidAccessKeyId", 403),
    wrong_token=("InvalidToken", 400),
    expired_token=("ExpiredToken", 400),
    mismatch=("SignatureDoesNotMatch", 403),
    skewed=("RequestTimeTooSkewed", 403),
    expired=("AccessDenied", 403),
    wrong_hash=("XAmzContentSHA256Mismatch", 400),
)


def refusals(protocol: str, service: str | None) -> Refusals:
    """The wording for a service (`s3` has its own) and the protocol a request came in."""
    if service == "s3":
        return _S3
    if protocol in ("query", "ec2", "rest-xml"):
        return _QUERY
    return _JSON if protocol == "json" else _REST
