namespace ImmichMl.Tests.Support;

/// <summary>The requests that tests send.</summary>
static class Ask
{
    static readonly byte[] s_picture = File.ReadAllBytes(Repository.Golden("images", "rgb.png"));

    public static PingRequest Ping(ulong id) => new() { Id = id };

    public static CancelRequest Cancel(ulong id, ulong target) => new() { Id = id, Target = target };

    /// <summary>clip visual of a small picture, unless told otherwise.</summary>
    public static PredictRequest Predict(ulong id, string model = DemoModels.Name, byte[]? image = null) => new()
    {
        Id = id,
        Tasks = [Task("clip", "visual", model)],
        Image = new ReadOnlySequence<byte>(image ?? s_picture),
    };

    public static TaskEntry Task(string task, string type, string model = DemoModels.Name) =>
        new() { Task = task, Type = type, ModelName = model };
}
