namespace ImmichMl.Imaging.Warping;

/// <summary>For each position of the target the source position that it starts from and two weights that add up to 2048.</summary>
readonly unsafe ref struct LinearTaps
{
    public const int One = 2048;

    /// <summary>What each position takes of the memory that is handed in.</summary>
    public const int BytesPerPosition = sizeof(int) + sizeof(uint);

    public readonly int* First;

    /// <summary>Both weights of a position as the two halves of one number, the first below.</summary>
    public readonly uint* Pairs;

    public readonly int Count;

    /// <param name="source">Length of the side that is read.</param>
    /// <param name="target">Length of the side that is made.</param>
    /// <param name="positions">Which of its positions are wanted; they are numbered from 0 here.</param>
    /// <param name="clamp">Whether a position outside takes the edge pixel alone. OpenCV does so along the rows; down the
    /// columns it keeps both weights and repeats the edge row, which rounds differently.</param>
    /// <param name="memory">Where they lie.</param>
    public LinearTaps(int source, int target, RowBand positions, bool clamp, byte* memory)
    {
        Count = positions.Count;
        First = (int*)memory;
        Pairs = (uint*)(First + Count);

        // Two divisions in double and then one rounding to single, as OpenCV has them.
        var scale = 1 / ((double)target / source);
        for (var i = 0; i < Count; i++)
        {
            var at = (float)(((positions.First + i + 0.5) * scale) - 0.5);
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

    public short FirstWeight(int position) => (short)Pairs[position];

    public short SecondWeight(int position) => (short)(Pairs[position] >> 16);
}
