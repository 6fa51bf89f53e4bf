using System.Net.Sockets;
using ImmichMl.Daemon.Serving;
using ImmichMl.Tests.Support;

namespace ImmichMl.Tests.Serving;

public sealed class ListenSocketTests : IDisposable
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("immich-ml-test-");

    string SocketPath => Path.Combine(_folder.FullName, "ml.sock");

    [Test]
    public async Task The_socket_is_for_owner_and_group_alone_and_nothing_else_is_left_about()
    {
        using (ListenSocket.Open(SocketPath))
        {
            await Assert.That(File.GetUnixFileMode(SocketPath)).IsEqualTo(
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite);
            await Assert.That(_folder.GetFileSystemInfos().Single().Name).IsEqualTo("ml.sock");
        }

        await Assert.That(_folder.GetFileSystemInfos()).IsEmpty();
    }

    [Test]
    public async Task A_file_on_the_path_is_left_alone()
    {
        await File.WriteAllTextAsync(SocketPath, "mine");
        await RefusesAsync("is not a socket");
        await Assert.That(await File.ReadAllTextAsync(SocketPath)).IsEqualTo("mine");
    }

    [Test]
    public async Task A_folder_on_the_path_is_left_alone()
    {
        Directory.CreateDirectory(SocketPath);
        await RefusesAsync("is not a socket");
        await Assert.That(Directory.Exists(SocketPath)).IsTrue();
    }

    [Test]
    [Arguments(true)]
    [Arguments(false)]
    public async Task A_link_on_the_path_is_left_alone_wherever_it_leads(bool toSocket)
    {
        string target = Path.Combine(_folder.FullName, "other.sock");
        using ListenSocket? other = toSocket ? ListenSocket.Open(target) : null;
        File.CreateSymbolicLink(SocketPath, target);
        await RefusesAsync("is not a socket");
        await Assert.That(new FileInfo(SocketPath).LinkTarget).IsEqualTo(target);
        await Assert.That(File.Exists(target)).IsEqualTo(toSocket);
    }

    [Test]
    public async Task A_stale_socket_is_replaced()
    {
        LeaveStaleSocket();
        using ListenSocket socket = ListenSocket.Open(SocketPath);
        using RawPeer peer = await RawPeer.ConnectAsync(SocketPath);
        await Assert.That(socket.Name).IsEqualTo(SocketPath);
    }

    [Test]
    public async Task A_live_daemon_keeps_its_socket()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(null, ("IMMICH_ML_SOCKET", SocketPath));
        await RefusesAsync("a daemon is listening there already");
        using RawPeer peer = await RawPeer.ConnectAsync(SocketPath);
        await peer.SendAsync(Ask.Ping(1));
        await Assert.That(await peer.OutcomeAsync()).IsEqualTo("1 ok");
    }

    [Test]
    public async Task A_path_that_cannot_be_bound_is_named()
    {
        foreach (string path in (string[])[Path.Combine(_folder.FullName, "missing", "ml.sock"), SocketPath + new string('x', 200)])
        {
            var refusal = await Assert.That(() => ListenSocket.Open(path).Dispose()).Throws<OperatorException>();
            await Assert.That(refusal!.Message).Contains(path);
        }

        await Assert.That(_folder.GetFileSystemInfos()).IsEmpty();
    }

    async Task RefusesAsync(string why)
    {
        var refusal = await Assert.That(() => ListenSocket.Open(SocketPath).Dispose()).Throws<OperatorException>();
        await Assert.That(refusal!.Message).Contains(SocketPath).And.Contains(why);
    }

    /// <summary>Closing a socket removes the path that it was bound to, hence the move.</summary>
    void LeaveStaleSocket()
    {
        string elsewhere = Path.Combine(_folder.FullName, "bound.sock");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(elsewhere));
        socket.Listen();
        File.Move(elsewhere, SocketPath);
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
