namespace ImmichMl.Inference.Sessions;

/// <summary>
/// How the model runs of this thread share the cores. It belongs to the thread because niceness does: a run with threads of its own
/// would not inherit it, so what yields must run on the one thread that it is called from.
/// </summary>
static class RunKind
{
    /// <summary>True: one core is enough, others are in use beside it. False: this run may take them all.</summary>
    [field: ThreadStatic]
    public static bool IsOneOfMany { get; set; }
}
