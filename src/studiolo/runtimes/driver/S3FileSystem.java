package studiolo;

import java.io.EOFException;
import java.io.IOException;
import java.net.URI;
import java.util.EnumSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.CanSetReadahead;
import org.apache.hadoop.fs.CanUnbuffer;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSDataOutputStreamBuilder;
import org.apache.hadoop.fs.FSInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FutureDataInputStreamBuilder;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.StreamCapabilities;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.fs.s3a.Constants;
import org.apache.hadoop.fs.s3a.S3AFileSystem;
import org.apache.hadoop.fs.statistics.IOStatistics;
import org.apache.hadoop.fs.statistics.IOStatisticsSource;
import org.apache.hadoop.util.Progressable;
import org.apache.hadoop.util.functional.FutureIO;
import org.apache.spark.TaskContext;

/**
 * S3A that asks less. Of each Parquet file a task of Spark 3.5 asks four times what it is: for its status and by an
 * open, once to read the footer, once to read the rows. Here the first answer serves these four.
 *
 * What is read is never stale. The status has the object's ETag, with which S3A, unless told otherwise, makes every read
 * conditional: of an object that was overwritten since, a read fails as it does where S3A's own open came just before
 * the overwriting. The status is remembered for one thread, within one attempt of a task, so it was always asked for
 * after the task had begun: what was written before that is seen. No task can tell that another's write came between its
 * four questions and not before or after them, but one that writes itself or waits for others; so a task that writes is
 * given nothing from memory, and one that looks again gets at most one answer from it, of at most a second ago.
 *
 * The end of a file, where Parquet reads eight bytes and then the footer before them, comes in one piece.
 */
public class S3FileSystem extends S3AFileSystem {
    private static final long REMEMBERED_NANOS = 1000000000L;

    private static final ThreadLocal MEMORIES = new ThreadLocal();

    private boolean conditional;

    public void initialize(URI name, Configuration given) throws IOException {
        super.initialize(name, given);
        // As told for the bucket.
        Configuration conf = getConf();
        conditional = "server".equals(conf.getTrimmed(Constants.CHANGE_DETECT_MODE, "server"))
            && "etag".equals(conf.getTrimmed(Constants.CHANGE_DETECT_SOURCE, "etag"));
    }

    public FileStatus getFileStatus(Path file) throws IOException {
        Memory memory = conditional ? memory() : null;
        if (memory == null) {
            return super.getFileStatus(file);
        }
        Path path = qualify(file);
        FileStatus known = memory.looked(this, path);
        if (known == null) {
            memory.status = null;
            known = super.getFileStatus(path);
            memory.keep(this, path, known);
        }
        return known;
    }

    public FSDataInputStream open(Path file, int buffer) throws IOException {
        Path path = qualify(file);
        Memory memory = conditional ? memory() : null;
        FileStatus known = memory == null ? null : memory.opened(this, path);
        if (known == null) {
            return super.open(path, buffer);
        }
        FutureDataInputStreamBuilder opening = openFile(path).withFileStatus(known);
        FSDataInputStream all = (FSDataInputStream) FutureIO.awaitFuture(opening.build());
        return path.getName().endsWith(".parquet") ? new FSDataInputStream(new Footed(all, known.getLen())) : all;
    }

    public FSDataOutputStream create(
        Path file, FsPermission permission, boolean overwrite, int buffer, short copies, long block, Progressable progress
    ) throws IOException {
        writes();
        return super.create(file, permission, overwrite, buffer, copies, block, progress);
    }

    public FSDataOutputStream createNonRecursive(
        Path file, FsPermission permission, EnumSet flags, int buffer, short copies, long block, Progressable progress
    ) throws IOException {
        writes();
        return super.createNonRecursive(file, permission, flags, buffer, copies, block, progress);
    }

    public FSDataOutputStreamBuilder createFile(Path file) {
        writes();
        return super.createFile(file);
    }

    public boolean rename(Path source, Path target) throws IOException {
        writes();
        return super.rename(source, target);
    }

    public boolean delete(Path file, boolean all) throws IOException {
        writes();
        return super.delete(file, all);
    }

    public void copyFromLocalFile(boolean remove, boolean overwrite, Path source, Path target) throws IOException {
        writes();
        super.copyFromLocalFile(remove, overwrite, source, target);
    }

    private static void writes() {
        Memory memory = memory();
        if (memory != null) {
            memory.written = true;
        }
    }

    /** This thread's, of the attempt of a task that it runs; null where it runs none. */
    private static Memory memory() {
        TaskContext task = TaskContext.get();
        if (task == null) {
            return null;
        }
        Memory memory = (Memory) MEMORIES.get();
        if (memory == null || memory.attempt != task.taskAttemptId()) {
            memory = new Memory(task.taskAttemptId());
            MEMORIES.set(memory);
        }
        return memory;
    }

    /** What was last asked for, and how often it may yet be told. */
    private static class Memory {
        final long attempt;
        boolean written;
        private S3AFileSystem files;
        private Path path;
        private FileStatus status;
        private long asked;
        private int looks;
        private int opens;

        Memory(long attempt) {
            this.attempt = attempt;
        }

        void keep(S3AFileSystem files, Path path, FileStatus status) {
            this.files = files;
            this.path = path;
            this.status = written || !status.isFile() ? null : status;
            asked = System.nanoTime();
            looks = 1;
            opens = 2;
        }

        FileStatus looked(S3AFileSystem files, Path path) {
            // Only between the two opens: what looks twice without one waits for a change.
            return opens == 1 && looks-- > 0 ? known(files, path) : null;
        }

        FileStatus opened(S3AFileSystem files, Path path) {
            return opens-- > 0 ? known(files, path) : null;
        }

        private FileStatus known(S3AFileSystem files, Path path) {
            boolean holds = status != null && !written && this.files == files && path.equals(this.path)
                && System.nanoTime() - asked < REMEMBERED_NANOS;
            if (!holds) {
                status = null;
            }
            return status;
        }
    }

    /** A stream whose last bytes are read at once, when the first of them is wanted. */
    private static class Footed extends FSInputStream
        implements CanSetReadahead, CanUnbuffer, IOStatisticsSource, StreamCapabilities {
        // What S3A itself reads at least at once, untold.
        private static final int FOOT = 65536;

        private final FSDataInputStream all;
        private final long length;
        private final long start;
        private long position;
        private byte[] foot;
        private boolean under;
        private boolean closed;

        Footed(FSDataInputStream all, long length) {
            this.all = all;
            this.length = length;
            start = Math.max(0L, length - FOOT);
        }

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
            int count;
            // What a read under way comes to is on its way already.
            if (under || closed || position < start || position >= length || most == 0) {
                all.seek(position);
                count = all.read(into, offset, most);
                under = true;
            } else {
                if (foot == null) {
                    byte[] read = new byte[(int) (length - start)];
                    all.readFully(start, read);
                    foot = read;
                }
                count = (int) Math.min((long) most, length - position);
                System.arraycopy(foot, (int) (position - start), into, offset, count);
            }
            position += Math.max(0, count);
            return count;
        }

        public synchronized void close() throws IOException {
            closed = true;
            foot = null;
            all.close();
        }

        public synchronized void unbuffer() {
            foot = null;
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
    }
}
