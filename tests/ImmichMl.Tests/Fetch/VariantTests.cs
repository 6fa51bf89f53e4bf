namespace ImmichMl.Tests.Fetch;

/// <summary>Files for other hardware come along only where they are asked for.</summary>
public sealed class VariantTests
{
    [Test]
    [Arguments("", "visual/model.onnx")]
    [Arguments("armnn", "visual/model.onnx visual/model.armnn")]
    [Arguments("rk3588", "visual/model.onnx visual/rknpu/rk3588/model.rknn")]
    [Arguments("rk3566,armnn", "visual/model.onnx visual/model.armnn visual/rknpu/rk3566/model.rknn")]
    public async Task A_listing_gives_the_variants_that_are_asked_for(string variants, string files)
    {
        TreeEntry[] tree =
        [
            .. ((string[])["visual/model.onnx", "visual/model.armnn", "visual/rknpu/rk3566/model.rknn", "visual/rknpu/rk3588/model.rknn",
                "visual/model.rknn", "textual/model.onnx"])
                .Select(path => new TreeEntry { Type = "file", Path = path, Size = 1 }),
        ];
        IReadOnlyList<HubFile> read = HubListing.Read(tree, "visual", path => new Uri($"http://localhost/{path}"), variants.Split(','));
        await Assert.That(string.Join(" ", read.Select(file => file.Path))).IsEqualTo(files);
    }
}
