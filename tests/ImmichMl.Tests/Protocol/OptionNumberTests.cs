using System.Buffers;
using ImmichMl.Protocol;
using ImmichMl.Protocol.Messages;
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
    [Arguments(-1L, -1)]
    [Arguments(65_536L, 65_536)]
    [Arguments(2_147_483_648L, int.MaxValue)]
    [Arguments(9_007_199_254_740_993L, int.MaxValue)]
    [Arguments(long.MaxValue, int.MaxValue)]
    [Arguments(long.MinValue, int.MinValue)]
    public async Task Any_integer_is_a_resolution(long given, int read) => await Assert.That(Read(null, given).MaxResolution).IsEqualTo(read);

    [Test]
    [Arguments(736.0, 736)]
    [Arguments(1e300, int.MaxValue)]
    [Arguments(-2.0, -2)]
    public async Task A_float_that_is_whole_is_a_resolution(double given, int read) => await Assert.That(Read(given, null).MaxResolution).IsEqualTo(read);

    [Test]
    [Arguments(736.5)]
    [Arguments(double.NaN)]
    [Arguments(double.PositiveInfinity)]
    public async Task Another_float_is_none(double given) =>
        await Assert.That(() => Read(given, null)).Throws<ProtocolException>().WithMessageContaining("maxResolution must be a whole number");

    [Test]
    public async Task A_score_may_be_an_integer() => await Assert.That(Read(null, 1, "minScore").MinScore).IsEqualTo(1);
}
