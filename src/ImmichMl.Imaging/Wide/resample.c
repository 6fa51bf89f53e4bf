/*
 * The kernels for AVX2, which are in C because .NET's compiler ahead of time knows no instructions that only some processors have: with
 * them allowed the whole program needs them. Built with -mavx2 into the native programs for x86-64 (wide.targets), called where
 * immich_ml_wide_runs says so (WideKernels). Each gives the bytes of the managed kernels, which say what they calculate.
 */
#include "wide.h"

/* Of ResampleWindows. */
enum { FRACTION_BITS = 22, HALF = 1 << (FRACTION_BITS - 1), LOWER_BITS = 11 };

/* KernelArguments.cs. */
struct rows { const uint8_t *from; ptrdiff_t from_stride; uint8_t *to; ptrdiff_t to_stride; int count; };
struct windows { const int *starts, *lengths, *weights; const int16_t *halves; int stride, count; };
struct column { const uint8_t *from; ptrdiff_t stride; uint8_t *to; int bytes; const int *weights; const int16_t *halves; int length; };

/* Asks the processor and the kernel; it runs where there is no AVX. */
__attribute__((target("no-avx"))) int immich_ml_wide_runs(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2");
}

static inline __m256i join(__m256i upper, __m256i lower)
{
    return _mm256_add_epi32(_mm256_slli_epi32(upper, LOWER_BITS), lower);
}

#define ADD(pairs, upper, lower, upper_sum, lower_sum) do { \
        __m256i values = (pairs); \
        (upper_sum) = _mm256_add_epi32((upper_sum), _mm256_madd_epi16(values, (upper))); \
        (lower_sum) = _mm256_add_epi32((lower_sum), _mm256_madd_epi16(values, (lower))); \
    } while (0)

/* Four bytes where the next pixel will overwrite the fourth; behind the last pixel lies another row. */
static inline void store_pixel(uint8_t *row, uint32_t pixel, int x, int count)
{
    uint8_t *to = row + (ptrdiff_t)x * PIXEL;
    if (x + 1 < count) {
        memcpy(to, &pixel, 4);
    } else {
        memcpy(to, &pixel, 2);
        to[2] = (uint8_t)(pixel >> 16);
    }
}

/*
 * Exact in 16-bit multiply-adds: a weight is upper · 2^11 + lower, each half is summed for itself, and the sums are put together at the
 * end.
 */
void immich_ml_wide_rows(const struct rows *rows, const struct windows *windows)
{
    const int count = windows->count, stride = windows->stride;
    const int *const starts = windows->starts, *const lengths = windows->lengths;
    /* Where there are fewer than four rows the last one is done again. */
#define ROW(n) ((n) < rows->count ? (n) : rows->count - 1)
    const uint8_t *const from0 = rows->from, *const from1 = from0 + ROW(1) * rows->from_stride;
    const uint8_t *const from2 = from0 + ROW(2) * rows->from_stride, *const from3 = from0 + ROW(3) * rows->from_stride;
    uint8_t *const to0 = rows->to, *const to1 = to0 + ROW(1) * rows->to_stride;
    uint8_t *const to2 = to0 + ROW(2) * rows->to_stride, *const to3 = to0 + ROW(3) * rows->to_stride;
#undef ROW

    /* Four pixels in sixteen bytes to R0 R1 R2 R3 G0 G1 G2 G3 | B0 B1 B2 B3 0 0 0 0, each 16 bits wide. */
    const __m256i spread = _mm256_setr_epi8(
        0, -1, 3, -1, 6, -1, 9, -1, 1, -1, 4, -1, 7, -1, 10, -1, 2, -1, 5, -1, 8, -1, 11, -1, -1, -1, -1, -1, -1, -1, -1, -1);
    const __m256i half = _mm256_setr_epi32(HALF, 0, HALF, 0, HALF, 0, 0, 0);
#define LOADED(i) _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(from##i + offset))), spread)
    for (int x = 0; x < count; x++) {
        const int16_t *halves = windows->halves + 2 * (ptrdiff_t)x * stride;
        ptrdiff_t offset = (ptrdiff_t)starts[x] * PIXEL, end = offset + (ptrdiff_t)lengths[x] * PIXEL;
        __m256i upper0 = _mm256_setzero_si256(), upper1 = upper0, upper2 = upper0, upper3 = upper0;
        __m256i lower0 = half, lower1 = half, lower2 = half, lower3 = half;
        for (; offset < end; offset += 4 * PIXEL, halves += 8) {
            __m256i upper = _mm256_set1_epi64x(load64(halves)), lower = _mm256_set1_epi64x(load64(halves + 4));
            ADD(LOADED(0), upper, lower, upper0, lower0);
            ADD(LOADED(1), upper, lower, upper1, lower1);
            ADD(LOADED(2), upper, lower, upper2, lower2);
            ADD(LOADED(3), upper, lower, upper3, lower3);
        }

        __m256i first = _mm256_hadd_epi32(join(upper0, lower0), join(upper1, lower1));
        __m256i second = _mm256_hadd_epi32(join(upper2, lower2), join(upper3, lower3));
        __m256i words = _mm256_packs_epi32(_mm256_srai_epi32(first, FRACTION_BITS), _mm256_srai_epi32(second, FRACTION_BITS));
        __m256i bytes = _mm256_packus_epi16(words, words);
        __m128i pixels = _mm_unpacklo_epi16(_mm256_castsi256_si128(bytes), _mm256_extracti128_si256(bytes, 1));
        store_pixel(to0, (uint32_t)_mm_extract_epi32(pixels, 0), x, count);
        store_pixel(to1, (uint32_t)_mm_extract_epi32(pixels, 1), x, count);
        store_pixel(to2, (uint32_t)_mm_extract_epi32(pixels, 2), x, count);
        store_pixel(to3, (uint32_t)_mm_extract_epi32(pixels, 3), x, count);
    }
#undef LOADED
}

static inline __m256i shifted(__m256i upper, __m256i lower)
{
    return _mm256_srai_epi32(join(upper, lower), FRACTION_BITS);
}

static inline __m256i column_sum(const struct column *column, int x)
{
    __m256i upper0 = _mm256_setzero_si256(), upper1 = upper0, upper2 = upper0, upper3 = upper0;
    __m256i lower0 = _mm256_set1_epi32(HALF), lower1 = lower0, lower2 = lower0, lower3 = lower0;
    const __m256i zero = _mm256_setzero_si256();
    const uint8_t *from = column->from + x;
    const int length = column->length;
    const ptrdiff_t stride = column->stride;
    const int16_t *const halves = column->halves;
    for (int k = 0; k < length; k += 2, from += 2 * stride) {
        /* Of each four weights two pairs of upper halves come first, then two pairs of lower ones. */
        const int16_t *pair = halves + 2 * (k / 4 * 4 + k / 2 % 2);
        __m256i upper = _mm256_set1_epi32(load32(pair)), lower = _mm256_set1_epi32(load32(pair + 4));
        __m256i a = _mm256_loadu_si256((const __m256i *)from);
        __m256i b = k + 1 < length ? _mm256_loadu_si256((const __m256i *)(from + stride)) : zero;
        __m256i low = _mm256_unpacklo_epi8(a, b), high = _mm256_unpackhi_epi8(a, b);
        ADD(_mm256_unpacklo_epi8(low, zero), upper, lower, upper0, lower0);
        ADD(_mm256_unpackhi_epi8(low, zero), upper, lower, upper1, lower1);
        ADD(_mm256_unpacklo_epi8(high, zero), upper, lower, upper2, lower2);
        ADD(_mm256_unpackhi_epi8(high, zero), upper, lower, upper3, lower3);
    }

    return _mm256_packus_epi16(
        _mm256_packs_epi32(shifted(upper0, lower0), shifted(upper1, lower1)),
        _mm256_packs_epi32(shifted(upper2, lower2), shifted(upper3, lower3)));
}

void immich_ml_wide_column(const struct column *column)
{
    int x = 0;
    for (; x + 32 <= column->bytes; x += 32)
        _mm256_storeu_si256((__m256i *)(column->to + x), column_sum(column, x));
    if (x < column->bytes) {
        uint8_t spill[32];
        _mm256_storeu_si256((__m256i *)spill, column_sum(column, x));
        memcpy(column->to + x, spill, (size_t)(column->bytes - x));
    }
}

/* PlaneFormula: what becomes of a byte of each channel. */
struct formula {
    float minus, over, scale[PIXEL], less[PIXEL];
};

/* RGB24 into planes of (v - minus) / over * scale - less; how many pixels of count were written. */
int immich_ml_wide_planes(const uint8_t *from, float *red, float *green, float *blue, int count, const struct formula *formula)
{
    static const int8_t masks[3][3][16] = {
        { { 0, 3, 6, 9, 12, 15, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1 }, { -1, -1, -1, -1, -1, -1, 2, 5, 8, 11, 14, -1, -1, -1, -1, -1 },
          { -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 1, 4, 7, 10, 13 } },
        { { 1, 4, 7, 10, 13, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1 }, { -1, -1, -1, -1, -1, 0, 3, 6, 9, 12, 15, -1, -1, -1, -1, -1 },
          { -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 2, 5, 8, 11, 14 } },
        { { 2, 5, 8, 11, 14, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1 }, { -1, -1, -1, -1, -1, 1, 4, 7, 10, 13, -1, -1, -1, -1, -1, -1 },
          { -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 3, 6, 9, 12, 15 } },
    };
    const __m256 minus = _mm256_set1_ps(formula->minus), over = _mm256_set1_ps(formula->over);
    float *const planes[3] = { red, green, blue };
    int i = 0;
    for (; i + 16 <= count; i += 16, from += 16 * PIXEL) {
        for (int c = 0; c < 3; c++) {
            const __m256 scale = _mm256_set1_ps(formula->scale[c]), less = _mm256_set1_ps(formula->less[c]);
            __m128i values = _mm_setzero_si128();
            for (int part = 0; part < 3; part++)
                values = _mm_or_si128(values, _mm_shuffle_epi8(
                    _mm_loadu_si128((const __m128i *)from + part), _mm_loadu_si128((const __m128i *)masks[c][part])));
            __m256 low = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(values));
            __m256 high = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_srli_si128(values, 8)));
            low = _mm256_div_ps(_mm256_sub_ps(low, minus), over);
            high = _mm256_div_ps(_mm256_sub_ps(high, minus), over);
            _mm256_storeu_ps(planes[c] + i, _mm256_sub_ps(_mm256_mul_ps(low, scale), less));
            _mm256_storeu_ps(planes[c] + i + 8, _mm256_sub_ps(_mm256_mul_ps(high, scale), less));
        }
    }
    return i;
}
