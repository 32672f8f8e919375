"""`python -m studiolo_sparkmagic pyspark|spark|python -f FILE`: the kernels of SageMaker's image SparkMagic.

They are sparkmagic's own, and IPython's. What Amazon's magics would compose of the region, the address of the Livy
endpoint of an application of EMR Serverless, is at the address that all else is at: no setting of theirs says that.
"""

import os
import sys
from importlib import import_module
from typing import Any

KERNELS = {
    "pyspark": ("sparkmagic.kernels.pysparkkernel.pysparkkernel", "PySparkKernel"),
    "spark": ("sparkmagic.kernels.sparkkernel.sparkkernel", "SparkKernel"),
    "python": ("ipykernel.ipkernel", "IPythonKernel"),
}
"""The module and the class of each."""


def lead_home(application: Any) -> None:
    """Have the class of their applications answer with our address of a Livy endpoint."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    if endpoint:
        application.get_livy_endpoint = lambda self: f"{endpoint}/livy/emr-serverless/{self.application_id}"


def main(kind: str, arguments: list[str]) -> None:
    from ipykernel.kernelapp import IPKernelApp

    lead_home(
        import_module(
            "sagemaker_studio_analytics_extension.resource.emr_serverless.emr_s_client"
        ).EMRServerlessApplication
    )
    module, name = KERNELS[kind]
    IPKernelApp.launch_instance(argv=arguments, kernel_class=getattr(import_module(module), name))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
