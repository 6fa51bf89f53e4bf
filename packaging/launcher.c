/*
 * Starts the build of a program that suits this processor: PROGRAM-v3 (x86-64-v3: AVX2, BMI, FMA) where it can run, else PROGRAM-v2.
 * Replaces itself, so that the process id, the descriptors and the environment stay what a service manager made them.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - sizeof "-v3");
    if (argc < 1 || length <= 0 || length == (ssize_t)(sizeof path - sizeof "-v3")) {
        fprintf(stderr, "immich-ml: /proc/self/exe does not say where this program is\n");
        return 1;
    }

    /* Looks at what the kernel saves on a task switch as well, not at the processor alone. */
    __builtin_cpu_init();
    int v3 = __builtin_cpu_supports("x86-64-v3");
    if (!v3 && !__builtin_cpu_supports("x86-64-v2")) {
        fprintf(stderr, "immich-ml: this processor is too old: x86-64-v2 (SSE4.2, POPCNT) is needed\n");
        return 3;
    }

    strcpy(path + length, v3 ? "-v3" : "-v2");
    execv(path, argv);
    fprintf(stderr, "immich-ml: %s: %s\n", path, strerror(errno));
    return 1;
}
