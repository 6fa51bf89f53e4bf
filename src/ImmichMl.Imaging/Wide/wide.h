/* What the kernels for AVX2 have in common; resample.c says why they are in C. */
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* GCC's partial redundancy elimination makes it spill the sums of its loops: a third more time. */
#if !defined(__clang__)
#pragma GCC optimize("no-tree-pre")
#endif

/* Bytes of a pixel. */
enum { PIXEL = 3 };

static inline int64_t load64(const void *from)
{
    int64_t value;
    memcpy(&value, from, sizeof value);
    return value;
}

static inline int32_t load32(const void *from)
{
    int32_t value;
    memcpy(&value, from, sizeof value);
    return value;
}
