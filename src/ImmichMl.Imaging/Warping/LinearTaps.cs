namespace ImmichMl.Imaging.Warping;

/// <summary>For each place of the target the source place that it starts from and two weights that add up to 2048.</summary>
readonly struct LinearTaps
{
    public const int One = 2048;

    public readonly int[] First;
    public readonly short[] FirstWeight;
    public readonly short[] SecondWeight;

    /// <summary>Both weights of a place as the two halves of one number, the first below.</summary>
    public readonly uint[] Pairs;

    /// <param name="source">Length of the side that is read.</param>
    /// <param name="target">Length of the side that is made.</param>
    /// <param name="clamp">Whether a place outside takes the edge pixel alone. OpenCV does so along the rows; down the
    /// columns it keeps both weights and repeats the edge row, which rounds differently.</param>
    public LinearTaps(int source, int target, bool clamp)
    {
        First = new int[target];
        FirstWeight = new short[target];
        SecondWeight = new short[target];
        Pairs = new uint[target];

        // Two divisions in double and then one rounding to single, as OpenCV has them.
        var scale = 1 / ((double)target / source);
        for (var i = 0; i < target; i++)
        {
            var at = (float)(((i + 0.5) * scale) - 0.5);
            var first = (int)MathF.Floor(at);
            var fraction = at - first;
            if (clamp && (first < 0 || first >= source - 1))
            {
                (first, fraction) = (Math.Clamp(first, 0, source - 1), 0);
            }

            First[i] = first;
            FirstWeight[i] = (short)MathF.Round((1 - fraction) * One);
            SecondWeight[i] = (short)MathF.Round(fraction * One);
            Pairs[i] = (ushort)FirstWeight[i] | ((uint)(ushort)SecondWeight[i] << 16);
        }
    }
}
