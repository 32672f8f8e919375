"""Machine learning as the server holds it: training jobs, models, endpoints."""

import os

from studiolo.config import Settings
from studiolo.containers.surroundings import Launching
from studiolo.domain import Clock
from studiolo.identity import Identity
from studiolo.logs import Logs
from studiolo.ml.images import known_images
from studiolo.ml.resources import EndpointConfigs, Models
from studiolo.ml.serving.endpoints import Endpoints
from studiolo.ml.serving.invocation import Invocations
from studiolo.ml.tags import Tags
from studiolo.ml.training.jobs import TrainingJobs
from studiolo.objects import Objects
from studiolo.processes import Processes
from studiolo.state import State


class MachineLearning:
    """The training jobs, models, endpoint configurations and endpoints of one data folder."""

    def __init__(
        self,
        state: State,
        processes: Processes,
        identity: Identity,
        logs: Logs,
        objects: Objects,
        settings: Settings,
        endpoint: str,
        s3_endpoint: str,
        clock: Clock,
    ) -> None:
        folder = settings.folder / "ml"
        launching = Launching(identity, logs, objects, settings.folder, endpoint, s3_endpoint)
        images = known_images(settings.folder)
        slots = os.cpu_count() or 1
        self.training = TrainingJobs(state, processes, launching, images, folder / "jobs", slots, clock)
        self.models = Models(state, launching, images, clock)
        self.endpoint_configs = EndpointConfigs(state, self.models, clock)
        self.endpoints = Endpoints(
            state, processes, launching, images, self.models, self.endpoint_configs, folder / "endpoints", clock
        )
        self.invocations = Invocations(self.endpoints.routes)
        self.tags = Tags(state)

    def start(self) -> None:
        """Take over what a crashed server left, settle what ended, and go on with the rest in the background."""
        self.training.start()
        self.endpoints.start()

    def empty(self) -> None:
        """End all processes and forget everything."""
        self.endpoints.empty()
        self.training.empty()

    async def close_connections(self) -> None:
        """End the connections to serving processes, on the event loop that they belong to."""
        await self.invocations.close()

    def stop_jobs(self) -> None:
        """End the running jobs, which are Stopped, with what they leave of a model: before the store goes."""
        self.training.close()

    def close(self) -> None:
        """End all other processes: endpoints come back at the next start."""
        self.endpoints.close()
