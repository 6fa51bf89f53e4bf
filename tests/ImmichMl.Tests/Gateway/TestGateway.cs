using System.Net.Http.Headers;
using Microsoft.Extensions.Logging;

namespace ImmichMl.Tests.Gateway;

/// <summary>What HTTP said.</summary>
sealed record Answered(int Status, string Body, HttpResponseMessage Message);

/// <summary>The real gateway in this process, on a port of its own, in front of whatever listens at the daemon's socket.</summary>
sealed class TestGateway : IAsyncDisposable
{
    readonly RunningGateway _gateway;

    TestGateway(RunningGateway gateway, CollectedLog log)
    {
        _gateway = gateway;
        Log = log;
        Http = new HttpClient { BaseAddress = new Uri(gateway.Address), Timeout = Patience.Limit };
    }

    public HttpClient Http { get; }

    public CollectedLog Log { get; }

    public Uri Address => Http.BaseAddress!;

    public static Task<TestGateway> StartAsync(string daemonSocket, params (string Name, string Value)[] settings) =>
        StartAsync(daemonSocket, TimeProvider.System, settings);

    public static async Task<TestGateway> StartAsync(string daemonSocket, TimeProvider time, params (string Name, string Value)[] settings)
    {
        Settings given = new Settings().Add("IMMICH_ML_SOCKET", daemonSocket).Add("IMMICH_HOST", "127.0.0.1").Add("IMMICH_PORT", "0")
            .Add("IMMICH_LOG_LEVEL", "debug")

            // There a picture's size can be asked for alone, which needs no model.
            .Add("MACHINE_LEARNING_RULES", "2.7");
        foreach ((string name, string value) in settings)
        {
            given.Add(name, value);
        }

        var log = new CollectedLog();
        var gateway = new RunningGateway(given.Read<GatewayOptions>(), logging => logging.AddProvider(log), time);
        await gateway.StartAsync();
        return new TestGateway(gateway, log);
    }

    /// <summary>As SIGTERM ends it; done when nothing is open any more.</summary>
    public async Task StopAsync()
    {
        _gateway.Stop();
        await _gateway.DisposeAsync();
    }

    /// <summary>As Ctrl+C ends the waiting for a balancer.</summary>
    public void Hurry() => _gateway.Hurry();

    public async Task<Answered> GetAsync(string path) => await ReadAsync(await Http.GetAsync(new Uri(path, UriKind.Relative)));

    public async Task<Answered> PredictAsync(string? entries, byte[]? image = null, string? text = null)
    {
        using MultipartFormDataContent form = Form(entries, image, text);
        return await ReadAsync(await Http.PostAsync(new Uri("/predict", UriKind.Relative), form));
    }

    public async Task<Answered> SendAsync(HttpRequestMessage request) => await ReadAsync(await Http.SendAsync(request));

    public static MultipartFormDataContent Form(string? entries, byte[]? image, string? text)
    {
        var form = new MultipartFormDataContent();
        if (image is not null)
        {
            var part = new ByteArrayContent(image);
            part.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
            form.Add(part, "image", "blob");
        }

        if (text is not null)
        {
            form.Add(new StringContent(text, Encoding.UTF8), "text");
        }

        if (entries is not null)
        {
            form.Add(new StringContent(entries, Encoding.UTF8), "entries");
        }

        return form;
    }

    static async Task<Answered> ReadAsync(HttpResponseMessage message) =>
        new((int)message.StatusCode, await message.Content.ReadAsStringAsync(), message);

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _gateway.DisposeAsync();
    }
}
