namespace ImmichMl.Imaging;

/// <summary>What the coefficients of a transform are calculated in; the last bit of a pixel may depend on it.</summary>
public enum SolvePrecision
{
    /// <summary>Immich up to 2.7, but for its singular value decomposition, which is no more exact.</summary>
    InDouble,

    /// <summary>Immich 3.3: NumPy on float32.</summary>
    InSingle,
}
