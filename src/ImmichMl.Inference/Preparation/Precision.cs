namespace ImmichMl.Inference.Preparation;

/// <summary>How exactly a model calculates on the CPU, and what a copy must reach against single precision before it is used.</summary>
/// <param name="Name">As the setting calls it.</param>
/// <param name="LeastMean">Of the cosines.</param>
/// <param name="LeastLow">Of their 1st percentile.</param>
/// <param name="LeastMixed">Of the neighbours that stay where the copy asks about embeddings in single precision.</param>
public sealed record Precision(string Name, double LeastMean, double LeastLow, double LeastMixed)
{
    public const string PlainName = "fp32", BlockwiseName = "int8", FastName = "int8-fast";

    /// <summary>The model as it is.</summary>
    public static Precision Plain { get; } = new(PlainName, 0, 0, 0);

    /// <summary>Whole numbers of 8 bits with a scale for each block of weights.</summary>
    public static Precision Blockwise { get; } = new(BlockwiseName, 0.9985, 0.997, 0.95);

    /// <summary>Whole numbers of 8 bits with a scale for each column, layer by layer where that does.</summary>
    public static Precision Fast { get; } = new(FastName, 0.99, 0.985, 0.90);

    /// <summary>Those that need a copy.</summary>
    public static IEnumerable<Precision> Rounded => [Blockwise, Fast];

    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public static Precision Named(string name) => name switch
    {
        PlainName => Plain,
        BlockwiseName => Blockwise,
        FastName => Fast,
        _ => throw new ArgumentException($"There is no precision {name}.", nameof(name)),
    };

    /// <summary>What figures lack; null where they are good enough.</summary>
    public string? Fault(EmbeddingParity figures) =>
        figures.MeanCosine < LeastMean ? Lacks("the mean cosine", figures.MeanCosine, LeastMean)
        : figures.LowCosine < LeastLow ? Lacks("the cosine's 1st percentile", figures.LowCosine, LeastLow)
        : figures.Mixed < LeastMixed ? Lacks("the share of mixed neighbours", figures.Mixed, LeastMixed)
        : null;

    static string Lacks(string what, double reached, double least) =>
        string.Create(CultureInfo.InvariantCulture, $"{what} is {reached:0.0000}, and {least:0.0000} is asked for");
}
