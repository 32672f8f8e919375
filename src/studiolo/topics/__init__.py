"""SNS: topics, who subscribes to them, and what is published, delivered to functions and HTTP endpoints."""

from studiolo.topics.model import InvalidAttribute, Publication, Published, TopicDenied
from studiolo.topics.store import scope_of
from studiolo.topics.topics import Topics

__all__ = ["InvalidAttribute", "Publication", "Published", "TopicDenied", "Topics", "scope_of"]
