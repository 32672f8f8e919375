"""Metrics of a job, picked from the lines it prints."""

import contextlib
import json
import math
import select
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

import re2

from studiolo.containers.algorithm import MetricDefinition
from studiolo.containers.scripts import matching
from studiolo.containers.work import Metric

MOST_MEMORY = 64 << 20
"""Bytes that all patterns together may take: what goes past that would not be found."""
LONGEST_SECONDS = 10.0
"""How long a line may be tried: seconds, as the process that tries may have to start on a busy machine."""


def _quiet() -> Any:
    """RE2's options: what it cannot read it need not print as well."""
    options = re2.Options()
    options.log_errors = False
    return options


def linear(regex: str) -> Any:
    """A pattern of RE2, which takes time in proportion to the line, whatever the regular expression.

    None where RE2 has no such thing: look-arounds, references back.
    """
    try:
        return re2.compile(regex, _quiet())
    except (re2.error, UnicodeError):
        return None


def together(regexes: Sequence[str]) -> Callable[[str], Collection[str]]:
    """What finds those of RE2's patterns that a line shows, in one pass over it however many they are."""
    options = _quiet()
    options.max_mem = MOST_MEMORY
    patterns = re2.Set.SearchSet(options)
    for regex in regexes:
        patterns.Add(regex)
    try:
        patterns.Compile()
    except re2.error:
        return lambda line: regexes
    return lambda line: [regexes[index] for index in patterns.Match(line) or ()]


class Metrics:
    """The last value of each metric. A definition's first group (or its whole match) is the value.

    What is no finite number is passed over: neither JSON nor CloudWatch has a word for it.
    """

    def __init__(
        self, definitions: Iterable[MetricDefinition], say: Callable[[str], object] = lambda line: None
    ) -> None:
        # One of Python's may take years for a line, in which no signal is heard: the job could not be stopped.
        self._patterns = {each: linear(each.regex) for each in definitions}
        # Most lines show none: linear-learner's 46, one by one, take 67 µs a line, and the program waits for that.
        self._together = together([each.regex for each, pattern in self._patterns.items() if pattern is not None])
        self._backtracking = Backtracking()
        self._say = say
        self._last: dict[str, Metric] = {}

    def read(self, line: str) -> list[Metric]:
        """Take the metrics in one line."""
        found, shown = [], self._together(line)
        for definition, pattern in tuple(self._patterns.items()):
            if pattern is not None and definition.regex not in shown:
                continue
            name = definition.name
            for text in self._found(definition, line) if pattern is None else _values(pattern, line):
                try:
                    value = float(text)
                except (TypeError, ValueError):
                    continue
                if not math.isfinite(value):
                    continue
                self._last[name] = Metric(name, value, time.time())
                found.append(self._last[name])
        return found

    def _found(self, definition: MetricDefinition, line: str) -> Sequence[Any]:
        found = self._backtracking.find(definition.regex, line)
        if found is None:
            del self._patterns[definition]
            self._say(
                f"The metric {definition.name} is not read any more: its regular expression has look-arounds or "
                f"references back, and was tried on one line for {LONGEST_SECONDS:.0f} s."
            )
        return found or ()

    @property
    def final(self) -> tuple[Metric, ...]:
        return tuple(self._last.values())


def _values(pattern: Any, line: str) -> Iterable[Any]:
    return (match[1] if pattern.groups else match[0] for match in pattern.finditer(line))


class Backtracking:
    """Python's regular expressions, tried in a process of their own, which is ended where they take too long."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def find(self, regex: str, line: str) -> Sequence[Any] | None:
        """The values in the line; None where that took too long."""
        if self._process is None:
            command = [sys.executable, "-I", "-S", str(Path(matching.__file__))]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        asked, answered = self._process.stdin, self._process.stdout
        assert asked is not None
        assert answered is not None
        # Whoever reads what a program prints must not end, whatever has become of this one.
        with contextlib.suppress(OSError, ValueError):
            asked.write(f"{json.dumps([regex, line])}\n")
            asked.flush()
            if select.select([answered], [], [], LONGEST_SECONDS)[0]:
                found: Sequence[Any] = json.loads(answered.readline())
                return found
        with contextlib.suppress(OSError), self._process as process:
            process.kill()
        self._process = None
        return None
