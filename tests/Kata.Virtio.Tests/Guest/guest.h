// What the test guests have in common: they are the first process, and talk to nobody but the console.
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void say(const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    int console = open("/dev/console", O_WRONLY);
    if (console >= 0) {
        (void)!write(console, text, length);
        close(console);
    }
}

// Loads the modules that /modules.txt lists. 0, or -1 after it has said which cannot be loaded.
static int load_modules(void)
{
    FILE *list = fopen("/modules.txt", "r");
    char path[256];
    while (list && fgets(path, sizeof path, list)) {
        path[strcspn(path, "\n")] = 0;
        int fd = open(path, O_RDONLY);
        if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST)) {
            say("guest: cannot load %s: %s\n", path, strerror(errno));
            return -1;
        }
        close(fd);
    }
    if (list)
        fclose(list);
    return 0;
}
