namespace ImmichMl.Inference.Sessions;

/// <summary>
/// How the model runs of this thread share the cores. It belongs to the thread because niceness does: a run with threads of its own
/// would not inherit it, so what yields must run on the one thread that it is called from.
/// </summary>
static class RunKind
{
    /// <summary>Threads that work on pixels may use, this one included; 0 where nobody has said, and then it is this one.</summary>
    [field: ThreadStatic]
    public static int Threads { get; private set; }

    /// <summary>True: one core is enough, others are in use beside it. False: this run may take them all.</summary>
    [field: ThreadStatic]
    public static bool IsOneOfMany { get; private set; }

    /// <param name="isOneOfMany">Of the work that this thread does next.</param>
    /// <param name="threads">That it may have.</param>
    public static void Set(bool isOneOfMany, int threads)
    {
        IsOneOfMany = isOneOfMany;
        Threads = threads;
    }
}
