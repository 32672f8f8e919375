package studiolo;

import java.io.BufferedReader;
import java.io.FileReader;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.security.Permission;

/**
 * Lets only this process's system user connect to the ports of this JVM, whatever listens there.
 *
 * Java asks its security manager for each connection that it accepts; nothing else is asked here. Whose the connection
 * is the system's table of connections says, on Linux; elsewhere everybody is let in.
 *
 * Hadoop cannot have SameUser, whose ports no selector of Java's takes, and which plain sockets do without; a Java from
 * 24 on, as Trino's, has no security manager.
 */
public class PortDoor extends SecurityManager {
    private static final String[] TABLES = {"/proc/self/net/tcp", "/proc/self/net/tcp6"};

    private static final int LOOKS = 6;

    private final String user = user();

    public void checkAccept(String host, int port) {
        boolean ours = user == null;
        try {
            ours = ours || isOurs(place(host, port));
        } catch (Exception unreadable) {
            ours = false;
        }
        if (!ours) {
            refuse();
        }
    }

    public void checkPermission(Permission permission) { }

    public void checkPermission(Permission permission, Object context) { }

    private static String user() {
        try {
            Path self = Paths.get("/proc/self", new String[0]);
            return Files.exists(Paths.get(TABLES[0], new String[0]))
                ? Files.getAttribute(self, "unix:uid").toString() : null;
        } catch (Exception noLinux) {
            return null;
        }
    }

    /** An address of IPv4 as the table has it, which is also the end of IPv6's that stands for it. */
    private static String place(String host, int port) throws IOException {
        byte[] address = InetAddress.getByName(host).getAddress();
        StringBuilder text = new StringBuilder();
        boolean little = java.nio.ByteOrder.nativeOrder() == java.nio.ByteOrder.LITTLE_ENDIAN;
        for (int i = 0; i < 4; i++) {
            int at = address.length - 4 + (little ? 3 - i : i);
            text.append(String.format("%02X", new Object[] {new Integer(address[at] & 255)}));
        }
        return text.append(String.format(":%04X", new Object[] {new Integer(port)})).toString();
    }

    /** Whether the address is ours. The table changes while it is read, and may not show what it has. */
    private boolean isOurs(String client) throws IOException, InterruptedException {
        for (int i = 0; i < LOOKS; i++) {
            Boolean ours = look(client);
            if (ours != null) {
                return ours.booleanValue();
            }
            Thread.sleep(10L * i);
        }
        return false;
    }

    /** Whether that address has sockets, and none of another user's; null if none. What is closed has no owner. */
    private Boolean look(String client) throws IOException {
        boolean found = false;
        for (int i = 0; i < TABLES.length; i++) {
            BufferedReader table = new BufferedReader(new FileReader(TABLES[i]));
            try {
                String line = table.readLine();
                while ((line = table.readLine()) != null) {
                    String[] row = line.trim().split("\\s+");
                    if (row[1].endsWith(client) && !row[9].equals("0")) {
                        if (!row[7].equals(user)) {
                            return Boolean.FALSE;
                        }
                        found = true;
                    }
                }
            } finally {
                table.close();
            }
        }
        return found ? Boolean.TRUE : null;
    }

    /** As an IOException, which all that listens survives: a DataNode ends at other ones. */
    private static void refuse() {
        try {
            Refusal.class.newInstance();
        } catch (InstantiationException never) {
            throw new SecurityException(never.toString());
        } catch (IllegalAccessException never) {
            throw new SecurityException(never.toString());
        }
    }

    public static class Refusal {
        public Refusal() throws IOException {
            throw new IOException("The connection is of another user of this machine, and is refused.");
        }
    }
}
