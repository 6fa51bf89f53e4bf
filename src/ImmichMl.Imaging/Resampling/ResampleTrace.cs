namespace ImmichMl.Imaging.Resampling;

/// <summary>
/// Which kernels ran last on this thread; each writes its own name. A vector path that falls to scalar gives right bytes, so only this shows it.
/// </summary>
static class ResampleTrace
{
    [ThreadStatic]
    public static ResamplePath? Horizontal;

    [ThreadStatic]
    public static ResamplePath? Vertical;
}
