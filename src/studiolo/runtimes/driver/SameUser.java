package studiolo;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ProtocolFamily;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.DatagramChannel;
import java.nio.channels.Pipe;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.AbstractSelector;
import java.nio.channels.spi.SelectorProvider;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Set;

/**
 * Lets a Java server take connections of its own system user alone, by -Djava.nio.channels.spi.SelectorProvider.
 * Linux's table of connections says whose the other end is.
 */
public final class SameUser extends SelectorProvider {
    private final SelectorProvider system;

    public SameUser() throws Exception {
        // What there would be without this class.
        system = (SelectorProvider) Class.forName("sun.nio.ch.DefaultSelectorProvider").getMethod("get", new Class[0])
            .invoke(null, new Object[0]);
    }

    public ServerSocketChannel openServerSocketChannel() throws IOException {
        return new Door(this, system.openServerSocketChannel());
    }

    public ServerSocketChannel openServerSocketChannel(ProtocolFamily family) throws IOException {
        ServerSocketChannel opened = system.openServerSocketChannel(family);
        return family.name().equals("UNIX") ? opened : new Door(this, opened);
    }

    public SocketChannel openSocketChannel() throws IOException {
        return system.openSocketChannel();
    }

    public SocketChannel openSocketChannel(ProtocolFamily family) throws IOException {
        return system.openSocketChannel(family);
    }

    public DatagramChannel openDatagramChannel() throws IOException {
        return system.openDatagramChannel();
    }

    public DatagramChannel openDatagramChannel(ProtocolFamily family) throws IOException {
        return system.openDatagramChannel(family);
    }

    public Pipe openPipe() throws IOException {
        return system.openPipe();
    }

    public AbstractSelector openSelector() throws IOException {
        return system.openSelector();
    }

    /** Whether this process's user has the socket at the other end. */
    static boolean isOfSameUser(SocketChannel channel) {
        try {
            String peer = hex(channel.getRemoteAddress());
            String own = hex(channel.getLocalAddress());
            Object user = Files.getAttribute(Paths.get("/proc/self"), "unix:uid");
            return has(Paths.get("/proc/self/net/tcp"), peer, own, user)
                || has(Paths.get("/proc/self/net/tcp6"), peer, own, user);
        } catch (Exception error) {
            return false;
        }
    }

    private static boolean has(Path table, String local, String remote, Object user) throws IOException {
        if (!Files.exists(table)) {
            return false;
        }
        String[] rows = new String(Files.readAllBytes(table), "US-ASCII").split("\n");
        for (int i = 1; i < rows.length; i++) {
            String[] row = rows[i].trim().split(" +");
            // An address of IPv4 is the end of IPv6's that stands for it. What was closed has no inode, and no owner.
            if (row[1].endsWith(local) && row[2].endsWith(remote) && !row[9].equals("0")) {
                return row[7].equals(user.toString());
            }
        }
        return false;
    }

    private static String hex(SocketAddress address) {
        InetSocketAddress known = (InetSocketAddress) address;
        byte[] bytes = known.getAddress().getAddress();
        if (bytes.length != 4) {
            throw new IllegalArgumentException("not of IPv4");
        }
        int number = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()).getInt();
        return String.format("%08X:%04X", new Object[] {Integer.valueOf(number), Integer.valueOf(known.getPort())});
    }

    private static final class Door extends ServerSocketChannel {
        private final ServerSocketChannel inner;

        Door(SelectorProvider provider, ServerSocketChannel inner) {
            super(provider);
            this.inner = inner;
        }

        public SocketChannel accept() throws IOException {
            while (true) {
                SocketChannel channel = inner.accept();
                if (channel == null || isOfSameUser(channel)) {
                    return channel;
                }
                channel.close();
            }
        }

        public ServerSocketChannel bind(SocketAddress local, int backlog) throws IOException {
            inner.bind(local, backlog);
            return this;
        }

        public <T> ServerSocketChannel setOption(SocketOption<T> name, T value) throws IOException {
            inner.setOption(name, value);
            return this;
        }

        public <T> T getOption(SocketOption<T> name) throws IOException {
            return inner.getOption(name);
        }

        public Set<SocketOption<?>> supportedOptions() {
            return inner.supportedOptions();
        }

        public ServerSocket socket() {
            return inner.socket();
        }

        public SocketAddress getLocalAddress() throws IOException {
            return inner.getLocalAddress();
        }

        protected void implCloseSelectableChannel() throws IOException {
            inner.close();
        }

        protected void implConfigureBlocking(boolean block) throws IOException {
            inner.configureBlocking(block);
        }
    }
}
