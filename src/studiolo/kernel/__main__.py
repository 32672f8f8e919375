"""`python -m studiolo.kernel FOLDER`: the kernel of the session in that folder."""

import json
import sys
from pathlib import Path

from studiolo.kernel.driver import Driver

folder = Path(sys.argv[1])
launch = json.loads((folder / "launch.json").read_text())
# Before all else: Java starts while Python imports, and Spark while IPython does.
driver = Driver(launch, folder / "tmp") if launch["engine"] == "spark" else None

from studiolo.kernel.output import SessionLog  # noqa: E402
from studiolo.kernel.start import EngineStart  # noqa: E402

log = SessionLog()
starting = EngineStart(folder, launch, driver, log)

from studiolo.kernel.program import main  # noqa: E402

sys.exit(main(folder, launch, starting, log))
