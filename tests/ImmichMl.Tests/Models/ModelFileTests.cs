namespace ImmichMl.Tests.Models;

public sealed class ModelFileTests
{
    static readonly ModelKey Key = new(ModelKind.ClipVisual, "a-model");

    [Test]
    public async Task Only_a_regular_file_is_opened_and_what_else_lies_there_is_named()
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder.File("a", "folder"));
        using (Process made = Process.Start("mkfifo", [folder.File("pipe")]))
        {
            await made.WaitForExitAsync().Within();
        }

        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(folder.File("socket")));
        File.CreateSymbolicLink(folder.File("device"), "/dev/zero");
        folder.Write([1, 2, 3], "file");
        File.CreateSymbolicLink(folder.File("link"), folder.File("file"));
        foreach ((string name, string said) in ((string, string)[])
            [("a/folder", "a folder"), ("pipe", "a pipe"), ("socket", "a socket"), ("device", "a device")])
        {
            InvalidDataException? refused = await Assert.That(() => ModelFile.Open(folder.File(name))).Throws<InvalidDataException>();
            await Assert.That(refused!.Message).Contains($"{folder.File(name)} is {said}");
        }

        await Assert.That(() => ModelFile.Open(folder.File("none"))).Throws<FileNotFoundException>();
        await Assert.That(ModelFile.ReadAll(folder.File("link"), 3).Length).IsEqualTo(3);
        await Assert.That(() => ModelFile.ReadAll(folder.File("link"), 2)).Throws<InvalidDataException>();
    }

    /// <summary>
    /// Numbers are errno's: EIO, ENOMEM, EMFILE, ESTALE; ENXIO, ELOOP. None is an exception that holds no number of the system.
    /// </summary>
    [Test]
    [Arguments(5, ModelFault.Unavailable)]
    [Arguments(12, ModelFault.Unavailable)]
    [Arguments(24, ModelFault.Unavailable)]
    [Arguments(116, ModelFault.Unavailable)]
    [Arguments(6, ModelFault.Unusable)]
    [Arguments(40, ModelFault.Unusable)]
    public async Task A_failure_of_the_moment_says_nothing_about_the_file(int error, ModelFault fault)
    {
        ModelException told = ModelFile.FaultOf(Key, "/cache/model.onnx", new IOException("the reason", error));
        await Assert.That((told.Fault, told.RetryAfter is not null)).IsEqualTo((fault, fault == ModelFault.Unavailable));
        await Assert.That(told.Message).Contains("/cache/model.onnx: the reason");
    }

    [Test]
    public async Task No_permission_is_of_the_moment_and_what_is_missing_or_damaged_is_the_files()
    {
        await Assert.That(ModelFile.FaultOf(Key, "/m", new UnauthorizedAccessException("denied")).Fault).IsEqualTo(ModelFault.Unavailable);
        await Assert.That(ModelFile.FaultOf(Key, "/m", new FileNotFoundException("missing")).Fault).IsEqualTo(ModelFault.Unusable);
        await Assert.That(ModelFile.FaultOf(Key, "/m", new EndOfStreamException("cut")).Fault).IsEqualTo(ModelFault.Unusable);
        await Assert.That(ModelFile.FaultOf(Key, "/m", new InvalidDataException("no JSON")).Fault).IsEqualTo(ModelFault.Unusable);
    }

    [Test]
    [Arguments("""{"origin":"fetched","files":[null]}""")]
    [Arguments("""{"origin":"fetched","files":[{"path":null,"size":1,"sha256":null}]}""")]
    [Arguments("""{"origin":null,"files":[]}""")]
    [Arguments("[]")]
    [Arguments("null")]
    public async Task A_record_that_is_none_counts_as_none(string json)
    {
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(folder.File(ModelRecord.FileName), json);
        await Assert.That(ModelRecord.Read(folder.Path)).IsNull();
    }
}
