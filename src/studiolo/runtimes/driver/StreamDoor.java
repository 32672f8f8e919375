package studiolo;

import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.network.buffer.ManagedBuffer;
import org.apache.spark.network.client.RpcResponseCallback;
import org.apache.spark.network.client.StreamCallbackWithID;
import org.apache.spark.network.client.TransportClient;
import org.apache.spark.network.server.AbstractAuthRpcHandler;
import org.apache.spark.network.server.RpcHandler;
import org.apache.spark.network.server.StreamManager;
import org.apache.spark.network.server.TransportServer;
import org.apache.spark.network.server.TransportServerBootstrap;
import org.apache.spark.rpc.RpcEnv;
import org.apache.spark.scheduler.SparkListener;

/**
 * Serves the driver's files to peers that have authenticated. Spark, told to authenticate, asks so for every
 * message but those that read files, and takes ".." in their names.
 *
 * A listener only because Spark makes one with every context, also with those that a statement makes.
 */
public class StreamDoor extends SparkListener implements TransportServerBootstrap {
    public StreamDoor(SparkConf conf) throws Exception {
        RpcEnv driver = SparkEnv.get().rpcEnv();
        TransportServer server = (TransportServer) field(driver, "server");
        ((List) field(server, "bootstraps")).add(this);
    }

    private static Object field(Object object, String name) throws Exception {
        Field field = object.getClass().getDeclaredField(name);
        field.setAccessible(true);
        return field.get(object);
    }

    public RpcHandler doBootstrap(io.netty.channel.Channel channel, RpcHandler handler) {
        return handler instanceof AbstractAuthRpcHandler ? new Asking((AbstractAuthRpcHandler) handler) : handler;
    }

    static class Asking extends RpcHandler {
        private final AbstractAuthRpcHandler peer;

        Asking(AbstractAuthRpcHandler peer) {
            this.peer = peer;
        }

        public StreamManager getStreamManager() {
            return new Files(peer);
        }

        public void receive(TransportClient client, ByteBuffer message, RpcResponseCallback callback) {
            peer.receive(client, message, callback);
        }

        public void receive(TransportClient client, ByteBuffer message) {
            peer.receive(client, message);
        }

        public StreamCallbackWithID receiveStream(TransportClient client, ByteBuffer head, RpcResponseCallback after) {
            return peer.receiveStream(client, head, after);
        }

        public void channelActive(TransportClient client) {
            peer.channelActive(client);
        }

        public void channelInactive(TransportClient client) {
            peer.channelInactive(client);
        }

        public void exceptionCaught(Throwable cause, TransportClient client) {
            peer.exceptionCaught(cause, client);
        }
    }

    static class Files extends StreamManager {
        private final AbstractAuthRpcHandler peer;

        Files(AbstractAuthRpcHandler peer) {
            this.peer = peer;
        }

        public ManagedBuffer openStream(String name) {
            if (!peer.isAuthenticated()) {
                throw new SecurityException("Unauthenticated call to openStream().");
            }
            return peer.getStreamManager().openStream(name);
        }

        public ManagedBuffer getChunk(long stream, int chunk) {
            throw new UnsupportedOperationException();
        }
    }
}
