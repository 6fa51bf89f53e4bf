namespace ImmichMl.Imaging.Warping;

/// <summary>For each place of the target the source place that it starts from and two weights that add up to 2048.</summary>
readonly unsafe ref struct LinearTaps
{
    public const int One = 2048;

    /// <summary>What each place takes of the memory that is handed in.</summary>
    public const int BytesPerPlace = sizeof(int) + sizeof(uint);

    public readonly int* First;

    /// <summary>Both weights of a place as the two halves of one number, the first below.</summary>
    public readonly uint* Pairs;

    public readonly int Count;

    /// <param name="source">Length of the side that is read.</param>
    /// <param name="target">Length of the side that is made.</param>
    /// <param name="places">Which of its places are wanted; they are numbered from 0 here.</param>
    /// <param name="clamp">Whether a place outside takes the edge pixel alone. OpenCV does so along the rows; down the
    /// columns it keeps both weights and repeats the edge row, which rounds differently.</param>
    /// <param name="memory">Where they lie.</param>
    public LinearTaps(int source, int target, RowBand places, bool clamp, byte* memory)
    {
        Count = places.Count;
        First = (int*)memory;
        Pairs = (uint*)(First + Count);

        // Two divisions in double and then one rounding to single, as OpenCV has them.
        var scale = 1 / ((double)target / source);
        for (var i = 0; i < Count; i++)
        {
            var at = (float)(((places.First + i + 0.5) * scale) - 0.5);
            var first = (int)MathF.Floor(at);
            var fraction = at - first;
            if (clamp && (first < 0 || first >= source - 1))
            {
                (first, fraction) = (Math.Clamp(first, 0, source - 1), 0);
            }

            First[i] = first;
            Pairs[i] = (ushort)(short)MathF.Round((1 - fraction) * One) | ((uint)(ushort)(short)MathF.Round(fraction * One) << 16);
        }
    }

    public short FirstWeight(int place) => (short)Pairs[place];

    public short SecondWeight(int place) => (short)(Pairs[place] >> 16);
}
