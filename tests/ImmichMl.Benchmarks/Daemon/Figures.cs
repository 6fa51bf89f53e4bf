namespace ImmichMl.Benchmarks.Daemon;

/// <summary>Sorted samples and the figures that are quoted of them.</summary>
sealed class Figures(IEnumerable<double> samples)
{
    readonly double[] _sorted = [.. samples.Order()];

    public int Count => _sorted.Length;

    public double At(double share) => _sorted.Length == 0 ? double.NaN : _sorted[(int)Math.Min(_sorted.Length - 1, share * _sorted.Length)];

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"p50 {At(0.5):0.000} / p99 {At(0.99):0.000} / max {At(1):0.000} ms, {_sorted.Length} samples");
}
