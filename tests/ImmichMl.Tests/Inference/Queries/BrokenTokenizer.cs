namespace ImmichMl.Tests.Inference.Queries;

/// <summary>A tokenizer.json that cannot be used, and a word that the message must hold to help.</summary>
public sealed record BrokenTokenizer(string What, string Json, string Word)
{
    const string Merges = "\"merges\": []";

    public static IEnumerable<BrokenTokenizer> All() =>
    [
        new("an empty file", "", "JSON"),
        new("a page of HTML", "<!doctype html>", "<"),
        new("null", "null", "object"),
        new("a list", "[]", "object"),
        new("no model", "{}", "model"),
        new("a cut file", TextModel.Bytes[..(TextModel.Bytes.Length / 2)], "LineNumber"),
        new("a file cut at its last brace", TextModel.Bytes.TrimEnd()[..^1], "LineNumber"),
        new("something behind the end", TextModel.Bytes + "{", "LineNumber"),
        new("a model that is a string", """{"model": "BPE"}""", "model"),
        new("a model of an unknown type", Changed("\"type\": \"BPE\"", "\"type\": \"Oracle\""), "Oracle"),
        new("no vocab", """{"model": {"type": "BPE", "merges": []}}""", "model.vocab"),
        new("no merges", """{"model": {"type": "BPE", "vocab": {}}}""", "model.merges"),
        new("a vocab that is a list", """{"model": {"type": "BPE", "vocab": [], "merges": []}}""", "model.vocab"),
        new("a vocab that is null", """{"model": {"type": "BPE", "vocab": null, "merges": []}}""", "model.vocab"),
        new("an id that is a string", Changed("\"<0x00>\": 0,", "\"<0x00>\": \"0\","), "<0x00>"),
        new("an id below zero", Changed("\"<0x00>\": 0,", "\"<0x00>\": -1,"), "<0x00>"),
        new("an id of 1e30", Changed("\"<0x00>\": 0,", "\"<0x00>\": 1e30,"), "<0x00>"),
        new("an id of a trillion", Changed("\"<0x00>\": 0,", "\"<0x00>\": 1000000000000,"), "<0x00>"),
        new("an id that is NaN", Changed("\"<0x00>\": 0,", "\"<0x00>\": NaN,"), "N"),
        new("merges that are a number", Changed(Merges, "\"merges\": 1000000000"), "model.merges"),
        new("merges of pieces that are not there", Changed(Merges, "\"merges\": [\"a b\"]"), "model.merges[0]"),
        new("merges that go in a circle", Changed(Merges, "\"merges\": [[\"<pad>\", \"<s>\"], [\"<s>\", \"<pad>\"]]"), "model.merges[0]"),
        new("a merge of one", Changed(Merges, "\"merges\": [\"<pad>\"]"), "model.merges[0]"),
        new("a merge of three", Changed(Merges, "\"merges\": [[\"<s>\", \"<s>\", \"<s>\"]]"), "model.merges[0]"),
        new("a merge of numbers", Changed(Merges, "\"merges\": [[1, 2]]"), "model.merges[0]"),
        new("an unknown token that is not there", Changed("\"unk_token\": null", "\"unk_token\": \"<nowhere>\""), "<nowhere>"),
        new("a flag that is a string", Changed("\"byte_fallback\": true", "\"byte_fallback\": \"yes\""), "byte_fallback"),
        new("added tokens that are an object", Changed("\"added_tokens\": []", "\"added_tokens\": {}"), "added_tokens"),
        new("an added token that is a number", Changed("\"added_tokens\": []", "\"added_tokens\": [7]"), "added_tokens[0]"),
        new("an added token without a text", Changed("\"added_tokens\": []", "\"added_tokens\": [{\"id\": 1}]"), "added_tokens[0].content"),
        new("an added token half a surrogate", Changed("\"added_tokens\": []", "\"added_tokens\": [{\"content\": \"\\ud800\"}]"),
            "added_tokens[0].content"),
        new("an unknown normalizer", Changed("\"normalizer\": null", "\"normalizer\": {\"type\": \"Magic\"}"), "normalizer 'Magic'"),
        new("a normalizer without a type", Changed("\"normalizer\": null", "\"normalizer\": {}"), "normalizer.type"),
        new("a normalizer that is a number", Changed("\"normalizer\": null", "\"normalizer\": 5"), "normalizer"),
        new(
            "a charsmap that is not base64",
            Changed("\"normalizer\": null", "\"normalizer\": {\"type\": \"Precompiled\", \"precompiled_charsmap\": \"%\"}"),
            "precompiled_charsmap"),
        new(
            "a charsmap that claims 4 GB",
            Changed("\"normalizer\": null", "\"normalizer\": {\"type\": \"Precompiled\", \"precompiled_charsmap\": \"/////w==\"}"),
            "precompiled_charsmap"),
        new("normalizers nested a thousand deep", Changed("\"normalizer\": null", "\"normalizer\": " + Nested(1000)), "depth"),
        new("an unknown pre-tokenizer", Changed("\"pre_tokenizer\": null", "\"pre_tokenizer\": {\"type\": \"Magic\"}"),
            "pre_tokenizer 'Magic'"),
        new(
            "a pattern that does not parse",
            Changed("\"pre_tokenizer\": null",
                "\"pre_tokenizer\": {\"type\": \"Split\", \"pattern\": {\"Regex\": \"(\"}, \"behavior\": \"Isolated\"}"),
            "pre_tokenizer"),
        new(
            "an unknown behavior",
            Changed("\"pre_tokenizer\": null",
                "\"pre_tokenizer\": {\"type\": \"Split\", \"pattern\": {\"String\": \"a\"}, \"behavior\": \"Magic\"}"),
            "Magic"),
        new("an unknown post-processor", Changed("BertProcessing", "Magic"), "post_processor 'Magic'"),
        new("a special token whose id is a string", Changed("[\"<s>\", 257]", "[\"<s>\", \"257\"]"), "post_processor"),
        new("a unigram without an unknown piece", """{"model": {"type": "Unigram", "vocab": [["a", 0]]}}""", "model.unk_id"),
        new("a unigram whose unknown piece is far away", """{"model": {"type": "Unigram", "unk_id": 2000000000, "vocab": [["a", 0]]}}""",
            "model.unk_id"),
        new("a unigram with a score that is a string", """{"model": {"type": "Unigram", "unk_id": 0, "vocab": [["a", "0"]]}}""",
            "model.vocab[0]"),
        new("a unigram with an endless score", """{"model": {"type": "Unigram", "unk_id": 0, "vocab": [["<pad>", 1e999]]}}""",
            "model.vocab[0]"),
        new("a word piece model without its unknown", """{"model": {"type": "WordPiece", "vocab": {"a": 0}}}""", "[UNK]"),
        new("no pad token in it", TextModel.Bytes.Replace("<pad>", "<other>", StringComparison.Ordinal), "pad_token"),
    ];

    public override string ToString() => What;

    static string Nested(int depth) =>
        string.Concat(Enumerable.Repeat("""{"type": "Sequence", "normalizers": [""", depth)) + string.Concat(
            Enumerable.Repeat("]}", depth));

    static string Changed(string old, string now) => TextModel.Bytes.Contains(old, StringComparison.Ordinal)
        ? TextModel.Bytes.Replace(old, now, StringComparison.Ordinal)
        : throw new InvalidOperationException($"The tokenizer has no {old}.");
}
