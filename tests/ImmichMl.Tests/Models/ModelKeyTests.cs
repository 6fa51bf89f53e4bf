namespace ImmichMl.Tests.Models;

public sealed class ModelKeyTests
{
    [Test]
    [Arguments("ViT-B-32__openai", "ViT-B-32__openai")]
    [Arguments("ViT-B-32::openai", "ViT-B-32__openai")]
    [Arguments("immich-app/ViT-B-32__openai", "ViT-B-32__openai")]
    [Arguments(@"a\b", "a_b")]
    [Arguments(@"..\..\etc", "__etc")]
    [Arguments("a/../../etc", "etc")]
    [Arguments("v1.5", "v15")]
    [Arguments("…", "…")]
    public async Task A_name_is_cleaned_as_Immich_cleans_it(string given, string cleaned)
    {
        var key = new ModelKey(ModelKind.ClipVisual, given);
        await Assert.That((key.Name, key.ToString())).IsEqualTo((cleaned, $"clip visual {cleaned}"));
        await Assert.That(key).IsEqualTo(new ModelKey(ModelKind.ClipVisual, cleaned));
    }

    [Test]
    [Arguments("")]
    [Arguments(".")]
    [Arguments("..")]
    [Arguments("a/")]
    [Arguments("a/..")]
    [Arguments("a\0b")]
    [Arguments("a\nb")]
    [Arguments("\u007F")]
    public async Task A_name_of_which_nothing_usable_is_left_is_unknown(string given) => await RefuseAsync(given);

    [Test]
    public async Task A_name_may_have_128_characters_and_no_more()
    {
        await Assert.That(new ModelKey(ModelKind.ClipVisual, new string('a', 128)).Name.Length).IsEqualTo(128);
        await RefuseAsync(new string('a', 129));
        await RefuseAsync(new string('a', 10_000));
    }

    static async Task RefuseAsync(string given)
    {
        ModelException? refused = await Assert.That(() => new ModelKey(ModelKind.ClipVisual, given)).Throws<ModelException>();
        await Assert.That(refused!.Fault).IsEqualTo(ModelFault.Unknown);
    }
}
