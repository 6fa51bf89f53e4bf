using ImmichMl.Benchmarks.Overhead;
using ImmichMl.Benchmarks.Residency;

namespace ImmichMl.Benchmarks.Readme;

/// <summary>A model cache of its own: CLIP of the real size and faces made by formula, text models from the shared data.</summary>
sealed class MeasuredCache : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public MeasuredCache(string shared)
    {
        string models = System.IO.Path.Combine(shared, "models", "cache");
        SyntheticCache.WriteTo(_folder.Path);
        foreach (string type in (string[])["detection", "recognition"])
        {
            string source = System.IO.Path.Combine(models, "ocr", Workload.Ocr, type);
            string target = Directory.CreateDirectory(System.IO.Path.Combine(_folder.Path, "ocr", Workload.Ocr, type)).FullName;
            Array.ForEach(Directory.GetFiles(source), file => File.Copy(file, System.IO.Path.Combine(target, System.IO.Path.GetFileName(file))));
        }

        ClipTowers.Write(System.IO.Path.Combine(_folder.Path, "clip", Workload.Clip), System.IO.Path.Combine(models, "clip", Workload.Clip, "textual"));

        // A gigabyte of garbage, which what is measured shall not compete with.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }

    public string Path => _folder.Path;

    public void Dispose() => _folder.Dispose();
}
