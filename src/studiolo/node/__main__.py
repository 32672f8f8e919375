"""The daemons of a cluster: `python -m studiolo.node FOLDER`."""

import sys
from pathlib import Path

from studiolo.node.controller import run

sys.exit(run(Path(sys.argv[1])))
