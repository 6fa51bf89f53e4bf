namespace ImmichMl.Tests.Protocol;

/// <summary>Answers that no daemon of ours writes.</summary>
public sealed class AnswerReadingTests
{
    [Test]
    [Arguments("an error, its code last", "81A5 6572726F72 82 A76D657373616765 A178 A4636F6465 AA6F7665726C6F61646564", true)]
    [Arguments("an error, its code first", "81A5 6572726F72 82 A4636F6465 AA6F7665726C6F61646564 A76D657373616765 A178", true)]
    [Arguments("an error that a newer daemon knows", "81A5 6572726F72 81 A4636F6465 A36E6577", false)]
    [Arguments("an error that says so itself", "81A5 6572726F72 82 A9726574727961626C65 C3 A4636F6465 A36E6577", true)]
    public async Task Whether_to_try_again_is_the_codes_where_the_answer_does_not_say(string what, string hex, bool retryable) =>
        await Assert.That(Read(hex).Error!.Retryable).IsEqualTo(retryable).Because(what);

    [Test]
    [Arguments("81A6 726573756C74 81 A87265717565737473 91 01", "A count must be a map.")]
    [Arguments("81A6 726573756C74 81 A87265717565737473 91 80", "task, type and modelName are needed.")]
    [Arguments("81A6 726573756C74 81 A5 7175657565 C0", "queue must be a map.")]
    [Arguments("81A6 726573756C74 81 A66D6F64656C73 91 81 A6627974657320 FF", null)]
    [Arguments("81A6 726573756C74 81 A66D6F64656C73 91 81 A56279746573 FF", "bytes must not be negative.")]
    public async Task A_result_of_another_shape_is_refused_by_name(string hex, string? message)
    {
        string? fault = null;
        try
        {
            Read(hex);
        }
        catch (ProtocolException e)
        {
            fault = e.Message;
        }

        await Assert.That(fault).IsEqualTo(message);
    }

    /// <summary>Puts an id in front.</summary>
    static Response Read(string hex)
    {
        byte[] rest = Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
        var payload = new ReadOnlySequence<byte>([(byte)(rest[0] + 1), 0xA2, (byte)'i', (byte)'d', 1, .. rest.AsSpan(1)]);
        return Response.Read(payload, _ => StatsResult.Read);
    }
}
