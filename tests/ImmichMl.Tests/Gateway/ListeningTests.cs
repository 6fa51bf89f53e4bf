using System.Net;

namespace ImmichMl.Tests.Gateway;

/// <summary>Where the gateway listens, and what it says where it cannot.</summary>
public sealed class ListeningTests
{
    static async Task<string> RefusedAsync(params (string Name, string Value)[] settings)
    {
        using var folder = new TempFolder();
        OperatorException? fault = await Assert.That(async () => await TestGateway.StartAsync(folder.File("nobody"),
            settings)).Throws<OperatorException>();
        await Assert.That(fault!.Message).DoesNotContain("\n");
        return fault.Message;
    }

    [Test]
    [Arguments("localhost")]
    [Arguments("LOCALHOST")]
    [Arguments("127.0.0.1")]
    [Arguments("[::]")]
    [Arguments("::")]
    [Arguments("0.0.0.0")]
    public async Task A_host_is_an_address_or_a_name(string host)
    {
        using var folder = new TempFolder();
        await using TestGateway gateway = await TestGateway.StartAsync(folder.File("nobody"), ("IMMICH_HOST", host));
        using var http = new HttpClient();
        await Assert.That(
            await http.GetStringAsync(new Uri($"http://127.0.0.1:{gateway.Address.Port}/"))).IsEqualTo("""{"message":"Immich ML"}""");
    }

    [Test]
    public async Task The_machines_own_name_is_listened_on()
    {
        IPAddress[] own;
        try
        {
            own = await Dns.GetHostAddressesAsync(Dns.GetHostName(), AddressFamily.InterNetwork);
        }
        catch (SocketException)
        {
            Skip.Test("This machine's own name resolves to nothing.");
            return;
        }

        using var folder = new TempFolder();
        await using TestGateway gateway = await TestGateway.StartAsync(folder.File("nobody"), ("IMMICH_HOST", Dns.GetHostName()));
        await Assert.That(own.Select(address => address.ToString()).Append(IPAddress.IPv6Loopback.ToString()))
            .Contains(gateway.Address.Host.Trim('[', ']'));
    }

    [Test]
    [Arguments("192.0.2.1", "no address of this machine")]
    [Arguments("2001:db8::1", "no address of this machine")]
    [Arguments("no-such-host.invalid", "resolves to none")]
    [Arguments("not a name", "resolves to none")]
    [Arguments("host:3003", "resolves to none")]
    public async Task A_host_that_is_not_ours_is_told_with_what_to_set_instead(string host, string says)
    {
        string message = await RefusedAsync(("IMMICH_HOST", host));
        await Assert.That(message).Contains($"IMMICH_HOST={host}");
        await Assert.That(message).Contains(says);
        await Assert.That(message).Contains("0.0.0.0");
    }

    [Test]
    public async Task A_port_that_is_taken_is_told_with_what_to_do()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        string port = ((IPEndPoint)taken.LocalEndPoint!).Port.ToString(CultureInfo.InvariantCulture);
        await Assert.That(await RefusedAsync(("IMMICH_PORT", port)))
            .Contains("another program listens there. Stop it, or choose another IMMICH_PORT.");
    }

    [Test]
    public async Task A_socket_that_cannot_be_is_told_with_what_to_do()
    {
        using var folder = new TempFolder();
        string file = folder.Write([1], "file");
        await Assert.That(await RefusedAsync(("MACHINE_LEARNING_HTTP_SOCKET", folder.File("none/http.sock"))))
            .Contains("its folder is not there");
        await Assert.That(await RefusedAsync(("MACHINE_LEARNING_HTTP_SOCKET", folder.File(new string('x', 110)))))
            .Contains("a socket's path has 107 at most");
        await Assert.That(await RefusedAsync(("MACHINE_LEARNING_HTTP_SOCKET", Path.GetDirectoryName(file)!))).Contains("is a folder");
        await Assert.That(await RefusedAsync(("MACHINE_LEARNING_HTTP_SOCKET", file))).Contains("something is there already");
    }
}
