using ImmichMl.Imaging.Wide;

namespace ImmichMl.Imaging.Resampling;

/// <summary>
/// For a run of target positions along one axis: which source positions each reads, and their weights in fixed point.
/// The arrays are pooled and this is their owner.
/// </summary>
sealed unsafe class ResampleWindows : IDisposable
{
    /// <summary>Weights are scaled by 2^22: 8 bits of pixel, 22 of weight and 2 for overshoot and sign fill 32.</summary>
    public const int FractionBits = 22;

    public const int Half = 1 << (FractionBits - 1);

    /// <summary>Of a weight that is split to fit 16-bit multiplication; the upper half keeps sign and 12 bits.</summary>
    public const int LowerBits = 11;

    readonly int _stride;
    readonly int[] _starts;
    readonly int[] _lengths;
    readonly int[] _weights;
    readonly short[] _halves;

    public ResampleWindows(int sourceSide, int targetSide, ResampleFilter filter, int first, int count)
    {
        var scale = (double)sourceSide / targetSide;
        var shrink = Math.Max(scale, 1);
        var support = filter == ResampleFilter.Nearest ? 0 : ResampleKernel.Support(filter) * shrink;
        _stride = (Math.Min((2 * (int)Math.Ceiling(support)) + 1, sourceSide) + 3) / 4 * 4;
        Count = count;
        _starts = ArrayPool<int>.Shared.Rent(count);
        _lengths = ArrayPool<int>.Shared.Rent(count);
        _weights = ArrayPool<int>.Shared.Rent(checked(count * _stride));
        _halves = ArrayPool<short>.Shared.Rent(checked(2 * count * _stride));
        if (filter == ResampleFilter.Nearest)
        {
            Pick(scale, first, sourceSide);
        }
        else
        {
            Weigh(filter, scale, first, sourceSide, support, 1 / shrink);
        }

        Split(_weights.AsSpan(0, count * _stride), _halves);
    }

    /// <summary>Windows of one position. Pillow adds the scale up, which rounds otherwise than a product.</summary>
    void Pick(double scale, int first, int sourceSide)
    {
        var position = scale * 0.5;
        for (var i = -first; i < Count; i++, position += scale)
        {
            if (i >= 0)
            {
                _starts[i] = Math.Min((int)position, sourceSide - 1);
                _lengths[i] = 1;
                _weights.AsSpan(i * _stride, _stride).Clear();
                _weights[i * _stride] = 1 << FractionBits;
            }
        }

        Longest = 1;
    }

    void Weigh(ResampleFilter filter, double scale, int first, int sourceSide, double support, double step)
    {
        var exact = ArrayPool<double>.Shared.Rent(_stride);
        for (var i = 0; i < Count; i++)
        {
            // 64 bits, for a target of many millions lies far right of a narrow source before it is clipped to it.
            var center = (first + i + 0.5) * scale;
            var start = (int)Math.Max((long)(center - support + 0.5), 0);
            var end = (int)Math.Min((long)(center + support + 0.5), sourceSide);
            _starts[i] = start;
            _lengths[i] = end - start;
            Weigh(filter, start - center + 0.5, step, exact.AsSpan(0, end - start));
            Fix(exact.AsSpan(0, end - start), _weights.AsSpan(i * _stride, _stride));
            Longest = Math.Max(Longest, end - start);
        }

        ArrayPool<double>.Shared.Return(exact);
    }

    public int Count { get; }

    /// <summary>The most source positions that one window reads.</summary>
    public int Longest { get; private set; }

    /// <summary>The first source position that any window reads; windows only ever move to the right.</summary>
    public int First => _starts[0];

    /// <summary>One past the last source position that any window reads.</summary>
    public int End => _starts[Count - 1] + _lengths[Count - 1];

    public int Start(int target) => _starts[target];

    public void Filter(KernelPath path, in RowBlock rows)
    {
        fixed (int* starts = _starts, lengths = _lengths, weights = _weights)
        fixed (short* halves = _halves)
        {
            var table = new WindowTable
            {
                Starts = starts, Lengths = lengths, Weights = weights, Halves = halves, Stride = _stride, Count = Count,
            };
            switch (path)
            {
                case KernelPath.Wide:
                    WideKernels.Horizontal(rows, table);
                    break;
                case KernelPath.Vector:
                    VectorKernel.Horizontal(rows, table);
                    break;
                default:
                    ScalarKernel.Horizontal(rows, table);
                    break;
            }
        }
    }

    /// <summary>Sums the rows of one window, the first of which lies at <paramref name="from"/>.</summary>
    public void Filter(KernelPath path, int target, byte* from, nint stride, byte* to, int bytes)
    {
        fixed (int* weights = &_weights[target * _stride])
        fixed (short* halves = &_halves[2 * target * _stride])
        {
            var column = new Column
            {
                From = from, Stride = stride, To = to, Bytes = bytes, Weights = weights, Halves = halves, Length = _lengths[target],
            };
            switch (path)
            {
                case KernelPath.Wide:
                    WideKernels.Vertical(column);
                    break;
                case KernelPath.Vector:
                    VectorKernel.Vertical(column);
                    break;
                default:
                    ScalarKernel.Vertical(column);
                    break;
            }
        }
    }

    public int Length(int target) => _lengths[target];

    public void Dispose()
    {
        ArrayPool<int>.Shared.Return(_starts);
        ArrayPool<int>.Shared.Return(_lengths);
        ArrayPool<int>.Shared.Return(_weights);
        ArrayPool<short>.Shared.Return(_halves);
    }

    static void Weigh(ResampleFilter filter, double offset, double step, Span<double> weights)
    {
        double sum = 0;
        for (var k = 0; k < weights.Length; k++)
        {
            weights[k] = ResampleKernel.Weight(filter, (k + offset) * step);
            sum += weights[k];
        }

        for (var k = 0; k < weights.Length && sum != 0; k++)
        {
            weights[k] /= sum;
        }
    }

    /// <summary>Rounds half away from zero; zeros follow.</summary>
    static void Fix(ReadOnlySpan<double> exact, Span<int> weights)
    {
        for (var k = 0; k < exact.Length; k++)
        {
            weights[k] = (int)((exact[k] * (1 << FractionBits)) + (exact[k] < 0 ? -0.5 : 0.5));
        }

        weights[exact.Length..].Clear();
    }

    static void Split(ReadOnlySpan<int> weights, Span<short> halves)
    {
        for (var k = 0; k < weights.Length; k++)
        {
            var at = (k / 4 * 8) + (k % 4);
            halves[at] = checked((short)(weights[k] >> LowerBits));
            halves[at + 4] = (short)(weights[k] & ((1 << LowerBits) - 1));
        }
    }
}
