"""Amazon EMR Serverless: applications, job runs, interactive sessions, tags."""

from studiolo.services.emr_serverless import applications, job_runs, sessions, tags
from studiolo.services.emr_serverless.service import emr_serverless

__all__ = ["applications", "emr_serverless", "job_runs", "sessions", "tags"]
