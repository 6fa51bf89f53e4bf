using System.Formats.Tar;
using ImmichMl.Cli;

namespace ImmichMl.Tests.Fetch;

/// <summary>What comes by tar file or folder, for machines without a network: what may come in, and what may not.</summary>
public sealed class ImportTests
{
    const string Name = "my-model";

    static Task<Finished> ImportAsync(TempFolder cache, string source) =>
        ChildProgram.RunAsync(["models", "import", source, "--cache", cache.Path]);

    static string Tar(TempFolder folder, params TarEntry[] entries)
    {
        string file = folder.File("models.tar");
        using FileStream stream = File.Create(file);
        using var tar = new TarWriter(stream, TarEntryFormat.Pax);
        tar.WriteEntry(Plain($"clip/{Name}/visual/model.onnx", "a model"));
        Array.ForEach(entries, tar.WriteEntry);
        return file;
    }

    static PaxTarEntry Plain(string path, string text) =>
        new(TarEntryType.RegularFile, path) { DataStream = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(text)) };

    static IEnumerable<string> Models(TempFolder cache) => !Directory.Exists(cache.Path) ? [] :
        Directory.EnumerateFiles(cache.Path, "model.onnx", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(cache.Path, file));

    [Test]
    [Arguments("../escape")]
    [Arguments("clip/../../escape")]
    [Arguments("/tmp/immich-ml-escape")]
    [Arguments("clip/my-model/visual/../../../../escape")]
    public async Task A_name_that_leads_elsewhere_is_refused_and_nothing_comes(string path)
    {
        using var cache = new TempFolder();
        using var folder = new TempFolder();
        Finished imported = await ImportAsync(cache, Tar(folder, Plain(path, "escaped")));
        await Assert.That((imported.ExitCode, imported.Errors.Contains("refused"))).IsEqualTo((2, true)).Because(imported.Errors);
        await Assert.That(Models(cache)).IsEmpty();
        await Assert.That(Directory.EnumerateFileSystemEntries(cache.File(".partial"))).IsEmpty();
    }

    [Test]
    [Arguments(TarEntryType.SymbolicLink)]
    [Arguments(TarEntryType.HardLink)]
    [Arguments(TarEntryType.Fifo)]
    [Arguments(TarEntryType.CharacterDevice)]
    [Arguments(TarEntryType.BlockDevice)]
    public async Task A_link_or_a_device_is_refused_and_nothing_comes(TarEntryType type)
    {
        using var cache = new TempFolder();
        using var folder = new TempFolder();
        var entry = new PaxTarEntry(type, $"clip/{Name}/visual/extra");
        if (type is TarEntryType.SymbolicLink or TarEntryType.HardLink)
        {
            entry.LinkName = "/etc/passwd";
        }

        Finished imported = await ImportAsync(cache, Tar(folder, entry));
        await Assert.That((imported.ExitCode, imported.Errors.Contains("refused"))).IsEqualTo((2, true)).Because(imported.Errors);
        await Assert.That(Models(cache)).IsEmpty();
    }

    [Test]
    public async Task What_belongs_to_no_model_is_passed_over()
    {
        using var cache = new TempFolder();
        using var folder = new TempFolder();
        Finished imported = await ImportAsync(cache, Tar(
            folder, new PaxTarEntry(TarEntryType.Directory, "clip/"), Plain($"clip/{Name}/.gitattributes", "x"), Plain(
            $"clip/{Name}/README.md", "x"),
            Plain($"clip/{Name}/.cache/huggingface/download/visual/model.onnx", "x"), Plain(".prepared/x/model.onnx", "x"),
            Plain($"clip/{Name}/config.json", "{}"), Plain(
                "notes.txt", "x"), Plain($"clip/{Name}/visual/.immich-ml.json", """{"origin":"fetched","files":[]}""")));
        await Assert.That(imported.ExitCode).IsEqualTo(0).Because(imported.Errors);
        await Assert.That(string.Join(" ", Models(cache))).IsEqualTo($"clip/{Name}/visual/model.onnx");
        await Assert.That(string.Join(" ", Directory.EnumerateFileSystemEntries(cache.File("clip", Name)).Select(Path.GetFileName).Order()))
            .IsEqualTo("config.json visual");
        await Assert.That(await File.ReadAllTextAsync(cache.File("clip", Name, "visual", ".immich-ml.json"))).Contains("imported");
    }

    [Test]
    public async Task A_whole_cache_folder_comes_and_a_link_in_it_is_refused()
    {
        using var cache = new TempFolder();
        using var own = new TempFolder();
        own.Write("a model"u8, "clip", Name, "visual", "model.onnx");
        own.Write("a model"u8, "ocr", Name, "recognition", "model.onnx");
        own.Write("x"u8, "clip", Name, ".cache", "note");
        Finished imported = await ImportAsync(cache, own.Path);
        await Assert.That(imported.ExitCode).IsEqualTo(0).Because(imported.Errors);
        await Assert.That(Models(cache).Count()).IsEqualTo(2);
        File.CreateSymbolicLink(own.File("clip", Name, "visual", "weights"), "/etc/passwd");
        Finished refused = await ImportAsync(cache, own.Path);
        await Assert.That((refused.ExitCode, refused.Errors.Contains("link"))).IsEqualTo((2, true)).Because(refused.Errors);
    }

    [Test]
    public async Task What_is_cut_off_or_no_tar_file_is_refused()
    {
        using var cache = new TempFolder();
        using var folder = new TempFolder();
        byte[] whole = await File.ReadAllBytesAsync(Tar(folder, Plain($"clip/{Name}/textual/model.onnx", new string('x', 20_000))));
        string cut = folder.Write(whole.AsSpan(0, 8_000), "cut.tar");
        string garbage = folder.Write([.. Enumerable.Range(0, 4096).Select(i => (byte)(i * 7 + 1))], "garbage.tar");
        string empty = folder.Write([], "empty.tar");
        foreach (string file in new[] { cut, garbage, empty, folder.File("none.tar") })
        {
            Finished imported = await ImportAsync(cache, file);
            await Assert.That((file, imported.ExitCode)).IsEqualTo((file, 2)).Because(imported.Errors);
            await Assert.That(Models(cache)).IsEmpty();
        }
    }

    [Test]
    [Arguments('S')]
    [Arguments('M')]
    [Arguments('V')]
    [Arguments('D')]
    [Arguments('Z')]
    public async Task A_kind_of_entry_that_only_some_tar_programs_know_is_refused_in_one_line(char kind)
    {
        using var cache = new TempFolder();
        using var folder = new TempFolder();
        string file = Tar(folder, new GnuTarEntry(TarEntryType.RegularFile, $"clip/{Name}/visual/model.onnx_data"));
        byte[] tar = await File.ReadAllBytesAsync(file);
        int header = tar.AsSpan().LastIndexOf(System.Text.Encoding.ASCII.GetBytes($"clip/{Name}/visual/model.onnx_data")) / 512 * 512;
        tar[header + 156] = (byte)kind;
        Seal(tar.AsSpan(header, 512));
        Finished imported = await ImportAsync(cache, folder.Write(tar, "odd.tar"));
        await Assert.That(imported.ExitCode).IsEqualTo(2).Because(imported.Errors);
        await Assert.That(imported.Errors.Trim().Split('\n').Length).IsEqualTo(1).Because(imported.Errors);
        await Assert.That(Models(cache)).IsEmpty();
    }

    [Test]
    public async Task A_file_with_holes_in_the_newer_form_is_refused_and_not_taken_for_another()
    {
        using var cache = new TempFolder();
        using var folder = new TempFolder();
        var sparse = new PaxTarEntry(
            TarEntryType.RegularFile, $"clip/{Name}/visual/GNUSparseFile.7/model.onnx_data", new Dictionary<string, string>
        {
            ["GNU.sparse.major"] = "1", ["GNU.sparse.minor"] = "0", ["GNU.sparse.name"] = $"clip/{Name}/visual/model.onnx_data",
                ["GNU.sparse.realsize"] = "9",
        })
        {
            DataStream = new MemoryStream("1\n0\n9\n"u8.ToArray()),
        };
        Finished imported = await ImportAsync(cache, Tar(folder, sparse));
        await Assert.That((imported.ExitCode, imported.Errors.Contains("--sparse"))).IsEqualTo((2, true)).Because(imported.Errors);
        await Assert.That(Models(cache)).IsEmpty();
    }

    [Test]
    public async Task A_tar_file_that_was_changed_anywhere_comes_or_is_refused()
    {
        using var folder = new TempFolder();
        byte[] whole = await File.ReadAllBytesAsync(Tar(
            folder, Plain($"clip/{Name}/textual/model.onnx", new string('x', 2000)), Plain(
            $"clip/{Name}/textual/{new string('l', 150)}", "long name"),
            new GnuTarEntry(TarEntryType.RegularFile, $"clip/{Name}/visual/{new string('g', 140)}"), new UstarTarEntry(
            TarEntryType.RegularFile, "notes")));
        var random = new Lcg(31);
        for (int i = 0; i < 1500; i++)
        {
            byte[] changed = [.. whole.AsSpan(0, whole.Length - (random.Next(4) == 0 ? random.Next(whole.Length) : 0))];
            for (int changes = random.Next(4); changes > 0 && changed.Length >= 512; changes--)
            {
                int block = random.Next(changed.Length / 512) * 512;
                changed[block + random.Next(512)] = (byte)random.Next(256);
                Seal(changed.AsSpan(block, 512));
            }

            string file = folder.Write(changed, "changed.tar");
            string staged = folder.File($"staged-{i}");
            Directory.CreateDirectory(staged);
            try
            {
                await new ImportStage(staged, file).UnpackAsync(CancellationToken.None);
            }
            catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException or ModelException)
            {
                // Told in one line, exit code 2 or 3.
            }
        }
    }

    /// <summary>The sum over a header, with blanks in its own place.</summary>
    static void Seal(Span<byte> header)
    {
        header.Slice(148, 8).Fill((byte)' ');
        int sum = 0;
        foreach (byte one in header)
        {
            sum += one;
        }

        System.Text.Encoding.ASCII.GetBytes($"{Convert.ToString(sum, 8).PadLeft(6, '0')}\0 ").CopyTo(header[148..]);
    }

    [Test]
    public async Task An_import_takes_the_place_of_what_was_there()
    {
        using var cache = new TempFolder();
        using var folder = new TempFolder();
        cache.Write("an older model"u8, "clip", Name, "visual", "model.onnx");
        await Assert.That((await ImportAsync(cache, Tar(folder))).ExitCode).IsEqualTo(0);
        await Assert.That(await File.ReadAllTextAsync(cache.File("clip", Name, "visual", "model.onnx"))).IsEqualTo("a model");
    }
}
