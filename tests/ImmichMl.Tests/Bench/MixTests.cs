namespace ImmichMl.Tests.Bench;

/// <summary>Which request comes when.</summary>
public sealed class MixTests
{
    [Test]
    [Arguments("image")]
    [Arguments("image=4 faces text=1")]
    [Arguments("ocr=997 text=3")]
    [Arguments("text=1000 image=1000 faces=1000 ocr=1000")]
    public async Task Every_round_holds_each_endpoint_as_often_as_it_weighs_and_counts_its_own(string words)
    {
        Mix mix = Mix.Read(words.Split(' '), new EndpointOptions());
        int total = mix.Endpoints.Sum(endpoint => endpoint.Weight);
        long[] seen = new long[mix.Endpoints.Length];
        for (long number = 0; number < 3 * total; number++)
        {
            (int endpoint, long earlier) = mix[number];
            if (earlier != seen[endpoint]++)
            {
                Assert.Fail($"Request {number} has {earlier} before it and not {seen[endpoint] - 1}.");
            }
        }

        await Assert.That(seen.SequenceEqual(mix.Endpoints.Select(endpoint => 3L * endpoint.Weight))).IsTrue();
        await Assert.That(mix.ToString()).IsEqualTo(words.Replace("faces ", "faces=1 ", StringComparison.Ordinal));
    }

    [Test]
    public async Task Weights_are_spread_and_do_not_come_in_blocks()
    {
        Mix mix = Mix.Read(["image=3", "text=1"], new EndpointOptions());
        IEnumerable<char> letters = Enumerable.Range(0, 8).Select(number => mix.Endpoints[mix[number].Endpoint].Name[0]);
        await Assert.That(string.Concat(letters)).IsEqualTo("iitiiiti");
    }

    [Test]
    [Arguments("pictures")]
    [Arguments("image=0")]
    [Arguments("image=1001")]
    [Arguments("image=-1")]
    [Arguments("image=1=2")]
    [Arguments("image=x")]
    [Arguments("image image")]
    [Arguments("=3")]
    public async Task What_is_no_mix_is_refused(string words) =>
        await Assert.That(() => Mix.Read(words.Split(' '), new EndpointOptions())).Throws<FormatException>();

    [Test]
    public async Task Pictures_and_queries_come_round_in_their_order()
    {
        Mix mix = Mix.Read(["image", "text"], new EndpointOptions { MinFaceScore = 0.5 });
        var workload = new Workload(mix, [[1], [2], [3]], ["a", "b"]);
        Call[] calls = [.. Enumerable.Range(0, 12).Select(number => workload[number])];
        await Assert.That(string.Concat(calls.Where(call => call.Text is null).Select(call => call.Image![0]))).IsEqualTo("123123");
        await Assert.That(string.Concat(calls.Where(call => call.Image is null).Select(call => call.Text))).IsEqualTo("ababab");
    }

    [Test]
    public async Task Options_reach_the_task_that_knows_them()
    {
        var options = new EndpointOptions { MinFaceScore = 0.4, MinTextScore = 0.6, MaxResolution = 500, Language = "de" };
        TaskEntry[] faces = [.. options.Describe("faces", 1).Tasks], ocr = [.. options.Describe("ocr", 1).Tasks];
        await Assert.That((faces[0].Options.MinScore, faces[1].Options.MinScore)).IsEqualTo((0.4, (double?)null));
        await Assert.That((ocr[0].Options.MaxResolution, ocr[0].Options.MinScore, ocr[1].Options.MinScore))
            .IsEqualTo((500, (double?)null, 0.6));
        await Assert.That(options.Describe("text", 1).Tasks[0].Options.Language).IsEqualTo("de");
    }

    [Test]
    public async Task Made_queries_are_all_different()
    {
        IReadOnlyList<string> queries = BenchQueries.Make(3000);
        await Assert.That(queries.Distinct().Count()).IsEqualTo(3000);
        await Assert.That(queries.Any(query => query != query.Trim() || query.Contains("  ", StringComparison.Ordinal))).IsFalse();
    }
}
