namespace ImmichMl.Tests.Architecture;

public sealed class DemoModelTests
{
    private static string Folder => Path.Combine(Repository.Root, "models", "demo");

    [Test]
    public async Task The_committed_demo_model_is_what_the_generator_makes_and_nothing_else_lies_beside_it()
    {
        if (Environment.GetEnvironmentVariable("IMMICH_ML_REGENERATE") == "1")
        {
            await WriteFiles();
            Skip.Test($"IMMICH_ML_REGENERATE=1: wrote {DemoModels.Files.Count} files to {Folder} instead of comparing them.");
        }

        foreach (var (path, bytes) in DemoModels.Files)
        {
            var committed = await File.ReadAllBytesAsync(Path.Combine(Folder, path));
            await Assert.That(committed.AsSpan().SequenceEqual(bytes)).IsTrue().Because(path);
        }

        var present = Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Folder, file).Replace(Path.DirectorySeparatorChar, '/'));
        await Assert.That(string.Join('\n', present.Order(StringComparer.Ordinal)))
            .IsEqualTo(string.Join('\n', DemoModels.Files.Keys.Order(StringComparer.Ordinal)));
    }

    private static async Task WriteFiles()
    {
        foreach (var (path, bytes) in DemoModels.Files)
        {
            var file = new FileInfo(Path.Combine(Folder, path));
            file.Directory!.Create();
            await File.WriteAllBytesAsync(file.FullName, bytes);
        }
    }
}
