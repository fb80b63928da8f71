// Random reads, writes, mappings, truncations, holes and copies of one file, each checked against a copy in memory.
// Usage: file-exerciser FILE SEED OPERATIONS. Exits with 0 when the file was always what it should have been.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX (256 * 1024)

static unsigned char model[MAX], scratch[MAX];
static long size, step;
static int fd;
static const char *path, *operation;

static void fail(const char *what) {
    fprintf(stderr, "step %ld, %s: %s (%s), size %ld\n", step, operation, what, strerror(errno), size);
    exit(1);
}

static long below(long limit) { return limit <= 0 ? 0 : (long)(((unsigned long)rand() << 16 ^ (unsigned long)rand()) % (unsigned long)limit); }

static void grow(long end) {
    if (end > size) {
        memset(model + size, 0, end - size);
        size = end;
    }
}

static void compare(long offset, long length, const unsigned char *data) {
    for (long i = 0; i < length; i++) {
        if (data[i] != model[offset + i]) {
            fprintf(stderr, "offset %ld is %d instead of %d\n", offset + i, data[i], model[offset + i]);
            fail("content differs");
        }
    }
}

static void do_read(void) {
    long offset = below(size + 1), length = below(MAX - offset), expected = length < size - offset ? length : size - offset;
    if (pread(fd, scratch, length, offset) != expected)
        fail("short read");
    compare(offset, expected, scratch);
}

static void do_write(void) {
    long offset = below(MAX - 1), length = below(MAX - offset > 70000 ? 70000 : MAX - offset) + 1;
    if (offset + length > MAX)
        length = MAX - offset;
    grow(offset);
    for (long i = 0; i < length; i++)
        model[offset + i] = (unsigned char)rand();
    if (offset + length > size)
        size = offset + length;
    if (pwrite(fd, model + offset, length, offset) != length)
        fail("short write");
}

static void do_map(int writes) {
    if (size == 0)
        return;
    long offset = below(size), length = below(size - offset) + 1, start = offset & ~4095L;
    unsigned char *map = mmap(NULL, length + offset - start, PROT_READ | PROT_WRITE, MAP_SHARED, fd, start);
    if (map == MAP_FAILED)
        fail("mmap");
    if (writes) {
        for (long i = 0; i < length; i++)
            map[offset - start + i] = model[offset + i] = (unsigned char)rand();
        if (below(2) && msync(map, length + offset - start, MS_SYNC))
            fail("msync");
    } else {
        compare(offset, length, map + (offset - start));
    }
    munmap(map, length + offset - start);
}

static void do_truncate(void) {
    long length = below(MAX);
    grow(length);
    size = length;
    if (below(2) ? ftruncate(fd, length) : truncate(path, length))
        fail("truncate");
}

static void do_allocate(int mode) {
    long offset = below(MAX - 1), length = below(MAX - offset - 1) + 1;
    if (fallocate(fd, mode, offset, length)) {
        if (errno == EOPNOTSUPP)
            return;
        fail("fallocate");
    }
    if (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) {
        long end = offset + length < size ? offset + length : size;
        if (end > offset)
            memset(model + offset, 0, end - offset);
    }
    if (!(mode & FALLOC_FL_KEEP_SIZE))
        grow(offset + length);
}

static void do_copy(void) {
    if (size < 2)
        return;
    long length = below(size / 2) + 1, from = below(size - length + 1), to = below(MAX - length);
    if (from < to + length && to < from + length)
        return;
    loff_t source = from, target = to;
    long done = copy_file_range(fd, &source, fd, &target, length, 0);
    if (done < 0) {
        if (errno == EOPNOTSUPP || errno == EXDEV || errno == EINVAL)
            return;
        fail("copy_file_range");
    }
    if (done == 0)
        return;
    grow(to + done);
    memcpy(model + to, model + from, done);
}

static void do_reopen(void) {
    close(fd);
    fd = open(path, O_RDWR);
    if (fd < 0)
        fail("open");
    struct stat status;
    if (fstat(fd, &status) || status.st_size != size)
        fail("size after reopening");
}

int main(int argc, char **argv) {
    if (argc != 4)
        return 2;
    path = argv[1];
    srand(atoi(argv[2]));
    operation = "open";
    fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (fd < 0)
        fail("open");
    for (step = 0; step < atol(argv[3]); step++) {
        switch (below(11)) {
        case 0: case 1: operation = "read"; do_read(); break;
        case 2: case 3: operation = "write"; do_write(); break;
        case 4: operation = "mapped read"; do_map(0); break;
        case 5: operation = "mapped write"; do_map(1); break;
        case 6: operation = "truncate"; do_truncate(); break;
        case 7: operation = "punch hole"; do_allocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE); break;
        case 8: operation = "allocate"; do_allocate(below(2) ? FALLOC_FL_ZERO_RANGE : 0); break;
        case 9: operation = "copy"; do_copy(); break;
        case 10: operation = "reopen"; do_reopen(); break;
        }
        struct stat status;
        if (fstat(fd, &status) || status.st_size != size)
            fail("size");
    }
    if (pread(fd, scratch, MAX, 0) != size)
        fail("last read");
    compare(0, size, scratch);
    return 0;
}
