// PID 1 of the guest of `Kata.Benchmarks guest-io`: puts loads on what the kernel parameter `device` names: the disk /dev/vda, vsock, or the
// network through eth0. Says on the console "guest-io: begin", for each sample "guest-io: LOAD COUNT NANOSECONDS", and "guest-io: end
// NANOSECONDS", the time since the beginning. Its host's end is HostPeer.cs.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/aio_abi.h>
#include <linux/reboot.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <time.h>
#include "guest.h"

enum { SAMPLES = 5, DEPTH = 32, SMALL = 4096, LARGE = 1 << 20, CHUNK = 1 << 16, PORT = 1024 };

static const int64_t SAMPLE_NS = 300 * 1000 * 1000;

static unsigned char buffers[DEPTH * SMALL + 4 * LARGE] __attribute__((aligned(4096)));

static void fail(const char *what)
{
    say("guest-io: failed: %s: %s\n", what, strerror(errno));
    sleep(1);
    reboot(LINUX_REBOOT_CMD_POWER_OFF);
}

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

// The first sample of a load warms up.
static void report(const char *load, int sample, int64_t count, int64_t start)
{
    int64_t time = now() - start;
    if (sample > 0)
        say("guest-io: %s %lld %lld\n", load, (long long)count, (long long)time);
}

// Keeps `depth` requests in flight. Counts requests; those in flight at the end are waited for and count, too.
static void load_disk(const char *load, int disk, int64_t blocks, int opcode, size_t size, int depth, int random)
{
    aio_context_t context = 0;
    if (syscall(SYS_io_setup, depth, &context))
        fail("io_setup");
    for (int sample = 0; sample <= SAMPLES; sample++) {
        static uint64_t state = 88172645463325252ULL;
        struct iocb requests[DEPTH];
        struct io_event events[DEPTH];
        struct iocb *ready[DEPTH];
        int64_t count = 0, next = 0, start = now();
        int in_flight = 0, free = depth;
        memset(requests, 0, sizeof requests);
        for (int i = 0; i < depth; i++) {
            requests[i].aio_lio_opcode = opcode;
            requests[i].aio_fildes = disk;
            requests[i].aio_buf = (uintptr_t)(buffers + i * size);
            requests[i].aio_nbytes = size;
            ready[i] = &requests[i];
        }
        for (;;) {
            if (now() - start < SAMPLE_NS) {
                for (int i = 0; i < free; i++) {
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    ready[i]->aio_offset = (random ? state % blocks : next++ % blocks) * size;
                }
                if (syscall(SYS_io_submit, context, free, ready) != free)
                    fail("io_submit");
                in_flight += free;
            }
            if (in_flight == 0)
                break;
            free = syscall(SYS_io_getevents, context, 1, depth, events, 0);
            for (int i = 0; i < free; i++) {
                if (events[i].res != (int64_t)size)
                    fail("a request");
                ready[i] = (struct iocb *)(uintptr_t)events[i].obj;
            }
            in_flight -= free;
            count += free;
        }
        report(load, sample, count, start);
    }
    syscall(SYS_io_destroy, context);
}

static void load_disks(void)
{
    int disk = open("/dev/vda", O_RDWR | O_DIRECT);
    int64_t bytes = disk < 0 ? 0 : lseek(disk, 0, SEEK_END);
    if (bytes < LARGE)
        fail("/dev/vda");
    load_disk("disk-random-read-1", disk, bytes / SMALL, IOCB_CMD_PREAD, SMALL, 1, 1);
    load_disk("disk-random-read-32", disk, bytes / SMALL, IOCB_CMD_PREAD, SMALL, DEPTH, 1);
    load_disk("disk-random-write-1", disk, bytes / SMALL, IOCB_CMD_PWRITE, SMALL, 1, 1);
    load_disk("disk-random-write-32", disk, bytes / SMALL, IOCB_CMD_PWRITE, SMALL, DEPTH, 1);
    load_disk("disk-read", disk, bytes / LARGE, IOCB_CMD_PREAD, LARGE, 4, 0);
    load_disk("disk-write", disk, bytes / LARGE, IOCB_CMD_PWRITE, LARGE, 4, 0);
    close(disk);
}

static int dial_vsock(void)
{
    struct sockaddr_vm host = {.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_HOST, .svm_port = PORT};
    int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&host, sizeof host))
        fail("connect through vsock");
    return fd;
}

static int dial_network(void)
{
    struct sockaddr_in host = {.sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(0x0a010001)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&host, sizeof host))
        fail("connect through eth0");
    return fd;
}

static int start(int (*dial)(void), char service)
{
    int fd = dial();
    if (write(fd, &service, 1) != 1)
        fail("choosing a service");
    return fd;
}

static void load_stream(const char *round_trips, const char *to_host, const char *to_guest, int (*dial)(void))
{
    char byte = 0;
    for (int sample = 0; sample <= SAMPLES; sample++) {
        int fd = start(dial, 'e');
        int64_t count = 0, begun = now();
        for (; now() - begun < SAMPLE_NS; count++)
            if (write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1)
                fail(round_trips);
        report(round_trips, sample, count, begun);
        close(fd);
    }
    for (int sample = 0; sample <= SAMPLES; sample++) {
        int fd = start(dial, 's');
        int64_t count = 0, begun = now();
        while (now() - begun < SAMPLE_NS) {
            ssize_t n = write(fd, buffers, CHUNK);
            if (n <= 0)
                fail(to_host);
            count += n;
        }
        // The host ends when it has read everything.
        if (shutdown(fd, SHUT_WR) || read(fd, &byte, 1) != 0)
            fail(to_host);
        report(to_host, sample, count, begun);
        close(fd);
    }
    for (int sample = 0; sample <= SAMPLES; sample++) {
        int fd = start(dial, 'g');
        int64_t count = 0, begun = now();
        while (now() - begun < SAMPLE_NS) {
            ssize_t n = read(fd, buffers, CHUNK);
            if (n <= 0)
                fail(to_guest);
            count += n;
        }
        report(to_guest, sample, count, begun);
        close(fd);
    }
}

static void start_network(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq request = {.ifr_name = "eth0"};
    *(struct sockaddr_in *)&request.ifr_addr = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a010002)};
    int failed = ioctl(fd, SIOCSIFADDR, &request);
    ((struct sockaddr_in *)&request.ifr_netmask)->sin_addr.s_addr = htonl(0xffffff00);
    failed |= ioctl(fd, SIOCSIFNETMASK, &request);
    request.ifr_flags = IFF_UP;
    failed |= ioctl(fd, SIOCSIFFLAGS, &request);
    if (failed)
        fail("eth0");
    close(fd);
}

int main(void)
{
    mount("devtmpfs", "/dev", "devtmpfs", 0, "");
    if (load_modules())
        fail("a driver");
    start_network();
    say("guest-io: begin\n");
    int64_t begun = now();
    // The kernel passes parameters that it does not know in the environment.
    const char *device = getenv("device");
    if (device && !strcmp(device, "disk"))
        load_disks();
    else if (device && !strcmp(device, "vsock"))
        load_stream("vsock-round-trips", "vsock-to-host", "vsock-to-guest", dial_vsock);
    else if (device && !strcmp(device, "network"))
        load_stream("network-round-trips", "network-to-host", "network-to-guest", dial_network);
    else
        fail("the kernel parameter device");
    say("guest-io: end %lld\n", (long long)(now() - begun));
    for (;;)
        pause();
}
