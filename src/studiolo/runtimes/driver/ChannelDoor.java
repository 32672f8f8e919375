package studiolo;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ProtocolFamily;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.Pipe;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.AbstractSelector;
import java.nio.channels.spi.SelectorProvider;
import java.util.Collections;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** Lets a Java server of HTTP take those connections alone that Studiolo admits, by a SelectorProvider. */
public final class ChannelDoor extends SelectorProvider {
    /** The sockets that this Java has connected itself: what is at the other end of them needs no asking. */
    private static final Map OWN = Collections.synchronizedMap(new WeakHashMap());

    private static final AtomicInteger LEAVING = new AtomicInteger();

    private final SelectorProvider system;

    public ChannelDoor() throws Exception {
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
        return noted(system.openSocketChannel());
    }

    public SocketChannel openSocketChannel(ProtocolFamily family) throws IOException {
        return noted(system.openSocketChannel(family));
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

    private static SocketChannel noted(SocketChannel opened) {
        OWN.put(opened, Boolean.TRUE);
        return opened;
    }

    /** Whether the other end of an accepted connection is this Java's own. */
    private static boolean isOwn(SocketChannel accepted) throws IOException {
        synchronized (OWN) {
            for (Iterator each = OWN.keySet().iterator(); each.hasNext();) {
                SocketChannel opened = (SocketChannel) each.next();
                try {
                    if (accepted.getRemoteAddress().equals(opened.getLocalAddress())
                            && accepted.getLocalAddress().equals(opened.getRemoteAddress())) {
                        return true;
                    }
                } catch (ClosedChannelException closed) {
                    each.remove();
                }
            }
        }
        return false;
    }

    /** The refusal in HTTP, which is what those who connect speak here. */
    private static void refuse(final SocketChannel channel, String reason) {
        try {
            byte[] text = (reason + "\n").getBytes("UTF-8");
            String head = "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n"
                + "Content-Length: " + text.length + "\r\n\r\n";
            channel.write(ByteBuffer.wrap(head.getBytes("US-ASCII")));
            channel.write(ByteBuffer.wrap(text));
            channel.shutdownOutput();
        } catch (IOException gone) {
            close(channel);
            return;
        }
        if (LEAVING.incrementAndGet() > 16) {
            LEAVING.decrementAndGet();
            close(channel);
            return;
        }
        Thread thread = new Thread(new Runnable() {
            public void run() {
                leave(channel);
            }
        }, "refused");
        thread.setDaemon(true);
        thread.start();
    }

    /** What is closed before the client's request was read would be reset, and the refusal lost. */
    private static void leave(SocketChannel channel) {
        try {
            channel.socket().setSoTimeout(2000);
            byte[] unread = new byte[4096];
            int blocks = 0;
            while (blocks < 64 && channel.socket().getInputStream().read(unread) > 0) {
                blocks++;
            }
        } catch (IOException gone) {
            // So much the sooner.
        } finally {
            LEAVING.decrementAndGet();
            close(channel);
        }
    }

    private static void close(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException gone) {
            // It is closed.
        }
    }

    private static String place(SocketAddress address) {
        InetSocketAddress known = (InetSocketAddress) address;
        return known.getAddress().getHostAddress() + ":" + known.getPort();
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
                if (channel == null) {
                    return null;
                }
                if (isOwn(channel)) {
                    return channel;
                }
                String refusal = Asking.refusal(place(channel.getRemoteAddress()), place(channel.getLocalAddress()));
                if (refusal == null) {
                    return channel;
                }
                refuse(channel, refusal);
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
