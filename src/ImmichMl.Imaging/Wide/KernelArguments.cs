namespace ImmichMl.Imaging.Wide;

/// <summary>Up to four rows that are filtered along together, so that each weight is loaded once for them.</summary>
readonly unsafe struct RowBlock
{
    public const int MostRows = 4;

    /// <summary>Sixteen bytes past the last row's end must be readable: kernels load whole vectors.</summary>
    public required byte* From { get; init; }

    public required nint FromStride { get; init; }

    public required byte* To { get; init; }

    public required nint ToStride { get; init; }

    public required int Count { get; init; }

    /// <summary>Kernels that always do four rows do the last one again where there are fewer.</summary>
    public int Row(int index) => Math.Min(index, Count - 1);
}

/// <summary>The pinned arrays of the resampler.</summary>
readonly unsafe struct WindowTable
{
    public required int* Starts { get; init; }

    public required int* Lengths { get; init; }

    public required int* Weights { get; init; }

    /// <summary>For each four weights their four upper halves, then their four lower halves: w = upper · 2^11 + lower.</summary>
    public required short* Halves { get; init; }

    /// <summary>Weights from one window to the next; a multiple of four, zeros behind the last.</summary>
    public required int Stride { get; init; }

    public required int Count { get; init; }
}

/// <summary>Consecutive rows with one weight each, to be summed into one row.</summary>
readonly unsafe struct Column
{
    /// <summary>Thirty-two bytes past the last row's end must be readable.</summary>
    public required byte* From { get; init; }

    public required nint Stride { get; init; }

    public required byte* To { get; init; }

    /// <summary>Of a row; not one more is written.</summary>
    public required int Bytes { get; init; }

    public required int* Weights { get; init; }

    public required short* Halves { get; init; }

    public required int Length { get; init; }
}

/// <summary>What becomes of a byte v of each channel: (v - minus) / over · scale - less, in float32, rounded after each step.</summary>
readonly struct PlaneFormula
{
    readonly float _minus, _over, _redScale, _greenScale, _blueScale, _redLess, _greenLess, _blueLess;

    public PlaneFormula(float minus, float over, Func<int, (float Scale, float Less)> channel)
    {
        (_minus, _over) = (minus, over);
        (_redScale, _redLess) = channel(0);
        (_greenScale, _greenLess) = channel(1);
        (_blueScale, _blueLess) = channel(2);
    }

    /// <param name="channel">0 red, 1 green, 2 blue.</param>
    /// <param name="v">0 to 255.</param>
    public float ValueOf(int channel, int v)
    {
        var quotient = (v - _minus) / _over;
        return channel switch
        {
            0 => (quotient * _redScale) - _redLess,
            1 => (quotient * _greenScale) - _greenLess,
            _ => (quotient * _blueScale) - _blueLess,
        };
    }
}
