namespace ImmichMl.Tests.Gateway;

/// <summary>Requests that servers read differently, so that one in front of us could be made to see another one than we do.</summary>
public sealed class RawRequestTests
{
    const string Form = "Content-Type: application/x-www-form-urlencoded\r\n";

    [Test]
    [Arguments("POST /predict HTTP/1.1\r\nHost: x\r\n" + Form + "Content-Length: 6\r\n\r\ntext=a", "422")]
    [Arguments("POST /predict HTTP/1.1\r\nHost: x\r\n" + Form + "Content-Length: +6\r\n\r\ntext=a", "400")]
    [Arguments("POST /predict HTTP/1.1\r\nHost: x\r\n" + Form + "content-length:  6 \r\n\r\ntext=a", "422")]
    [Arguments("POST /predict HTTP/1.1\r\nHost: x\r\n" + Form + "Content-Length: -6\r\n\r\ntext=a", "400")]
    [Arguments("POST /predict HTTP/1.1\r\nHost: x\r\n" + Form + "Content-Length: 6,6\r\n\r\ntext=a", "400")]
    [Arguments("POST /predict HTTP/1.1\r\nHost: x\r\n" + Form + "Content-Length: 0x6\r\n\r\ntext=a", "400")]
    [Arguments("POST /predict HTTP/1.1\r\nHost: x\r\n" + Form + "Content-Length: 000000000000000000000000000006\r\n\r\ntext=a", "400")]
    [Arguments("POST /predict HTTP/1.1\r\nHost: x\r\n" + Form + "Content-Length: 6\r\nContent-Length: 6\r\n\r\ntext=a", "400")]
    [Arguments("GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n\r\n", "200")]
    [Arguments("GET / HTTP/1.1\nHost: x\n\n", "400")]
    [Arguments("GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n", "400")]
    [Arguments("GET / HTTP/1.1\r\nHost: x\r\nA: b\n\r\n", "400")]
    [Arguments("GET / HTTP/1.1\r\nHost: x\r\nA: b\rC: d\r\n\r\n", "400")]
    [Arguments("GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n", "400")]
    [Arguments("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400")]
    public async Task A_head_that_can_be_read_in_two_ways_is_refused(string request, string status)
    {
        using var folder = new TempFolder();
        await using TestGateway gateway = await TestGateway.StartAsync(folder.File("nobody"));
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(gateway.Address.Host, gateway.Address.Port);
        await socket.SendAsync(Encoding.Latin1.GetBytes(request));
        byte[] answer = new byte[4096];
        int read = await socket.ReceiveAsync(answer).Within();
        await Assert.That(Encoding.Latin1.GetString(answer, 0, read)).StartsWith($"HTTP/1.1 {status} ");
    }
}
