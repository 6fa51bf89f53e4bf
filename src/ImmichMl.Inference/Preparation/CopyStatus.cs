namespace ImmichMl.Inference.Preparation;

/// <summary>What a model runs from on the CPU, or would run from.</summary>
/// <param name="Precision">fp32, int8 or int8-fast.</param>
/// <param name="Note">
/// What its copy reached against fp32, or why it is not in the precision that is asked for; null: there is nothing to say.
/// </param>
/// <param name="Bytes">Of the prepared copy; 0: there is none.</param>
public sealed record CopyStatus(string Precision, string? Note, long Bytes);
