namespace ImmichMl.Benchmarks.Readme;

/// <summary>A model cache of its own: CLIP of the real size and faces made by formula, text models from the shared data.</summary>
sealed class MeasuredCache : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public MeasuredCache(string shared)
    {
        string models = Path.Combine(shared, "models", "cache");
        SyntheticCache.WriteTo(_folder.Path);
        foreach (string type in (string[])["detection", "recognition"])
        {
            string source = Path.Combine(models, "ocr", Workload.Ocr, type);
            string target = Directory.CreateDirectory(Path.Combine(_folder.Path, "ocr", Workload.Ocr, type)).FullName;
            Array.ForEach(Directory.GetFiles(source), file => File.Copy(file, Path.Combine(target, Path.GetFileName(file))));
        }

        ClipTowers.Write(
            Path.Combine(_folder.Path, "clip", Workload.Clip), Path.Combine(models, "clip", Workload.Clip, "textual"));

        // A gigabyte of garbage, which what is measured shall not compete with.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }

    public string Folder => _folder.Path;

    public void Dispose() => _folder.Dispose();
}
