namespace ImmichMl.Tests.Support;

/// <summary>Requests for faces.</summary>
static class Faces
{
    public static PredictRequest Both(byte[] image, string model = DemoModels.Name, double? minScore = null) =>
        Of(image, Detection(model, minScore), Ask.Task("facial-recognition", "recognition", model));

    public static TaskEntry Detection(string model = DemoModels.Name, double? minScore = null) =>
        Ask.Task("facial-recognition", "detection", model) with { Options = new TaskOptions { MinScore = minScore } };

    public static PredictRequest Of(byte[] image, params TaskEntry[] tasks) =>
        new() { Id = 0, Tasks = tasks, Image = new ReadOnlySequence<byte>(image) };
}

/// <summary>Requests for texts.</summary>
static class Texts
{
    public static PredictRequest Both(byte[] image, string model = DemoModels.Name) =>
        Faces.Of(image, Ask.Task("ocr", "detection", model), Ask.Task("ocr", "recognition", model));
}
