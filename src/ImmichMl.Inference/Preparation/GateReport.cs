namespace ImmichMl.Inference.Preparation;

/// <summary>What a copy of another precision reached against the model in single precision, on the machine that made it.</summary>
/// <param name="Precision">Its name.</param>
/// <param name="Figures">On pictures or texts that were drawn for it, and such as the operator gave.</param>
/// <param name="Layers">How many layers have which form, in words.</param>
public sealed record GateReport(string Precision, EmbeddingParity Figures, string Layers)
{
    const string FirstLine = "immich-ml gate 1";

    /// <summary>In words, without how many layers have which form.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Precision}: cosine to fp32 {Figures.MeanCosine:0.00000} on average, {Figures.LowCosine:0.00000} at the 1st percentile; "
        + $"of the {Figures.Neighbours} nearest {Figures.Overlap:P1} stay, {Figures.Mixed:P1} beside embeddings of fp32 "
        + $"(of {Figures.Count} inputs)");

    internal void Write(string path) => File.WriteAllLines(path,
    [
        FirstLine, Precision,
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Figures.Count} {Figures.WorstCosine:R} {Figures.LowCosine:R} {Figures.MeanCosine:R} {Figures.Neighbours} "
            + $"{Figures.Overlap:R} {Figures.Mixed:R}"),
        Layers,
    ]);

    /// <returns>Null where there is none that can be read.</returns>
    internal static GateReport? Read(string path)
    {
        try
        {
            return File.Exists(path) && File.ReadAllLines(path) is [FirstLine, var precision, var figures, var layers]
                && figures.Split(' ').Select(Number).ToArray() is
                    [{ } count, { } worst, { } low, { } mean, { } neighbours, { } overlap, { } mixed]
                ? new GateReport(precision, new EmbeddingParity((int)count, worst, low, mean, (int)neighbours, overlap, mixed), layers)
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    static double? Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : null;
}
