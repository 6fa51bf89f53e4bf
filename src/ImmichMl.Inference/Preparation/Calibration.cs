using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Preparation;

/// <summary>
/// What a model is shown before another precision of it is used: the same pictures or texts every time, through all that stands in front of
/// the model. Who knows the model's task gives it (<see cref="PreparedModels.Calibrate"/>).
/// </summary>
/// <param name="session">The model in one of its precisions; whoever asks disposes of it.</param>
/// <param name="most">Inputs to show it; int.MaxValue: all.</param>
/// <returns>An embedding for each.</returns>
public delegate IReadOnlyList<float[]> Calibration(ModelSession session, int most);
