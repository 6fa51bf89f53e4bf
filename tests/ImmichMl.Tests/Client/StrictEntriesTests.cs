using ImmichMl.Tests.Protocol;

namespace ImmichMl.Tests.Client;

/// <summary>Entries as Immich 3.3 reads them; what becomes of a value is what pydantic 2.13 made of it.</summary>
public sealed class StrictEntriesTests
{
    const string Options = """{"ocr":{"detection":{"modelName":"p","options":{@}}}}""";

    static IReadOnlyList<TaskEntry> Read(string entries) => ImmichJson.Newer.ReadEntries(Encoding.UTF8.GetBytes(entries));

    static TaskOptions ReadOption(string name, string json) =>
        Read(Options.Replace("@", $"\"{name}\":{json}", StringComparison.Ordinal))[0].Options;

    [Test]
    [Arguments("""{}""", """{}""")]
    [Arguments("""{"clip":{}}""", """{}""")]
    [Arguments("""{"clip":{"visual":null},"ocr":{}}""", """{}""")]
    [Arguments(
        """{"clip":{"visual":{"modelName":"immich-app/ViT-B-32::openai"},"textual":null}}""",
        """{"clip":{"visual":{"modelName":"immich-app/ViT-B-32::openai"}}}""")]
    [Arguments(
        """{"clip":{"visual":{"modelName":"x","options":{"minScore":"no number","more":[]}}}}""",
        """{"clip":{"visual":{"modelName":"x"}}}""")]
    [Arguments(
        """{"clip":{"textual":{"modelName":"nllb","options":{"language":"de","minScore":[]}}}}""",
        """{"clip":{"textual":{"modelName":"nllb","options":{"language":"de"}}}}""")]
    [Arguments(
        """{"clip":{"textual":{"modelName":"nllb","options":{"language":null}}}}""", """{"clip":{"textual":{"modelName":"nllb"}}}""")]
    [Arguments(
        """{"facial-recognition":{"recognition":{"modelName":"b","options":{"minScore":{}}},"detection":{"modelName":"b"}}}""",
        """{"facial-recognition":{"recognition":{"modelName":"b"},"detection":{"modelName":"b"}}}""")]
    [Arguments(
        """{"ocr":{"detection":{"modelName":"p","options":{"scoreMode":7,"maxResolution":true,"minScore":true}}}}""",
        """{"ocr":{"detection":{"modelName":"p","options":{"minScore":1,"maxResolution":1}}}}""")]
    [Arguments(
        """{"ocr":{"recognition":{"modelName":"p","options":{"minScore":"0.8","maxResolution":null}}}}""",
        """{"ocr":{"recognition":{"modelName":"p","options":{"minScore":0.8}}}}""")]
    [Arguments("""{"clip":{"visual":{"modelName":1},"visual":{"modelName":"x"}}}""", """{"clip":{"visual":{"modelName":"x"}}}""")]
    public async Task Options_of_other_types_are_ignored_and_a_type_that_is_null_is_absent(string entries, string meaning) =>
        await Assert.That(RequestJson.Tasks(Read(entries))).IsEqualTo(meaning);

    [Test]
    [Arguments("0.5", 0.5)]
    [Arguments("\"0.5\"", 0.5)]
    [Arguments("\"\\t-0.5\\u00a0\"", -0.5)]
    [Arguments("\"+.5\"", 0.5)]
    [Arguments("\"5.\"", 5)]
    [Arguments("\"1_0.5\"", 10.5)]
    [Arguments("\"1e-3\"", 0.001)]
    [Arguments("\"1E+3\"", 1000)]
    [Arguments("true", 1)]
    [Arguments("false", 0)]
    [Arguments("-5", -5)]
    [Arguments("99999999999999999999999", 1e23)]
    [Arguments("\"Infinity\"", double.MaxValue)]
    [Arguments("\"-inf\"", double.MinValue)]
    [Arguments("\"1e999\"", double.MaxValue)]
    [Arguments("\"nan\"", double.MaxValue)]
    public async Task A_number_may_be_text_or_a_truth_value(string json, double number) =>
        await Assert.That(ReadOption("minScore", json).MinScore).IsEqualTo(number);

    [Test]
    [Arguments("736", 736)]
    [Arguments("736.0", 736)]
    [Arguments("7.36e2", 736)]
    [Arguments("\" 736 \"", 736)]
    [Arguments("\"736.00\"", 736)]
    [Arguments("\"+007_36\"", 736)]
    [Arguments("true", 1)]
    [Arguments("0", 0)]
    [Arguments("-736.0", 0)]
    [Arguments("\"-736\"", 0)]
    [Arguments("2147483648", int.MaxValue)]
    [Arguments("9223372036854775808", int.MaxValue)]
    [Arguments("-99999999999999999999999", 0)]
    [Arguments("\"99999999999999999999999\"", int.MaxValue)]
    public async Task A_whole_number_may_be_of_any_size_and_written_as_a_fraction(string json, int number) =>
        await Assert.That(ReadOption("maxResolution", json).MaxResolution).IsEqualTo(number);

    [Test]
    [Arguments("minScore", "null")]
    [Arguments("minScore", "[]")]
    [Arguments("minScore", "{}")]
    [Arguments("minScore", "1e999")]
    [Arguments("minScore", "NaN")]
    [Arguments("minScore", "\"\"")]
    [Arguments("minScore", "\"  \"")]
    [Arguments("minScore", "\"_1\"")]
    [Arguments("minScore", "\"1__0\"")]
    [Arguments("minScore", "\"0,5\"")]
    [Arguments("minScore", "\"0x10\"")]
    [Arguments("minScore", "\"+ 5\"")]
    [Arguments("minScore", "\"+-5\"")]
    [Arguments("minScore", "\"1e\"")]
    [Arguments("minScore", "\".\"")]
    [Arguments("minScore", "\"1f\"")]
    [Arguments("minScore", "\"5\\u0000\"")]
    [Arguments("minScore", "\"infin\"")]
    [Arguments("minScore", "\"true\"")]
    [Arguments("minScore", "\"٣\"")]
    [Arguments("maxResolution", "null")]
    [Arguments("maxResolution", "736.5")]
    [Arguments("maxResolution", "1e300")]
    [Arguments("maxResolution", "9.3e18")]
    [Arguments("maxResolution", "\"736.5\"")]
    [Arguments("maxResolution", "\"736.\"")]
    [Arguments("maxResolution", "\"7e2\"")]
    [Arguments("maxResolution", "\"inf\"")]
    [Arguments("maxResolution", "\"7__36\"")]
    [Arguments("maxResolution", "\"--736\"")]
    [Arguments("maxResolution", "\"\"")]
    public async Task Other_values_are_no_numbers(string name, string json) =>
        await Assert.That(() => ReadOption(name, json)).Throws<FormatException>();

    [Test]
    [Arguments("")]
    [Arguments("[]")]
    [Arguments("null")]
    [Arguments("""{"weather":{}}""")]
    [Arguments("""{"weather":null}""")]
    [Arguments("""{"Clip":{"visual":{"modelName":"x"}}}""")]
    [Arguments("""{"clip":null}""")]
    [Arguments("""{"clip":[]}""")]
    [Arguments("""{"clip":{"detection":null}}""")]
    [Arguments("""{"clip":{"detection":{"modelName":"x"}}}""")]
    [Arguments("""{"clip":{"visual":{}}}""")]
    [Arguments("""{"clip":{"visual":"x"}}""")]
    [Arguments("""{"clip":{"visual":{"modelName":null}}}""")]
    [Arguments("""{"clip":{"visual":{"modelName":1}}}""")]
    [Arguments("""{"clip":{"visual":{"modelName":"x","options":null}}}""")]
    [Arguments("""{"clip":{"visual":{"modelName":"x","options":[]}}}""")]
    [Arguments("""{"clip":{"visual":{"modelName":"x","more":0}}}""")]
    [Arguments("""{"clip":{"textual":{"modelName":"x","options":{"language":1}}}}""")]
    public async Task What_is_not_Immichs_is_no_request(string entries)
    {
        FormatException? fault = await Assert.That(() => Read(entries)).Throws<FormatException>();
        await Assert.That(fault!.Message).IsEqualTo("Invalid request format.");
    }
}
