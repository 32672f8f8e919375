"""Rules about files: how old they are, how large, whether they are those that were expected, or there twice."""

import posixpath
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from awsglue.files import placed
from awsgluedq.checks import UNMET, Check, Data, Measured, Unfit, Verdict
from awsgluedq.conditions import ConditionError, holds
from awsgluedq.kinds import FILTERS
from awsgluedq.ruleset import Condition, Moment, Number, Operand, Rule, Size, Text

COUNT = "Dataset.*.FileCount"
DIGESTS = {"MD5": "md5Hex", "SHA-1": "sha1Hex", "SHA-256": "sha256Hex"}
"""The algorithms that FileMatch takes, and what the Commons Codec of Spark calls them."""
TIMES = ("%I:%M %p", "%H:%M", "%H:%M:%S")


@dataclass(frozen=True)
class File:
    """A file: its address, its bytes, and when it was last changed, in seconds since 1970."""

    path: str
    size: int
    modified: float

    @property
    def name(self) -> str:
        return posixpath.basename(self.path)


def file_freshness(rule: Rule, data: Data) -> Check:
    """`FileFreshness`: the share of files that were changed at the times that the condition says."""
    assert rule.condition is not None
    try:
        zone = ZoneInfo(rule.tag("timeZone") or "UTC")
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConditionError(f"There is no time zone {rule.tag('timeZone')}.") from error
    now = datetime.now(timezone.utc)
    moments = sorted(_moment(operand, now, zone) for operand in rule.condition.operands)
    condition = replace(rule.condition, operands=tuple(Number(moment.timestamp()) for moment in moments))
    found = _files(rule, data)
    good = [holds(condition, file.modified) for file in found]
    return Check(_met(rule, "Dataset.*.FileFreshness.Compliance", good, {}))


def file_size(rule: Rule, data: Data) -> Check:
    """`FileSize`: the share of files that are as large as the condition says."""
    assert rule.condition is not None
    sizes = tuple(Number(one.bytes) if isinstance(one, Size) else one for one in rule.condition.operands)
    condition = replace(rule.condition, operands=sizes)
    found = _files(rule, data)
    good = [holds(condition, float(file.size)) for file in found]
    extremes = {
        "Dataset.*.MaximumFileSize": float(max(file.size for file in found)),
        "Dataset.*.MinimumFileSize": float(min(file.size for file in found)),
    }
    return Check(_met(rule, "Dataset.*.FileSize.Compliance", good, extremes))


def file_uniqueness(rule: Rule, data: Data) -> Check:
    """`FileUniqueness`: the share of files whose content, with matchFileName their name too, no other file has."""
    found = _files(rule, data)
    contents = [_digest(data, file.path, "SHA-256") for file in found]
    times, names = Counter(contents), Counter(file.name for file in found)
    both = _said(rule, "matchFileName")
    unique = [
        times[content] == 1 and (not both or names[file.name] == 1)
        for file, content in zip(found, contents, strict=True)
    ]
    ratio = sum(unique) / len(found)
    metrics = {"Dataset.*.FileUniquenessRatio": ratio, COUNT: float(len(found))}

    def judge(measured: Measured, condition: Condition | None) -> Verdict:
        passed = condition is not None and holds(condition, ratio)
        return Verdict(passed, None if passed else UNMET.format(ratio), metrics)

    return Check(judge)


def file_match(rule: Rule, data: Data) -> Check:
    """`FileMatch`: whether files have the checksums of a list, or the contents of other files."""
    algorithm = (rule.tag("hashAlgorithm") or "SHA-256").upper()
    if algorithm not in DIGESTS:
        raise ConditionError(f"There is no hashAlgorithm {algorithm}. Those there are: {', '.join(DIGESTS)}.")
    if (rule.condition is not None) == (len(rule.parameters) == 2):
        raise ConditionError('FileMatch takes files and in ["checksum", ...], or the files of two places.')
    paths = rule.parameters[:1]
    found = _files(replace(rule, parameters=paths), data)
    if rule.condition is None:
        others = _files(replace(rule, parameters=rule.parameters[1:]), data)
        reason = _differing(rule, [_content(rule, data, file) for file in found], others, data)
    else:
        if rule.condition.operator != "in":
            raise ConditionError('FileMatch takes in ["checksum", ...].')
        known = {one.value.lower() for one in rule.condition.operands if isinstance(one, Text)}
        reason = _unknown(rule, data, found, known, algorithm)
    verdict = Verdict(reason is None, reason, {COUNT: float(len(found))})
    return Check(lambda measured, condition: verdict)


def _differing(rule: Rule, contents: Sequence[str], others: Sequence[File], data: Data) -> str | None:
    there = Counter(_content(rule, data, file) for file in others)
    here = Counter(contents)
    if here == there:
        return None
    one, other = rule.parameters
    return (
        f"Of {here.total()} files of {one}, {(here - there).total()} are not in {other}, "
        f"and of {there.total()} there {(there - here).total()} are not in the first."
    )


def _unknown(rule: Rule, data: Data, found: Sequence[File], known: set[str], algorithm: str) -> str | None:
    for file in found:
        digest = _digest(data, file.path, algorithm)
        if digest not in known:
            return f"The {algorithm} checksum of {file.path} is {digest}, which is not among those of the rule."
    if _said(rule, "matchFileName") and len({file.name for file in found}) < len(found):
        return "Several of the files have the same name."
    return None


def _content(rule: Rule, data: Data, file: File) -> str:
    """What is compared of a file with others."""
    return _digest(data, file.path, "SHA-256") + (file.name if _said(rule, "matchFileName") else "")


def _met(
    rule: Rule, metric: str, good: Sequence[bool], more: dict[str, float]
) -> Callable[[Measured, Condition | None], Verdict]:
    """The judge of a rule that all files meet, or as many as its threshold says."""
    ratio = sum(good) / len(good)
    fast = _said(rule, "failFast")
    metrics = {COUNT: float(len(good)), **more, **({} if fast else {metric: ratio})}

    def judge(measured: Measured, condition: Condition | None) -> Verdict:
        passed = ratio == 1.0 if fast or condition is None else holds(condition, ratio)
        return Verdict(passed, None if passed else UNMET.format(ratio), metrics)

    return judge


def _said(rule: Rule, tag: str) -> bool:
    return (rule.tag(tag) or "false").lower() == "true"


def _moment(operand: Operand, now: datetime, zone: tzinfo) -> datetime:
    """A time that files are compared with. A time of day is of today; days begin as they do in UTC."""
    if isinstance(operand, Moment):
        return operand.when(now)
    if not isinstance(operand, Text):
        raise ConditionError(
            'FileFreshness is compared with dates and times: (now() - 24 hours), "2024-01-01", "21:45".'
        )
    for form in TIMES:
        try:
            of_day = datetime.strptime(operand.value.strip(), form).time()  # noqa: DTZ007 (it has a time alone)
        except ValueError:
            continue
        return datetime.combine(now.date(), of_day, zone)
    try:
        return datetime.combine(date.fromisoformat(operand.value), time(), timezone.utc)
    except ValueError:
        raise ConditionError(f'"{operand.value}" is not a date or a time.') from None


def _files(rule: Rule, data: Data) -> list[File]:
    """The files of the rule's path, or those that the frame was read from: as its tags choose. Raises Unfit."""
    if rule.where:
        raise Unfit(f"{rule.type} has no where.")
    session = data.frame.sparkSession
    paths = list(rule.parameters) or data.frame.inputFiles()
    if not paths:
        raise Unfit("Unable to parse file path from DataFrame")
    found = _chosen(rule, [file for path in paths for file in _listed(session, path)])
    if not found:
        raise Unfit(f"There are no files to check at {', '.join(paths)}.")
    return found


def _listed(session: SparkSession, path: str) -> list[File]:
    # The documentation has addresses without the scheme too.
    address = path if "://" in path or path.startswith(("/", "file:")) else f"s3://{path}"
    try:
        system, place = placed(session, address)
        listed, files = system.listFiles(place, True), []
        while listed.hasNext():
            status = listed.next()
            modified = status.getModificationTime() / 1000
            files.append(File(str(status.getPath().toString()), int(status.getLen()), modified))
    except Py4JJavaError as error:
        said = str(error.java_exception.getMessage() or error.java_exception.toString())
        raise Unfit(f"The files of {path} cannot be listed: {said.partition(chr(10))[0]}") from error
    return files


def _chosen(rule: Rule, files: list[File]) -> list[File]:
    """The files that the tags choose, in their order. Raises ConditionError."""
    order = rule.tags.get("filterOrder", FILTERS)
    if "filterOrder" in rule.tags and not set(order) <= {tag for tag in rule.tags if tag in FILTERS}:
        raise ConditionError("filterOrder names tags that choose files, recentFiles and uriRegex, which the rule has.")
    for tag in dict.fromkeys((*order, *FILTERS)):
        value = rule.tag(tag)
        if value is not None and tag == "recentFiles":
            if not value.isdecimal() or value == "0":
                raise ConditionError("recentFiles is a whole number from 1.")
            files = sorted(files, key=lambda file: file.modified, reverse=True)[: int(value)]
        elif value is not None:
            files = [file for file in files if _like(value, file.path)]
    return files


def _like(pattern: str, path: str) -> bool:
    try:
        # What looks ahead first is about the whole path: further on it would be true of any.
        found = (re.match if pattern.startswith("(?!") else re.search)(pattern, path)
    except re.error as error:
        raise ConditionError(f'uriRegex "{pattern}" is not a regular expression: {error}.') from error
    return found is not None


def _digest(data: Data, path: str, algorithm: str) -> str:
    session = data.frame.sparkSession
    jvm: Any = session._jvm
    system, place = placed(session, path)
    opened = system.open(place)
    try:
        return str(getattr(jvm.org.apache.commons.codec.digest.DigestUtils, DIGESTS[algorithm])(opened))
    finally:
        opened.close()
