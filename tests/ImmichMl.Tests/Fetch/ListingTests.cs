namespace ImmichMl.Tests.Fetch;

/// <summary>Listings of every shape: read, or refused in words; never anything else.</summary>
public sealed class ListingTests
{
    const string Good = """{"type":"file","path":"visual/model.onnx","size":5,"oid":"0123456789012345678901234567890123456789"}""";

    static string? Read(string json)
    {
        try
        {
            IReadOnlyList<HubFile> files = HubListing.Read(
                HubListing.Parse(Encoding.UTF8.GetBytes(json)), "visual", path => new Uri(
                "http://hub.invalid/" + Uri.EscapeDataString(path)));
            return string.Join(' ', files.Select(file => file.Path));
        }
        catch (FetchException e)
        {
            return e.Message.StartsWith("The hub's listing ", StringComparison.Ordinal) ? null : e.Message;
        }
    }

    [Test]
    [Arguments("[null]")]
    [Arguments($"[{Good},null]")]
    [Arguments("null")]
    [Arguments("")]
    [Arguments("{}")]
    [Arguments("[[]]")]
    [Arguments("[1]")]
    [Arguments("""["visual/model.onnx"]""")]
    [Arguments("""[{"type":"file","path":null,"size":1}]""")]
    [Arguments("""[{"type":"file","path":"visual/model.onnx","size":null}]""")]
    [Arguments("""[{"type":"file","path":"visual/model.onnx","size":-1}]""")]
    [Arguments("""[{"type":"file","path":"visual/model.onnx","size":1e99}]""")]
    [Arguments("""[{"type":"file","path":"visual/model.onnx","size":5,"lfs":{"oid":"x","size":5}}]""")]
    [Arguments("""[{"type":"file","path":"visual/model.onnx","size":5,"lfs":[]}]""")]
    [Arguments("""[{"type":"file","path":"visual/\ud800","size":5}]""")]
    [Arguments($$"""[{{Good}},{"type":"file","path":"visual/model.onnx/data","size":5}]""")]
    [Arguments($"[{Good},{Good}]")]
    [Arguments("""[{"type":"directory","path":"visual"}]""")]
    public async Task What_is_no_listing_of_this_model_is_refused(string json) => await Assert.That(Read(json)).IsNull();

    [Test]
    public async Task A_listing_that_was_changed_anywhere_is_read_or_refused()
    {
        await Assert.That(Read($"[{Good}]")).IsEqualTo("visual/model.onnx");
        string lfs = $$"""{"type":"file","path":"visual/a","size":7,"lfs":{"oid":"{{new string('a', 64)}}","size":7} }""";
        byte[] good = Encoding.UTF8.GetBytes($$"""[{{Good}},{{lfs}},{"type":"x"}]""");
        string[] pieces = ["null", "[]", "{}", "\"\"", "-1", "1e400", "\"..\"", "\"\\u0000\"", "true", ",", "\"visual/model.onnx\""];
        var random = new Lcg(25);
        for (int i = 0; i < 20_000; i++)
        {
            var changed = new List<byte>(good);
            for (int changes = 1 + random.Next(3); changes > 0; changes--)
            {
                int at = random.Next(changed.Count);
                switch (random.Next(3))
                {
                    case 0:
                        changed[at] = (byte)random.Next(256);
                        break;
                    case 1:
                        changed.RemoveRange(at, Math.Min(random.Next(20), changed.Count - at));
                        break;
                    default:
                        changed.InsertRange(at, Encoding.UTF8.GetBytes(pieces[random.Next(pieces.Length)]));
                        break;
                }

                if (changed.Count == 0)
                {
                    break;
                }
            }

            try
            {
                _ = HubListing.Read(
                    HubListing.Parse([.. changed]), "visual", path => new Uri("http://hub.invalid/" + Uri.EscapeDataString(path)));
            }
            catch (FetchException)
            {
                // Refused in words.
            }
        }
    }
}
