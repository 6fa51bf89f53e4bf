namespace ImmichMl.Tests.Imaging;

/// <summary>Counts how our text boxes compare with the reference's.</summary>
sealed class BoxTally
{
    readonly HashSet<string> _names = [];

    public int Maps { get; private set; }

    public int Names => _names.Count;

    public int Total { get; private set; }

    public int Exact { get; private set; }

    public int Near { get; private set; }

    public double LargestScoreGap { get; private set; }

    public List<string> Wrong { get; } = [];

    /// <param name="name">Of the map.</param>
    /// <param name="map">Row by row.</param>
    /// <param name="width">Of the map.</param>
    /// <param name="height">Of the map.</param>
    /// <param name="golden">Width and height of the source, the lowest score, whether fast, and the boxes.</param>
    public void Add(string name, float[] map, int width, int height, JsonElement[] golden)
    {
        var mode = golden[3].GetBoolean() ? TextScoreMode.Fast : TextScoreMode.Slow;
        TextBoxSettings settings = new(golden[2].GetDouble()) { ScoreMode = mode };
        var boxes = TextBoxes.Find(map, width, height, golden[0].GetInt32(), golden[1].GetInt32(), settings);
        JsonElement[] expected = [.. golden[4].EnumerateArray()];
        Maps++;
        _names.Add(name);
        Total += expected.Length;
        if (boxes.Count != expected.Length)
        {
            Wrong.Add($"{name} {settings}: {boxes.Count} boxes for {expected.Length}");
            return;
        }

        foreach (var (box, their) in boxes.Zip(expected))
        {
            var apart = Flat(box.Corners).Zip(their[0].EnumerateArray(), (our, one) => Math.Abs(our - one.GetInt32())).Max();
            Exact += apart == 0 ? 1 : 0;
            Near += apart <= 2 ? 1 : 0;
            LargestScoreGap = Math.Max(LargestScoreGap, Math.Abs(box.Score - their[1].GetDouble()));
            if (apart > 2)
            {
                Wrong.Add($"{name} {settings}: {box} for {their}");
            }
        }
    }

    public override string ToString() =>
        $"{Names} maps read {Maps} times, {Total} boxes, {Exact} exact, {Near} within 2 pixels, "
        + $"largest score difference {LargestScoreGap:0.0e0}";

    static float[] Flat(Quad quad) =>
    [
        quad.TopLeft.X, quad.TopLeft.Y, quad.TopRight.X, quad.TopRight.Y,
        quad.BottomRight.X, quad.BottomRight.Y, quad.BottomLeft.X, quad.BottomLeft.Y,
    ];
}
