package studiolo;

import java.io.BufferedReader;
import java.io.File;
import java.io.FileReader;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.security.Permission;
import java.util.ArrayList;
import java.util.List;

/**
 * Lets those alone connect to the ports of this JVM, whatever listens there, who are in its own fence, or whom Studiolo
 * admits.
 *
 * Java asks its security manager for each connection that it accepts; nothing else is asked here. Whose the connection
 * is the system's table of connections says, on Linux; elsewhere everybody is let in.
 *
 * Hadoop cannot have ChannelDoor, whose ports no selector of Java's takes, and which plain sockets do without; a Java
 * from 24 on, as Trino's, has no security manager.
 */
public class PortDoor extends SecurityManager {
    private static final String[] TABLES = {"/proc/self/net/tcp", "/proc/self/net/tcp6"};

    private static final int LOOKS = 6;

    private final String user = user();

    public void checkAccept(String host, int port) {
        boolean admitted = user == null;
        try {
            admitted = admitted || isAdmitted(host, port);
        } catch (Exception unreadable) {
            admitted = false;
        }
        if (!admitted) {
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
        for (int i = 0; i < 4; i++) {
            int at = address.length - 4 + (isLittle() ? 3 - i : i);
            text.append(String.format("%02X", new Object[] {new Integer(address[at] & 255)}));
        }
        return text.append(String.format(":%04X", new Object[] {new Integer(port)})).toString();
    }

    /** The same, as people write it. */
    private static String shown(String place) {
        int colon = place.indexOf(':');
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 4; i++) {
            int at = colon - 8 + 2 * (isLittle() ? 3 - i : i);
            text.append(Integer.parseInt(place.substring(at, at + 2), 16)).append(i < 3 ? "." : "");
        }
        return text.append(":").append(Integer.parseInt(place.substring(colon + 1), 16)).toString();
    }

    private static boolean isLittle() {
        return ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;
    }

    private boolean isAdmitted(String host, int port) throws IOException, InterruptedException {
        String client = place(host, port);
        List rows = new ArrayList();
        // The table changes while it is read, and may not show what it has.
        for (int i = 0; i < LOOKS && rows.isEmpty(); i++) {
            Thread.sleep(10L * i);
            rows = rows(client);
        }
        String server = null;
        for (int i = 0; i < rows.size(); i++) {
            String[] row = (String[]) rows.get(i);
            if (!row[7].equals(user)) {
                return false;
            }
            if (isHere("socket:[" + row[9] + "]")) {
                return true;
            }
            server = row[2];
        }
        return server != null && Asking.refusal(shown(client), shown(server)) == null;
    }

    /** The sockets of that address. What is closed has no owner, and no inode. */
    private static List rows(String client) throws IOException {
        List found = new ArrayList();
        for (int i = 0; i < TABLES.length; i++) {
            BufferedReader table = new BufferedReader(new FileReader(TABLES[i]));
            try {
                String line = table.readLine();
                while ((line = table.readLine()) != null) {
                    String[] row = line.trim().split("\\s+");
                    if (row[1].endsWith(client) && !row[9].equals("0")) {
                        found.add(row);
                    }
                }
            } finally {
                table.close();
            }
        }
        return found;
    }

    /** Whether a process has that socket that this one sees: those of its own fence. */
    private static boolean isHere(String socket) {
        String[] processes = new File("/proc").list();
        for (int i = 0; i < processes.length; i++) {
            String[] open = Character.isDigit(processes[i].charAt(0)) ? new File("/proc/" + processes[i] + "/fd").list() : null;
            for (int j = 0; open != null && j < open.length; j++) {
                try {
                    Path link = Paths.get("/proc/" + processes[i] + "/fd/" + open[j], new String[0]);
                    if (Files.readSymbolicLink(link).toString().equals(socket)) {
                        return true;
                    }
                } catch (IOException gone) {
                    // So it is not that one.
                }
            }
        }
        return false;
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
            throw new IOException("The connection is of somebody whom Studiolo does not admit, and is refused.");
        }
    }
}
