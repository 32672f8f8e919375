"""The Livy servers of EMR's clusters."""

from collections.abc import Mapping

from studiolo.clusters.model import Cluster
from studiolo.domain import NotFound
from studiolo.livy import Livy, Place
from studiolo.sparkui import Target


class ClusterLivy:
    """Opens and closes them, at the addresses of clusters."""

    def __init__(self, livy: Livy) -> None:
        self._livy = livy

    def open(
        self,
        cluster: Cluster,
        port: int,
        master: str | None,
        master_conf: Mapping[str, str],
        conf: Mapping[str, str],
        formats: tuple[str, ...],
    ) -> None:
        """Raises Conflict where the address cannot be had."""
        self._livy.serve(
            Place(
                id=cluster.id,
                scope=cluster.scope,
                label=cluster.asked.release,
                role=cluster.asked.role,
                master=master,
                master_conf=master_conf,
                conf=conf,
                formats=formats,
                address=cluster.progress.host,
                port=port,
            )
        )

    def target(self, cluster: Cluster, application: str, role: str | None) -> Target | None:
        try:
            return self._livy.target(self._livy.place(cluster.scope, cluster.id), application, role)
        except NotFound:
            return None

    def active(self, cluster: Cluster) -> int:
        return self._livy.active(cluster.scope, cluster.id)

    def close(self, cluster: str) -> None:
        for place in self._livy.places():
            if place.id == cluster:
                self._livy.end(place.scope, place.id)
