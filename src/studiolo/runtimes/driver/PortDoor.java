package studiolo;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.security.Permission;

/**
 * Has the plain sockets of a JVM, as HiveServer2's, take those connections alone that Studiolo admits, by
 * -Djava.security.manager.
 *
 * Java asks its security manager for each connection that it accepts; nothing else is asked here. No selector of Java's
 * takes plain sockets; a Java from 24 on has no security manager.
 */
public class PortDoor extends SecurityManager {
    public void checkAccept(String host, int port) {
        if (!isPlain()) {
            // Spark's own ports, which have doors of their own, and would be closed for good.
            return;
        }
        String refusal;
        try {
            String peer = InetAddress.getByName(host).getHostAddress() + ":" + port;
            refusal = Asking.refusal(peer, System.getProperty("studiolo.address") + ":0");
        } catch (IOException error) {
            refusal = error.toString();
        }
        if (refusal != null) {
            throw new SecurityException(refusal);
        }
    }

    private boolean isPlain() {
        Class[] calling = getClassContext();
        for (int i = 0; i < calling.length; i++) {
            if (calling[i] == ServerSocket.class) {
                return true;
            }
        }
        return false;
    }

    public void checkPermission(Permission permission) { }

    public void checkPermission(Permission permission, Object context) { }
}
