using ImmichMl.Cli;

namespace ImmichMl.Tests.Cli;

public sealed class TopTests
{
    [Test]
    [Arguments("abc\nde\n", 80, 24, "abc\nde")]
    [Arguments("abc\nde\n", 2, 24, "ab\nde")]
    [Arguments("abc\n\nde\nf\n", 80, 3, "abc\n\nde")]
    [Arguments("abc\nde\n", 0, 0, "abc\nde")]
    public async Task A_view_is_cut_to_the_terminal(string view, int width, int height, string expected) =>
        await Assert.That(TopCommand.Fit(view, width, height)).IsEqualTo(expected);
}
