using System.Text;
using ImmichMl.Client;
using ImmichMl.Tests.Protocol;

namespace ImmichMl.Tests.Client;

public sealed class ImmichEntriesTests
{
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
        var tasks = ImmichJson.ReadEntries(Encoding.UTF8.GetBytes(entries));
        await Assert.That(RequestJson.Tasks(tasks)).IsEqualTo(meaning);
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
    [Arguments("""{"clip":{"visual":{"modelName":"x","options":{"minScore":"0.7"}}}}""")]
    [Arguments("""{"clip":{"visual":{"modelName":"x","options":{"maxResolution":0.5}}}}""")]
    [Arguments("""{"clip":{"visual":{"modelName":"x","options":{"maxResolution":99999999999}}}}""")]
    [Arguments("""{"clip":{"visual":{"modelName":"\ud800"}}}""")]
    [Arguments("""{"clip":{"visual":{"modelName":"x"}}} {}""")]
    [Arguments("""{"clip":{"visual":{"modelName":"x"}}""")]
    [Arguments("""{"clip":{"visual":{"modelName":"x","deep":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}}}""")]
    public async Task Anything_else_is_no_request(string entries)
    {
        var fault = await Assert.That(() => ImmichJson.ReadEntries(Encoding.UTF8.GetBytes(entries))).Throws<FormatException>();
        await Assert.That(fault!.Message).IsEqualTo("Invalid request format.");
    }

    [Test]
    [Arguments("7B22FF223A7B2276697375616C223A7B226D6F64656C4E616D65223A2278227D7D7D")]
    [Arguments("7B22636C6970223A7B2276697375616C223A7B226D6F64656C4E616D65223A22FF227D7D7D")]
    [Arguments("FFFE7B007D00")]
    public async Task What_is_not_UTF_8_is_no_request(string hex)
    {
        await Assert.That(() => ImmichJson.ReadEntries(Convert.FromHexString(hex))).Throws<FormatException>();
    }
}
