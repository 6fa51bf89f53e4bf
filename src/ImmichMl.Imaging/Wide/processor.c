/*
 * What a processor must have, said in one sentence before anything else runs: .NET's own words name neither the program nor what is
 * missing, and end with a core dump. Built for any x86-64 and linked beside the kernels (wide.targets).
 */
#include <string.h>
#include <unistd.h>

/* ExitCode.OperatorFault. */
enum { OPERATOR_FAULT = 3 };

static void say(const char *words)
{
    ssize_t ignored = write(STDERR_FILENO, words, strlen(words));
    (void)ignored;
}

/* x86-64-v2 is what IlcInstructionSet compiles for; ONNX Runtime needs less. */
__attribute__((constructor(101))) static void check_processor(void)
{
    __builtin_cpu_init();
    const int ssse3 = __builtin_cpu_supports("ssse3"), sse42 = __builtin_cpu_supports("sse4.2");
    const int popcnt = __builtin_cpu_supports("popcnt");
    if (ssse3 && sse42 && popcnt) {
        return;
    }

    say("immich-ml: this processor lacks");
    say(ssse3 ? "" : " SSSE3");
    say(sse42 ? "" : " SSE4.2");
    say(popcnt ? "" : " POPCNT");
    say("; it takes x86-64-v2: Intel since 2008 (Nehalem), AMD since 2011, in a virtual machine the host's processor type.\n");
    _exit(OPERATOR_FAULT);
}
