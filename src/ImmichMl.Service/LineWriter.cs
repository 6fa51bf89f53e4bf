using System.Runtime.InteropServices;
using System.Text;

namespace ImmichMl.Service;

/// <summary>
/// Writes lines to a descriptor and never holds anybody up: they wait in a bounded queue for one thread, which alone may block. What does
/// not fit into it, or cannot be written, is dropped and counted; the count is told once writing works again.
/// A thread, because nothing else keeps the promise for every kind of descriptor: O_NONBLOCK would change the open file for all who share
/// it, and poll says nothing of a file on a disk that hangs.
/// </summary>
public sealed partial class LineWriter(int descriptor)
{
    /// <summary>Bytes that may wait: some thousand lines.</summary>
    const int MostWaiting = 256 * 1024;

    const int StackBytes = 128 * 1024;

    /// <summary>errno(3), the same on every processor.</summary>
    const int Interrupted = 4, BadDescriptor = 9, Again = 11, BrokenPipe = 32;

    /// <summary>POLLOUT; of a pollfd's second half the upper 16 bits are the answer's.</summary>
    const int Writable = 4;

    static readonly TimeSpan s_retry = TimeSpan.FromSeconds(5);

    // A plain object: it is waited on.
    readonly object _gate = new();
    readonly Queue<byte[]> _lines = new();
    Thread? _thread;
    int _waiting;
    long _dropped;
    bool _mayRecover;
    bool _isCut;

    /// <summary>At once and without an exception, whatever becomes of it.</summary>
    public void Write(string text)
    {
        try
        {
            byte[] line = Encoding.UTF8.GetBytes(text);
            lock (_gate)
            {
                if (_waiting + line.Length > MostWaiting)
                {
                    _dropped++;
                    return;
                }

                Start();
                _lines.Enqueue(line);
                _waiting += line.Length;
                Monitor.PulseAll(_gate);
            }
        }
        catch (Exception e) when (e is OutOfMemoryException or ThreadStartException)
        {
            Interlocked.Increment(ref _dropped);
        }
    }

    /// <summary>Waits until everything is written, or for this long: then false.</summary>
    public bool Flush(TimeSpan patience)
    {
        long end = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        lock (_gate)
        {
            while (_waiting > 0 && end - Environment.TickCount64 is > 0 and var left)
            {
                Monitor.Wait(_gate, (int)left);
            }

            return _waiting == 0;
        }
    }

    void Start()
    {
        if (_thread is null)
        {
            var thread = new Thread(Run, StackBytes) { IsBackground = true, Name = "log" };
            thread.Start();
            _thread = thread;
        }
    }

    void Run()
    {
        while (true)
        {
            (byte[]? line, long dropped) = Next();
            var (isTold, isWritten) = (false, false);
            try
            {
                isTold = dropped == 0 || Put(Encoding.UTF8.GetBytes(Lost(dropped)));
                isWritten = line is null || (isTold && Put(line));
            }
            catch (OutOfMemoryException)
            {
                // The line counts as dropped.
            }
            finally
            {
                lock (_gate)
                {
                    _waiting -= line?.Length ?? 0;
                    _dropped += (isWritten ? 0 : 1) - (isTold ? dropped : 0);
                    Monitor.PulseAll(_gate);
                }
            }
        }
    }

    static string Lost(long lines) => string.Create(CultureInfo.InvariantCulture, $"{lines} lines of the log could not be written\n");

    /// <summary>The next line, and how many were dropped before; no line where it is only time to try whether that can be told.</summary>
    (byte[]? Line, long Dropped) Next()
    {
        lock (_gate)
        {
            while (_lines.Count == 0)
            {
                if (_dropped == 0 || !_mayRecover)
                {
                    Monitor.Wait(_gate);
                }
                else if (!Monitor.Wait(_gate, s_retry) && _lines.Count == 0)
                {
                    break;
                }
            }

            _lines.TryDequeue(out byte[]? line);
            return (line, _dropped);
        }
    }

    bool Put(byte[] line)
    {
        // A disk that fills up takes the beginning of a line: the next one does not continue it.
        byte[] bytes = _isCut ? [(byte)'\n', .. line] : line;
        for (int done = 0; done < bytes.Length;)
        {
            nint count = WriteTo(descriptor, in bytes[done], bytes.Length - done);
            int fault = count > 0 ? 0 : Marshal.GetLastPInvokeError();
            if (count > 0)
            {
                done += (int)count;
                _isCut = bytes[done - 1] != '\n';
            }
            else if (count < 0 && fault == Again)
            {
                // Somebody who shares it has made it non-blocking.
                _ = Poll([descriptor, Writable], 1, -1);
            }
            else if (count == 0 || fault != Interrupted)
            {
                _mayRecover = fault is not (BadDescriptor or BrokenPipe);
                return false;
            }
        }

        _isCut = false;
        return true;
    }

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint WriteTo(int descriptor, in byte bytes, nint count);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(Span<int> wanted, nuint count, int milliseconds);
}
