package studiolo;

import java.io.IOException;
import java.net.InetAddress;
import java.security.Permission;

/**
 * Has all ports of a JVM take those connections alone that Studiolo admits, by -Djava.security.manager.
 *
 * Java asks its security manager for each connection that it accepts; nothing else is asked here. It is for plain
 * sockets, as HiveServer2's, which no selector of Java's takes; a Java from 24 on has no security manager.
 */
public class PortDoor extends SecurityManager {
    public void checkAccept(String host, int port) {
        String refusal;
        try {
            String peer = InetAddress.getByName(host).getHostAddress() + ":" + port;
            refusal = Asking.refusal(peer, System.getProperty("studiolo.address") + ":0");
        } catch (IOException error) {
            refusal = error.toString();
        }
        if (refusal != null) {
            System.err.println("A connection was refused: " + refusal);
            refuse(refusal);
        }
    }

    public void checkPermission(Permission permission) { }

    public void checkPermission(Permission permission, Object context) { }

    /** As an IOException, which all that listens survives, and which this method must not declare. */
    private static void refuse(String reason) {
        REFUSED.set(reason);
        try {
            Refusal.class.newInstance();
        } catch (InstantiationException never) {
            throw new SecurityException(never.toString());
        } catch (IllegalAccessException never) {
            throw new SecurityException(never.toString());
        }
    }

    private static final ThreadLocal REFUSED = new ThreadLocal();

    public static class Refusal {
        public Refusal() throws IOException {
            throw new IOException((String) REFUSED.get());
        }
    }
}
