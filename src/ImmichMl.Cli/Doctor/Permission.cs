using System.Runtime.InteropServices;

namespace ImmichMl.Cli.Doctor;

/// <summary>access(2): what the user that runs this may do, without opening anything.</summary>
static partial class Permission
{
    public const int Read = 4;
    public const int Write = 2;

    public static bool IsAllowed(string path, int mode) => Access(path, mode) == 0;

    [LibraryImport("libc", EntryPoint = "access", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Access(string path, int mode);
}
