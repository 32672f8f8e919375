"""Amazon EMR Serverless: applications, job runs, sessions, its words on top of the engine."""

from studiolo.serverless.model import (
    UNFINISHED,
    Application,
    ApplicationRequest,
    HiveJob,
    Run,
    RunRequest,
    Session,
    SessionRequest,
    SparkJob,
    Utilization,
    Workers,
)
from studiolo.serverless.serverless import Serverless

__all__ = [
    "UNFINISHED",
    "Application",
    "ApplicationRequest",
    "HiveJob",
    "Run",
    "RunRequest",
    "Serverless",
    "Session",
    "SessionRequest",
    "SparkJob",
    "Utilization",
    "Workers",
]
