namespace ImmichMl.Gateway;

/// <summary>
/// The health and metadata part of the Open Inference Protocol (version 2, REST), which platforms probe: <c>/v2</c> and below. Inference
/// itself is not: a picture's way to numbers is ours, and no tensor goes in or out.
/// </summary>
sealed class InferenceProtocolEndpoint(DaemonLink daemon, HealthEndpoint health)
{
    const string Models = "/v2/models/", Ready = "/ready";

    static readonly string? s_version = typeof(InferenceProtocolEndpoint).Assembly.GetName().Version?.ToString(3);

    static readonly string s_server = $$"""{"name":"immich-ml","version":"{{s_version}}","extensions":[]}""";

    public static bool Knows(string path) => path is "/v2" or "/v2/health/live" or "/v2/health/ready"
        || (path.StartsWith(Models, StringComparison.Ordinal) && path.Length > Models.Length && path != Models + "ready");

    public Task AnswerAsync(HttpContext context, string path) => path switch
    {
        "/v2" => Reply.JsonAsync(context, s_server),
        "/v2/health/live" => Reply.JsonAsync(context, """{"live":true}"""),
        "/v2/health/ready" => health.ReadyAsync(context),
        _ when path.EndsWith(Ready, StringComparison.Ordinal) => ModelAsync(context, path[Models.Length..^Ready.Length], isReady: true),
        _ => ModelAsync(context, path[Models.Length..], isReady: false),
    };

    /// <summary>Ready is a model that answers without a download: loaded, or in the cache as a whole.</summary>
    async Task ModelAsync(HttpContext context, string name, bool isReady)
    {
        ModelStatus[] known = [.. (await AskAsync(context)).Where(model => model.ModelName == name)];
        if (known.Length == 0)
        {
            throw new HttpFault(404, "model_unknown", "No model of that name is in the cache.");
        }

        if (!isReady)
        {
            await Reply.JsonAsync(context,
                $$"""{"name":{{(JsonText)name}},"versions":["1"],"platform":"onnx_onnxv1","inputs":[],"outputs":[]}""");
        }
        else if (known.All(model => model.State is "loaded" or "cached"))
        {
            await Reply.JsonAsync(context, $$"""{"name":{{(JsonText)name}},"ready":true}""");
        }
        else
        {
            throw new HttpFault(503, "model_unavailable", "The model is not in the cache as a whole.", TimeSpan.FromSeconds(5));
        }
    }

    async Task<IReadOnlyList<ModelStatus>> AskAsync(HttpContext context)
    {
        try
        {
            return (await daemon.Questions.GetModelsAsync(context.RequestAborted)).Models;
        }
        catch (TimeoutException)
        {
            throw HealthEndpoint.Silent();
        }
    }
}
