namespace ImmichMl.Cli.Demo;

/// <summary>The demo's search: queries in words, and the pictures that come out first. Both towers share one space.</summary>
sealed record DemoQueries(IReadOnlyList<(string Query, string Family, IReadOnlyList<FoundPicture> Found)> Answers)
{
    static readonly (string Query, string Family)[] _queries =
        [("red circle", "circle"), ("sunset", "sunset"), ("a green forest", "forest"), ("the blue sea", "sea"), ("city at night", "city")];

    /// <summary>Every query finds a picture of its kind first.</summary>
    public bool IsRight => Answers.All(IsFirst);

    public static async Task<DemoQueries> AskAsync(
        MlClient client, string model, IReadOnlyList<(DemoPicture Picture, float[] Embedding)> pictures, CancellationToken cancellation)
    {
        var answers = new List<(string, string, IReadOnlyList<FoundPicture>)>();
        foreach (var (query, family) in _queries)
        {
            TaskEntry[] tasks = [new TaskEntry { Task = "clip", Type = "textual", ModelName = model }];
            var result = await client.PredictAsync(new PredictRequest { Id = 0, Tasks = tasks, Text = query }, cancellation);
            answers.Add((query, family,
            [
                .. pictures.Select(picture => new FoundPicture(
                    picture.Picture, TensorPrimitives.CosineSimilarity<float>(picture.Embedding, result.Clip!)))
                    .OrderByDescending(found => found.Cosine),
            ]));
        }

        return new DemoQueries(answers);
    }

    public string Describe() =>
        "Searched by words, and the three pictures nearest to each:\n\n"
        + string.Join('\n', Answers.Select(answer =>
            $"  {answer.Query,-15}  "
            + string.Join(", ", answer.Found.Take(3).Select(found => $"{found.Picture.Name} {found.Cosine:0.00}"))))
        + $"\n\n{Answers.Count(IsFirst)} of the {Answers.Count} queries found their kind first.";

    static bool IsFirst((string Query, string Family, IReadOnlyList<FoundPicture> Found) answer) =>
        answer.Found[0].Picture.Family == answer.Family;
}

/// <summary>A picture, and how much it is like what was looked for.</summary>
sealed class FoundPicture(DemoPicture picture, float cosine)
{
    public DemoPicture Picture => picture;

    public float Cosine => cosine;
}
