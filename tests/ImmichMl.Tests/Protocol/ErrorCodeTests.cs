namespace ImmichMl.Tests.Protocol;

public sealed class ErrorCodeTests
{
    /// <summary>Frozen: peers compare these strings. A new code is a new line where PROTOCOL.md has it; no line goes or changes.</summary>
    const string Table = """
        invalid_request     final stays  422
        unsupported_version final closes -
        frame_too_large     final closes 413
        unknown_operation   final stays  422
        unknown_task        final stays  422
        missing_dependency  final stays  400
        image_empty         final stays  400
        image_unreadable    final stays  400
        image_unsupported   final stays  415
        image_too_large     final stays  413
        unknown_model       final stays  404
        model_unavailable   retry stays  503
        model_unusable      final stays  500
        overloaded          retry stays  503
        out_of_memory       retry stays  503
        deadline_exceeded   retry stays  504
        cancelled           final stays  499
        shutting_down       retry closes 503
        internal            retry stays  500
        """;

    [Test]
    public async Task The_table_of_codes_is_frozen()
    {
        await Assert.That(string.Join('\n', ErrorCode.All.Select(Line))).IsEqualTo(Table);

        static string Line(ErrorCode code) =>
            $"{code.Name,-19} {(code.Retryable ? "retry" : "final")} {(code.ClosesConnection ? "closes" : "stays ")} "
            + (code.HttpStatus?.ToString() ?? "-");
    }

    [Test]
    public async Task A_name_of_the_table_gives_its_own_code()
    {
        foreach (var code in ErrorCode.All)
        {
            await Assert.That(ReferenceEquals(ErrorCode.FromName(code.Name), code)).IsTrue().Because(code.Name);
        }
    }

    [Test]
    public async Task A_name_that_only_a_newer_daemon_knows_is_kept()
    {
        var code = ErrorCode.FromName("moon_too_full");
        await Assert.That((code.Name, code.Retryable, code.ClosesConnection)).IsEqualTo(("moon_too_full", false, false));
    }
}
