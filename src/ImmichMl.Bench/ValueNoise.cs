namespace ImmichMl.Bench;

/// <summary>Smooth random values on a plane, the same for the same seed.</summary>
sealed class ValueNoise(uint seed)
{
    // Each octave so much weaker than the one before: with that, a picture as JPEG is about as large as a photograph.
    const double Fading = 0.8;
    const int Count = 8;

    /// <summary>Coarse shapes with ever finer detail on them, 0 to 1 in all.</summary>
    public double Octaves(double x, double y)
    {
        double sum = 0, strength = (1 - Fading) / (1 - Math.Pow(Fading, Count));
        for (int octave = 0; octave < Count; octave++)
        {
            sum += strength * At(x, y);
            (x, y, strength) = ((x * 2) + 17, (y * 2) + 31, strength * Fading);
        }

        return sum;
    }

    /// <summary>Between the values of the four corners of the cell.</summary>
    public double At(double x, double y)
    {
        int column = (int)Math.Floor(x), row = (int)Math.Floor(y);
        double right = Smooth(x - column), down = Smooth(y - row);
        double above = Corner(column, row) + (right * (Corner(column + 1, row) - Corner(column, row)));
        double below = Corner(column, row + 1) + (right * (Corner(column + 1, row + 1) - Corner(column, row + 1)));
        return above + (down * (below - above));
    }

    static double Smooth(double part) => part * part * (3 - (2 * part));

    double Corner(int column, int row)
    {
        uint mixed = unchecked(((uint)column * 0x9E3779B1u) ^ ((uint)row * 0x85EBCA77u) ^ (seed * 0xC2B2AE3Du));
        mixed = unchecked((mixed ^ (mixed >> 15)) * 0x2C1B3C6Du);
        return ((mixed ^ (mixed >> 13)) >> 8) / (double)(1 << 24);
    }
}
