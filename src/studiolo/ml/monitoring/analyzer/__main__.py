"""`python -m studiolo.ml.monitoring.analyzer BASE`: the program of the image's container."""

import json
import os
import sys
import traceback
from pathlib import Path

from studiolo.ml.monitoring.analyzer.analysis import analyze
from studiolo.ml.monitoring.analyzer.told import Told, Unusable

MESSAGE = "output/message"
FAILED = 255
"""The image's own exit code where it fails."""


def main(base: Path) -> int:
    """Analyze on the first host: what is to be said of a dataset is of the whole of it."""
    resources = json.loads((base / "config/resourceconfig.json").read_text())
    if resources["current_host"] != resources["hosts"][0]:
        print(f"The dataset is analyzed on {resources['hosts'][0]} alone.", flush=True)
        return 0
    try:
        message = analyze(Told.of(os.environ))
    except Unusable as error:
        message = f"Error: {error}"
    except Exception as error:  # noqa: BLE001 - the scripts of people may raise whatever they like
        traceback.print_exc()
        message = f"Error: {type(error).__name__}: {error}"
    print(message, flush=True)
    (base / MESSAGE).write_text(message, encoding="utf-8")
    return FAILED if message.startswith("Error: ") else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
