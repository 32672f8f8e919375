package studiolo;

import java.io.IOException;
import java.lang.reflect.Field;
import java.net.URI;
import java.util.EnumSet;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import com.amazonaws.AmazonClientException;
import com.amazonaws.services.s3.AmazonS3;
import com.amazonaws.services.s3.model.GetObjectRequest;
import com.amazonaws.services.s3.model.ObjectMetadata;
import com.amazonaws.services.s3.model.S3Object;
import com.amazonaws.services.s3.model.S3ObjectInputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSDataOutputStreamBuilder;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FutureDataInputStreamBuilder;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.impl.OpenFileParameters;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.fs.s3a.Constants;
import org.apache.hadoop.fs.s3a.Invoker;
import org.apache.hadoop.fs.s3a.S3AFileStatus;
import org.apache.hadoop.fs.s3a.S3AFileSystem;
import org.apache.hadoop.fs.s3a.Statistic;
import org.apache.hadoop.fs.s3a.impl.ChangeTracker;
import org.apache.hadoop.io.IOUtils;
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
 * The end of a file, where Parquet reads eight bytes and then the footer before them, comes with what it is, in one
 * request: to SeaweedFS a range costs as much as the chunk of 8 MB that it is in. What is read of Parquet is kept
 * (S3Cache), and read again once S3 has said that the object is still what it was.
 */
public class S3FileSystem extends S3AFileSystem {
    private static final long REMEMBERED_NANOS = 1000000000L;

    private static final ThreadLocal MEMORIES = new ThreadLocal();

    private static final ThreadLocal LISTED = new ThreadLocal();

    private static final String FOOT = "bytes=-" + S3Stream.FOOT;
    private static final String WHOLE = "bytes=0-";

    // Spark lists more files than these in tasks.
    private static final int MOST_LISTED = 32;

    private boolean conditional;
    private AmazonS3 client;

    public void initialize(URI name, Configuration given) throws IOException {
        super.initialize(name, given);
        // As told for the bucket.
        Configuration conf = getConf();
        conditional = "server".equals(conf.getTrimmed(Constants.CHANGE_DETECT_MODE, "server"))
            && "etag".equals(conf.getTrimmed(Constants.CHANGE_DETECT_SOURCE, "etag"));
        client = isCSEEnabled() ? null : clientOf(this);
    }

    /** The client of S3A; what it is got by in tests warns each time. */
    private static AmazonS3 clientOf(S3AFileSystem files) {
        try {
            Field field = S3AFileSystem.class.getDeclaredField("s3");
            field.setAccessible(true);
            return (AmazonS3) field.get(files);
        } catch (ReflectiveOperationException error) {
            throw new IllegalStateException(error);
        }
    }

    /** What an object is: where its bytes are wanted next, with some of them. */
    protected ObjectMetadata getObjectMetadata(String key, ChangeTracker tracker, Invoker invoker, String operation)
        throws IOException {
        Memory memory = memory();
        S3Object found = memory == null || memory.wanted == null ? null : asked(key, memory.wanted);
        if (found == null) {
            return super.getObjectMetadata(key, tracker, invoker, operation);
        }
        ObjectMetadata told = found.getObjectMetadata();
        if (memory.wanted == WHOLE) {
            memory.answer = found.getObjectContent();
        } else {
            memory.foot = footOf(found);
            if (memory.foot == null) {
                return super.getObjectMetadata(key, tracker, invoker, operation);
            }
        }
        told.setContentLength(told.getInstanceLength());
        return told;
    }

    private static boolean isKept(Path path) {
        S3Cache cache = S3Cache.get();
        return cache != null && cache.knows(path.toString());
    }

    /** Keep the foot that came with the status; or ask for it, where another state of the object was known. */
    private void keepFoot(Memory memory, Path path, long length) {
        S3Cache cache = S3Cache.get();
        if (cache == null || length == 0 || memory.foot == null && cache.has(memory.key, length - 1)) {
            return;
        }
        if (memory.foot == null) {
            S3Object found = asked(pathToKey(path), FOOT);
            if (found == null) {
                return;
            }
            byte[] foot = footOf(found);
            boolean same = memory.key.equals(S3Cache.key(found.getObjectMetadata().getETag(), path.toString()));
            memory.foot = same ? foot : null;
        }
        if (memory.foot != null) {
            cache.keep(memory.key, null, length - memory.foot.length, memory.foot, 0, memory.foot.length);
        }
    }

    /** The bytes of an answer, null where they do not all come. */
    private byte[] footOf(S3Object found) {
        byte[] foot = new byte[(int) found.getObjectMetadata().getContentLength()];
        try {
            IOUtils.readFully(found.getObjectContent(), foot, 0, foot.length);
            found.getObjectContent().close();
        } catch (IOException error) {
            found.getObjectContent().abort();
            return null;
        }
        statistics.incrementBytesRead((long) foot.length);
        return foot;
    }

    /** An object, or the end of it; null where it is not to be had so: S3A tells why. */
    private S3Object asked(String key, String range) {
        GetObjectRequest request = getRequestFactory().newGetObjectRequest(key);
        // With a range the SDK compares no checksum. It knows of none that counts from the end.
        request.setRange(0L);
        request.putCustomRequestHeader("Range", range);
        incrementStatistic(Statistic.ACTION_HTTP_GET_REQUEST);
        S3Object found;
        try {
            found = client.getObject(request);
        } catch (AmazonClientException error) {
            return null;
        }
        if (found.getObjectMetadata().getContentRange() == null || found.getObjectMetadata().getETag() == null) {
            found.getObjectContent().abort();
            return null;
        }
        return found;
    }

    public FileStatus getFileStatus(Path file) throws IOException {
        Memory memory = conditional ? memory() : null;
        if (memory == null) {
            return super.getFileStatus(file);
        }
        Path path = qualify(file);
        FileStatus known = memory.looked(this, path);
        return known == null ? look(memory, path) : known;
    }

    /** What an object is, asked for now; of Parquet with its end. */
    private FileStatus look(Memory memory, Path path) throws IOException {
        memory.forget();
        boolean footed = client != null && path.getName().endsWith(".parquet");
        memory.wanted = footed && !isKept(path) ? FOOT : null;
        FileStatus known;
        try {
            known = super.getFileStatus(path);
        } finally {
            memory.wanted = null;
        }
        memory.keep(this, path, known);
        if (footed && known.isFile()) {
            memory.key = S3Cache.key(((S3AFileStatus) known).getEtag(), path.toString());
            keepFoot(memory, path, known.getLen());
        }
        return known;
    }

    public FSDataInputStream open(Path file, int buffer) throws IOException {
        Path path = qualify(file);
        Memory memory = conditional ? memory() : null;
        FileStatus known = memory == null ? null : memory.opened(this, path);
        if (known == null && memory != null && !memory.written && path.getName().endsWith(".parquet")) {
            // S3A itself would ask now.
            known = look(memory, path);
            memory.opens = 0;
        }
        if (known == null || !known.isFile()) {
            return super.open(path, buffer);
        }
        FutureDataInputStreamBuilder opening = openFile(path).withFileStatus(known);
        FSDataInputStream all = (FSDataInputStream) FutureIO.awaitFuture(opening.build());
        return memory.key == null ? all
            : new FSDataInputStream(new S3Stream.Footed(all, known.getLen(), memory.foot, memory.key, statistics));
    }

    /** Lines are read by this. Of a file that can only be read from its beginning, they are asked for at once. */
    public CompletableFuture openFileWithOptions(Path file, OpenFileParameters parameters) throws IOException {
        Path path = qualify(file);
        Memory memory = client == null || parameters.getStatus() != null || !path.getName().endsWith(".gz") ? null : memory();
        if (memory == null) {
            return super.openFileWithOptions(path, parameters);
        }
        memory.wanted = WHOLE;
        FileStatus known;
        try {
            known = super.getFileStatus(path);
        } finally {
            memory.wanted = null;
        }
        S3ObjectInputStream answer = memory.answer;
        memory.answer = null;
        if (answer == null) {
            return super.openFileWithOptions(path, parameters.withStatus(known));
        }
        final long length = known.getLen();
        final S3ObjectInputStream begun = answer;
        return super.openFileWithOptions(path, parameters.withStatus(known)).thenApply(new Function() {
            public Object apply(Object all) {
                return new FSDataInputStream(new S3Stream.Begun((FSDataInputStream) all, length, begun));
            }
        });
    }

    /**
     * Before Spark reads the header of a CSV or JSON file it lists each of the files that it has just listed, by itself:
     * that is answered by what they were listed as, a moment before in the same call.
     */
    public FileStatus[] listStatus(Path file) throws IOException {
        Path path = qualify(file);
        FileStatus[] known = (FileStatus[]) LISTED.get();
        for (int index = 0; known != null && index < known.length; index++) {
            if (known[index].getPath().equals(path) && known[index].isFile() && infers()) {
                return new FileStatus[] {known[index]};
            }
        }
        FileStatus[] found = super.listStatus(path);
        LISTED.set(found.length > MOST_LISTED ? null : found);
        return found;
    }

    private static boolean infers() {
        StackTraceElement[] callers = new Throwable().getStackTrace();
        for (int index = 0; index < callers.length; index++) {
            if (callers[index].getMethodName().equals("createBaseDataset")) {
                return true;
            }
        }
        return false;
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
        // In these threads of a task Spark reads the schema of files that it was told of.
        if (task == null && !Thread.currentThread().getName().startsWith("readingParquetFooters")) {
            return null;
        }
        long attempt = task == null ? -1L : task.taskAttemptId();
        Memory memory = (Memory) MEMORIES.get();
        if (memory == null || memory.attempt != attempt) {
            memory = new Memory(attempt);
            MEMORIES.set(memory);
        }
        return memory;
    }

    /** What was last asked for, and how often it may yet be told. */
    private static class Memory {
        final long attempt;
        boolean written;
        // Which bytes are asked for with the status, and they.
        String wanted;
        byte[] foot;
        S3ObjectInputStream answer;
        // Of the bytes of this object that are kept.
        String key;
        private S3AFileSystem files;
        private Path path;
        private FileStatus status;
        private long asked;
        private int looks;
        private int opens;

        Memory(long attempt) {
            this.attempt = attempt;
        }

        void forget() {
            status = null;
            foot = null;
            key = null;
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
}
