"""S3 payloads that stream: whole, in signed chunks, with trailers, and damaged in every way."""

import zlib
from base64 import b64encode
from datetime import datetime, timezone
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studiolo.aws.checksums import checksum_of
from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest
from studiolo.aws.payloads import ChunkSigner, PayloadReader, payload_reader
from studiolo.aws.sigv4 import Credential, verify

DATA = b"x" * 70_000 + b"the end"


def through(reader: PayloadReader, body: bytes, size: int = 4096) -> bytes:
    """The payload, the body fed in pieces."""
    payload = b"".join(reader.feed(body[start : start + size]) for start in range(0, len(body), size))
    reader.finish()
    return payload


def signer() -> ChunkSigner:
    return ChunkSigner(b"a key", "20260517T120000Z", "20260517/r/s3/aws4_request", "seed")


def chunked(
    data: bytes, sign: ChunkSigner | None, *, size: int = 65536, trailers: dict[str, str] | None = None
) -> bytes:
    """aws-chunked framing as SDKs write it."""
    out = []
    for chunk in [*(data[i : i + size] for i in range(0, len(data), size)), b""]:
        extension = f";chunk-signature={sign.chunk(sha256(chunk).hexdigest())}" if sign else ""
        out.append(f"{len(chunk):x}{extension}\r\n".encode() + chunk + (b"\r\n" if chunk else b""))
    lines = [f"{name}:{value}" for name, value in (trailers or {}).items()]
    if sign and trailers is not None:
        digest = sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()
        lines.append(f"x-amz-trailer-signature:{sign.trailer(digest)}")
    return b"".join(out) + "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n"


def crc32(data: bytes) -> str:
    return b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()


def reader_for(mode: str, **headers: str) -> PayloadReader:
    return payload_reader(mode, {name.replace("_", "-"): value for name, value in headers.items()}, signer())


def refusal(reader: PayloadReader, body: bytes) -> str:
    with pytest.raises(ServiceError) as caught:
        through(reader, body)
    assert 400 <= caught.value.status < 500
    return caught.value.code


EXAMPLE = Credential("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
EXAMPLE_DATE = datetime(2013, 5, 24, tzinfo=timezone.utc)


def example(seed: str, signed_headers: str, **more: str) -> HttpRequest:
    scope = f"{EXAMPLE.access_key}/20130524/us-east-1/s3/aws4_request"
    headers = {
        "host": "s3.amazonaws.com",
        "x-amz-date": "20130524T000000Z",
        "x-amz-storage-class": "REDUCED_REDUNDANCY",
        "content-encoding": "aws-chunked",
        "x-amz-decoded-content-length": "66560",
        "authorization": f"AWS4-HMAC-SHA256 Credential={scope},SignedHeaders={signed_headers},Signature={seed}",
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    return HttpRequest("PUT", "/examplebucket/chunkObject.txt", headers, b"")


def test_the_published_example_of_an_upload_in_signed_chunks():
    request = example(
        "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
        "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class",
        content_length="66824",
        x_amz_content_sha256="STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    )
    body = (
        b"10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n"
        + b"a" * 65536
        + b"\r\n400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n"
        + b"a" * 1024
        + b"\r\n0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n"
    )
    assert len(body) == 66824
    verified = verify(request, lambda key: EXAMPLE, EXAMPLE_DATE, protocol="rest-xml", service="s3")
    assert through(verified.payload_reader(request), body) == b"a" * 66560


def test_the_published_example_of_signed_chunks_with_a_trailing_checksum():
    request = example(
        "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
        "content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer",
        x_amz_content_sha256="STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        x_amz_trailer="x-amz-checksum-crc32c",
    )
    body = (
        b"10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n"
        + b"a" * 65536
        + b"\r\n400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n"
        + b"a" * 1024
        + b"\r\n0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n"
        + b"x-amz-checksum-crc32c:sOO8/Q==\r\n"
        + b"x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n"
    )
    verified = verify(request, lambda key: EXAMPLE, EXAMPLE_DATE, protocol="rest-xml", service="s3")
    reader = verified.payload_reader(request)
    assert through(reader, body) == b"a" * 66560
    assert reader.trailers == {"x-amz-checksum-crc32c": "sOO8/Q=="}


def test_a_whole_payload_must_have_the_hash_that_was_signed():
    assert through(reader_for(sha256(DATA).hexdigest()), DATA) == DATA
    assert refusal(reader_for(sha256(b"other").hexdigest()), DATA) == "XAmzContentSHA256Mismatch"
    assert through(reader_for("UNSIGNED-PAYLOAD"), DATA) == DATA


@settings(max_examples=60, derandomize=True)
@given(data=st.binary(max_size=300), size=st.integers(1, 100), piece=st.integers(1, 64))
def test_framing_is_taken_off_however_the_bytes_arrive(data, size, piece):
    body = chunked(data, signer(), size=size)
    assert through(reader_for("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"), body, piece) == data
    trailers = {"x-amz-checksum-crc32": crc32(data)}
    headers = {"x_amz_trailer": "x-amz-checksum-crc32", "x_amz_decoded_content_length": str(len(data))}
    body = chunked(data, None, size=size, trailers=trailers)
    assert through(reader_for("STREAMING-UNSIGNED-PAYLOAD-TRAILER", **headers), body, piece) == data
    body = chunked(data, signer(), size=size, trailers=trailers)
    assert through(reader_for("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", **headers), body, piece) == data


def test_a_changed_chunk_or_a_chunk_signed_by_another_key_is_refused():
    body = chunked(DATA, signer())
    mode = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    assert refusal(reader_for(mode), body.replace(b"the end", b"the End")) == "SignatureDoesNotMatch"
    assert refusal(reader_for(mode), chunked(DATA, ChunkSigner(b"no", "", "", ""))) == "SignatureDoesNotMatch"
    assert refusal(reader_for(mode), chunked(DATA, None)) == "SignatureDoesNotMatch"


def test_a_changed_trailer_is_refused():
    headers = {"x_amz_trailer": "x-amz-checksum-crc32"}
    body = chunked(DATA, signer(), trailers={"x-amz-checksum-crc32": crc32(b"other")})
    mode = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
    assert refusal(reader_for(mode, **headers), body) == "BadDigest"
    forged = body.replace(crc32(b"other").encode(), crc32(DATA).encode())
    assert refusal(reader_for(mode, **headers), forged) == "SignatureDoesNotMatch"


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "crc32"])
def test_trailing_checksums_are_checked(algorithm):
    import hashlib

    digest = zlib.crc32(DATA).to_bytes(4, "big") if algorithm == "crc32" else hashlib.new(algorithm, DATA).digest()
    header = f"x-amz-checksum-{algorithm}"
    for value, fits in ((b64encode(digest).decode(), True), ("AAAA", False)):
        reader = reader_for("STREAMING-UNSIGNED-PAYLOAD-TRAILER", x_amz_trailer=header)
        body = chunked(DATA, None, trailers={header: value})
        if fits:
            assert through(reader, body) == DATA
        else:
            assert refusal(reader, body) == "BadDigest"
    missing = reader_for("STREAMING-UNSIGNED-PAYLOAD-TRAILER", x_amz_trailer=header)
    assert refusal(missing, chunked(DATA, None)) == "BadDigest"


def test_a_checksum_we_cannot_compute_is_passed():
    assert checksum_of("x-amz-checksum-unheard-of") is None
    reader = reader_for("STREAMING-UNSIGNED-PAYLOAD-TRAILER", x_amz_trailer="x-amz-checksum-unheard-of")
    assert through(reader, chunked(DATA, None, trailers={"x-amz-checksum-unheard-of": "AAAA"})) == DATA
    assert reader.trailers == {"x-amz-checksum-unheard-of": "AAAA"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"5\r\nabc",
        b"5\r\nabcdeXX0\r\n\r\n",
        b"zz\r\n",
        b"-1\r\n",
        b"+5\r\nabcde\r\n0\r\n\r\n",
        b"1_0\r\n" + b"a" * 16 + b"\r\n0\r\n\r\n",
        b"ffffffffffffffffffff\r\n",
        b"3\r\nabc\r\n0\r\n",
        b"3\r\nabc\r\n0\r\n\r\nmore",
        b"3\r\nabc\r\n0\r\nno colon\r\n\r\n",
        b"a" * 20_000,
    ],
)
def test_broken_framing_is_refused(body):
    assert refusal(reader_for("STREAMING-UNSIGNED-PAYLOAD-TRAILER"), body) in (
        "IncompleteBody",
        "MalformedTrailerError",
    )


def test_the_decoded_length_must_be_what_was_said():
    body = chunked(b"abc", None)
    mode = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    assert through(reader_for(mode, x_amz_decoded_content_length="3"), body) == b"abc"
    for length in ("2", "4"):
        assert refusal(reader_for(mode, x_amz_decoded_content_length=length), body) == "IncompleteBody"


@pytest.mark.parametrize(
    ("mode", "length", "code"),
    [("STREAMING-UNSIGNED-PAYLOAD-TRAILER", "many", "InvalidArgument"), ("STREAMING-OTHER", "3", "NotImplemented")],
)
def test_words_that_s3_does_not_know_are_refused(mode, length, code):
    with pytest.raises(ServiceError, match=code):
        reader_for(mode, x_amz_decoded_content_length=length)
