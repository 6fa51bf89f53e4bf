using System.Numerics;

namespace ImmichMl.Inference.Ocr;

/// <summary>Few sizes instead of many: at most a seventh longer than what is in them, and always a multiple of 32.</summary>
static class ShapeBuckets
{
    public static int RoundUp(int length)
    {
        int step = Math.Max(32, (int)BitOperations.RoundUpToPowerOf2((uint)length) / 8);
        return (length + step - 1) / step * step;
    }
}
