using MessagePack;

namespace ImmichMl.Tests.Protocol;

/// <summary>Numbers of options in MessagePack's forms.</summary>
public sealed class OptionNumberTests
{
    static TaskOptions Read(double? real, long? whole, string key = "maxResolution")
    {
        var buffer = new ArrayBufferWriter<byte>();
        var writer = new MessagePackWriter(buffer);
        writer.WriteMapHeader(5);
        writer.Write("v");
        writer.Write(1);
        writer.Write("id");
        writer.Write(1);
        writer.Write("op");
        writer.Write("predict");
        writer.Write("tasks");
        writer.WriteMapHeader(1);
        writer.Write("ocr");
        writer.WriteMapHeader(1);
        writer.Write("detection");
        writer.WriteMapHeader(2);
        writer.Write("modelName");
        writer.Write("x");
        writer.Write("options");
        writer.WriteMapHeader(1);
        writer.Write(key);
        if (real is { } number)
        {
            writer.Write(number);
        }
        else
        {
            writer.Write(whole!.Value);
        }

        writer.Write("text");
        writer.Write("words");
        writer.Flush();
        return ((PredictRequest)Request.Read(new ReadOnlySequence<byte>(buffer.WrittenMemory))).Tasks[0].Options;
    }

    [Test]
    [Arguments(0L, 0)]
    [Arguments(65_536L, 65_536)]
    [Arguments(2_147_483_648L, int.MaxValue)]
    [Arguments(9_007_199_254_740_993L, int.MaxValue)]
    [Arguments(long.MaxValue, int.MaxValue)]
    public async Task Any_integer_of_0_or_more_is_a_resolution(long given, int read) =>
        await Assert.That(Read(null, given).MaxResolution).IsEqualTo(read);

    [Test]
    public async Task A_score_may_be_an_integer() => await Assert.That(Read(null, 1, "minScore").MinScore).IsEqualTo(1);
}
