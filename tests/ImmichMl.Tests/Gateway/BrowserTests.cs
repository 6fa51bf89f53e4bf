namespace ImmichMl.Tests.Gateway;

/// <summary>What a web page of another site could do with a visitor's browser, and what programs do that look a little like one.</summary>
public sealed class BrowserTests
{
    static async Task<int> AskAsync(
        TestGateway gateway, string method, string path, string? host, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Headers.Host = host ?? request.Headers.Host;
        foreach ((string name, string value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        request.Content = method == "POST" ? TestGateway.Form("{}", TestPicture.Bmp(3, 2), null) : null;
        return (await gateway.SendAsync(request)).Status;
    }

    [Test]
    [Arguments("POST", "/predict", "cross-site", 403)]
    [Arguments("POST", "/predict", "same-site", 403)]
    [Arguments("POST", "/predict", "anything", 403)]
    [Arguments("POST", "/predict", "same-origin", 200)]
    [Arguments("GET", "/status.json", "cross-site", 403)]
    [Arguments("GET", "/status.json", "same-origin", 200)]
    [Arguments("GET", "/status", "none", 200)]
    [Arguments("GET", "/ping", "cross-site", 403)]
    public async Task Another_sites_page_is_told_no(string method, string path, string site, int status)
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        await using TestGateway gateway = await TestGateway.StartAsync(daemon.SocketPath);
        await Assert.That(await AskAsync(gateway, method, path, null, ("Sec-Fetch-Site", site))).IsEqualTo(status);
    }

    [Test]
    public async Task A_link_of_another_site_may_be_followed_but_not_with_a_form()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        await using TestGateway gateway = await TestGateway.StartAsync(daemon.SocketPath);
        (string, string)[] followed = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")];
        await Assert.That(await AskAsync(gateway, "GET", "/status", null, followed)).IsEqualTo(200);
        await Assert.That(await AskAsync(gateway, "POST", "/predict", null, followed)).IsEqualTo(403);
        followed[2] = ("Sec-Fetch-Dest", "iframe");
        await Assert.That(await AskAsync(gateway, "GET", "/status", null, followed)).IsEqualTo(403);
    }

    [Test]
    [Arguments("http://evil.example", 403)]
    [Arguments("null", 403)]
    [Arguments("http://nas:3004", 403)]
    [Arguments("http://nas:3003", 200)]
    [Arguments("https://NAS:3003", 200)]
    public async Task A_form_over_plain_HTTP_tells_where_it_comes_from(string origin, int status)
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        await using TestGateway gateway = await TestGateway.StartAsync(daemon.SocketPath);
        await Assert.That(await AskAsync(gateway, "POST", "/predict", "nas:3003", ("Origin", origin))).IsEqualTo(status);
    }

    [Test]
    [Arguments("evil.example", "/status.json", 403)]
    [Arguments("evil.example:3003", "/status", 403)]
    [Arguments("evil.example.", "/metrics", 403)]
    [Arguments("evil.example", "/ping", 200)]
    [Arguments("nas", "/status.json", 200)]
    [Arguments("localhost:3003", "/status.json", 200)]
    [Arguments("nas.local", "/status.json", 200)]
    [Arguments("ml.svc.cluster.local", "/metrics", 200)]
    [Arguments("nas.home.arpa", "/status.json", 200)]
    [Arguments("192.168.1.5:3003", "/status.json", 200)]
    [Arguments("[fd00::5]:3003", "/status.json", 200)]
    [Arguments("local.evil.example", "/status.json", 403)]
    [Arguments("evillocal.example", "/status.json", 403)]
    public async Task A_name_that_anybody_can_point_here_reads_nothing(string host, string path, int status)
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        await using TestGateway gateway = await TestGateway.StartAsync(daemon.SocketPath);
        await Assert.That(await AskAsync(gateway, "GET", path, host)).IsEqualTo(status);
    }

    [Test]
    public async Task A_page_by_a_name_of_its_own_cannot_ask_for_predictions_and_Immichs_server_can_by_any_name()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        await using TestGateway gateway = await TestGateway.StartAsync(daemon.SocketPath);
        await Assert.That(await AskAsync(gateway, "POST", "/predict", "evil.example", ("Origin", "http://evil.example"))).IsEqualTo(403);
        await Assert.That(await AskAsync(gateway, "POST", "/predict", "evil.example", ("Sec-Fetch-Site", "same-origin"))).IsEqualTo(403);

        // What Node's fetch sends.
        await Assert.That(await AskAsync(gateway, "POST", "/predict", "ml.example.com", ("Sec-Fetch-Mode", "cors"),
            ("Accept-Language", "*"))).IsEqualTo(200);
    }

    [Test]
    public async Task With_a_key_every_name_will_do_for_who_has_it()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        await using TestGateway gateway = await TestGateway.StartAsync(daemon.SocketPath, ("MACHINE_LEARNING_API_KEY", "k"));
        await Assert.That(await AskAsync(gateway, "GET", "/status.json", "ml.example.com", ("x-api-key", "k"))).IsEqualTo(200);
        await Assert.That(await AskAsync(gateway, "GET", "/status.json", "ml.example.com")).IsEqualTo(401);
        await Assert.That(await AskAsync(gateway, "POST", "/predict", "ml.example.com", ("x-api-key", "k"),
            ("Sec-Fetch-Site", "cross-site"))).IsEqualTo(403);
    }
}
