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

    [Test]
    public async Task A_path_as_long_as_a_sockets_may_be_is_bound_and_a_longer_one_is_refused_by_its_own_name()
    {
        foreach (int length in (int[])[99, 100, 102, 107])
        {
            string path = SocketPath + new string('x', length - SocketPath.Length);
            using (ListenSocket.Open(path))
            {
                using RawPeer peer = await RawPeer.ConnectAsync(path);
                await Assert.That(_folder.GetFileSystemInfos().Single().FullName).IsEqualTo(path);
                await Assert.That(File.GetUnixFileMode(path) & UnixFileMode.OtherRead).IsEqualTo(UnixFileMode.None);
            }

            await Assert.That(_folder.GetFileSystemInfos()).IsEmpty();
        }

        string tooLong = SocketPath + new string('x', 108 - SocketPath.Length);
        var refusal = await Assert.That(() => ListenSocket.Open(tooLong).Dispose()).Throws<OperatorException>();
        await Assert.That(refusal!.Message).IsEqualTo($"Cannot listen on {tooLong}: a socket's path has 107 bytes at most.");
    }

    [Test]
    public async Task A_daemon_whose_socket_file_was_removed_is_found_again_and_keeps_its_peers()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(null, ("IMMICH_ML_SOCKET", SocketPath));
        using RawPeer old = await RawPeer.ConnectAsync(SocketPath);
        File.Delete(SocketPath);
        await daemon.Log.WaitAsync(SocketPath, "bound anew");
        using RawPeer fresh = await RawPeer.ConnectAsync(SocketPath);
        foreach (RawPeer peer in (RawPeer[])[old, fresh])
        {
            await peer.SendAsync(Ask.Ping(1));
            await Assert.That(await peer.OutcomeAsync()).IsEqualTo("1 ok");
        }

        await Assert.That(_folder.GetFileSystemInfos().Single().Name).IsEqualTo("ml.sock");
        await daemon.StopAsync();
        await Assert.That(_folder.GetFileSystemInfos()).IsEmpty();
    }

    [Test]
    public async Task What_somebody_else_puts_in_the_sockets_place_is_told_and_left_alone()
    {
        using (ListenSocket socket = ListenSocket.Open(SocketPath))
        {
            await Assert.That(socket.KeepPath()).IsFalse();
            File.Delete(SocketPath);
            LeaveStaleSocket();
            var told = await Assert.That(() => socket.KeepPath()).Throws<OperatorException>();
            await Assert.That(told!.Message).Contains(SocketPath).And.Contains("not this daemon's socket any more");
        }

        await Assert.That(_folder.GetFileSystemInfos().Single().Name).IsEqualTo("ml.sock");
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
