namespace ImmichMl.Tests.Protocol;

public sealed class GoldenFrameTests
{
    [Test]
    [MethodDataSource(typeof(GoldenFrame), nameof(GoldenFrame.All))]
    public async Task A_frame_that_was_read_is_written_in_its_canonical_form(GoldenFrame golden)
    {
        var payload = GoldenFrame.Payload(new ReadOnlySequence<byte>(golden.Read()));
        await Assert.That(Convert.ToHexString(golden.Rewrite(payload))).IsEqualTo(Convert.ToHexString(golden.ReadCanonical()));
    }

    [Test]
    [MethodDataSource(typeof(GoldenFrame), nameof(GoldenFrame.All))]
    public async Task A_message_has_the_values_of_the_index(GoldenFrame golden)
    {
        var payload = GoldenFrame.Payload(new ReadOnlySequence<byte>(golden.Read()));
        var json = golden.IsRequest ? RequestJson.Write(Request.Read(payload)) : ResponseJson.Write(golden.ReadResponse(payload));
        using var actual = JsonDocument.Parse(json);
        using var expected = JsonDocument.Parse(golden.Message);
        if (!JsonElement.DeepEquals(actual.RootElement, expected.RootElement))
        {
            await Assert.That(json).IsEqualTo(golden.Message);
        }
    }

    [Test]
    [Arguments("canonical")]
    [Arguments("variants")]
    [Arguments("hostile")]
    public async Task Every_file_has_its_line_in_the_index(string folder)
    {
        using var index = GoldenFrame.Index(folder);
        var lines = index.RootElement.EnumerateObject().Select(entry => $"{entry.Name}.bin").Order(StringComparer.Ordinal);
        var files = Directory.GetFiles(Repository.Golden("wire", folder), "*.bin").Select(Path.GetFileName).Order(StringComparer.Ordinal);
        await Assert.That(string.Join('\n', files)).IsEqualTo(string.Join('\n', lines));
    }
}
