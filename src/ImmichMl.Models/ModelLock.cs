namespace ImmichMl.Models;

/// <summary>Who holds a lock, for people to read.</summary>
public sealed record LockOwner(int Pid, DateTimeOffset Since);

/// <summary>
/// One writer per model and revision among all processes on a cache. The kernel's lock on the file decides and ends with its process, so
/// nothing is ever left behind by a crash; the owner and the age stand in the file.
/// </summary>
public sealed class ModelLock : IDisposable
{
    /// <summary>EAGAIN, which Linux gives for a lock that is taken.</summary>
    const int WouldBlock = 11;

    readonly FileStream _file;

    ModelLock(FileStream file) => _file = file;

    /// <summary>The lock, or null while somebody else has it.</summary>
    public static ModelLock? TryTake(string cache, ModelPlace place, TimeProvider time)
    {
        string path = PathOf(cache, place);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return TryTakeAt(path, time);
    }

    /// <summary>The same with a file of any name, in a folder that is there.</summary>
    public static ModelLock? TryTakeAt(string path, TimeProvider time)
    {
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1);
        }
        catch (IOException e) when (e.HResult == WouldBlock)
        {
            return null;
        }

        file.SetLength(0);
        JsonSerializer.Serialize(file, new LockOwner(Environment.ProcessId, time.GetUtcNow()), ModelsJson.Default.LockOwner);
        file.Flush();
        return new ModelLock(file);
    }

    /// <summary>Waits for as long as somebody else has it.</summary>
    public static async Task<ModelLock> TakeAsync(string cache, ModelPlace place, TimeProvider time, CancellationToken cancellation)
    {
        while (true)
        {
            if (TryTake(cache, place, time) is { } taken)
            {
                return taken;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(200), time, cancellation);
        }
    }

    public static string PathOf(string cache, ModelPlace place) =>
        Path.Combine(cache, ".partial", place.Kind.Task, place.LockName + ".lock");

    public void Dispose() => _file.Dispose();
}
