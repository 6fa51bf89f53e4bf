namespace ImmichMl.Tests.Architecture;

/// <summary>
/// A file of the repository that is written from the declarations in the sources. It must say what they say now; with IMMICH_ML_WRITE=1
/// the tests write it again in place of complaining.
/// </summary>
static class GeneratedFile
{
    public static async Task CheckAsync(string name, string wanted)
    {
        string path = Path.Combine(Repository.Root, name);
        if (Environment.GetEnvironmentVariable("IMMICH_ML_WRITE") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllTextAsync(path, wanted);
        }

        string found = File.Exists(path) ? await File.ReadAllTextAsync(path) : "";
        await Assert.That(found).IsEqualTo(wanted).Because(
            $"{name} is written from the sources; to write it again: IMMICH_ML_WRITE=1 dotnet test --project tests/ImmichMl.Tests "
            + "--treenode-filter '/*/ImmichMl.Tests.Architecture/*/*'");
    }
}
