namespace ImmichMl.Tests.Imaging;

/// <summary>A picture, a size, and the tensor that Pillow and NumPy make of it; tests/golden/resample/cases.json.</summary>
public sealed record ClipCase(string Picture, (int Width, int Height) Source, int Size, string Sha256)
{
    public static IEnumerable<ClipCase> All()
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Repository.Golden("resample", "cases.json")));
        return [.. document.RootElement.GetProperty("clip").EnumerateArray().Select(entry => new ClipCase(
            entry.GetProperty("picture").GetString()!,
            ResampleCase.Size(entry.GetProperty("source")),
            entry.GetProperty("size").GetInt32(),
            entry.GetProperty("sha256").GetString()!))];
    }

    public override string ToString() => $"{Picture} {Source} to {Size}";
}

public sealed class ClipPreprocessingTests
{
    static readonly float[] Mean = [0.48145466f, 0.4578275f, 0.40821073f];

    static readonly float[] Std = [0.26862954f, 0.26130258f, 0.27577711f];

    [Test]
    [MethodDataSource(typeof(ClipCase), nameof(ClipCase.All))]
    public async Task Resize_crop_and_standardize_equal_Pillow_and_NumPy_to_the_last_bit(ClipCase golden)
    {
        using var source = FormulaPicture.Draw(golden.Picture, golden.Source.Width, golden.Source.Height);
        var plan = CenterCrop.Plan(source.Width, source.Height, golden.Size);
        using var square = Resampler.Resize(source, plan.Width, plan.Height, ResampleFilter.Bicubic, plan.Region);
        var tensor = new float[3 * golden.Size * golden.Size];
        TensorWriter.WriteStandardized(square, new StandardizeTable(Mean, Std), tensor);
        await Assert.That(Sha256.Of(MemoryMarshal.AsBytes<float>(tensor))).IsEqualTo(golden.Sha256);
    }

    [Test]
    [MethodDataSource(typeof(ClipCase), nameof(ClipCase.All))]
    public async Task The_fused_form_in_two_bands_gives_the_same_tensor_on_every_path(ClipCase golden)
    {
        using var source = FormulaPicture.Draw(golden.Picture, golden.Source.Width, golden.Source.Height);
        var plan = CenterCrop.Plan(source.Width, source.Height, golden.Size);
        foreach (var path in KernelPaths.Available)
        {
            var tensor = new float[3 * golden.Size * golden.Size];
            int cut = golden.Size / 3;
            foreach (var band in new[] { new RowBand(0, cut), new RowBand(cut, golden.Size - cut) })
            {
                TensorWriter.WriteResized(
                    source, plan.Width, plan.Height, ResampleFilter.Bicubic, plan.Region, new StandardizeTable(Mean, Std),
                    new TensorPlanes(tensor, golden.Size, golden.Size), band, path);
            }

            await Assert.That(Sha256.Of(MemoryMarshal.AsBytes<float>(tensor))).IsEqualTo(golden.Sha256).Because($"{path}");
        }
    }

    [Test]
    [Arguments(1440, 1080, 298, 224, 37, 0)]
    [Arguments(1080, 1440, 224, 298, 0, 37)]
    [Arguments(225, 224, 225, 224, 0, 0)]
    [Arguments(100, 100, 224, 224, 0, 0)]
    [Arguments(1, 65_500, 224, 14_672_000, 0, 7_335_888)]
    public async Task The_longer_side_is_cut_to_a_whole_number_and_the_offset_too(
        int width, int height, int resizedWidth, int resizedHeight, int x, int y)
    {
        await Assert.That(CenterCrop.Plan(width, height, 224)).IsEqualTo((resizedWidth, resizedHeight, new PixelRectangle(x, y, 224, 224)));
    }

    [Test]
    public async Task A_tensor_of_another_size_is_refused()
    {
        using var bitmap = FormulaPicture.Draw("noise", 4, 4);
        var table = new StandardizeTable(Mean, Std);
        await Assert.That(() => TensorWriter.WriteStandardized(bitmap, table, new float[47])).Throws<ArgumentOutOfRangeException>();
        await Assert.That(() => new StandardizeTable([0f], Std)).Throws<ArgumentOutOfRangeException>();
    }
}
