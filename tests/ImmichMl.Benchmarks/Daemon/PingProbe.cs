using System.Diagnostics;
using System.Net.Sockets;
using ImmichMl.Protocol;
using ImmichMl.Protocol.Messages;

namespace ImmichMl.Benchmarks.Daemon;

/// <summary>Pings every few milliseconds on a thread and a blocking socket of its own, so that the load beside it does not slow the clock.</summary>
sealed class PingProbe : IDisposable
{
    readonly List<double> _milliseconds = [];
    readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    readonly ManualResetEventSlim _stop = new();
    readonly Thread _thread;

    public PingProbe(string socketPath)
    {
        _socket.Connect(new UnixDomainSocketEndPoint(socketPath));
        _thread = new Thread(Loop) { Priority = ThreadPriority.Highest };
        _thread.Start();
    }

    void Loop()
    {
        byte[] answer = new byte[64];
        for (ulong id = 1; !_stop.Wait(5); id++)
        {
            using FrameWriter frame = FrameWriter.Encode(new PingRequest { Id = id });
            long since = Stopwatch.GetTimestamp();
            _socket.Send(frame.Head.Span);
            _socket.Receive(answer);
            _milliseconds.Add(Stopwatch.GetElapsedTime(since).TotalMilliseconds);
        }
    }

    public Figures Finish()
    {
        _stop.Set();
        _thread.Join();
        return new Figures(_milliseconds);
    }

    public void Dispose()
    {
        _stop.Set();
        _socket.Dispose();
        _stop.Dispose();
    }
}
