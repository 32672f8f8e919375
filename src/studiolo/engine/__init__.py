"""Interactive Spark, in the words of no service: kernels, statements, the warm pool, Spark Connect."""

from studiolo.engine.engine import Engine
from studiolo.engine.model import (
    LIVING,
    UNFINISHED,
    Extras,
    Key,
    Language,
    Output,
    Session,
    SessionState,
    Statement,
    StatementState,
    Streams,
    Wanted,
)
from studiolo.engine.preparation import prepare
from studiolo.engine.provision import Words
from studiolo.engine.size import Machine, Size, this_machine, within
from studiolo.engine.submission_store import Submission, SubmissionState
from studiolo.engine.submissions import Submitter

__all__ = [
    "LIVING",
    "UNFINISHED",
    "Engine",
    "Extras",
    "Key",
    "Language",
    "Machine",
    "Output",
    "Session",
    "SessionState",
    "Size",
    "Statement",
    "StatementState",
    "Streams",
    "Submission",
    "SubmissionState",
    "Submitter",
    "Wanted",
    "Words",
    "prepare",
    "this_machine",
    "within",
]
