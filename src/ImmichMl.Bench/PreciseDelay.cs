using System.Runtime.InteropServices;

namespace ImmichMl.Bench;

/// <summary>Waits to within a tenth of a millisecond. .NET's timers are a millisecond late, which would count as the server's.</summary>
static partial class PreciseDelay
{
    // So often it looks whether to stop.
    const long LongestNanoseconds = 50_000_000;

    [StructLayout(LayoutKind.Sequential)]
    struct TimeSpec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }

    public static void Until(long timestamp, TimeProvider time, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            double left = time.GetElapsedTime(time.GetTimestamp(), timestamp).TotalNanoseconds;
            if (left <= 0)
            {
                return;
            }

            var wait = new TimeSpec { Nanoseconds = (nint)Math.Min(left, LongestNanoseconds) };
            NanoSleep(in wait, 0);
        }
    }

    [LibraryImport("libc", EntryPoint = "nanosleep")]
    private static partial int NanoSleep(in TimeSpec wait, nint left);
}
