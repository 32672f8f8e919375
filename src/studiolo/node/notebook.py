"""A kernel of a notebook that is the driver of an application of Spark's: `spark-submit notebook.py -f CONNECTION`."""

import os
import sys
import threading
import time
from typing import Any

from ipykernel.kernelapp import IPKernelApp
from pyspark.sql import SparkSession

LOOK_AGAIN = 2.0


def end_with_gateway() -> None:
    """Between the two is Java: nobody else would end it."""
    gateway = int(os.environ["JPY_PARENT_PID"])
    while True:
        try:
            os.kill(gateway, 0)
        except ProcessLookupError:
            os._exit(1)
        time.sleep(LOOK_AGAIN)


def main() -> None:
    threading.Thread(target=end_with_gateway, daemon=True).start()
    spark = SparkSession.builder.appName("PySparkShell").enableHiveSupport().getOrCreate()
    app: Any = IPKernelApp.instance()
    app.initialize(sys.argv[1:])
    app.shell.user_ns.update(spark=spark, sc=spark.sparkContext, sql=spark.sql)
    app.start()


if __name__ == "__main__":
    main()
