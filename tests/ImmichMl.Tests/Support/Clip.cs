namespace ImmichMl.Tests.Support;

/// <summary>The one request that these tests send again and again.</summary>
static class Clip
{
    public static PredictRequest Visual(string model, byte[] image) => new()
    {
        Id = 0,
        Tasks = [new TaskEntry { Task = "clip", Type = "visual", ModelName = model }],
        Image = new ReadOnlySequence<byte>(image),
    };

    public static ModelAddress Address(string model) => new("clip", "visual", model);

    public static Task<PredictResult> EmbedAsync(this MlClient client, string model, byte[] image,
        CancellationToken cancellation = default) =>
        client.PredictAsync(Visual(model, image), cancellation).Within();

    /// <summary>The error that the daemon answers with.</summary>
    public static async Task<MlErrorException> RefusalAsync(this MlClient client, string model, byte[] image) =>
        await Assert.That(() => (Task)client.EmbedAsync(model, image)).Throws<MlErrorException>()
            ?? throw new InvalidOperationException("It was answered.");
}
