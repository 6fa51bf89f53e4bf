using ImmichMl.Tests.Protocol;

namespace ImmichMl.Tests.Client;

/// <summary>Entries as Immich 2.7 reads them.</summary>
public sealed class ImmichEntriesTests
{
    const string Options = """{"ocr":{"detection":{"modelName":"p","options":{@}}}}""";

    [Test]
    [Arguments("""{}""", """{}""")]
    [Arguments("""{"clip":{}}""", """{}""")]
    [Arguments(
        """{"clip": {"visual": {"modelName": "ViT-B-32__openai", "options": {}}}}""",
        """{"clip":{"visual":{"modelName":"ViT-B-32__openai"}}}""")]
    [Arguments(
        """{"clip":{"textual":{"options":{"language":"de-AT"},"modelName":"nllb"}}}""",
        """{"clip":{"textual":{"modelName":"nllb","options":{"language":"de-AT"}}}}""")]
    [Arguments(
        """{"facial-recognition":{"detection":{"modelName":"b","options":{"minScore":0.7}},"recognition":{"modelName":"b"}}}""",
        """{"facial-recognition":{"detection":{"modelName":"b","options":{"minScore":0.7}},"recognition":{"modelName":"b"}}}""")]
    [Arguments(
        """{"ocr":{"detection":{"modelName":"p","options":{"minScore":1,"maxResolution":736,"scoreMode":"fast","other":[]},"more":0}}}""",
        """{"ocr":{"detection":{"modelName":"p","options":{"minScore":1,"maxResolution":736,"scoreMode":"fast"}}}}""")]
    public async Task Entries_in_Immichs_form_are_read(string entries, string meaning)
    {
        var tasks = ImmichJson.Older.ReadEntries(Encoding.UTF8.GetBytes(entries));
        await Assert.That(RequestJson.Tasks(tasks)).IsEqualTo(meaning);
    }

    [Test]
    [Arguments("736.0", 736)]
    [Arguments("\"736\"", 736)]
    [Arguments("\" 736.0 \"", 736)]
    [Arguments("true", 1)]
    [Arguments("0", 0)]
    [Arguments("-5", 0)]
    [Arguments("65536", 65_536)]
    [Arguments("2147483648", int.MaxValue)]
    [Arguments("-99999999999", 0)]
    [Arguments("9007199254740993", int.MaxValue)]
    [Arguments("1e300", int.MaxValue)]
    public async Task Any_whole_number_is_a_resolution(string json, int resolution)
    {
        var entries = Options.Replace("@", $"\"maxResolution\":{json}", StringComparison.Ordinal);
        var tasks = ImmichJson.Older.ReadEntries(Encoding.UTF8.GetBytes(entries));
        await Assert.That(tasks[0].Options.MaxResolution).IsEqualTo(resolution);
    }

    [Test]
    [Arguments("\"0.5\"", 0.5)]
    [Arguments("1", 1)]
    [Arguments("false", 0)]
    [Arguments("-0.5", -0.5)]
    [Arguments("\"5e-1\"", 0.5)]
    public async Task A_score_may_be_written_as_a_string(string json, double score)
    {
        var entries = Options.Replace("@", $"\"minScore\":{json}", StringComparison.Ordinal);
        var tasks = ImmichJson.Older.ReadEntries(Encoding.UTF8.GetBytes(entries));
        await Assert.That(tasks[0].Options.MinScore).IsEqualTo(score);
    }

    [Test]
    [Arguments("")]
    [Arguments("clip")]
    [Arguments("null")]
    [Arguments("[]")]
    [Arguments("\"clip\"")]
    [Arguments("""{"clip":null}""")]
    [Arguments("""{"clip":"visual"}""")]
    [Arguments("""{"clip":[]}""")]
    [Arguments("""{"clip":{"visual":null}}""")]
    [Arguments("""{"clip":{"visual":"ViT-B-32__openai"}}""")]
    [Arguments("""{"clip":{"visual":{}}}""")]
    [Arguments("""{"clip":{"visual":{"options":{}}}}""")]
    [Arguments("""{"clip":{"visual":{"modelName":null}}}""")]
    [Arguments("""{"clip":{"visual":{"modelName":1}}}""")]
    [Arguments("""{"clip":{"visual":{"modelName":"x","options":null}}}""")]
    [Arguments("""{"clip":{"visual":{"modelName":"x","options":[]}}}""")]
    [Arguments("""{"clip":{"visual":{"modelName":"x","options":{"minScore":"0,7"}}}}""")]
    [Arguments("""{"clip":{"visual":{"modelName":"x","options":{"minScore":"1,000"}}}}""")]
    [Arguments("""{"clip":{"visual":{"modelName":"x","options":{"minScore":"NaN"}}}}""")]
    [Arguments("""{"clip":{"visual":{"modelName":"x","options":{"minScore":1e999}}}}""")]
    [Arguments("""{"clip":{"visual":{"modelName":"x","options":{"minScore":""}}}}""")]
    [Arguments("""{"clip":{"visual":{"modelName":"x","options":{"minScore":null}}}}""")]
    [Arguments("""{"clip":{"visual":{"modelName":"x","options":{"minScore":[0.7]}}}}""")]
    [Arguments("""{"clip":{"visual":{"modelName":"x","options":{"maxResolution":"736,0"}}}}""")]
    [Arguments("""{"clip":{"visual":{"modelName":"x","options":{"maxResolution":736.5}}}}""")]
    [Arguments("""{"clip":{"visual":{"modelName":"x","options":{"maxResolution":0.5}}}}""")]
    [Arguments("""{"clip":{"visual":{"modelName":"\ud800"}}}""")]
    [Arguments("""{"clip":{"visual":{"modelName":"x"}}} {}""")]
    [Arguments("""{"clip":{"visual":{"modelName":"x"}}""")]
    [Arguments("""{"clip":{"visual":{"modelName":"x","deep":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}}}""")]
    public async Task Anything_else_is_no_request(string entries)
    {
        var fault = await Assert.That(() => ImmichJson.Older.ReadEntries(Encoding.UTF8.GetBytes(entries))).Throws<FormatException>();
        await Assert.That(fault!.Message).IsEqualTo("Invalid request format.");
    }

    [Test]
    [Arguments("7B22FF223A7B2276697375616C223A7B226D6F64656C4E616D65223A2278227D7D7D")]
    [Arguments("7B22636C6970223A7B2276697375616C223A7B226D6F64656C4E616D65223A22FF227D7D7D")]
    [Arguments("FFFE7B007D00")]
    public async Task What_is_not_UTF_8_is_no_request(string hex)
    {
        await Assert.That(() => ImmichJson.Older.ReadEntries(Convert.FromHexString(hex))).Throws<FormatException>();
    }
}
