namespace ImmichMl.Tests.Models;

public sealed class ModelCatalogTests
{
    static readonly ModelCatalog Catalog = new();

    [Test]
    [Arguments("clip", "ViT-B-32__openai", true)]
    [Arguments("clip", "XLM-Roberta-Large-Vit-B-16Plus", true)]
    [Arguments("clip", "nllb-clip-large-siglip__v1", true)]
    [Arguments("facial-recognition", "buffalo_l", true)]
    [Arguments("ocr", "PP-OCRv5_mobile", true)]
    [Arguments("ocr", "LATIN__PP-OCRv5_mobile", true)]
    [Arguments("clip", "buffalo_l", false)]
    [Arguments("clip", "vit-b-32__openai", false)]
    [Arguments("clip", "", false)]
    [Arguments("nudity", "ViT-B-32__openai", false)]
    public async Task A_name_is_known_for_its_own_task_alone(string task, string name, bool known)
    {
        await Assert.That(Catalog.NamesOf(task).Contains(name)).IsEqualTo(known);
    }

    [Test]
    public async Task The_catalogue_has_the_names_that_Immich_knows_and_no_others()
    {
        using var document = JsonDocument.Parse(await File.ReadAllBytesAsync(SharedData.File("design", "MODELS.json")));
        JsonElement known = document.RootElement;
        await CompareAsync("clip", [.. Names("openclip"), .. Names("mclip")]);
        await CompareAsync("facial-recognition", Names("insightface"));
        string[] since33 = ["PP-OCRv6_medium", "PP-OCRv6_small", "PP-OCRv6_tiny"];
        await CompareAsync("ocr", [.. known.GetProperty("ocr").EnumerateObject().Select(model => model.Name), .. since33]);

        string[] Names(string list) => [.. known.GetProperty(list).EnumerateArray().Select(name => name.GetString()!)];
    }

    [Test]
    public async Task Every_name_comes_back_from_cleaning_as_it_is()
    {
        foreach (ModelKind kind in ModelKind.All)
        {
            foreach (string name in Catalog.NamesOf(kind.Task))
            {
                await Assert.That(new ModelKey(kind, name).Name).IsEqualTo(name);
            }
        }
    }

    static async Task CompareAsync(string task, string[] expected) =>
        await Assert.That(string.Join('\n', Catalog.NamesOf(task).Order(StringComparer.Ordinal)))
            .IsEqualTo(string.Join('\n', expected.Order(StringComparer.Ordinal)));
}
