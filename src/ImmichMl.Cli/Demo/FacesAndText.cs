namespace ImmichMl.Cli.Demo;

/// <summary>The demo's faces and texts: what was drawn, what came back, and whether that makes sense.</summary>
sealed record FacesAndText(IReadOnlyList<FaceResult> Faces, OcrResult Text)
{
    const float Alike = 0.8f;

    public static IReadOnlyList<string> Words { get; } = ["FOX", "FINDS", "FACES", "AND", "WORDS"];

    /// <summary>All faces are found, each alike to as many others as its person was drawn more; the text is what was written.</summary>
    public bool IsRight =>
        Faces.Count == DemoFaces.Group.Count
        && Faces.Select(face => Others(face).Count()).Order().SequenceEqual(
            DemoFaces.Group.Select(drawn => DemoFaces.Group.Count(other => other.Person == drawn.Person) - 1).Order())
        && Text.Text is { } read && read.SequenceEqual(Words);

    public static async Task<FacesAndText> AskAsync(MlClient client, string model, CancellationToken cancellation)
    {
        byte[] drawn = DemoFaces.Draw(640, 480, DemoFaces.Group).ToPng();
        PredictResult faces = await client.PredictAsync(Request("facial-recognition", model, drawn), cancellation);
        PredictResult text = await client.PredictAsync(Request("ocr", model, DrawText()), cancellation);
        return new FacesAndText(faces.Faces ?? [], text.Ocr ?? new OcrResult { Box = [], BoxScore = [] });
    }

    public string Describe()
    {
        var faces = Faces.Select((face, i) =>
            $"  face {i + 1}  score {Number(face.Score)}  box {string.Join(' ', face.BoundingBox.Select(edge => $"{edge,3:0}"))}  "
            + (string.Join(", ", Others(face).Select(other => $"like face {other.Number} {Number(other.Cosine)}")) is { Length: > 0 } alike
                ? alike : "like no other"));
        var words = (Text.Text ?? []).Select((word, i) =>
            $"  {word,-8}  box score {Number(Text.BoxScore[i])}  text score {Number(Text.TextScore?[i] ?? 0)}");
        int twice = DemoFaces.Group.Count - DemoFaces.Group.Select(face => face.Person).Distinct().Count();
        return $"""
            {Faces.Count} of {DemoFaces.Group.Count} drawn faces found, {twice} people among them twice:

            {string.Join('\n', faces)}

            Text written: {string.Join(' ', Words)}
            Text read:    {string.Join(' ', Text.Text ?? [])}

            {string.Join('\n', words)}
            """;
    }

    static string Number(float value) => value.ToString("0.00", CultureInfo.InvariantCulture);

    static byte[] DrawText() => new Canvas(640, 320, 0xF4F0E8)
        .Text(Words[0], 60, 60, 4, 0x202028).Text(Words[1], 300, 60, 4, 0x801818)
        .Text(Words[2], 60, 140, 4, 0x183080).Text(Words[3], 300, 140, 4, 0x202028).Text(Words[4], 60, 220, 4, 0x202028).ToPng();

    static PredictRequest Request(string task, string model, byte[] image) => new()
    {
        Id = 0,
        Tasks =
        [
            new TaskEntry { Task = task, Type = "detection", ModelName = model },
            new TaskEntry { Task = task, Type = "recognition", ModelName = model },
        ],
        Image = new ReadOnlySequence<byte>(image),
    };

    IEnumerable<(int Number, float Cosine)> Others(FaceResult face) =>
        from other in Faces.Index()
        where other.Item != face
        let cosine = TensorPrimitives.CosineSimilarity(face.Embedding, other.Item.Embedding)
        where cosine > Alike
        select (other.Index + 1, cosine);
}
