"""What the kernel "Spark Connect" runs first: `spark` is a session of Glue that the first cell makes, as the space's role.

It ends with the kernel, or when it was idle for an hour.
"""


def _connect_lately() -> None:
    import atexit
    import os
    import time
    import uuid
    from typing import Any

    import IPython

    shell: Any = IPython.get_ipython()  # type: ignore[attr-defined,no-untyped-call]

    def connect(*_: Any) -> None:
        shell.events.unregister("pre_run_cell", connect)
        import boto3
        from pyspark.sql import SparkSession

        print("Starting a Spark Connect session ...")  # noqa: T201 (in the first cell)
        glue: Any = boto3.client("glue")
        name = f"connect-{os.environ.get('SAGEMAKER_SPACE_NAME', 'studio')}-{uuid.uuid4().hex[:8]}"
        glue.create_session(
            Id=name,
            Role=os.environ["glue_role_arn"],  # noqa: SIM112 (as Glue's own kernel calls it)
            Command={"Name": "glueetl", "PythonVersion": "3"},
            SessionType="SPARK_CONNECT",
            WorkerType="G.1X",
            NumberOfWorkers=2,
            IdleTimeout=60,
        )
        atexit.register(lambda: glue.stop_session(Id=name))
        while (session := glue.get_session(Id=name)["Session"])["Status"] == "PROVISIONING":
            time.sleep(0.2)
        if session["Status"] != "READY":
            raise RuntimeError(f"The session {name} is {session['Status']}. {session.get('ErrorMessage', '')}")
        found = glue.get_session_endpoint(SessionId=name)["SparkConnect"]
        address = f"{found['Url']}/;authorization=Bearer%20{found['AuthToken']}"
        shell.user_ns["spark"] = SparkSession.builder.remote(address).getOrCreate()
        print(f"`spark` is the Glue session {name}.")  # noqa: T201

    shell.events.register("pre_run_cell", connect)


_connect_lately()
del _connect_lately
