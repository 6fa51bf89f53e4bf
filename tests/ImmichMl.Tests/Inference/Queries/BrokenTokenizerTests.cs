namespace ImmichMl.Tests.Inference.Queries;

public sealed class BrokenTokenizerTests
{
    [Test]
    [MethodDataSource(typeof(BrokenTokenizer), nameof(BrokenTokenizer.All))]
    public async Task A_broken_tokenizer_makes_the_model_unusable_and_the_message_says_where(BrokenTokenizer broken)
    {
        using var model = new TextModel { Tokenizer = Encoding.UTF8.GetBytes(broken.Json) };
        await using RunningDaemon daemon = await model.ServeAsync();
        MlErrorException refusal = await daemon.Client.TextRefusalAsync(model.Name, "a cat");
        await Assert.That(refusal.Code.Name).IsEqualTo("model_unusable").Because(refusal.Message);
        await Assert.That(refusal.Error.Message).Contains(model.Name);
        await Assert.That(refusal.Error.Message).Contains("tokenizer");
        await Assert.That(refusal.Error.Message).Contains(broken.Word);
        await daemon.Client.PingAsync().Within();
    }

    [Test]
    public async Task A_file_larger_than_any_tokenizer_is_refused_unread()
    {
        using var model = new TextModel();
        await using RunningDaemon daemon = await model.ServeAsync();
        using (FileStream file = File.OpenWrite(Path.Combine(model.Folder, "clip", model.Name, "textual", "tokenizer.json")))
        {
            file.SetLength(1L << 30); // Sparse: it takes no room.
        }

        MlErrorException refusal = await daemon.Client.TextRefusalAsync(model.Name, "a cat");
        await Assert.That(refusal.Code.Name).IsEqualTo("model_unusable");
        await Assert.That(refusal.Error.Message).Contains("1073741824 bytes");
    }
}
