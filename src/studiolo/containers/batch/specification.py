"""What a batch transform is asked to do with its objects."""

from dataclasses import dataclass
from typing import Literal

Split = Literal["None", "Line", "RecordIO", "TFRecord"]
MIB = 1 << 20


@dataclass(frozen=True)
class Batch:
    """Objects at `uri` through the model at `model`, one answer object for each below `output`.

    compressed: as of `bring_model`. source, gzip: as an Input's. concurrent, payload (MiB; 0 for a body of any
    length) and single (one record a request) are left to the serving program where they are None. joined: each record
    with its answer. logs: the files of the instances' data logs, which say what became of objects. timeout (seconds)
    and retries are of one request. captured: the URI under which is told what went in and came out; identified: each
    answer gets an id, by which ground truth names it, and the time. port: where the programs listen, if not at their
    sockets.
    """

    model: str
    uri: str
    output: str
    compressed: bool = True
    source: str = "S3Prefix"
    gzip: bool = False
    content_type: str = ""
    accept: str = ""
    split: Split = "None"
    lines: bool = False
    single: bool | None = None
    concurrent: int | None = None
    payload: int | None = None
    timeout: float = 600.0
    retries: int = 3
    input_filter: str = "$"
    output_filter: str = "$"
    joined: bool = False
    logs: tuple[str, ...] = ()
    captured: str = ""
    identified: bool = False
    port: int | None = None

    @property
    def processed(self) -> bool:
        """Whether records are looked into, rather than passed on."""
        return self.joined or self.identified or self.input_filter != "$" or self.output_filter != "$"
