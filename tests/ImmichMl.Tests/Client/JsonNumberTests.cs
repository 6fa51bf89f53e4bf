namespace ImmichMl.Tests.Client;

/// <summary>What ryu's pretty printers write: fixed up to 13 (float32) or 16 (float64) digits, "0." and up to 5 or 4 zeros.</summary>
public sealed class JsonNumberTests
{
    [Test]
    [Arguments(0f, "0.0")]
    [Arguments(-0f, "-0.0")]
    [Arguments(1f, "1.0")]
    [Arguments(-1f, "-1.0")]
    [Arguments(100f, "100.0")]
    [Arguments(0.1f, "0.1")]
    [Arguments(-0.0131f, "-0.0131")]
    [Arguments(123456.789f, "123456.79")]
    [Arguments(16777216f, "16777216.0")]
    [Arguments(1e9f, "1000000000.0")]
    [Arguments(1e12f, "1000000000000.0")]
    [Arguments(1.2345e12f, "1234500000000.0")]
    [Arguments(1e13f, "1e13")]
    [Arguments(1e14f, "1e14")]
    [Arguments(1.2345e13f, "1.2345e13")]
    [Arguments(0.001f, "0.001")]
    [Arguments(1e-5f, "0.00001")]
    [Arguments(1e-6f, "0.000001")]
    [Arguments(1.5e-6f, "0.0000015")]
    [Arguments(1e-7f, "1e-7")]
    [Arguments(-1.5e-7f, "-1.5e-7")]
    [Arguments(1.17549435e-38f, "1.1754944e-38")]
    [Arguments(1.4e-45f, "1e-45")]
    [Arguments(float.MaxValue, "3.4028235e38")]
    [Arguments(float.NaN, "null")]
    [Arguments(float.PositiveInfinity, "null")]
    [Arguments(float.NegativeInfinity, "null")]
    public async Task A_float32_is_written_in_its_own_shortest_form(float value, string text)
    {
        var json = new StringBuilder();
        JsonNumber.Append(json, value);
        await Assert.That(json.ToString()).IsEqualTo(text);
    }

    [Test]
    [Arguments(0.0, "0.0")]
    [Arguments(-0.0, "-0.0")]
    [Arguments(176.0, "176.0")]
    [Arguments(0.1, "0.1")]
    [Arguments((double)0.1f, "0.10000000149011612")]
    [Arguments((double)0.9046f, "0.9046000242233276")]
    [Arguments(1e15, "1000000000000000.0")]
    [Arguments(1.2345678e15, "1234567800000000.0")]
    [Arguments(1e16, "1e16")]
    [Arguments(-1.25e16, "-1.25e16")]
    [Arguments(1e-4, "0.0001")]
    [Arguments(1e-5, "0.00001")]
    [Arguments(1.5e-5, "0.000015")]
    [Arguments(1e-6, "1e-6")]
    [Arguments(5e-324, "5e-324")]
    [Arguments(double.MaxValue, "1.7976931348623157e308")]
    [Arguments(double.NaN, "null")]
    [Arguments(double.NegativeInfinity, "null")]
    public async Task A_float64_is_written_in_its_own_shortest_form(double value, string text)
    {
        var json = new StringBuilder();
        JsonNumber.Append(json, value);
        await Assert.That(json.ToString()).IsEqualTo(text);
    }
}
