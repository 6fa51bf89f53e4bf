namespace ImmichMl.Benchmarks.Readme;

sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("immich-ml-bench-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
