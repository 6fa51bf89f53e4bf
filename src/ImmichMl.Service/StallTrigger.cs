using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace ImmichMl.Service;

/// <summary>
/// Has the kernel tell of stalls for want of memory (a PSI trigger) in place of being asked again and again. Its thread sleeps until then.
/// Without privileges windows are of whole 2 s (Linux 6.5; older ones refuse), and a sandbox may hold the file read-only.
/// </summary>
public sealed partial class StallTrigger : IDisposable
{
    /// <summary>Microseconds: told once tasks stood still for 5 % of 2 s. The kernel cuts the last byte off.</summary>
    const string Condition = "some 100000 2000000\n";

    const int StackBytes = 128 * 1024;
    const int Interrupted = 4; // errno(3)

    /// <summary>POLLIN, POLLPRI; of a pollfd's second half the upper 16 bits are the answer's.</summary>
    const int Readable = 1, Priority = 2;

    const int CloseOnExec = 0x80000; // EFD_CLOEXEC

    readonly SafeFileHandle _stalls;
    readonly SafeFileHandle _end;
    readonly SemaphoreSlim _told = new(0);

    StallTrigger(SafeFileHandle stalls, SafeFileHandle end)
    {
        (_stalls, _end) = (stalls, end);
        new Thread(Watch, StackBytes) { IsBackground = true, Name = "memory stalls" }.Start();
    }

    /// <param name="file">/proc/pressure/memory or a group's memory.pressure.</param>
    /// <returns>Null where this kernel, this user or this file does not allow it.</returns>
    public static StallTrigger? Open(string? file)
    {
        SafeFileHandle? stalls = null;
        try
        {
            stalls = file is null ? null : File.OpenHandle(file, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            if (stalls is null)
            {
                return null;
            }

            RandomAccess.Write(stalls, Encoding.ASCII.GetBytes(Condition), 0);
            return new StallTrigger(stalls, new SafeFileHandle(EventFile(0, CloseOnExec), ownsHandle: true));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or OutOfMemoryException or ThreadStartException)
        {
            stalls?.Dispose();
            return null;
        }
    }

    /// <summary>Returns at a stall, and else after that time; throws nothing where it is cancelled.</summary>
    public async Task WaitAsync(TimeSpan most, CancellationToken cancellation)
    {
        try
        {
            await _told.WaitAsync(most, cancellation);
        }
        catch (OperationCanceledException)
        {
            // Whoever waits sees it.
        }
    }

    void Watch()
    {
        Span<int> wanted = stackalloc int[4];
        while (true)
        {
            (wanted[0], wanted[1]) = ((int)_stalls.DangerousGetHandle(), Priority);
            (wanted[2], wanted[3]) = ((int)_end.DangerousGetHandle(), Readable);
            int count = Poll(wanted, 2, -1);
            if (count < 0 && Marshal.GetLastPInvokeError() == Interrupted)
            {
                continue;
            }

            // An error on the file is its group's end.
            if (count < 0 || wanted[3] >> 16 != 0 || (wanted[1] >> 16) != Priority)
            {
                break;
            }

            _told.Release();
        }

        _stalls.Dispose();
        _end.Dispose();
    }

    /// <summary>The thread ends, and closes what it has watched.</summary>
    public void Dispose()
    {
        if (!_end.IsClosed)
        {
            _ = Add(_end, 1, sizeof(ulong));
        }
    }

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial int EventFile(uint value, int flags);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Add(SafeFileHandle file, in ulong value, nint count);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(Span<int> wanted, nuint count, int milliseconds);
}
