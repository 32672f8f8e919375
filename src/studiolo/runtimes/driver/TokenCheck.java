package studiolo;

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
