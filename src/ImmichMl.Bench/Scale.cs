namespace ImmichMl.Bench;

/// <summary>Values to places on an axis, evenly or by their logarithm.</summary>
sealed record Scale(double From, double To, double Start, double End, bool IsLogarithmic)
{
    public double At(double value)
    {
        double share = IsLogarithmic ? Math.Log(value / From) / Math.Log(To / From) : (value - From) / (To - From);
        return Start + (share * (End - Start));
    }

    /// <summary>Round values within the axis: 1, 2 and 5 times powers of ten.</summary>
    /// <param name="about">How many; half as many or twice as many may come.</param>
    public IEnumerable<double> Ticks(int about)
    {
        if (IsLogarithmic && To / From > 4)
        {
            int first = (int)Math.Floor(Math.Log10(From)), last = (int)Math.Ceiling(Math.Log10(To));
            double[] steps = last - first > about / 2 ? [1] : [1, 2, 5];
            return from power in Enumerable.Range(first, last - first + 1)
                   from step in steps
                   let tick = step * Math.Pow(10, power)
                   where tick >= From && tick <= To
                   select tick;
        }

        double rough = (To - From) / about;
        double unit = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        double wide = (rough / unit) switch { > 5 => 10 * unit, > 2 => 5 * unit, > 1 => 2 * unit, _ => unit };
        int from = (int)Math.Ceiling(From / wide);
        return Enumerable.Range(from, Math.Max(0, (int)Math.Floor(To / wide) - from + 1)).Select(i => i * wide);
    }
}
