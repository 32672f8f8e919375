"""Apache Spark's Connect server inside a session's driver: on loopback, for those who have the session's token.

Spark 3.5's own start binds every address and knows no tokens, so the server is built here, over py4j. What checks the
token is Java, on the driver's class path (`studiolo.runtimes`).
"""

from typing import Any

from pyspark.sql import SparkSession

MESSAGE_BYTES = 128 * 1024 * 1024
"""Largest message, as `spark.connect.grpc.maxInboundMessageSize` has it."""


def serve_connect(spark: SparkSession, token: str) -> int:
    """Serve Spark Connect clients on a free port of 127.0.0.1, which is returned."""
    jvm: Any = spark.sparkContext._jvm
    grpc = jvm.org.sparkproject.connect.grpc
    builder = grpc.netty.NettyServerBuilder.forAddress(jvm.java.net.InetSocketAddress("127.0.0.1", 0))
    builder.addService(jvm.org.apache.spark.sql.connect.service.SparkConnectService(False))
    builder.intercept(jvm.studiolo.TokenCheck(token))
    builder.maxInboundMessageSize(MESSAGE_BYTES)
    if not spark.version.startswith(("3.", "4.0.")):
        _give_base_session(jvm, spark)
    port: int = builder.build().start().getPort()
    return port


def _give_base_session(jvm: Any, spark: SparkSession) -> None:
    """Tell Spark 4.1 which session those of clients are made from. Its own start would; by py4j there is no Function0."""
    service = getattr(jvm, "org.apache.spark.sql.connect.service.SparkConnectService$")
    manager = service.__getattr__("MODULE$").sessionManager()
    field = manager.getClass().getDeclaredField("_baseSession")
    field.setAccessible(True)
    field.set(manager, jvm.scala.Some(spark._jsparkSession.newSession()))
