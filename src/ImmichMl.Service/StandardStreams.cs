using System.Runtime.InteropServices;
using System.Text;

namespace ImmichMl.Service;

/// <summary>
/// Descriptors 0 to 2 as the three programs use them: errors and the log are never in the way (<see cref="LineWriter"/>), output that
/// cannot be written is a failure of its own, and what was closed at the start is nobody else's number.
/// </summary>
public static partial class StandardStreams
{
    const int ReadOnly = 0, WriteOnly = 1;

    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    /// <summary>Descriptor 2. What is written to <see cref="Console.Error"/> goes through it as well.</summary>
    public static LineWriter Error { get; } = new(2);

    /// <summary>Before anything else of the program: whatever is opened sooner may get one of the three numbers.</summary>
    /// <param name="unwritable">What is thrown where output cannot be written, from the cause.</param>
    public static void Prepare(Func<string, Exception> unwritable)
    {
        Reserve();
        var utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        Console.SetError(new ErrorWriter());
        Console.SetOut(new StreamWriter(new OutputStream(Console.OpenStandardOutput(), unwritable), utf8) { AutoFlush = true });
        AppDomain.CurrentDomain.ProcessExit += static (_, _) => Error.Flush(s_patience);
        AppDomain.CurrentDomain.UnhandledException += static (_, _) => EndAnyhow();
    }

    /// <summary>
    /// The runtime tells the fault on descriptor 2 itself, and would wait there for a reader who stands still instead of ending.
    /// </summary>
    static void EndAnyhow()
    {
        if (!Error.Flush(s_patience))
        {
            _ = Duplicate(Open("/dev/null", WriteOnly), 2);
        }
    }

    /// <summary>
    /// The runtime's own pipe for signals would get the free number 2, and every line of the log be taken for signals. Opened for the
    /// wrong direction: reading and writing fail as on a closed descriptor.
    /// </summary>
    static void Reserve()
    {
        const int GetFlags = 1;
        for (int descriptor = 0; descriptor <= 2; descriptor++)
        {
            if (Control(descriptor, GetFlags) < 0)
            {
                _ = Open("/dev/null", descriptor == 0 ? WriteOnly : ReadOnly);
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(int descriptor, int command);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "dup2")]
    private static partial int Duplicate(int descriptor, int number);

    /// <summary>In order with what goes to the output, so each piece is waited for, for a while.</summary>
    sealed class ErrorWriter : TextWriter
    {
        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value) => Write(value.ToString());

        public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

        public override void Write(string? value)
        {
            Error.Write(value ?? "");
            Error.Flush(s_patience);
        }

        public override void WriteLine(string? value) => Write(value + "\n");
    }

    sealed class OutputStream(Stream output, Func<string, Exception> unwritable) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            try
            {
                output.Write(buffer);
            }
            catch (IOException e)
            {
                throw unwritable($"The output cannot be written: {e.Message}");
            }
            catch (UnauthorizedAccessException)
            {
                // .NET's word for EBADF.
                throw unwritable("The output cannot be written: it is closed");
            }
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
