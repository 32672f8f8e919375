"""Apache Spark's Connect server inside a session's driver: on loopback, for those who have the session's token.

Spark 3.5's own start binds every address and knows no tokens, so the server is built here, over py4j. What checks the
token must be a Java object: it is compiled from the source below by Janino, Spark's compiler of its generated code.
"""

from typing import Any

from pyspark.sql import SparkSession

MESSAGE_BYTES = 128 * 1024 * 1024
"""Largest message, as `spark.connect.grpc.maxInboundMessageSize` has it."""

INTERCEPTOR = """
import org.sparkproject.connect.grpc.Metadata;
import org.sparkproject.connect.grpc.ServerCall;
import org.sparkproject.connect.grpc.ServerCallHandler;
import org.sparkproject.connect.grpc.ServerInterceptor;
import org.sparkproject.connect.grpc.Status;

public class TokenCheck implements ServerInterceptor {
    private final byte[] token;

    public TokenCheck(String token) {
        this.token = token.getBytes();
    }

    public ServerCall.Listener interceptCall(ServerCall call, Metadata headers, ServerCallHandler next) {
        if (holds(headers, "authorization") || holds(headers, "x-aws-proxy-auth")) {
            return next.startCall(call, headers);
        }
        Status refusal = Status.UNAUTHENTICATED.withDescription("The token is missing or is not this session's.");
        call.close(refusal, new Metadata());
        return new ServerCall.Listener() { };
    }

    private boolean holds(Metadata headers, String name) {
        Object value = headers.get(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER));
        if (value == null) {
            return false;
        }
        String text = value.toString();
        if (text.startsWith("Bearer ")) {
            text = text.substring(7);
        }
        return java.security.MessageDigest.isEqual(text.getBytes(), token);
    }
}
"""


def serve_connect(spark: SparkSession, token: str) -> int:
    """Serve Spark Connect clients on a free port of 127.0.0.1, which is returned."""
    jvm: Any = spark.sparkContext._jvm
    grpc = jvm.org.sparkproject.connect.grpc
    compiler = jvm.org.codehaus.janino.SimpleCompiler()
    compiler.setParentClassLoader(jvm.java.lang.Thread.currentThread().getContextClassLoader())
    compiler.cook(INTERCEPTOR)
    check = compiler.getClassLoader().loadClass("TokenCheck").getConstructors()[0]
    arguments = spark.sparkContext._gateway.new_array(jvm.java.lang.Object, 1)  # type: ignore[union-attr]
    arguments[0] = token
    builder = grpc.netty.NettyServerBuilder.forAddress(jvm.java.net.InetSocketAddress("127.0.0.1", 0))
    builder.addService(jvm.org.apache.spark.sql.connect.service.SparkConnectService(False))
    builder.intercept(check.newInstance(arguments))
    builder.maxInboundMessageSize(MESSAGE_BYTES)
    port: int = builder.build().start().getPort()
    return port
