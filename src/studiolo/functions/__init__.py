"""Lambda: functions as processes in the fence, under AWS's own runtime API."""

from studiolo.functions import granting
from studiolo.functions.building import functions_of
from studiolo.functions.code import LARGEST_ZIP
from studiolo.functions.errors import BadPayload, Changed, FunctionMissing, Throttled, TooLargeRequest
from studiolo.functions.functions import Functions, unreserved
from studiolo.functions.model import (
    LATEST,
    Alias,
    EventConfig,
    Function,
    Layer,
    Result,
    Settings,
    Standing,
    function_arn,
    function_named,
)
from studiolo.functions.pool import MOST
from studiolo.functions.store import THING, paged
from studiolo.functions.streams import Stream
from studiolo.functions.trusting import Trusting, is_function
from studiolo.functions.urls import BUFFERED, IAM, STREAMED, FunctionUrl

__all__ = [
    "BUFFERED", "IAM", "LARGEST_ZIP", "LATEST", "MOST", "STREAMED", "THING", "Alias", "BadPayload", "Changed",
    "EventConfig", "Function", "FunctionMissing", "FunctionUrl", "Functions", "Layer", "Result", "Settings", "Standing",
    "Stream", "Throttled", "TooLargeRequest", "Trusting", "function_arn", "function_named", "functions_of", "granting",
    "is_function", "paged", "unreserved",
]  # fmt: skip
