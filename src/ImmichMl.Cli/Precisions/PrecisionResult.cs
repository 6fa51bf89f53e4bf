using ImmichMl.Inference;

namespace ImmichMl.Cli.Precisions;

/// <summary>What a comparison of two precisions found.</summary>
/// <param name="pictures">What the image model answered.</param>
/// <param name="texts">What the text model did; it may have been asked nothing.</param>
sealed class PrecisionResult(TowerAnswers pictures, TowerAnswers texts)
{
    /// <summary>The model's name.</summary>
    public string Model => Pictures.Key.Name;

    /// <summary>The other precision's name.</summary>
    public required string Precision { get; init; }

    public TowerAnswers Pictures { get; } = pictures;

    TowerAnswers Texts { get; } = texts;

    /// <summary>Pictures that cannot be read.</summary>
    public int LeftOut { get; init; }

    /// <summary>The texts are ours, for the user gave none.</summary>
    public bool AreOwnTexts { get; init; }

    /// <summary>Why there are no texts; null: there are.</summary>
    public string? WithoutTexts { get; init; }

    /// <summary>The models as they stand in the other precision.</summary>
    public required ModelStatus[] Copies { get; init; }

    /// <summary>And in fp32.</summary>
    public required ModelStatus[] PlainCopies { get; init; }

    /// <summary>Bytes of memory of the process with the models in fp32.</summary>
    public long PlainResident { get; init; }

    /// <summary>Of the other.</summary>
    public long Resident { get; init; }

    /// <summary>With fewer pictures the shares say little.</summary>
    public const int FewPictures = 100;

    /// <summary>Width of a line's name.</summary>
    const int Name = 39;

    static readonly int[] s_depths = [1, 5, 10];

    /// <summary>Those that were asked.</summary>
    public TowerAnswers[] Towers { get; } = texts.Inputs.Count == 0 ? [pictures] : [pictures, texts];

    /// <summary>In the same order: what finds which pictures.</summary>
    public SearchParity[] Searches { get; } = texts.Inputs.Count == 0
        ? [pictures.Among(pictures)] : [pictures.Among(pictures), texts.Among(pictures)];

    /// <summary>Shares of the 1, 5 and 10 nearest that stay, in percent; a dash where any search would find them.</summary>
    /// <param name="recall">Of a search, at a depth.</param>
    public static string[] Percents(Func<int, double?> recall) =>
        Array.ConvertAll(s_depths, depth => recall(depth) is { } share ? $"{share * 100:0.0} %" : "-");

    public static string SubjectOf(TowerAnswers tower) => tower.Key.Kind == ModelKind.ClipVisual ? "picture" : "text";

    public string Count => $"{Pictures.Inputs.Count} pictures{(LeftOut > 0 ? $" ({LeftOut} left out: they cannot be read)" : "")}, "
        + (WithoutTexts is null ? $"{Texts.Inputs.Count} texts{(AreOwnTexts ? " of our own (--queries gives yours)" : "")}"
            : $"no texts: {WithoutTexts}");

    public override string ToString()
    {
        var lines = new List<string> { $"{Model}: {Precision} beside fp32, on the CPU, {Count}", "" };
        foreach (ModelStatus copy in Copies)
        {
            lines.Add($"{copy.Type,-10} {copy.PrecisionNote}");
        }

        lines.AddRange(["", $"{"cosine to fp32",-Name} mean      1st percentile  worst"]);
        lines.AddRange(Towers.Select(tower =>
            $"{"  " + SubjectOf(tower) + "s",-Name} {tower.Parity.MeanCosine:0.00000}   {tower.Parity.LowCosine:0.00000}         "
            + $"{tower.Parity.WorstCosine:0.00000}"));
        lines.AddRange(["", $"{"of the nearest pictures stay",-Name} the first of 5      of 10"]);
        foreach ((TowerAnswers tower, SearchParity search) in Towers.Zip(Searches))
        {
            lines.Add(Row($"{SubjectOf(tower)} to picture, all in {Precision}", search.PureRecall));
            lines.Add(Row($"  {Precision} among embeddings of fp32", search.MixedRecall));
        }

        if (Pictures.Inputs.Count < FewPictures)
        {
            lines.Add($"  With fewer than {FewPictures} pictures this says little.");
        }

        lines.AddRange(["", $"{"",-Name} {Precision,-10} fp32"]);
        foreach (TowerAnswers tower in Towers)
        {
            Comparison times = tower.Times;
            lines.Add(
                $"{"  model time, a " + SubjectOf(tower),-Name} {times.B,-10:0.0} {times.A:0.0} ms: {times.Ratio:0.00} of it "
                + $"(median of {tower.TimedPairs} pairs)");
        }

        lines.Add(
            $"{"  memory of the process",-Name} {ByteSize.Text(Resident),-10} {ByteSize.Text(PlainResident)}"
            + (PlainResident > 0 ? $": {(double)Resident / PlainResident:0.00} of it" : ""));
        lines.AddRange(Copies.Zip(PlainCopies, (copy, plain) =>
            $"{"  copy on disk, " + copy.Type,-Name} {ByteSize.Text(copy.CopyBytes),-10} {PlainSize(plain)}"));
        return string.Join('\n', lines);
    }

    /// <summary>Where no copy of fp32 could be made, the model itself runs.</summary>
    public static string PlainSize(ModelStatus plain) =>
        plain.CopyBytes > 0 ? ByteSize.Text(plain.CopyBytes) : $"{ByteSize.Text(plain.Bytes)} (the model itself: it has no copy)";

    static string Row(string name, Func<int, double?> recall) =>
        $"{"  " + name,-Name} " + string.Join(' ', Percents(recall).Select(share => share.PadRight(9))).TrimEnd();

    public JsonText ToJson() => JsonText.Of(
        ("model", Model), ("precision", Precision), ("pictures", Pictures.Inputs.Count), ("leftOut", LeftOut),
        ("texts", Texts.Inputs.Count), ("withoutTexts", WithoutTexts), ("plainResidentBytes", PlainResident), ("residentBytes", Resident),
        ("towers", JsonText.List(Towers.Select((tower, i) => ToJson(tower, Searches[i], Copies[i], PlainCopies[i])))));

    static JsonText ToJson(TowerAnswers tower, SearchParity search, ModelStatus copy, ModelStatus plain) => JsonText.Of(
        ("type", tower.Key.Kind.Type), ("gate", copy.PrecisionNote), ("meanCosine", ParityCommand.Exact(tower.Parity.MeanCosine)),
        ("lowCosine", ParityCommand.Exact(tower.Parity.LowCosine)), ("worstCosine", ParityCommand.Exact(tower.Parity.WorstCosine)),
        ("pureRecall", ToJson(search.PureRecall)), ("mixedRecall", ToJson(search.MixedRecall)), ("timedPairs", tower.TimedPairs),
        ("plainMs", tower.Times.A), ("ms", tower.Times.B), ("timeRatio", tower.Times.Ratio), ("plainCopyBytes", plain.CopyBytes),
        ("copyBytes", copy.CopyBytes));

    static JsonText ToJson(Func<int, double?> recall) => JsonText.Of(s_depths.Select(depth =>
        (depth.ToString(CultureInfo.InvariantCulture), ParityCommand.Exact(recall(depth)))));
}
