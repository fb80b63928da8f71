// PID 1 of the test guest: loads the modules that /modules.txt lists, then serves ports of vsock, and of TCP at 10.1.0.2 if there is a
// network card, until the machine ends.
// One line says what a port does; every connection gets a thread.
#include <linux/reboot.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include "guest.h"

enum {
    ECHO = 10,   // returns what it gets, and ends when the peer has ended
    SINK = 11,   // reads to the end, answers "<bytes> <sha256>\n"
    SOURCE = 12, // reads u64 count (little-endian), sends that many bytes of the pattern, ends
    DIAL = 13,   // reads "<port>\n", connects there, sends "hello\n", relays the first answer line back
    IGNORE = 14, // accepts and reads nothing until the peer is gone for 100 ms
    POWER = 15,  // powers the machine off
};

typedef struct {
    uint32_t h[8];
    uint64_t bytes;
    uint8_t block[64];
} sha256;

static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

#define ROTATE(x, n) ((x) >> (n) | (x) << (32 - (n)))

static void sha256_block(sha256 *s, const uint8_t *p)
{
    uint32_t w[64], v[8];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)p[4 * i] << 24 | p[4 * i + 1] << 16 | p[4 * i + 2] << 8 | p[4 * i + 3];
    for (int i = 16; i < 64; i++)
        w[i] = w[i - 16] + w[i - 7] + (ROTATE(w[i - 15], 7) ^ ROTATE(w[i - 15], 18) ^ w[i - 15] >> 3) +
               (ROTATE(w[i - 2], 17) ^ ROTATE(w[i - 2], 19) ^ w[i - 2] >> 10);
    memcpy(v, s->h, sizeof v);
    for (int i = 0; i < 64; i++) {
        uint32_t a = v[7] + (ROTATE(v[4], 6) ^ ROTATE(v[4], 11) ^ ROTATE(v[4], 25)) + ((v[4] & v[5]) ^ (~v[4] & v[6])) + K[i] + w[i];
        uint32_t b = (ROTATE(v[0], 2) ^ ROTATE(v[0], 13) ^ ROTATE(v[0], 22)) + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof *v);
        v[4] += a;
        v[0] = a + b;
    }
    for (int i = 0; i < 8; i++)
        s->h[i] += v[i];
}

static void sha256_add(sha256 *s, const uint8_t *data, size_t length)
{
    while (length > 0) {
        size_t at = s->bytes % 64, part = 64 - at < length ? 64 - at : length;
        if (part == 64)
            sha256_block(s, data);
        else {
            memcpy(s->block + at, data, part);
            if (at + part == 64)
                sha256_block(s, s->block);
        }
        s->bytes += part;
        data += part;
        length -= part;
    }
}

static void sha256_text(sha256 *s, char *text)
{
    uint64_t bits = s->bytes * 8;
    uint8_t end[72] = {0x80}, tail = (119 - s->bytes % 64) % 64 + 1;
    for (int i = 0; i < 8; i++)
        end[tail + i] = bits >> (56 - 8 * i);
    sha256_add(s, end, tail + 8);
    for (int i = 0; i < 8; i++)
        sprintf(text + 8 * i, "%08x", s->h[i]);
}

static int write_all(int fd, const void *data, size_t length)
{
    for (size_t done = 0; done < length;) {
        ssize_t n = write(fd, (const char *)data + done, length - done);
        if (n <= 0)
            return -1;
        done += n;
    }
    return 0;
}

static void serve_sink(int fd)
{
    static __thread uint8_t buffer[256 * 1024];
    sha256 s = {{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
    char text[128], digest[65];
    for (ssize_t n; (n = read(fd, buffer, sizeof buffer)) > 0;)
        sha256_add(&s, buffer, n);
    uint64_t bytes = s.bytes;
    sha256_text(&s, digest);
    write_all(fd, text, sprintf(text, "%llu %s\n", (unsigned long long)bytes, digest));
}

static void serve_source(int fd)
{
    static __thread uint8_t buffer[256 * 1024];
    uint64_t count;
    if (recv(fd, &count, sizeof count, MSG_WAITALL) != sizeof count)
        return;
    for (size_t i = 0; i < sizeof buffer; i++)
        buffer[i] = i * 31 + (i >> 8);
    while (count > 0) {
        size_t part = count < sizeof buffer ? count : sizeof buffer;
        if (write_all(fd, buffer, part))
            return;
        count -= part;
    }
}

static int dial(uint32_t port)
{
    struct sockaddr_vm host = {.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_HOST, .svm_port = port};
    int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&host, sizeof host) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static void serve_dial(int fd)
{
    char line[64] = "";
    for (size_t i = 0; i < sizeof line - 1 && read(fd, line + i, 1) == 1 && line[i] != '\n'; i++)
        ;
    int host = dial(strtoul(line, 0, 10));
    if (host < 0) {
        write_all(fd, line, snprintf(line, sizeof line, "error %s\n", strerror(errno)));
        return;
    }
    write_all(host, "hello\n", 6);
    for (char c; read(host, &c, 1) == 1 && write(fd, &c, 1) == 1 && c != '\n';)
        ;
    close(host);
}

static void *serve(void *argument)
{
    int fd = (long)argument & 0xffffff, port = (long)argument >> 24;
    char buffer[16384];
    if (port == ECHO)
        for (ssize_t n; (n = read(fd, buffer, sizeof buffer)) > 0 && write_all(fd, buffer, n) == 0;)
            ;
    else if (port == SINK)
        serve_sink(fd);
    else if (port == SOURCE)
        serve_source(fd);
    else if (port == DIAL)
        serve_dial(fd);
    else if (port == IGNORE)
        while (send(fd, "", 0, MSG_NOSIGNAL) == 0 && getppid() == 0 && usleep(100000) == 0)
            ;
    else if (port == POWER)
        reboot(LINUX_REBOOT_CMD_POWER_OFF);
    close(fd);
    return 0;
}

static void accept_all(int listener, long port)
{
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&small, 64 * 1024 + 512 * 1024);
    for (;;) {
        long fd = accept(listener, 0, 0);
        pthread_t thread;
        if (fd >= 0 && pthread_create(&thread, &small, serve, (void *)(port << 24 | fd)))
            close(fd);
    }
}

static void *listen_on_vsock(void *argument)
{
    long port = (long)argument;
    struct sockaddr_vm any = {.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = port};
    int listener = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (struct sockaddr *)&any, sizeof any) || listen(listener, 256))
        say("guest: cannot listen on %ld: %s\n", port, strerror(errno));
    accept_all(listener, port);
    return 0;
}

static void *listen_on_tcp(void *argument)
{
    long port = (long)argument;
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (struct sockaddr *)&any, sizeof any) || listen(listener, 256))
        say("guest: cannot listen on TCP port %ld: %s\n", port, strerror(errno));
    accept_all(listener, port);
    return 0;
}

// Gives eth0 its address. 0 when there is none.
static int start_network(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq request = {.ifr_name = "eth0"};
    if (ioctl(fd, SIOCGIFINDEX, &request)) {
        close(fd);
        return 0;
    }
    *(struct sockaddr_in *)&request.ifr_addr = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a010002)};
    int failed = ioctl(fd, SIOCSIFADDR, &request);
    ((struct sockaddr_in *)&request.ifr_netmask)->sin_addr.s_addr = htonl(0xffffff00);
    failed |= ioctl(fd, SIOCSIFNETMASK, &request);
    request.ifr_flags = IFF_UP;
    failed |= ioctl(fd, SIOCSIFFLAGS, &request);
    if (failed)
        say("guest: cannot set up eth0: %s\n", strerror(errno));
    close(fd);
    return 1;
}

int main(void)
{
    mount("devtmpfs", "/dev", "devtmpfs", 0, "");
    if (load_modules())
        reboot(LINUX_REBOOT_CMD_POWER_OFF);
    pthread_t thread;
    for (long port = ECHO; port <= POWER; port++)
        pthread_create(&thread, 0, listen_on_vsock, (void *)port);
    if (start_network())
        for (long port = ECHO; port <= POWER; port++)
            pthread_create(&thread, 0, listen_on_tcp, (void *)port);
    say("guest: ready\n");
    for (;;)
        pause();
}
