package studiolo;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import org.apache.hadoop.fs.CanSetReadahead;
import org.apache.hadoop.fs.CanUnbuffer;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.StreamCapabilities;
import org.apache.hadoop.fs.statistics.IOStatistics;
import org.apache.hadoop.fs.statistics.IOStatisticsSource;

/** A stream of S3A's of which some bytes are here already, with what was asked when the object was looked at. */
public abstract class S3Stream extends FSInputStream
    implements CanSetReadahead, CanUnbuffer, IOStatisticsSource, StreamCapabilities {
    /** What is asked for with what an object is: as much as S3A itself reads at least at once, untold. */
    public static final int FOOT = 65536;

    protected final FSDataInputStream all;
    protected final long length;
    protected long position;
    /** What a read under way comes to is on its way already. */
    protected boolean under;
    protected boolean closed;

    S3Stream(FSDataInputStream all, long length) {
        this.all = all;
        this.length = length;
    }

    /** The bytes from here on, of those at hand: how many, or 0 for none. */
    protected abstract int atHand(byte[] into, int offset, int most);

    /** Told of bytes that came of S3, and begin where this is. */
    protected abstract void came(byte[] from, int offset, int count);

    /** Forget what is at hand. */
    protected abstract void forget();

    public synchronized long getPos() {
        return position;
    }

    public synchronized void seek(long target) throws IOException {
        if (target < 0) {
            throw new EOFException("Cannot seek to a negative offset " + target);
        }
        under &= target == position;
        position = target;
    }

    public boolean seekToNewSource(long target) {
        return false;
    }

    public synchronized int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    public synchronized int read(byte[] into, int offset, int most) throws IOException {
        int count = under || closed || most == 0 ? 0 : atHand(into, offset, most);
        if (count == 0) {
            all.seek(position);
            count = all.read(into, offset, most);
            under = true;
            if (count > 0) {
                came(into, offset, count);
            }
        }
        position += Math.max(0, count);
        return count;
    }

    public synchronized void close() throws IOException {
        closed = true;
        forget();
        all.close();
    }

    public synchronized void unbuffer() {
        forget();
        all.unbuffer();
    }

    public void setReadahead(Long readahead) throws IOException {
        all.setReadahead(readahead);
    }

    public boolean hasCapability(String capability) {
        return all.hasCapability(capability);
    }

    public IOStatistics getIOStatistics() {
        return all.getIOStatistics();
    }

    /** With the last bytes of the object, and those that were read of it before. */
    public static class Footed extends S3Stream {
        private final S3Cache cache = S3Cache.get();
        private final String key;
        private final FileSystem.Statistics statistics;
        private S3Cache.Slot slot;
        private byte[] foot;

        /** foot: null where it is kept. key: says which object this is, and which state of it. */
        public Footed(FSDataInputStream all, long length, byte[] foot, String key, FileSystem.Statistics statistics) {
            super(all, length);
            this.foot = foot;
            this.key = key;
            this.statistics = statistics;
        }

        protected int atHand(byte[] into, int offset, int most) {
            if (position >= length) {
                return 0;
            }
            if (foot == null || position < length - foot.length) {
                int kept = cache == null ? 0 : cache.read(key, position, into, offset, most);
                statistics.incrementBytesRead((long) kept);
                return kept;
            }
            int count = (int) Math.min((long) most, length - position);
            System.arraycopy(foot, (int) (position - length + foot.length), into, offset, count);
            return count;
        }

        protected void came(byte[] from, int offset, int count) {
            if (cache != null) {
                slot = cache.keep(key, slot, position, from, offset, count);
            }
        }

        protected void forget() {
            foot = null;
            slot = null;
        }
    }

    /** With an answer that has the whole object, for as long as that is read on from where it is. */
    public static class Begun extends S3Stream {
        // What S3A itself reads to the end, so that the connection can be used again.
        private static final int NEAR = 1048576;

        private InputStream answer;
        private long reached;

        public Begun(FSDataInputStream all, long length, InputStream answer) {
            super(all, length);
            this.answer = answer;
        }

        protected int atHand(byte[] into, int offset, int most) {
            if (answer == null || position >= length) {
                return 0;
            }
            int count = -1;
            if (position == reached) {
                try {
                    count = answer.read(into, offset, most);
                } catch (IOException error) {
                    // S3A asks again, and again.
                    count = -1;
                }
            }
            if (count < 0) {
                forget();
                return 0;
            }
            reached += count;
            return count;
        }

        protected void came(byte[] from, int offset, int count) {
        }

        protected void forget() {
            if (answer == null) {
                return;
            }
            InputStream left = answer;
            answer = null;
            try {
                byte[] rest = new byte[length - reached > NEAR ? 0 : 65536];
                while (rest.length > 0 && left.read(rest) >= 0) {
                    continue;
                }
                if (reached < length && rest.length == 0) {
                    ((com.amazonaws.services.s3.model.S3ObjectInputStream) left).abort();
                }
                left.close();
            } catch (IOException error) {
                ((com.amazonaws.services.s3.model.S3ObjectInputStream) left).abort();
            }
        }
    }
}
