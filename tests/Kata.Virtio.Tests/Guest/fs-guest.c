// PID 1 of the test guest: loads the modules that /modules.txt lists, mounts the virtio-fs device "share", and runs /test.sh in there with
// the shared directory as its root. /result gets the exit status; the machine ends.
#define _GNU_SOURCE
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "guest.h"

static void end(const char *what) {
    fprintf(stderr, "guest: %s: %s\n", what, strerror(errno));
    sync();
    reboot(RB_AUTOBOOT);
}

int main(void) {
    mount("devtmpfs", "/dev", "devtmpfs", 0, "");
    int console = open("/dev/console", O_RDWR);
    for (int fd = 0; fd < 3; fd++)
        dup2(console, fd);
    if (load_modules())
        end("modules");
    mkdir("/mnt", 0755);
    if (mount("share", "/mnt", "virtiofs", 0, ""))
        end("mount");
    if (chdir("/mnt") || chroot("."))
        end("chroot");
    mount("devtmpfs", "/dev", "devtmpfs", 0, "");
    mount("proc", "/proc", "proc", 0, "");
    pid_t child = fork();
    if (child == 0) {
        execl("/bin/busybox", "sh", "-eu", "/test.sh", NULL);
        end("exec");
    }
    int status = -1;
    waitpid(child, &status, 0);
    FILE *result = fopen("/result", "w");
    if (result) {
        fprintf(result, "%d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
        fclose(result);
    }
    end("done");
    for (;;)
        pause();
}
