"""`python -m studiolo.ml.compilation.program`: compile what is in /opt/ml/input into /opt/ml/model."""

import sys

from studiolo.ml.compilation.program.compiling import main

sys.exit(main())
