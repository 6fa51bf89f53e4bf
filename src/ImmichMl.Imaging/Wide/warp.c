/* Warping's kernels for AVX2; resample.c says why they are in C. */
#include "wide.h"

/* Of AffineWarp. */
enum { POSITION_SHIFT = 5 };

/* PerspectiveMatrix. */
struct matrix { double a, b, c, d, e, f, g, h; };

/* Pixels of a row filtered along it to 16 bits, four at a time; how many of count were made. */
int immich_ml_wide_bilinear_across(const uint8_t *row, const int *first, const uint32_t *weights, int count, int16_t *to)
{
    const __m256i pairs = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1));
    const __m256i close = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, -1, -1, -1, -1));
    const __m256i even = _mm256_setr_epi32(0, 0, 0, 0, 2, 2, 2, 2), odd = _mm256_setr_epi32(1, 1, 1, 1, 3, 3, 3, 3);
#define LOADED(n) _mm_cvtsi64_si128(load64(row + (ptrdiff_t)first[n] * PIXEL))
#define TWO(a, b) _mm256_shuffle_epi8(_mm256_inserti128_si256(_mm256_castsi128_si256(LOADED(a)), LOADED(b), 1), pairs)
    int x = 0;
    for (; x + 4 <= count; x += 4) {
        __m256i four = _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(weights + x)));
        __m256i left = _mm256_srai_epi32(_mm256_madd_epi16(TWO(x, x + 2), _mm256_permutevar8x32_epi32(four, even)), 4);
        __m256i right = _mm256_srai_epi32(_mm256_madd_epi16(TWO(x + 1, x + 3), _mm256_permutevar8x32_epi32(four, odd)), 4);
        __m256i closed = _mm256_shuffle_epi8(_mm256_packs_epi32(left, right), close);
        _mm_storeu_si128((__m128i *)(to + x * PIXEL), _mm256_castsi256_si128(closed));
        _mm_storeu_si128((__m128i *)(to + x * PIXEL + 6), _mm256_extracti128_si256(closed, 1));
    }
#undef TWO
#undef LOADED
    return x;
}

/* Two such rows mixed; how many bytes of count were made. */
int immich_ml_wide_bilinear_down(const int16_t *upper, const int16_t *lower, int a, int b, uint8_t *to, int count)
{
    const __m256i wa = _mm256_set1_epi16((int16_t)a), wb = _mm256_set1_epi16((int16_t)b), two = _mm256_set1_epi16(2);
#define MIX(at) _mm256_srai_epi16(_mm256_add_epi16(_mm256_add_epi16( \
        _mm256_mulhi_epi16(_mm256_loadu_si256((const __m256i *)(upper + (at))), wa), \
        _mm256_mulhi_epi16(_mm256_loadu_si256((const __m256i *)(lower + (at))), wb)), two), 2)
    int i = 0;
    for (; i + 32 <= count; i += 32)
        _mm256_storeu_si256((__m256i *)(to + i), _mm256_permute4x64_epi64(_mm256_packus_epi16(MIX(i), MIX(i + 16)), 0xD8));
#undef MIX
    return i;
}

static inline __m256i affine_mix(const uint8_t *pixels, ptrdiff_t stride, const int *offsets, __m256i across, __m256i down, __m256i which)
{
    /* Upper pair and lower pair of each channel: r r r r, g g g g, b b b b. */
    const __m256i pairs = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 3, 8, 11, 1, 4, 9, 12, 2, 5, 10, 13, -1, -1, -1, -1));
    const uint8_t *a = pixels + offsets[0], *b = pixels + offsets[4];
    __m256i both = _mm256_setr_epi64x(load64(a), load64(a + stride), load64(b), load64(b + stride));

    /* 255 * 32 at the most: no short overflows. */
    __m256i sums = _mm256_maddubs_epi16(_mm256_shuffle_epi8(both, pairs), _mm256_permutevar8x32_epi32(across, which));
    __m256i mixed = _mm256_madd_epi16(sums, _mm256_permutevar8x32_epi32(down, which));
    return _mm256_srai_epi32(_mm256_add_epi32(mixed, _mm256_set1_epi32(512)), 10);
}

/* Eight pixels of a warped row at once from x on, as long as all that they are made of lies inside of the source; where it stopped. */
int immich_ml_wide_affine(
    const uint8_t *pixels, int width, int height, int start_x, int start_y, const int *across_row, const int *down_row, uint8_t *to, int x,
    int end)
{
    const int stride = width * PIXEL;
    const __m256i whole = _mm256_set1_epi32(32), fraction = _mm256_set1_epi32(31), one = _mm256_set1_epi32(1);
    const __m256i first = _mm256_setr_epi32(0, 0, 0, 0, 4, 4, 4, 4);
    const __m256i second = _mm256_add_epi32(first, one), third = _mm256_add_epi32(second, one), fourth = _mm256_add_epi32(third, one);
    const __m256i close = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
    for (; x + 8 <= end; x += 8) {
        __m256i at_x = _mm256_add_epi32(_mm256_set1_epi32(start_x), _mm256_loadu_si256((const __m256i *)(across_row + x)));
        __m256i at_y = _mm256_add_epi32(_mm256_set1_epi32(start_y), _mm256_loadu_si256((const __m256i *)(down_row + x)));
        at_x = _mm256_srai_epi32(at_x, POSITION_SHIFT);
        at_y = _mm256_srai_epi32(at_y, POSITION_SHIFT);
        __m256i left = _mm256_srai_epi32(at_x, 5), top = _mm256_srai_epi32(at_y, 5);
        __m256i outside = _mm256_or_si256(_mm256_or_si256(left, top), _mm256_or_si256(
            _mm256_sub_epi32(_mm256_set1_epi32(width - 3), left), _mm256_sub_epi32(_mm256_set1_epi32(height - 2), top)));
        if (_mm256_movemask_ps(_mm256_castsi256_ps(outside)) != 0)
            break;

        int offsets[8];
        _mm256_storeu_si256((__m256i *)offsets, _mm256_add_epi32(
            _mm256_mullo_epi32(top, _mm256_set1_epi32(stride)), _mm256_mullo_epi32(left, _mm256_set1_epi32(PIXEL))));

        /* Bytes (32 - f, f) twice for the mix along the row, shorts (32 - f, f) for the mix of two rows. */
        __m256i right = _mm256_and_si256(at_x, fraction), lower = _mm256_and_si256(at_y, fraction);
        __m256i across = _mm256_or_si256(_mm256_slli_epi32(right, 8), _mm256_sub_epi32(whole, right));
        across = _mm256_or_si256(across, _mm256_slli_epi32(across, 16));
        __m256i down = _mm256_or_si256(_mm256_slli_epi32(lower, 16), _mm256_sub_epi32(whole, lower));

        /* Pixel n stands in the lower half of 128 bits, pixel n + 4 in the upper. */
        __m256i low = _mm256_packs_epi32(
            affine_mix(pixels, stride, offsets, across, down, first), affine_mix(pixels, stride, offsets + 1, across, down, second));
        __m256i high = _mm256_packs_epi32(
            affine_mix(pixels, stride, offsets + 2, across, down, third), affine_mix(pixels, stride, offsets + 3, across, down, fourth));
        __m256i bytes = _mm256_shuffle_epi8(_mm256_packus_epi16(low, high), close);
        uint8_t *out = to + (ptrdiff_t)x * PIXEL;
        __m128i upper = _mm256_extracti128_si256(bytes, 1);
        _mm_storeu_si128((__m128i *)out, _mm256_castsi256_si128(bytes));
        _mm_storel_epi64((__m128i *)(out + 12), upper);
        int32_t rest = _mm_extract_epi32(upper, 2);
        memcpy(out + 20, &rest, sizeof rest);
    }
    return x;
}

static inline __m256d mix(__m256d p1, __m256d p2, __m256d p3, __m256d p4, __m256d d)
{
    return _mm256_add_pd(p1, _mm256_mul_pd(d, _mm256_add_pd(p2, _mm256_mul_pd(d, _mm256_add_pd(p3, _mm256_mul_pd(d, p4))))));
}

/*
 * Along a row; differences of bytes are whole numbers, so those are taken before they become doubles. Sixteen bytes hold four pixels and
 * a third.
 */
static inline __m256d cubic_along(const uint8_t *from, __m256d d)
{
    const __m128i four = _mm_loadu_si128((const __m128i *)from);
#define CHANNELS(n) _mm_shuffle_epi8(four, _mm_setr_epi8(n, -1, -1, -1, n + 1, -1, -1, -1, n + 2, -1, -1, -1, -1, -1, -1, -1))
    __m128i v1 = CHANNELS(0), v2 = CHANNELS(3), v3 = CHANNELS(6), v4 = CHANNELS(9);
#undef CHANNELS
    __m128i difference = _mm_sub_epi32(v1, v2), onward = _mm_sub_epi32(v3, v4);
    return mix(
        _mm256_cvtepi32_pd(v2), _mm256_cvtepi32_pd(_mm_sub_epi32(v3, v1)),
        _mm256_cvtepi32_pd(_mm_add_epi32(_mm_add_epi32(difference, difference), onward)),
        _mm256_cvtepi32_pd(_mm_sub_epi32(_mm_setzero_si128(), _mm_add_epi32(difference, onward))), d);
}

/* Red, green, blue and nothing. */
static inline __m128i cubic_sample(const uint8_t *from, ptrdiff_t stride, double right, double lower)
{
    __m256d dx = _mm256_set1_pd(right);
    __m256d v1 = cubic_along(from, dx), v2 = cubic_along(from + stride, dx);
    __m256d v3 = cubic_along(from + 2 * stride, dx), v4 = cubic_along(from + 3 * stride, dx);
    __m256d difference = _mm256_sub_pd(v1, v2);
    return _mm256_cvttpd_epi32(mix(
        v2, _mm256_sub_pd(v3, v1), _mm256_sub_pd(_mm256_add_pd(_mm256_add_pd(difference, difference), v3), v4),
        _mm256_add_pd(_mm256_sub_pd(_mm256_sub_pd(v2, v1), v3), v4), _mm256_set1_pd(lower)));
}

/* Four pixels at once from x on, as long as none of them needs the edges of the source; where it stopped. Nothing is fused. */
int immich_ml_wide_bicubic(const uint8_t *pixels, int width, int height, const struct matrix *m, double yin, uint8_t *to, int x, int end)
{
    const ptrdiff_t stride = (ptrdiff_t)width * PIXEL;
    const __m256d a = _mm256_set1_pd(m->a), d = _mm256_set1_pd(m->d), g = _mm256_set1_pd(m->g);
    const __m256d b_row = _mm256_set1_pd(m->b * yin), e_row = _mm256_set1_pd(m->e * yin), h_row = _mm256_set1_pd(m->h * yin);
    const __m256d c = _mm256_set1_pd(m->c), f = _mm256_set1_pd(m->f), one = _mm256_set1_pd(1), half = _mm256_set1_pd(0.5);
    for (; x + 4 <= end; x += 4) {
        __m256d xin = _mm256_add_pd(_mm256_set1_pd(x + 0.5), _mm256_setr_pd(0, 1, 2, 3));
        __m256d w = _mm256_add_pd(_mm256_add_pd(_mm256_mul_pd(g, xin), h_row), one);
        __m256d from_x = _mm256_sub_pd(_mm256_div_pd(_mm256_add_pd(_mm256_add_pd(_mm256_mul_pd(a, xin), b_row), c), w), half);
        __m256d from_y = _mm256_sub_pd(_mm256_div_pd(_mm256_add_pd(_mm256_add_pd(_mm256_mul_pd(d, xin), e_row), f), w), half);
        __m256d left = _mm256_floor_pd(from_x), top = _mm256_floor_pd(from_y);

        /* Of the 4 × 4 pixels around; what is no number is nowhere. */
        __m256d inside = _mm256_and_pd(
            _mm256_and_pd(_mm256_cmp_pd(left, one, _CMP_GE_OQ), _mm256_cmp_pd(left, _mm256_set1_pd(width - 3.0), _CMP_LE_OQ)),
            _mm256_and_pd(_mm256_cmp_pd(top, one, _CMP_GE_OQ), _mm256_cmp_pd(top, _mm256_set1_pd(height - 3.0), _CMP_LE_OQ)));
        if (_mm256_movemask_pd(inside) != 15)
            break;

        double right[4], lower[4];
        int columns[4], rows[4];
        _mm256_storeu_pd(right, _mm256_sub_pd(from_x, left));
        _mm256_storeu_pd(lower, _mm256_sub_pd(from_y, top));
        _mm_storeu_si128((__m128i *)columns, _mm256_cvttpd_epi32(left));
        _mm_storeu_si128((__m128i *)rows, _mm256_cvttpd_epi32(top));
#define SAMPLE(i) cubic_sample(pixels + (rows[i] - 1) * stride + (ptrdiff_t)(columns[i] - 1) * PIXEL, stride, right[i], lower[i])
        /* Packing keeps to 0 and 255 what lies outside. */
        __m128i bytes = _mm_packus_epi16(_mm_packus_epi32(SAMPLE(0), SAMPLE(1)), _mm_packus_epi32(SAMPLE(2), SAMPLE(3)));
#undef SAMPLE
        bytes = _mm_shuffle_epi8(bytes, _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
        uint8_t *out = to + (ptrdiff_t)x * PIXEL;
        _mm_storel_epi64((__m128i *)out, bytes);
        int32_t rest = _mm_extract_epi32(bytes, 2);
        memcpy(out + 8, &rest, sizeof rest);
    }
    return x;
}
