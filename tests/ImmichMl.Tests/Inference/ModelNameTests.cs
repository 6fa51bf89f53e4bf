namespace ImmichMl.Tests.Inference;

/// <summary>What a peer may call a model, and what it is told when there is none.</summary>
public sealed class ModelNameTests
{
    static readonly byte[] Picture = TestPicture.Bmp(8, 8);

    [Test]
    [Arguments("synthetic::demo")]
    [Arguments("immich-app/synthetic__demo")]
    [Arguments("a/../../synthetic__demo")]
    [Arguments("synthetic\\:demo")]
    [Arguments("synth.etic__de.mo")]
    public async Task A_name_is_cleaned_before_it_is_looked_up(string name)
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        await Assert.That((await daemon.Client.EmbedAsync(name, Picture)).Clip!.Length).IsEqualTo(512);
        await daemon.Client.LoadAsync(Clip.Address(name)).Within();
        await Assert.That(daemon.Log.Lines.Count(line => line.Contains("Loading clip visual", StringComparison.Ordinal))).IsEqualTo(1);
    }

    [Test]
    [Arguments("ViT-B-32::openai", "model_unavailable")]
    [Arguments("immich-app/ViT-B-32__openai", "model_unavailable")]
    [Arguments("no-such-model", "unknown_model")]
    [Arguments("vit-b-32__OPENAI", "unknown_model")]
    [Arguments("buffalo_l", "unknown_model")]
    [Arguments("..", "unknown_model")]
    [Arguments(".", "unknown_model")]
    [Arguments("/", "unknown_model")]
    [Arguments("a/../../etc", "unknown_model")]
    [Arguments("../../synthetic__demo/visual", "unknown_model")]
    [Arguments("synthetic__demo\0", "unknown_model")]
    [Arguments("synthetic__demo\n", "unknown_model")]
    [Arguments("synthetic__demo ", "unknown_model")]
    public async Task What_is_not_in_the_cache_is_unavailable_where_the_catalogue_has_it_and_unknown_elsewhere(string name, string code)
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        MlErrorException refusal = await daemon.Client.RefusalAsync(name, Picture);
        await Assert.That(refusal.Code.Name).IsEqualTo(code).Because(refusal.Message);
    }

    [Test]
    public async Task A_name_of_ten_thousand_characters_is_refused_on_the_wire_and_below_it()
    {
        string name = new('a', 10_000);
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        await Assert.That((await daemon.Client.RefusalAsync(name, Picture)).Code.Name).IsEqualTo("invalid_request");
        ModelException? refused = await Assert.That(() => new ModelKey(ModelKind.ClipVisual, name)).Throws<ModelException>();
        await Assert.That(refused!.Fault).IsEqualTo(ModelFault.Unknown);
    }

    [Test]
    public async Task Asking_for_many_models_that_nobody_knows_leaves_no_trace_of_them()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        for (int i = 0; i < 20; i++)
        {
            await daemon.Client.RefusalAsync($"no-such-model-{i}", Picture);
        }

        var cache = (SessionCache)daemon.Services.GetService(typeof(SessionCache))!;
        await Assert.That(cache.Snapshot()).IsEmpty();
    }
}
