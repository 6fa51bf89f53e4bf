using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace ImmichMl.Gateway.Upstreams;

/// <summary>
/// Wakes the box that sleeps, once for each outage and again after a pause: by a magic packet (<c>MAC</c> or <c>MAC@ADDRESS[:PORT]</c>),
/// or by a command, which is run without a shell.
/// </summary>
sealed class WakeUp
{
    /// <summary>A box is up after two minutes, or was not woken.</summary>
    static readonly TimeSpan s_pause = TimeSpan.FromMinutes(3);

    static readonly TimeSpan s_commandTime = TimeSpan.FromSeconds(30);

    const int DiscardPort = 9;

    readonly TimeProvider _time;
    readonly ILogger _log;
    readonly Lock _lock = new();
    readonly byte[]? _packet;
    readonly IPEndPoint? _to;
    readonly string[] _command = [];
    long? _since;
    long _count;

    /// <exception cref="OperatorException">The setting is neither an address nor a command.</exception>
    public WakeUp(GatewayOptions options, UpstreamPool pool, TimeProvider time, ILogger<WakeUp> log)
    {
        (_time, _log) = (time, log);
        if (options.Wake.Trim() is { Length: > 0 } wish && !TryReadPacket(wish, out _packet, out _to))
        {
            _command = Split(wish);
        }

        pool.CameUp += upstream =>
        {
            lock (_lock)
            {
                // The local daemon's coming back wakes nobody's box.
                _since = upstream.IsLocal ? _since : null;
            }
        };
    }

    /// <summary>Times that it was tried.</summary>
    public long Count => Interlocked.Read(ref _count);

    /// <summary>A request waits, and nobody who may answer it is there. Comes back at once.</summary>
    public void Ask(IEnumerable<Upstream> may)
    {
        lock (_lock)
        {
            if ((_packet is null && _command.Length == 0) || may.All(upstream => upstream.IsLocal)
                || (_since is { } since && _time.GetElapsedTime(since) < s_pause))
            {
                return;
            }

            _since = _time.GetTimestamp();
        }

        Interlocked.Increment(ref _count);
        _log.Waking(_packet is not null ? $"a magic packet to {_to}" : _command[0]);
        _ = TryAsync();
    }

    async Task TryAsync()
    {
        try
        {
            if (_packet is not null)
            {
                using var socket = new Socket(_to!.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { EnableBroadcast = true };
                await socket.SendToAsync(_packet, _to);
            }
            else
            {
                await RunAsync();
            }
        }
        catch (Exception e) when (e is SocketException or Win32Exception or IOException or InvalidOperationException)
        {
            _log.WakeFailed(e.Message);
        }
    }

    /// <summary>With nothing of ours: no settings, which may hold a key, and no streams.</summary>
    async Task RunAsync()
    {
        var start = new ProcessStartInfo(_command[0], _command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string? path = start.Environment.TryGetValue("PATH", out string? given) ? given : null;
        start.Environment.Clear();
        start.Environment["PATH"] = path;
        using Process child = Process.Start(start)!;
        child.StandardInput.Close();
        using var enough = new CancellationTokenSource(s_commandTime, _time);
        try
        {
            await Task.WhenAll(
                child.StandardOutput.BaseStream.CopyToAsync(Stream.Null, enough.Token),
                child.StandardError.BaseStream.CopyToAsync(Stream.Null, enough.Token), child.WaitForExitAsync(enough.Token));
            if (child.ExitCode != 0)
            {
                _log.WakeFailed($"the command ended with {child.ExitCode}");
            }
        }
        catch (OperationCanceledException)
        {
            child.Kill(entireProcessTree: true);
            _log.WakeFailed($"the command did not end within {s_commandTime.TotalSeconds} s");
        }
    }

    /// <summary>The address six times 255 and then sixteen times, to everybody on the network where nothing else is said.</summary>
    public static bool TryReadPacket(string wish, out byte[]? packet, out IPEndPoint? to)
    {
        string[] parts = wish.Split('@', 2);
        string digits = parts[0].Replace(":", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal);
        (packet, to) = (null, new IPEndPoint(IPAddress.Broadcast, DiscardPort));
        if (digits.Length != 12 || parts[0].Length is not (12 or 17) || !digits.All(char.IsAsciiHexDigit)
            || (parts.Length == 2 && !IPEndPoint.TryParse(parts[1], out to)))
        {
            return false;
        }

        to = to!.Port == 0 ? new IPEndPoint(to.Address, DiscardPort) : to;
        byte[] mac = Convert.FromHexString(digits);
        packet = [.. Enumerable.Repeat((byte)255, 6), .. Enumerable.Repeat(mac, 16).SelectMany(bytes => bytes)];
        return true;
    }

    /// <summary>At blanks, but not within quotes, which are taken off.</summary>
    /// <exception cref="OperatorException">A quote is not closed.</exception>
    public static string[] Split(string command)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        char quote = '\0';
        bool isWord = false;
        foreach (char letter in command)
        {
            if (quote == '\0' && char.IsWhiteSpace(letter))
            {
                if (isWord)
                {
                    words.Add(word.ToString());
                }

                word.Clear();
                isWord = false;
            }
            else if (letter == quote)
            {
                quote = '\0';
            }
            else if (quote == '\0' && letter is '"' or '\'')
            {
                (quote, isWord) = (letter, true);
            }
            else
            {
                word.Append(letter);
                isWord = true;
            }
        }

        if (quote != '\0')
        {
            throw new OperatorException("MACHINE_LEARNING_WAKE: a quote is not closed.");
        }

        return isWord ? [.. words, word.ToString()] : [.. words];
    }
}
