using System.Net;
using System.Net.Sockets;

namespace ImmichMl.Gateway;

/// <summary>Where to listen, and what a refusal to let us means to the operator.</summary>
static class ListenAddresses
{
    const string StartOtherwise = "Start the gateway by its .socket unit, or without LISTEN_FDS.";

    /// <summary>More than a machine's name has in any network that we are meant for.</summary>
    const int MostAddresses = 16;

    /// <summary>How many sockets were handed to this process; Kestrel takes them itself.</summary>
    /// <exception cref="OperatorException">One of them is none.</exception>
    public static int CountInherited()
    {
        if (InheritedSockets.Given is not { } count)
        {
            return 0;
        }

        if (!int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out int sockets) || sockets is < 1 or > 64)
        {
            throw new OperatorException($"LISTEN_FDS={count} is not a number of sockets. {StartOtherwise}");
        }

        for (int descriptor = InheritedSockets.First; descriptor < InheritedSockets.First + sockets; descriptor++)
        {
            if (!InheritedSockets.IsListening(descriptor))
            {
                throw new OperatorException(
                    $"LISTEN_FDS={count} says that descriptor {descriptor} is a listening socket, and it is not. {StartOtherwise}");
            }
        }

        return sockets;
    }

    /// <summary>The path of the Unix socket, made absolute.</summary>
    /// <exception cref="OperatorException">There can be no socket.</exception>
    public static string CheckPath(string path)
    {
        string full = Path.GetFullPath(path);
        int length = Encoding.UTF8.GetByteCount(full);
        string? fault = length > SocketFile.LongestPath
            ? $"has {length} bytes; a socket's path has {SocketFile.LongestPath} at most. Choose a shorter one."
            : !Directory.Exists(Path.GetDirectoryName(full)) ? "cannot be: its folder is not there. Make it, or choose another one."
            : Directory.Exists(full) ? "is a folder. Choose a path inside of it."
            : null;
        return fault is null ? full : throw new OperatorException($"MACHINE_LEARNING_HTTP_SOCKET={path} {fault}");
    }

    /// <summary>What the host setting means on this machine: an address, or all that a name resolves to.</summary>
    /// <exception cref="OperatorException">There is nothing to listen on.</exception>
    public static IReadOnlyList<IPAddress> Choose(string host, ILogger log)
    {
        string bare = host.Trim().Trim('[', ']');
        IPAddress[] named = IPAddress.TryParse(bare, out IPAddress? address) ? [address]
            : bare.Equals("localhost", StringComparison.OrdinalIgnoreCase) ? [IPAddress.Loopback, IPAddress.IPv6Loopback]
            : Resolve(host, bare);
        IPAddress[] ours = [.. named.Where(IsOurs)];
        if (ours.Length == 0 && IPAddress.IPv6Any.Equals(address))
        {
            log.IPv4Only();
            return [IPAddress.Any];
        }

        if (ours.Length == 0)
        {
            throw new OperatorException(
                $"IMMICH_HOST={host}{(address is null ? $" is {Join(named)}, which" : "")} is no address of this machine, or IPv6 is "
                + "off here. Set one that `ip address` shows, or 0.0.0.0 for all.");
        }

        if (ours.Length < named.Length && address is null && ours.Any(ip => !IPAddress.IsLoopback(ip)))
        {
            log.AddressesLeftOut(host, Join(named.Except(ours)));
        }

        return ours;
    }

    static IPAddress[] Resolve(string host, string name)
    {
        try
        {
            IPAddress[] found = [.. Dns.GetHostAddresses(name).Distinct().Take(MostAddresses)];
            return found.Length > 0 ? found : throw new OperatorException($"IMMICH_HOST={host} resolves to no address.");
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            throw new OperatorException(
                $"IMMICH_HOST={host} is no address, and as a name it resolves to none: {e.Message}. Set an address, or 0.0.0.0 for all.");
        }
    }

    /// <summary>Tried on a free port, with what Kestrel will ask for.</summary>
    static bool IsOurs(IPAddress address)
    {
        try
        {
            using var probe = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            if (address.Equals(IPAddress.IPv6Any))
            {
                probe.DualMode = true;
            }

            probe.Bind(new IPEndPoint(address, 0));
            return true;
        }
        catch (NotSupportedException)
        {
            return false;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode is not (SocketError.AddressFamilyNotSupported or SocketError.ProtocolFamilyNotSupported
                or SocketError.ProtocolNotSupported or SocketError.AddressNotAvailable);
        }
    }

    /// <summary>What Kestrel or the kernel said to binding, with what to do.</summary>
    public static OperatorException? Explain(Exception fault, GatewayOptions options)
    {
        // Kestrel puts an address that is taken into two exceptions of its own.
        Exception cause = fault;
        while (cause is not SocketException && cause.InnerException is { } inner)
        {
            cause = inner;
        }

        if (cause is not SocketException refused)
        {
            return fault is IOException or UnauthorizedAccessException ? new OperatorException(fault.Message) : null;
        }

        bool isPath = options.HttpSocket.Length > 0;
        string where = isPath ? $"MACHINE_LEARNING_HTTP_SOCKET={options.HttpSocket}"
            : string.Create(CultureInfo.InvariantCulture, $"IMMICH_HOST={options.Host} and IMMICH_PORT={options.Port}");
        string why = refused.SocketErrorCode switch
        {
            SocketError.AddressAlreadyInUse when isPath => "something is there already. Stop what listens there, or choose another path.",
            SocketError.AddressAlreadyInUse => "another program listens there. Stop it, or choose another IMMICH_PORT.",
            SocketError.AccessDenied when isPath => "this user may not make a socket there. Choose another folder, or change its owner.",
            SocketError.AccessDenied => "this user may not. Choose a port over 1023, or let systemd hand over the socket.",
            _ => $"{refused.Message}. Choose another one.",
        };
        return new OperatorException($"Cannot listen on {where}: {why}");
    }

    static string Join(IEnumerable<IPAddress> addresses) => string.Join(", ", addresses);
}
