package studiolo;

import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * What was read of objects, for who reads the same again: notebooks scan the same files many times.
 *
 * It is in one file of this JVM's, which has no name and goes with it. Bytes are kept by a key that says which object, and
 * which state of it, they are of (its ETag): who asks has just been told that by S3, so is allowed to read, and what is
 * here is never stale. What was not read for a minute makes room; where nothing does, more is not kept, so that going
 * round in more than fits costs nothing.
 */
final class S3Cache {
    private static final int SLOT = 262144;
    private static final int SLOTS = 1024;
    private static final long KEPT_NANOS = 60000000000L;
    /** With less than this free on the disk nothing is kept. */
    private static final long LEFT = 4294967296L;

    private static S3Cache only;
    private static boolean tried;

    private final Map objects = new HashMap();
    private final Map states = new HashMap();
    private final Slot[] slots = new Slot[SLOTS];
    private FileChannel file;
    private int next;

    private S3Cache(FileChannel file) {
        this.file = file;
    }

    /** The one of this JVM; null where there is none. */
    static synchronized S3Cache get() {
        if (!tried) {
            tried = true;
            try {
                File made = File.createTempFile("s3-", ".cache");
                FileChannel file = FileChannel.open(made.toPath(), StandardOpenOption.READ, StandardOpenOption.WRITE);
                boolean room = made.getUsableSpace() > LEFT;
                Files.delete(made.toPath());
                only = room ? new S3Cache(file) : null;
            } catch (IOException error) {
                only = null;
            }
        }
        return only;
    }

    /** The key of an object in one state of it. */
    static String key(String etag, String path) {
        return etag + " " + path;
    }

    private static String path(String key) {
        return key.substring(key.indexOf(' ') + 1);
    }

    /** Whether there are bytes of an object, in the last state of it that was read. */
    synchronized boolean knows(String path) {
        return states.containsKey(path);
    }

    /** Whether the byte at a position is here. */
    synchronized boolean has(String key, long position) {
        return slotAt(key, position) != null;
    }

    private Slot slotAt(String key, long position) {
        TreeMap of = (TreeMap) objects.get(key);
        Map.Entry entry = of == null ? null : of.floorEntry(Long.valueOf(position));
        Slot slot = entry == null ? null : (Slot) entry.getValue();
        return slot == null || file == null || position >= slot.start + slot.length ? null : slot;
    }

    /** A stretch of an object. */
    static final class Slot {
        private final String key;
        private final long start;
        private final int index;
        private int length;
        private long used;

        private Slot(String key, long start, int index) {
            this.key = key;
            this.start = start;
            this.index = index;
        }
    }

    /** The bytes from a position on: how many, or 0 for none. */
    int read(String key, long position, byte[] into, int offset, int most) {
        Slot slot;
        int count;
        synchronized (this) {
            slot = slotAt(key, position);
            if (slot == null) {
                return 0;
            }
            slot.used = System.nanoTime();
            count = (int) Math.min((long) most, slot.start + slot.length - position);
        }
        ByteBuffer buffer = ByteBuffer.wrap(into, offset, count);
        long place = (long) slot.index * SLOT + position - slot.start;
        try {
            while (buffer.hasRemaining()) {
                int got = file.read(buffer, place);
                if (got < 0) {
                    return 0;
                }
                place += got;
            }
        } catch (IOException error) {
            return 0;
        }
        synchronized (this) {
            // Else another's bytes may have been written there meanwhile.
            return slots[slot.index] == slot ? count : 0;
        }
    }

    /** Keep bytes that begin at a position: in the slot of those before them, else in others. The slot of the last. */
    synchronized Slot keep(String key, Slot slot, long position, byte[] from, int offset, int most) {
        int left = most;
        while (left > 0 && file != null) {
            boolean goesOn = slot != null && slots[slot.index] == slot && slot.length < SLOT
                && slot.start + slot.length == position;
            slot = goesOn ? slot : taken(key, position);
            if (slot == null) {
                return null;
            }
            int count = Math.min(left, SLOT - slot.length);
            ByteBuffer buffer = ByteBuffer.wrap(from, offset + most - left, count);
            long place = (long) slot.index * SLOT + slot.length;
            try {
                while (buffer.hasRemaining()) {
                    place += file.write(buffer, place);
                }
            } catch (IOException error) {
                // The disk is full: it has better uses.
                objects.clear();
                states.clear();
                close();
                return null;
            }
            slot.length += count;
            slot.used = System.nanoTime();
            position += count;
            left -= count;
        }
        return slot;
    }

    private Slot taken(String key, long start) {
        Slot old = slots[next];
        if (old != null) {
            if (System.nanoTime() - old.used < KEPT_NANOS) {
                return null;
            }
            TreeMap of = (TreeMap) objects.get(old.key);
            if (of.get(Long.valueOf(old.start)) == old) {
                of.remove(Long.valueOf(old.start));
                if (of.isEmpty()) {
                    objects.remove(old.key);
                    if (old.key.equals(states.get(path(old.key)))) {
                        states.remove(path(old.key));
                    }
                }
            }
        }
        Slot slot = new Slot(key, start, next);
        slots[next] = slot;
        next = (next + 1) % SLOTS;
        TreeMap of = (TreeMap) objects.get(key);
        if (of == null) {
            of = new TreeMap();
            objects.put(key, of);
            states.put(path(key), key);
        }
        of.put(Long.valueOf(start), slot);
        return slot;
    }

    private void close() {
        try {
            file.close();
        } catch (IOException error) {
            // It has no name: it goes with this JVM at the latest.
        }
        file = null;
    }
}
