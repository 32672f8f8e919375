"""SNS: topics, who subscribes to them, and what is published, delivered to functions and HTTP endpoints."""

from studiolo.topics.model import BatchRefused, InvalidAttribute, Publication, Published, TopicDenied, Value
from studiolo.topics.store import scope_of
from studiolo.topics.topics import Topics

__all__ = [
    "BatchRefused", "InvalidAttribute", "Publication", "Published", "TopicDenied", "Topics", "Value", "scope_of",
]  # fmt: skip
