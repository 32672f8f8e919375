"""Pages of ListMultipartUploads, made here of what the store lists: in S3's order, by delimiters and markers.

The store lists uploads in the order of their ids, and knows neither delimiters nor a marker that is a key alone.
"""

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import quote, unquote_plus

from studiolo.aws.protocols.xml_values import DECLARATION, local_name, read_xml, xml_text
from studiolo.door.mending import NAMESPACE
from studiolo.door.names import Named
from studiolo.door.uploads import OWNERS

OPERATION = "ListMultipartUploads"
LARGEST = 1000

Ask = Callable[[dict[str, str]], Awaitable[bytes]]
"""What the store answers to a list by these parameters, with the keys as their writers named them."""
Upload = tuple[str, str, str]
"""Key, moment of its beginning, id: S3's order of uploads."""


async def page(named: Named, ask: Ask, checksums: Mapping[str, tuple[str, str]]) -> bytes:
    """The answer. checksums: algorithm and type by the ids of uploads. Raises what `ask` raises."""
    given = named.parameters
    prefix, delimiter = given.get("prefix", ""), given.get("delimiter", "")
    asked = given.get("max-uploads", "")
    most = min(int(asked), LARGEST) if asked.isdecimal() else LARGEST
    items: dict[str | Upload, str] = {}
    more = False
    last: Upload | None = None
    for upload in _behind(sorted(await _all(ask, prefix)), given):
        end = upload[0].find(delimiter, len(prefix)) if delimiter else -1
        item = upload if end < 0 else upload[0][: end + len(delimiter)]
        if item == given.get("key-marker") or item in items:
            continue
        if len(items) == most:
            more = most > 0
            break
        items[item] = upload[2]
        last = upload if end < 0 else (str(item), "", "")
    return _written(named, most, items, last if more else None, checksums)


async def _all(ask: Ask, prefix: str) -> list[Upload]:
    """Every upload that is under way below a prefix."""
    found: list[Upload] = []
    marker = ""
    while True:
        # The store counts by ids where a key stands beside.
        at = {"key-marker": "-", "upload-id-marker": marker} if marker else {}
        root = read_xml(await ask({"prefix": prefix, "max-uploads": str(LARGEST), "encoding-type": "url", **at}))
        told = {local_name(part.tag): part.text or "" for part in root}
        for part in root:
            if local_name(part.tag) == "Upload":
                values = {local_name(each.tag): each.text or "" for each in part}
                key = unquote_plus(values["Key"]) if told.get("EncodingType") == "url" else values["Key"]
                found.append((key, values["Initiated"], values["UploadId"]))
        following = told.get("NextUploadIdMarker", "")
        if told.get("IsTruncated") != "true" or not following or following == marker:
            return found
        marker = following


def _behind(uploads: list[Upload], given: Mapping[str, str]) -> list[Upload]:
    """Those behind the markers; of a marker's upload that has ended meanwhile, all of its key."""
    key, mark = given.get("key-marker", ""), given.get("upload-id-marker", "")
    if not key:
        return uploads
    delimiter = given.get("delimiter", "")
    if delimiter and key.endswith(delimiter):
        uploads = [upload for upload in uploads if not upload[0].startswith(key)]
    if not mark:
        return [upload for upload in uploads if upload[0] > key]
    at = next((upload for upload in uploads if upload[0] == key and upload[2] == mark), None)
    return [upload for upload in uploads if (upload > at if at is not None else upload[0] >= key)]


def _written(
    named: Named,
    most: int,
    items: Mapping[str | Upload, str],
    last: Upload | None,
    checksums: Mapping[str, tuple[str, str]],
) -> bytes:
    url = named.parameters.get("encoding-type") == "url"

    def element(title: str, value: str) -> str:
        return f"<{title}>{xml_text(value)}</{title}>"

    def name(title: str, value: str) -> str:
        return element(title, quote(value, safe="/-_.~*") if url else value)

    given = named.parameters
    out = [element("Bucket", named.bucket), name("KeyMarker", given.get("key-marker", ""))]
    out += [element("UploadIdMarker", given.get("upload-id-marker", "")), name("Prefix", given.get("prefix", ""))]
    out += [name("Delimiter", given["delimiter"])] if given.get("delimiter") else []
    out += [element("EncodingType", "url")] if url else []
    if last is not None:
        out += [name("NextKeyMarker", last[0]), element("NextUploadIdMarker", last[2])]
    out += [element("MaxUploads", str(most)), element("IsTruncated", str(last is not None).lower())]
    for item in items:
        if isinstance(item, str):
            out.append(f"<CommonPrefixes>{name('Prefix', item)}</CommonPrefixes>")
            continue
        key, initiated, upload = item
        algorithm, kind = checksums.get(upload, ("", ""))
        told = element("ChecksumAlgorithm", algorithm) + element("ChecksumType", kind) if algorithm else ""
        of = name("Key", key) + element("UploadId", upload) + element("Initiated", initiated)
        out.append(f"<Upload>{of}{OWNERS}<StorageClass>STANDARD</StorageClass>{told}</Upload>")
    body = "".join(out)
    return f'{DECLARATION}<ListMultipartUploadsResult xmlns="{NAMESPACE}">{body}</ListMultipartUploadsResult>'.encode()
