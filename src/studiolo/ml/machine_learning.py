"""Machine learning as the server holds it: training and processing jobs, models, endpoints."""

import os
import shutil
from collections.abc import Mapping

from studiolo.config import Settings
from studiolo.containers.local import LocalLauncher
from studiolo.containers.ray.cluster import Cluster
from studiolo.containers.ray.launcher import RayLauncher
from studiolo.containers.surroundings import Surroundings
from studiolo.domain import Clock, Scope
from studiolo.identity import Identity
from studiolo.logs import Logs
from studiolo.metrics import Metrics
from studiolo.ml.compilation.jobs import CompilationJobs
from studiolo.ml.experiments.experiments import Experiments
from studiolo.ml.images import known_images
from studiolo.ml.jobs.queue import Queue
from studiolo.ml.monitoring.monitoring import Monitoring
from studiolo.ml.processing.jobs import ProcessingJobs
from studiolo.ml.processing.spark import SparkImages
from studiolo.ml.registry import Registry
from studiolo.ml.resources import EndpointConfigs, Models
from studiolo.ml.serving.asynchronous import AsyncInvocations
from studiolo.ml.serving.capture import Captures
from studiolo.ml.serving.components import Components
from studiolo.ml.serving.endpoints import Endpoints
from studiolo.ml.serving.invocation import Invocations
from studiolo.ml.serving.measures import CallMeasures
from studiolo.ml.serving.streaming import Streamed
from studiolo.ml.tags import Tags
from studiolo.ml.training.contract import MODEL
from studiolo.ml.training.jobs import TrainingJob, TrainingJobs
from studiolo.ml.transform.jobs import TransformJobs
from studiolo.ml.tuning.curves import Curves
from studiolo.ml.tuning.store import Store as TuningStore
from studiolo.ml.tuning.tuning import TuningJobs
from studiolo.objects import Objects
from studiolo.processes import Processes
from studiolo.state import State


class MachineLearning:
    """The jobs, models, endpoint configurations and endpoints of one data folder."""

    def __init__(
        self,
        state: State,
        processes: Processes,
        identity: Identity,
        logs: Logs,
        metrics: Metrics,
        objects: Objects,
        spark: SparkImages,
        settings: Settings,
        endpoint: str,
        s3_endpoint: str,
        clock: Clock,
    ) -> None:
        folder = settings.folder / "ml"
        self._work = folder / "jobs"
        surroundings = Surroundings(identity, logs, objects, settings.folder, endpoint, s3_endpoint)
        images = known_images(settings.folder, settings.docker)
        launcher = LocalLauncher(processes, surroundings, self._work)
        self._queue = Queue(lambda: os.cpu_count() or 1)
        cluster = Cluster(settings.ray_address) if settings.ray_address else None
        far = launcher if cluster is None else RayLauncher(processes, surroundings, self._work, cluster)
        self._far_queue = self._queue if cluster is None else Queue(cluster.cores)
        self.training = TrainingJobs(state, far, self._far_queue, surroundings, images, metrics, clock)
        self.processing = ProcessingJobs(state, far, self._far_queue, surroundings, images, spark, clock)
        self.compilation = CompilationJobs(state, launcher, self._queue, surroundings, clock)
        self.tuning = TuningJobs(TuningStore(state, clock), self.training, Curves(logs, self.training))
        self.models = Models(state, surroundings, images, clock)
        self.transform = TransformJobs(state, launcher, self._queue, surroundings, images, self.models, metrics, clock)
        self.endpoint_configs = EndpointConfigs(state, surroundings, self.models, clock)
        self.endpoints = Endpoints(
            state,
            processes,
            surroundings,
            images,
            self.models,
            self.endpoint_configs,
            metrics,
            folder / "endpoints",
            settings.serverless_idle_seconds,
            clock,
        )
        self.components = Components(
            state,
            processes,
            surroundings,
            images,
            self.models,
            self.endpoints,
            metrics,
            folder / "components",
            clock,
        )
        routes, measures, wake = self.endpoints.routes, CallMeasures(metrics), self.endpoints.wake
        self._captures = Captures(objects, clock)
        self.invocations = Invocations(routes, measures, wake, self._captures)
        self.streamed = Streamed(routes, measures)
        self.async_invocations = AsyncInvocations(
            state,
            self.endpoints,
            Invocations(routes, measures, wake, None),
            objects,
            identity,
            metrics,
            folder / "async",
            clock,
        )
        self.tags = Tags(state)
        self.registry = Registry(state, clock)
        self.training.on_completed = self._note_training
        self.experiments = Experiments(state, self.tags, clock)
        self.monitoring = Monitoring(
            state,
            surroundings,
            images,
            self.processing,
            self.endpoints,
            self._captures.flush,
            self.tags,
            clock,
        )

    def start(self) -> None:
        """Take over what a crashed server left, settle what ended, and go on with the rest in the background."""
        # What ends meanwhile waits until all is taken over: it would let others begin that may run already.
        with self._queue.lock, self._far_queue.lock:
            self.training.start()
            self.processing.start()
            self.transform.start()
            self.compilation.start()
            self._queue.advance()
            self._far_queue.advance()
        self.tuning.start()
        self.endpoints.start()
        self.components.start()
        self.async_invocations.start()
        self._captures.start()
        self.monitoring.start()

    def _note_training(self, job: TrainingJob) -> None:
        asked = job.specification
        inputs = [channel.uri for channel in asked.channels]
        self.registry.note_training(job.scope, job.name, asked.image, inputs, job.progress.outputs.get(MODEL, ""))

    def tag(self, scope: Scope, resource: str, added: Mapping[str, str]) -> dict[str, str]:
        """Add tags to a resource; all of them after that. Raises NotFound and Invalid."""
        tags = self.tags.add(scope, resource, added)
        kind, _, name = resource.rpartition(":")[2].partition("/")
        if kind == self.training.resource:
            self.training.tagged(scope, name, added)
        return tags

    def empty(self) -> None:
        """End all processes and forget everything."""
        self.monitoring.empty()
        self.components.empty()
        self.endpoints.empty()
        self._queue.closed = self._far_queue.closed = True
        self.tuning.empty()
        self.training.empty()
        self.processing.empty()
        self.transform.empty()
        self.compilation.empty()
        self.experiments.empty()
        shutil.rmtree(self._work, ignore_errors=True)
        self._queue.closed = self._far_queue.closed = False

    async def close_connections(self) -> None:
        """End the connections to serving processes, on the event loop that they belong to."""
        await self.invocations.close()

    def stop_jobs(self) -> None:
        """End the running jobs, which are Stopped, with what they leave of a model: before the store goes."""
        self.monitoring.close()
        self.tuning.close()
        self._captures.close()
        self._queue.closed = self._far_queue.closed = True
        self.training.close()
        self.processing.close()
        self.transform.close()
        self.compilation.close()

    def close(self) -> None:
        """End all other processes: endpoints come back at the next start."""
        self.async_invocations.close()
        self.components.close()
        self.endpoints.close()
