// PID 1 of the disk test guest: loads the modules that /modules.txt lists, reads the disk /dev/vda, writes its beginning, reads it again,
// tells on the console what it found, one line each, and powers the machine off. Checksums are FNV-1a, 64 bits.
#define _GNU_SOURCE
#include <linux/reboot.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include "guest.h"

enum { CHUNK = 1 << 18, WRITTEN = 8 << 20 };

static unsigned char chunk[CHUNK] __attribute__((aligned(4096)));

static void fail(const char *what)
{
    say("guest: %s: %s\n", what, strerror(errno));
    sleep(1);
    reboot(LINUX_REBOOT_CMD_POWER_OFF);
}

static uint64_t checksum(uint64_t hash, const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3;
    return hash;
}

static void read_all(const char *name, int flags)
{
    int fd = open("/dev/vda", O_RDONLY | flags);
    if (fd < 0)
        fail("open");
    uint64_t hash = 0xcbf29ce484222325, total = 0;
    ssize_t count;
    while ((count = read(fd, chunk, sizeof chunk)) > 0) {
        hash = checksum(hash, chunk, count);
        total += count;
    }
    if (count < 0)
        fail("read");
    close(fd);
    say("guest: %s %llu %016llx\n", name, (unsigned long long)total, (unsigned long long)hash);
}

static void write_pattern(void)
{
    int fd = open("/dev/vda", O_WRONLY);
    if (fd < 0)
        fail("open");
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < sizeof chunk; i++)
        chunk[i] = (unsigned char)(i * 31 + (i >> 8));
    for (int done = 0; done < WRITTEN; done += CHUNK) {
        chunk[0] = (unsigned char)(done / CHUNK);
        if (write(fd, chunk, sizeof chunk) != CHUNK)
            fail("write");
        hash = checksum(hash, chunk, sizeof chunk);
    }
    if (fsync(fd))
        fail("fsync");
    close(fd);
    say("guest: written %d %016llx\n", WRITTEN, (unsigned long long)hash);
}

int main(void)
{
    mount("devtmpfs", "/dev", "devtmpfs", 0, "");
    if (load_modules())
        fail("modules");
    read_all("first", O_DIRECT);
    write_pattern();
    read_all("second", 0);
    say("guest: done\n");
    sleep(1);
    reboot(LINUX_REBOOT_CMD_POWER_OFF);
}
